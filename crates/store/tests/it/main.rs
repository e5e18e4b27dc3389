//! Every operation of the store on a real Postgres.

mod claim;
mod counts;
mod feed;
mod hints;
mod leases;
mod list;
mod migrate;
mod operate;
mod places;
mod plans;
mod presence;
mod proxy;
mod record;
mod single;
mod stats;
mod submit;
mod upkeep;
mod walk;

use std::time::Duration;

use task_domain::ports::{Claim, Read, Record, Spot, Submit};
use task_domain::{
    Claimed, Created, Decision, HistoryEntry, Kind, NewTask, Settled, Status, TaskId, Verdict, WorkerInfo,
};
use task_store::{Claimer, Recorder, Session, SessionSettings, Settings, Store};
use task_testing::Database;

/// A store and a worker's session on a database of their own.
struct Scene {
    store: Store,
    database: Database,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::new().await;
        let store = Store::new(settings(&database));
        Self { store, database }
    }

    async fn create(&self, task: NewTask) -> TaskId {
        self.try_create(vec![task]).await.remove(0).expect("a created task").id
    }

    async fn try_create(&self, tasks: Vec<NewTask>) -> Vec<task_domain::ports::Result<Created>> {
        self.store.submit(tasks).await
    }

    async fn worker(&self, kinds: &[&str]) -> Worker {
        self.worker_with(kinds, SessionSettings::default()).await
    }

    /// One whose lease lasts for longer than any test, which nobody renews.
    async fn patient_worker(&self, kinds: &[&str]) -> Worker {
        let lease_time = Duration::from_hours(1);
        self.worker_with(kinds, SessionSettings { lease_time, ..Default::default() }).await
    }

    async fn worker_with(&self, kinds: &[&str], options: SessionSettings) -> Worker {
        let session = Session::open(settings(&self.database), info(kinds), options).await.expect("a session");
        Worker { claimer: session.claimer(), recorder: session.recorder(), session }
    }

    async fn status(&self, id: TaskId) -> Status {
        self.store.get(id).await.expect("the task").summary.status
    }

    async fn history(&self, id: TaskId) -> Vec<HistoryEntry> {
        self.store.history(id, None, 1_000).await.expect("its history")
    }

    async fn statuses(&self, id: TaskId) -> Vec<Status> {
        self.history(id).await.into_iter().map(|entry| entry.status).collect()
    }

    /// Where a task waits.
    async fn spot(&self, task: TaskId) -> Spot {
        let sql = "select lane_id, (extract(epoch from line_at) * 1000000)::bigint from task_ready where task_id = $1";
        let (lane, at) =
            sqlx::query_as(sql).bind(task.get()).fetch_one(&self.database.pool()).await.expect("it waits");
        Spot { lane, at: jiff::Timestamp::from_microsecond(at).unwrap(), task }
    }

    async fn check(&self) {
        task_testing::oracle(&self.database.pool()).await.expect("a consistent database");
    }

    async fn run_sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.database.pool()).await.expect(sql);
    }
}

/// A worker of these types.
fn info(kinds: &[&str]) -> WorkerInfo {
    WorkerInfo {
        name: "tester".into(),
        host: "host".into(),
        version: "1".into(),
        kinds: kinds.iter().map(|k| Kind::new(k).unwrap()).collect(),
        queues: Vec::new(),
        slots: 10,
    }
}

fn settings(database: &Database) -> Settings {
    Settings::new(&database.url()).expect("a database URL")
}

struct Worker {
    session: Session,
    claimer: Claimer,
    recorder: Recorder,
}

impl Worker {
    async fn claim(&mut self, limit: usize) -> Vec<Claimed> {
        self.claimer.claim(limit).await.expect("a claim")
    }

    /// Claims until there is something: new lanes are looked for only now and then.
    async fn claim_some(&mut self, limit: usize) -> Vec<Claimed> {
        for _ in 0..200 {
            let claimed = self.claim(limit).await;
            if !claimed.is_empty() {
                return claimed;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing to claim")
    }

    async fn settle(&mut self, claimed: &Claimed, decision: Decision) -> Verdict {
        self.settle_all(std::slice::from_ref(claimed), &decision).await[0]
    }

    async fn settle_all(&mut self, claimed: &[Claimed], decision: &Decision) -> Vec<Verdict> {
        let settled = |c: &Claimed| Settled { lease: c.lease, decision: decision.clone() };
        self.recorder.record(&claimed.iter().map(settled).collect::<Vec<_>>()).await.expect("a record")
    }
}

fn retry_after(delay: Duration) -> Decision {
    Decision::Retry { delay, error: "it did not work".into() }
}
