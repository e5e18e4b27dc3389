//! The fake store and the real one agree: the same commands, in any order, have the same answers and
//! leave the same history. Otherwise what the simulation shows would hold for the fake alone.

use std::time::Duration;

use proptest::prelude::*;
use task_domain::ports::{Claim, Operate, Read, Record, Submit};
use task_domain::{Claimed, Decision, Kind, Lease, Settled, Status, TaskId, Verdict, WorkerInfo};
use task_simulation::Bug;
use task_simulation::tables::{Loss, Tables};
use task_store::{Claimer, Recorder, Session, SessionSettings, Settings, Store};
use task_testing::{Database, new_task};

#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    Claim { worker: u8, limit: u8 },
    Settle { pick: u8, how: u8 },
    SettleAgain { pick: u8, how: u8 },
    Cancel(u8),
    Retry(u8),
    Due,
    Lose(u8),
    SignOff(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Create),
        5 => (any::<u8>(), 1..5u8).prop_map(|(worker, limit)| Step::Claim { worker, limit }),
        5 => (any::<u8>(), 0..6u8).prop_map(|(pick, how)| Step::Settle { pick, how }),
        1 => (any::<u8>(), 0..6u8).prop_map(|(pick, how)| Step::SettleAgain { pick, how }),
        1 => any::<u8>().prop_map(Step::Cancel),
        1 => any::<u8>().prop_map(Step::Retry),
        1 => Just(Step::Due),
        1 => any::<u8>().prop_map(Step::Lose),
        1 => any::<u8>().prop_map(Step::SignOff),
    ]
}

fn decision(how: u8) -> Decision {
    let hour = Duration::from_hours(1);
    match how {
        0 => Decision::Succeed(None),
        1 => Decision::Retry { delay: Duration::ZERO, error: "no".into() },
        2 => Decision::Retry { delay: hour, error: "no".into() },
        3 => Decision::Fail { error: "no".into() },
        4 => Decision::PutBack { delay: Duration::ZERO, reason: "its worker was stopped" },
        _ => Decision::PutBack { delay: hour, reason: "put back by its plugin" },
    }
}

/// A worker in both stores.
struct Worker {
    session: Session,
    claimer: Claimer,
    recorder: Recorder,
    fake: i64,
}

/// An attempt in both stores.
#[derive(Clone)]
struct Pair {
    worker: usize,
    /// Which run of that worker claimed it.
    run: i64,
    real: Lease,
    fake: Lease,
}

struct Both {
    database: Database,
    store: Store,
    fake: Tables,
    /// The fake's clock: it moves with every step.
    now: Duration,
    workers: Vec<Worker>,
    ids: Vec<TaskId>,
    held: Vec<Pair>,
    settled: Vec<Pair>,
    epoch: i64,
}

/// What both say of a claimed task; their epochs differ.
fn told(claimed: &Claimed) -> (i64, u32, u32) {
    (claimed.lease.task.get(), claimed.lease.attempt, claimed.failures)
}

impl Both {
    async fn new(bug: Option<Bug>) -> Self {
        let database = Database::new().await;
        let store = Store::new(settings(&database));
        let mut both = Self {
            database,
            store,
            fake: Tables::new(bug),
            now: Duration::ZERO,
            workers: Vec::new(),
            ids: Vec::new(),
            held: Vec::new(),
            settled: Vec::new(),
            epoch: 0,
        };
        // Workers look for new lanes only now and then, so there is one before they come.
        both.create().await;
        for _ in 0..2 {
            let worker = both.register().await;
            both.workers.push(worker);
        }
        both
    }

    async fn register(&mut self) -> Worker {
        let info = WorkerInfo {
            name: "tester".into(),
            host: "host".into(),
            version: "1".into(),
            kinds: vec![Kind::new("work").unwrap()],
            queues: Vec::new(),
            slots: 10,
        };
        let session =
            Session::open(settings(&self.database), info, SessionSettings::default()).await.unwrap();
        let fake = self.fake.register(Duration::from_hours(1_000), self.now);
        Worker { claimer: session.claimer(), recorder: session.recorder(), session, fake }
    }

    async fn create(&mut self) {
        let created = self.store.submit(vec![new_task("work", "walker")]).await.remove(0).unwrap();
        let fake = self.fake.submit(&created.id.to_string(), "work", 3, None, self.now);
        assert_eq!(created.id.get(), fake, "both number their tasks from 1");
        self.ids.push(created.id);
    }

    async fn claim(&mut self, worker: usize, limit: usize) {
        let real = self.workers[worker].claimer.claim(limit).await.unwrap();
        self.epoch += 1;
        let run = self.workers[worker].fake;
        let fake = self.fake.claim(run, self.epoch, limit, self.now).unwrap();
        let tell = |claimed: &[Claimed]| claimed.iter().map(told).collect::<Vec<_>>();
        assert_eq!(tell(&real), tell(&fake), "what worker {worker} claims");
        let pairs = real.iter().zip(&fake);
        self.held.extend(pairs.map(|(real, fake)| Pair { worker, run, real: real.lease, fake: fake.lease }));
    }

