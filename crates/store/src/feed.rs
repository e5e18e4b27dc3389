//! Tells which tasks change, as it happens.
//!
//! Every statement that changes tasks leaves rows in `task_event`. They are numbered before they
//! are committed, so a reader that only ever asked for higher numbers would pass by the ones that
//! are committed late. This one remembers the numbers it skipped and asks for them again, until
//! they turn up or are too old to.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::Stream;
use task_domain::ports::{Change, Error, Feed, Follow, Result};
use task_domain::seeded::bug;
use task_domain::{TaskId, Version};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Store;
use crate::connection::ANSWER;
use crate::error::from_sqlx;
use crate::listen::{Channel, Heard, listen};
use crate::row::status;

/// Events read in one statement.
const BATCH: i64 = 1_000;
/// A look at the events without a hint.
const POLL: Duration = Duration::from_secs(1);
/// The same while there is something to see: hints are spaced by the number of workers.
const POLL_STIRRED: Duration = Duration::from_millis(100);
/// So long after something changed, more is looked for that often.
const STIR: Duration = Duration::from_secs(1);
/// Least time between two looks: hints that come quicker share one.
const SPACING: Duration = Duration::from_millis(10);
/// The same after one that found so much that each look more takes from who works it off: most of what a few events
/// cost is the look itself.
const SPACING_FULL: Duration = Duration::from_millis(40);
/// So many changes are much.
const FULL: usize = 500;
/// A skipped number that has not turned up by then was rolled back. Statements are ended before.
const GAP_AGE: Duration = Duration::from_secs(40);
/// After a longer pause between two looks, such as that of a process that stood still, the feed
/// starts anew.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// More skipped numbers than this are given up as lost.
const GAPS: usize = 10_000;
/// At the start, so many of the newest numbers may still be uncommitted; as in `newest.sql`.
const UNCOMMITTED: i64 = 256;
/// Batches that wait for a slow reader before this one stops reading.
const AHEAD: usize = 16;

impl Follow for Store {
    fn follow(&self) -> impl Stream<Item = Feed> + Send + 'static {
        let (feed, items) = mpsc::channel(AHEAD);
        tokio::spawn(Reader::new(self.clone(), feed).run());
        tokio_stream::wrappers::ReceiverStream::new(items)
    }
}

struct Reader {
    store: Store,
    feed: mpsc::Sender<Feed>,
    /// The highest number read; nothing before the first look, and after every doubt: a database
    /// that crashed may hand out numbers again that were lost with it.
    newest: Option<i64>,
    /// Numbers below it that were not there, with when that was first seen.
    gaps: BTreeMap<i64, Instant>,
    /// Whether it has told anything yet.
    live: bool,
    /// When the last look began.
    looked_at: Instant,
    /// When changes were seen last.
    stirred_at: Option<Instant>,
    /// How many changes the last look found.
    found: usize,
}

/// A look that gives up on a connection that is gone without a word.
async fn answered_look(reader: &mut Reader) -> Result<()> {
    match tokio::time::timeout(ANSWER, reader.look()).await {
        Ok(looked) => looked,
        Err(_) => Err(Error::Unavailable(format!("no answer within {ANSWER:?}").into())),
    }
}

type EventRow = (i64, i16, Vec<i64>, Vec<i32>);

impl Reader {
    fn new(store: Store, feed: mpsc::Sender<Feed>) -> Self {
        Self {
            store,
            feed,
            newest: None,
            gaps: BTreeMap::new(),
            live: false,
            looked_at: Instant::now(),
            stirred_at: None,
            found: 0,
        }
    }

    async fn run(mut self) {
        let (sender, mut heard) = mpsc::channel(16);
        let settings = self.store.settings().clone();
        let listening = if settings.listens() {
            Some(tokio::spawn(async move { listen(settings, &[Channel::Changed], None, sender).await }))
        } else {
            drop(sender);
            None
        };
        let mut broken = false;
        while !self.feed.is_closed() {
            match answered_look(&mut self).await {
                Ok(()) => broken = false,
                Err(error) => {
                    if !broken {
                        tracing::warn!(%error, "cannot read what changes; trying again");
                    }
                    broken = true;
                    self.newest = None;
                }
            }
            let hint = async {
                match heard.recv().await {
                    Some(heard) => heard,
                    None => std::future::pending().await,
                }
            };
            let stirred = self.stirred_at.is_some_and(|at| at.elapsed() < STIR);
            let poll = if stirred { POLL_STIRRED } else { POLL };
            tokio::select! {
                heard = hint => {
                    if heard == Heard::Deaf {
                        self.newest = None;
                    }
                    tokio::time::sleep(if self.found < FULL { SPACING } else { SPACING_FULL }).await;
                }
                () = tokio::time::sleep(poll) => {}
                () = self.feed.closed() => break,
            }
        }
        if let Some(listening) = listening {
            listening.abort();
        }
    }

