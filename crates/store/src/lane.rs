//! Lanes by number and by name, remembered: there are few of them and they never change.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, RwLock};

use sqlx::postgres::PgConnection;
use task_domain::{Kind, Lane, Priority, Queue, limits};

/// The lanes this process has met. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub(crate) struct Lanes {
    known: Arc<RwLock<Known>>,
    /// Whether another process said that it knows more of them than were known here. Not which: any client
    /// of the database can say any number, and one look settles what there is to it.
    behind: Arc<AtomicBool>,
    /// Whether such announcements are heard just now.
    hearing: Arc<AtomicBool>,
    /// Whether the next look is one that no announcement asked for.
    unasked: Arc<AtomicBool>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<i32, Lane>,
    by_lane: HashMap<Lane, i32>,
    newest: i32,
    /// How often it has changed.
    changes: u64,
}

impl Lanes {
    /// The number of a lane, if it is known here.
    pub(crate) fn id(&self, lane: &Lane) -> Option<i32> {
        self.read(|known| known.by_lane.get(lane).copied())
    }

    /// The lane with this number, if it is known here.
    pub(crate) fn lane(&self, id: i32) -> Option<Lane> {
        self.read(|known| known.by_id.get(&id).cloned())
    }

    /// The numbers of the lanes that pass, with the lanes.
    pub(crate) fn matching(&self, pass: impl Fn(&Lane) -> bool) -> Vec<(i32, Lane)> {
        self.read(|known| {
            let passing = known.by_id.iter().filter(|(_, lane)| pass(lane));
            passing.map(|(&id, lane)| (id, lane.clone())).collect()
        })
    }

    /// The highest number known here.
    pub(crate) fn newest(&self) -> i32 {
        self.read(|known| known.newest)
    }

    /// Notes that another process knows lanes up to this number.
    pub(crate) fn announce(&self, id: i32) {
        if id > self.newest() {
            self.behind.store(true, Relaxed);
        }
    }

    /// Notes whether announcements are heard from now on.
    pub(crate) fn set_hearing(&self, hearing: bool) {
        self.hearing.store(hearing, Relaxed);
        self.unasked.store(false, Relaxed);
    }

    /// Notes that a look is due which no announcement asked for.
    pub(crate) fn look_unasked(&self) {
        self.unasked.store(true, Relaxed);
    }

    /// Notes that a look found work. If nothing announced it, announcements may not be coming
    /// through, though the connection for them stands: until one does, nobody relies on them.
    pub(crate) fn found(&self) {
        if self.unasked.swap(false, Relaxed) {
            self.hearing.store(false, Relaxed);
        }
    }

    /// Whether announcements are heard, so that looking without one is only a safety net.
    pub(crate) fn is_hearing(&self) -> bool {
        self.hearing.load(Relaxed)
    }

    /// Whether there are lanes that this process has only heard of.
    pub(crate) fn are_behind(&self) -> bool {
        self.behind.load(Relaxed)
    }

    /// Reads the lanes that were added since. Returns whether there were any.
    pub(crate) async fn refresh(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        // Numbers are handed out before they are committed: look back a little, so that a lane
        // which was committed late is not passed by for good.
        const LATE: i32 = 1_000;
        let rows = self.look(connection, self.newest().saturating_sub(LATE)).await?;
        let mut known = self.known.write().expect("no holder of this lock panics");
        let before = known.by_id.len();
        known.add(rows);
        let found = known.by_id.len() > before;
        known.changes += u64::from(found);
        Ok(found)
    }

    /// Reads all lanes and forgets what was known: a standby that took over may lack the newest ones,
    /// and give their numbers to others.
    pub(crate) async fn read_anew(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        loop {
            let changes = self.read(|known| known.changes);
            let rows = self.look(connection, 0).await?;
            let mut known = self.known.write().expect("no holder of this lock panics");
            // What another session has added meanwhile need not be among these.
            if known.changes == changes {
                *known = Known { changes: changes + 1, ..Known::default() };
                known.add(rows);
                return Ok(());
            }
        }
    }

    /// The lanes with higher numbers than this.
    async fn look(&self, connection: &mut PgConnection, after: i32) -> sqlx::Result<Vec<LaneRow>> {
        // Before the look: what is announced during it may not be in it.
        let behind = self.behind.swap(false, Relaxed);
        let rows = find(connection, after).await;
        if rows.is_err() && behind {
            self.behind.store(true, Relaxed);
        }
        rows
    }

    /// Whether so many more would be too many.
    pub(crate) fn are_too_many_with(&self, more: usize) -> bool {
        self.read(|known| known.by_id.len() + more > limits::LANES)
    }

    /// Makes sure that these lanes exist, unless they would be too many. [`Self::refresh`] then tells which there are:
    /// what is not committed yet must not be known here.
    pub(crate) async fn add(&self, connection: &mut PgConnection, lanes: &[&Lane]) -> sqlx::Result<()> {
        let queues: Vec<_> = lanes.iter().map(|l| l.queue.as_str()).collect();
        let kinds: Vec<_> = lanes.iter().map(|l| l.kind.as_str()).collect();
        let priorities: Vec<_> = lanes.iter().map(|l| l.priority.get()).collect();
        sqlx::query(include_str!("../queries/task/add_lanes.sql"))
            .bind(queues)
            .bind(kinds)
            .bind(priorities)
            .bind(i64::try_from(limits::LANES).unwrap_or(i64::MAX))
            .execute(connection)
            .await?;
        Ok(())
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().expect("no holder of this lock panics"))
    }
}

type LaneRow = (i32, String, String, i32);

async fn find(connection: &mut PgConnection, after: i32) -> sqlx::Result<Vec<LaneRow>> {
    sqlx::query_as(include_str!("../queries/task/find_lanes.sql")).bind(after).fetch_all(connection).await
}

impl Known {
    fn add(&mut self, rows: Vec<LaneRow>) {
        for (id, queue, kind, priority) in rows {
            let lane = Lane {
                queue: Queue::from_store(queue),
                kind: Kind::from_store(kind),
                priority: Priority::new(priority).unwrap_or_default(),
            };
            self.newest = self.newest.max(id);
            self.by_lane.insert(lane.clone(), id);
            self.by_id.insert(id, lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;

    #[tokio::test]
    async fn one_look_settles_what_was_announced() {
        let database = task_testing::Database::new().await;
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        let lanes = Lanes::default();
        lanes.announce(i32::MAX);
        assert!(lanes.are_behind());
        lanes.refresh(&mut connection).await.unwrap();
        assert!(!lanes.are_behind(), "anybody can say any number");
        // One that is true is heard nevertheless.
        let lane =
            Lane { queue: Queue::default(), kind: Kind::new("t").unwrap(), priority: Priority::default() };
        Lanes::default().add(&mut connection, &[&lane]).await.unwrap();
        lanes.announce(1);
        assert!(lanes.are_behind());
        lanes.refresh(&mut connection).await.unwrap();
        assert_eq!((lanes.are_behind(), lanes.id(&lane)), (false, Some(1)));
        lanes.announce(1);
        assert!(!lanes.are_behind(), "it is known");
        // A look that failed has settled nothing.
        lanes.announce(2);
        sqlx::query("drop table task_lane cascade").execute(&mut connection).await.unwrap();
        lanes.refresh(&mut connection).await.unwrap_err();
        assert!(lanes.are_behind());
    }
}
