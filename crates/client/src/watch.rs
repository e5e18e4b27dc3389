//! Watches that resume by themselves.
//!
//! A watch by ids shows every change of each task once, in order, the final one always, however
//! often the connection breaks: it asks anew from the last version seen. A watch by filter shows
//! changes from now on; where some may have been left out it says so by [`Item::Resync`].

mod cursors;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{self, BoxStream, Stream, StreamExt};
use task_domain::Status;
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;
use tokio::time::Instant;
use tonic::Streaming;

use crate::backoff::Backoff;
use crate::client::Client;
use crate::error::{Error, Unreached};
use cursors::{Cursors, Seen};

/// Longest first pause before a broken watch connects again.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What a watch tells.
#[derive(Debug)]
pub enum Item {
    /// The watch is in place, for the first time or again: what happens from now on is told.
    Connected,
    /// A task changed.
    Change(v1::TaskChange),
    /// Changes were left out here: list anew if they matter. Only for watches by filter.
    Resync(v1::Resync),
    /// The connection broke or could not be made; the next try follows after the pause.
    Reconnecting {
        /// What happened.
        cause: Error,
        /// How long the watch waits.
        pause: Duration,
    },
}

/// A stream of [`Item`]s. Ends once every task followed by id has ended, or after an error that
/// will not pass by itself. Dropping it ends the watch on the server too.
pub struct Watch(BoxStream<'static, Result<Item, Error>>);

impl Stream for Watch {
    type Item = Result<Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Client {
    /// Follows 1 to 1,000 tasks, each from the version already seen (0: from its start), until all
    /// have ended.
    pub fn watch_tasks(&self, tasks: impl IntoIterator<Item = (i64, i32)>) -> Watch {
        self.watch(What::Tasks(Cursors::new(tasks)))
    }

    /// Follows all tasks that meet the filter, from now on; never ends by itself.
    pub fn watch_filter(&self, filter: v1::TaskFilter) -> Watch {
        self.watch(What::Filter(filter))
    }

    fn watch(&self, what: What) -> Watch {
        let phase = match &what {
            // No task at all would stand for every task on the wire.
            What::Tasks(cursors) if cursors.all_ended() => Phase::Done,
            _ => Phase::Connect { since: Instant::now() },
        };
        let state = Running {
            client: self.clone(),
            what,
            phase,
            backoff: Backoff::new(FIRST_PAUSE, self.options.longest_pause),
            was_connected: false,
        };
        Watch(stream::unfold(state, |mut s| async move { s.next().await.map(|item| (item, s)) }).boxed())
    }
}

/// What is followed.
enum What {
    Tasks(Cursors),
    Filter(v1::TaskFilter),
}

impl What {
    fn request(&self) -> v1::WatchTasksRequest {
        match self {
            Self::Tasks(cursors) => {
                v1::WatchTasksRequest { tasks: cursors.to_wire(), filter: None, interval: None }
            }
            Self::Filter(filter) => {
                v1::WatchTasksRequest { tasks: Vec::new(), filter: Some(filter.clone()), interval: None }
            }
        }
    }
}

/// Where a watch stands.
enum Phase {
    /// Connects, since then without success.
    Connect { since: Instant },
    /// Waits before it connects again.
    Pause { until: Instant, since: Instant },
    /// Reads changes.
    Read { stream: Box<Streaming<v1::WatchTasksResponse>>, told: bool, resync: bool },
    /// Nothing follows.
    Done,
}

struct Running {
    client: Client,
    what: What,
    phase: Phase,
    backoff: Backoff,
    was_connected: bool,
}

impl Running {
    async fn next(&mut self) -> Option<Result<Item, Error>> {
        loop {
            match &mut self.phase {
                Phase::Connect { since } => {
                    let since = *since;
                    if let Some(item) = self.connect(since).await {
                        return Some(item);
                    }
                }
                Phase::Pause { until, since } => {
                    tokio::time::sleep_until(*until).await;
                    self.phase = Phase::Connect { since: *since };
                }
                Phase::Read { resync, .. } if *resync => {
                    *resync = false;
                    let reason = "the connection was lost for a while".to_owned();
                    return Some(Ok(Item::Resync(v1::Resync { missed: 0, reason })));
                }
                Phase::Read { .. } => {
                    if let Some(item) = self.read().await {
                        return Some(item);
                    }
                }
                Phase::Done => return None,
            }
        }
    }

    /// Asks for the watch.
    async fn connect(&mut self, since: Instant) -> Option<Result<Item, Error>> {
        let deadline = self.client.options.deadline;
        let mut stub = self.client.stub.clone();
        match tokio::time::timeout(deadline, stub.watch_tasks(self.what.request())).await {
            Ok(Ok(answer)) => {
                let stream = Box::new(answer.into_inner());
                self.phase = Phase::Read { stream, told: false, resync: false };
                None
            }
            Ok(Err(status)) => {
                let error = self.client.explain(&status).await;
                Some(self.broken(error, since))
            }
            Err(_) => {
                let error = self.client.too_late().await;
                Some(self.broken(error, since))
            }
        }
    }

    /// Reads the next message of the watch.
    async fn read(&mut self) -> Option<Result<Item, Error>> {
        let Phase::Read { stream, told, resync } = &mut self.phase else { return None };
        let silence = self.client.options.watch_silence;
        let message = match tokio::time::timeout(silence, stream.message()).await {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => return self.closed().await,
            Ok(Err(status)) => {
                let error = self.client.explain(&status).await;
                return Some(self.broken(error, Instant::now()));
            }
            Err(_) => {
                let error = Error::Deadline { deadline: silence };
                return Some(self.broken(error, Instant::now()));
            }
        };
        if !*told {
            // The first message, a heartbeat, says that the watch is in place.
            *told = true;
            *resync = self.was_connected && matches!(self.what, What::Filter(_));
            self.was_connected = true;
            self.backoff.reset();
            // What the first message tells stands in no order to what was missed before it: a
            // change that comes first, against the promise, is still told.
            if let Some(Event::Change(change)) = message.event {
                return self.change(change);
            }
            return Some(Ok(Item::Connected));
        }
        match message.event {
            Some(Event::Change(change)) => self.change(change),
            Some(Event::Resync(resync)) => match self.what {
                What::Filter(_) => Some(Ok(Item::Resync(resync))),
                // Something was left out of what must be complete: ask again from what was seen.
                What::Tasks(_) => Some(self.broken(Error::Unavailable(resync.reason), Instant::now())),
            },
            Some(Event::Heartbeat(_)) | None => None,
        }
    }

    fn change(&mut self, change: v1::TaskChange) -> Option<Result<Item, Error>> {
        if let What::Tasks(cursors) = &mut self.what {
            let entry = change.entry.as_ref()?;
            match cursors.see(entry.task_id, entry.version, is_terminal(entry.status)) {
                Seen::New => {}
                Seen::Before => return None,
                Seen::Gap => {
                    let error = Error::Unavailable("a change was left out".to_owned());
                    return Some(self.broken(error, Instant::now()));
                }
            }
            if cursors.all_ended() {
                self.phase = Phase::Done;
            }
        }
        Some(Ok(Item::Change(change)))
    }

    /// The server ended the stream in order: all tasks have ended, or the server stops.
    async fn closed(&mut self) -> Option<Result<Item, Error>> {
        if let What::Tasks(cursors) = &mut self.what {
            // Tasks whose final change lies before the cursor bring nothing: look at each.
            for (id, version) in cursors.open() {
                match self.client.get(id).await {
                    Ok(answer) => {
                        let summary = answer.task.and_then(|t| t.summary).unwrap_or_default();
                        if !(is_terminal(summary.status) && summary.version <= version) {
                            break;
                        }
                        cursors.end(id);
                    }
                    Err(error) => return Some(self.broken(error, Instant::now())),
                }
            }
            if cursors.all_ended() {
                self.phase = Phase::Done;
                return None;
            }
        }
        let error = Error::Unavailable("the server ended the watch".to_owned());
        Some(self.broken(error, Instant::now()))
    }

    /// Decides whether to connect again.
    fn broken(&mut self, cause: Error, since: Instant) -> Result<Item, Error> {
        let passing = match &cause {
            // A server that is being started again may be anything for a moment; a first connection
            // to something else is a mistake.
            Error::Unreachable { why: Unreached::SomethingElse(_), .. } => self.was_connected,
            other => {
                other.is_retryable() && (self.was_connected || since.elapsed() < self.client.options.patience)
            }
        };
        if !passing {
            self.phase = Phase::Done;
            return Err(cause);
        }
        let pause = self.backoff.pause();
        self.phase = Phase::Pause { until: Instant::now() + pause, since };
        Ok(Item::Reconnecting { cause, pause })
    }
}

fn is_terminal(status: i32) -> bool {
    task_proto::from_wire::status(status).is_ok_and(Status::is_terminal)
}