    async fn settle(&mut self, pair: &Pair, how: u8) {
        let decision = decision(how);
        let worker = &mut self.workers[pair.worker];
        if worker.fake != pair.run {
            // That run of the worker is over; its recorder is gone with it.
            return;
        }
        let real = Settled { lease: pair.real, decision: decision.clone() };
        let verdict = worker.recorder.record(&[real]).await.unwrap()[0];
        let written =
            self.fake.record(worker.fake, &[Settled { lease: pair.fake, decision }], self.now).unwrap();
        assert_eq!(verdict == Verdict::Recorded, !written.is_empty(), "{:?}: {how}", pair.real);
    }

    async fn lose(&mut self, worker: usize) {
        self.run_sql(format!(
            "update task_worker set ended_at = now() where id = {}",
            self.workers[worker].session.id()
        ))
        .await;
        // One that has just started sweeps at once.
        Store::new(settings(&self.database)).maintain().await.unwrap();
        self.fake.end(self.workers[worker].fake);
        self.fake.reclaim(Loss::Lost, self.now, || 0.5);
        self.workers[worker] = self.register().await;
    }

    async fn sign_off(&mut self, worker: usize) {
        let fresh = self.register().await;
        let gone = std::mem::replace(&mut self.workers[worker], fresh);
        gone.session.end("stopped").await.unwrap();
        self.fake.end(gone.fake);
        self.fake.reclaim(Loss::Stopped(gone.fake), self.now, || 0.5);
    }

    async fn due(&mut self) {
        self.run_sql("update task_delayed set run_at = now() - interval '1 second'".to_owned()).await;
        let moved = self.workers[0].session.promoter().promote().await.unwrap().moved;
        self.fake.make_due(self.now);
        assert_eq!(moved, self.fake.promote(self.now) as u64, "what comes into line");
    }

    async fn operate(&mut self, id: TaskId, cancels: bool) {
        let real = if cancels { self.store.cancel(id, None).await } else { self.store.retry(id, None).await };
        let fake = if cancels { self.fake.cancel(id.get()) } else { self.fake.retry(id.get(), self.now) };
        assert_eq!(real.is_ok(), fake, "{id}: {real:?}");
    }

    async fn run_sql(&self, sql: String) {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&self.database.pool()).await.unwrap();
    }

    async fn take(&mut self, step: Step) {
        self.now += Duration::from_secs(1);
        let of_two = |worker: u8| usize::from(worker) % 2;
        match step {
            Step::Create => self.create().await,
            Step::Claim { worker, limit } => self.claim(of_two(worker), usize::from(limit)).await,
            Step::Settle { pick, how } if !self.held.is_empty() => {
                let pair = self.held.remove(usize::from(pick) % self.held.len());
                self.settle(&pair, how).await;
                self.settled.push(pair);
            }
            Step::SettleAgain { pick, how } if !self.settled.is_empty() => {
                let pair = self.settled[usize::from(pick) % self.settled.len()].clone();
                self.settle(&pair, how).await;
            }
            Step::Settle { .. } | Step::SettleAgain { .. } => {}
            Step::Cancel(pick) | Step::Retry(pick) => {
                let id = self.ids[usize::from(pick) % self.ids.len()];
                self.operate(id, matches!(step, Step::Cancel(_))).await;
            }
            Step::Due => self.due().await,
            Step::Lose(worker) => self.lose(of_two(worker)).await,
            Step::SignOff(worker) => self.sign_off(of_two(worker)).await,
        }
    }

    async fn compare(&self) {
        for id in &self.ids {
            let real = self.store.history(*id, None, 1_000).await.unwrap();
            let real: Vec<(i32, Status, u32)> =
                real.iter().map(|e| (e.version.0, e.status, e.attempt)).collect();
            let fake = self.fake.history.iter().filter(|e| e.task == id.get());
            let fake: Vec<_> = fake.map(|e| (e.version, e.status, e.attempt)).collect();
            assert_eq!(real, fake, "the history of task {id}");
        }
        task_testing::oracle(&self.database.pool()).await.expect("a consistent database");
    }
}

fn settings(database: &Database) -> Settings {
    Settings::new(&database.url()).expect("a database URL")
}

async fn walk(steps: Vec<Step>, bug: Option<Bug>) {
    let mut both = Both::new(bug).await;
    for step in steps {
        both.take(step).await;
    }
    both.compare().await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_fake_does_what_the_store_does(steps in prop::collection::vec(step(), 20..80)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(walk(steps, None));
    }
}

#[tokio::test]
#[should_panic(expected = "what worker 0 claims")]
async fn a_fake_that_is_wrong_is_told_apart() {
    let claim = Step::Claim { worker: 0, limit: 1 };
    walk(vec![claim, Step::Lose(0), claim], Some(Bug::LossCostsAttempt)).await;
}
