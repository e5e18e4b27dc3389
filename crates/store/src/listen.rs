//! Hears hints, on one connection of its own, and never trusts that it hears all of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use task_domain::WorkerId;
use task_domain::ports::{Spot, WakeUp};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Settings;
use crate::lane::Lanes;
use crate::notify::{CANCELLED, CHANGED, READY};
use crate::presence::Sign;
use crate::said::Said;
use crate::settings::Purpose;

/// Longest wait before a lost connection is tried again: for the first time, and later on.
const RETURN_MAX: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_secs(5);
/// A connection that was silent for so long is asked whether it lives.
const PROBE: Duration = Duration::from_secs(10);

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A hint on this channel, from a process that knows lanes up to this number.
    Hint(Channel, i32),
    /// The same, that a single task waits here.
    Single(Spot, i32),
    /// Listening (again): hints from before may have been missed.
    Listening,
    /// The connection is gone; hints may be missed from here on.
    Deaf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Ready,
    Changed,
    Cancelled,
}

impl Channel {
    fn named(name: &str) -> Option<Self> {
        match name {
            READY => Some(Self::Ready),
            CHANGED => Some(Self::Changed),
            CANCELLED => Some(Self::Cancelled),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ready => READY,
            Self::Changed => CHANGED,
            Self::Cancelled => CANCELLED,
        }
    }
}

/// Listens on these channels until `heard` is dropped. Registers first and says so afterwards, so
/// that whoever looks after [`Heard::Listening`] misses nothing. The session carries the `sign` of a
/// worker, if it is one's.
pub(crate) async fn listen(
    settings: Settings,
    channels: &[Channel],
    sign: Option<Sign>,
    heard: mpsc::Sender<Heard>,
) {
    let names: Vec<_> = channels.iter().map(|c| c.name()).collect();
    let mut failures = 0u32;
    while !heard.is_closed() {
        let listener =
            tokio::time::timeout(settings.connect_timeout * 2, connect(&settings, &names, sign)).await;
        match listener {
            Ok(Ok(listener)) => {
                failures = 0;
                // Without channels the session is there for its sign alone.
                if !names.is_empty() {
                    say(&heard, Heard::Listening).await;
                }
                hear(listener, &heard).await;
                say(&heard, Heard::Deaf).await;
                // At once, for others see by this session that its worker is there.
                tokio::time::sleep(RETURN_MAX.mul_f64(rand::random())).await;
                continue;
            }
            Ok(Err(error)) => tracing::debug!(%error, "cannot listen; polling meanwhile"),
            Err(_) => tracing::debug!("no answer to LISTEN; polling meanwhile"),
        }
        failures = failures.saturating_add(1);
        // Full jitter, so that a fleet does not come back all at once.
        let cap = Duration::from_millis(100) * 2u32.pow(failures.min(6));
        let wait = cap.min(RECONNECT_MAX).mul_f64(rand::random());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = heard.closed() => {}
        }
    }
}

/// Says it, unless nobody reads for long, as while a worker drains.
async fn say(heard: &mpsc::Sender<Heard>, what: Heard) {
    let _ = tokio::time::timeout(Duration::from_secs(1), heard.send(what)).await;
}

async fn connect(settings: &Settings, names: &[&str], sign: Option<Sign>) -> sqlx::Result<PgListener> {
    if settings.places.are_several() {
        // Finds the one that takes writes.
        let found = settings.connect(Purpose::Listen).await;
        found.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?.close().await?;
    }
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(settings.connect_timeout)
        // Nobody takes it again. Kept, it would be asked whether it lives, and a warning say that it does not.
        .after_release(|_, _| Box::pin(std::future::ready(Ok(false))))
        .connect_with(settings.options(settings.places.current(), Purpose::Listen))
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    if !names.is_empty() {
        listener.listen_all(names.iter().copied()).await?;
    }
    if let Some(sign) = sign {
        sign.give(&mut listener).await?;
    }
    Ok(listener)
}