    /// Reads all that is new and passes it on.
    async fn look(&mut self) -> Result<()> {
        let now = Instant::now();
        if now.duration_since(std::mem::replace(&mut self.looked_at, now)) > PAUSE_MAX {
            // Long enough for events to be folded away meanwhile.
            self.newest = None;
        }
        self.found = 0;
        let Some(mut newest) = self.newest else { return self.start().await };
        loop {
            let gaps: Vec<_> = self.gaps.keys().copied().collect();
            let rows: Vec<EventRow> = sqlx::query_as(include_str!("../queries/event/since.sql"))
                .bind(newest)
                .bind(gaps)
                .bind(BATCH)
                .fetch_all(&mut *self.store.ask().await?)
                .await
                .map_err(from_sqlx)?;
            let count = rows.len();
            if count == 0 && self.went_back(newest).await? {
                self.newest = None;
                return self.start().await;
            }
            let mut changes = Vec::new();
            for (id, code, tasks, versions) in rows {
                self.note(id, &mut newest);
                let Ok(status) = status(code) else { continue };
                let pairs = tasks.into_iter().zip(versions);
                changes.extend(pairs.map(|(task, version)| Change {
                    task: TaskId::from_store(task),
                    version: Version(version),
                    status,
                }));
            }
            self.newest = Some(newest);
            self.found += changes.len();
            // Late rows come with higher numbers than what followed them: order by version.
            changes.sort_by_key(|change| (change.task, change.version));
            if !changes.is_empty() {
                self.stirred_at = Some(now);
                // No reader: the loop ends.
                let _ = self.feed.send(Feed::Changes(changes)).await;
            }
            if i64::try_from(count).is_ok_and(|c| c < BATCH) {
                break;
            }
        }
        let now = Instant::now();
        self.gaps.retain(|_, since| now.duration_since(*since) < GAP_AGE);
        if self.gaps.len() > GAPS {
            self.gaps.clear();
            let _ =
                self.feed.send(Feed::Lost { reason: "too many changes were committed late".into() }).await;
        }
        Ok(())
    }

    /// Whether the database has lost numbers that were read already, in a crash or a failover.
    async fn went_back(&self, newest: i64) -> Result<bool> {
        let last: i64 = sqlx::query_scalar("select last_value from task_event_id_seq")
            .fetch_one(&mut *self.store.ask().await?)
            .await
            .map_err(from_sqlx)?;
        Ok(last < newest)
    }

    fn note(&mut self, id: i64, newest: &mut i64) {
        if id > *newest {
            let now = Instant::now();
            let skipped = if bug("cursor-by-id") { id..id } else { *newest + 1..id };
            for skipped in skipped.take(GAPS) {
                self.gaps.insert(skipped, now);
            }
            *newest = id;
        } else {
            self.gaps.remove(&id);
        }
    }

    /// Finds the place to start from. Whatever changed before has to be read by other means.
    async fn start(&mut self) -> Result<()> {
        let (newest, present): (i64, Vec<i64>) = sqlx::query_as(include_str!("../queries/event/newest.sql"))
            .fetch_one(&mut *self.store.ask().await?)
            .await
            .map_err(from_sqlx)?;
        let now = Instant::now();
        let recent = newest.saturating_sub(UNCOMMITTED) + 1..=newest;
        self.gaps = recent.filter(|id| *id > 0 && !present.contains(id)).map(|id| (id, now)).collect();
        self.newest = Some(newest);
        let feed = if self.live {
            Feed::Lost { reason: "the service lost touch with the database for a moment".into() }
        } else {
            Feed::Live
        };
        self.live = true;
        // No reader: the loop ends.
        let _ = self.feed.send(feed).await;
        Ok(())
    }
}