/// Passes hints on until the connection is in doubt.
async fn hear(mut listener: PgListener, heard: &mpsc::Sender<Heard>) {
    loop {
        let next = tokio::select! {
            next = tokio::time::timeout(PROBE, listener.try_recv()) => next,
            () = heard.closed() => return,
        };
        match next {
            Ok(Ok(Some(first))) => {
                let mut hints = vec![hint(&first)];
                while let Some(more) = listener.next_buffered() {
                    hints.push(hint(&more));
                }
                hints.dedup();
                for hint in hints.into_iter().flatten() {
                    // Full: whoever reads is behind and will look at all in any case.
                    let _ = heard.try_send(hint);
                }
            }
            // It may have reconnected by itself, without saying what was missed: start over.
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                // Silent for long: TCP does not tell of a peer that is gone without a word.
                let alive = sqlx::Executor::execute(&mut listener, "select 1");
                if !matches!(tokio::time::timeout(Duration::from_secs(3), alive).await, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

fn hint(notification: &PgNotification) -> Option<Heard> {
    let channel = Channel::named(notification.channel())?;
    let Said { lanes, spot } = Said::read(notification.payload());
    Some(match (channel, spot) {
        (Channel::Ready, Some(spot)) => Heard::Single(spot, lanes),
        _ => Heard::Hint(channel, lanes),
    })
}

/// What brings a worker's claims forward: hints, and a poll with jitter that never stops.
pub struct WakeUps {
    lanes: Lanes,
    poll: Duration,
    heard: Option<mpsc::Receiver<Heard>>,
    /// Where `heard` goes in the end: the session's sign is needed for longer.
    back: Listening,
    next_poll: Instant,
    /// When a look at all was asked for last.
    looked_at: Instant,
}

/// What a worker's session of listening hears, while nobody reads it. The session lasts as long as
/// this or a reader does.
pub(crate) type Listening = Arc<Mutex<Option<mpsc::Receiver<Heard>>>>;

/// Opens a worker's session of listening, which also carries its sign.
pub(crate) fn listen_as(worker: WorkerId, settings: &Settings) -> Listening {
    if settings.pooled {
        return Listening::default();
    }
    let (sender, heard) = mpsc::channel(16);
    let channels: &[_] = if settings.notify { &[Channel::Ready, Channel::Cancelled] } else { &[] };
    let settings = settings.clone();
    tokio::spawn(async move { listen(settings, channels, Some(Sign::of(worker)), sender).await });
    Arc::new(Mutex::new(Some(heard)))
}

impl Drop for WakeUps {
    fn drop(&mut self) {
        if let (Some(heard), Ok(mut back)) = (self.heard.take(), self.back.lock()) {
            *back = Some(heard);
        }
    }
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Look for work.
    Work(WakeUp),
    /// Look whether what runs here was cancelled.
    Cancelled,
}

impl WakeUps {
    pub(crate) fn new(listening: &Listening, lanes: Lanes, poll: Duration) -> Self {
        let heard = listening.lock().ok().and_then(|mut heard| heard.take());
        Self {
            lanes,
            poll,
            heard,
            back: Arc::clone(listening),
            next_poll: Instant::now(),
            looked_at: Instant::now(),
        }
    }

    /// Whether hints are heard, so that a poll is only a safety net.
    pub fn is_hearing(&self) -> bool {
        self.lanes.is_hearing()
    }

    /// Waits for the next reason to look. The first one comes at once.
    ///
    /// # Cancel safety
    /// Safe: nothing heard is lost.
    pub async fn next(&mut self) -> Told {
        let told = self.hear().await;
        if matches!(told, Told::Work(WakeUp::Notified | WakeUp::Poll)) {
            self.looked_at = Instant::now();
        }
        told
    }

    async fn hear(&mut self) -> Told {
        loop {
            let poll = tokio::time::sleep_until(self.next_poll);
            let hint = async {
                match &mut self.heard {
                    Some(heard) => heard.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = poll => {
                    // While hints are heard, a poll is only a safety net.
                    let poll = if self.lanes.is_hearing() { self.poll * 4 } else { self.poll };
                    self.lanes.look_unasked();
                    self.next_poll = Instant::now() + poll.mul_f64(0.75 + 0.25 * rand::random::<f64>());
                    return Told::Work(WakeUp::Poll);
                }
                heard = hint => match heard {
                    Some(Heard::Hint(Channel::Cancelled, _)) => return Told::Cancelled,
                    Some(Heard::Hint(_, newest)) => {
                        self.lanes.announce(newest);
                        self.lanes.set_hearing(true);
                        return Told::Work(WakeUp::Notified);
                    }
                    Some(Heard::Single(spot, newest)) => {
                        self.lanes.announce(newest);
                        self.lanes.set_hearing(true);
                        // With others behind it, of which some may not have found room, a look at all is due; and now
                        // and then in any case, for what was left in line without a hint.
                        let is_last = self.heard.as_ref().is_some_and(mpsc::Receiver::is_empty);
                        let is_single = is_last && self.looked_at.elapsed() < self.poll;
                        return Told::Work(if is_single { WakeUp::Single(spot) } else { WakeUp::Notified });
                    }
                    Some(Heard::Listening) => {
                        self.lanes.set_hearing(true);
                        return Told::Work(WakeUp::Notified);
                    }
                    Some(Heard::Deaf) => {
                        self.lanes.set_hearing(false);
                        self.next_poll = Instant::now();
                    }
                    None => self.heard = None,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use task_domain::TaskId;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn single_tasks_do_not_put_off_a_look_at_all_for_longer_than_a_poll_would() {
        let poll = Duration::from_secs(1);
        let spot = Spot { lane: 1, at: jiff::Timestamp::UNIX_EPOCH, task: TaskId::from_store(7) };
        let (say, heard) = mpsc::channel(16);
        let lanes = Lanes::default();
        lanes.set_hearing(true);
        let mut wake_ups = WakeUps::new(&Arc::new(Mutex::new(Some(heard))), lanes, poll);
        // Before it hears anything it polls, and from then on each three polls' time at most.
        assert_eq!(wake_ups.next().await, Told::Work(WakeUp::Poll));
        let mut hear = async |after| {
            tokio::time::advance(after).await;
            say.send(Heard::Single(spot, 0)).await.unwrap();
            wake_ups.next().await
        };
        for (after, told) in [
            (poll / 2, WakeUp::Single(spot)),
            (poll / 3, WakeUp::Single(spot)),
            (poll / 2, WakeUp::Notified),
            (poll / 2, WakeUp::Single(spot)),
        ] {
            assert_eq!(hear(after).await, Told::Work(told));
        }
    }
}
