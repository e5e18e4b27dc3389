use std::collections::VecDeque;
use std::sync::Mutex;

use task_domain::ports::Result;
use task_domain::{Epoch, Lease, TaskId};
use task_plugin::Signal;

use super::*;
use crate::running::Entered;

/// Answers from a list, then for ever with "all is well".
#[derive(Default)]
struct Session {
    answers: Mutex<VecDeque<Result<Vec<Lease>>>>,
    calls: Arc<Mutex<Vec<(usize, bool)>>>,
    /// How many calls are never answered.
    silent: usize,
}

impl Renew for Session {
    async fn renew(&mut self, held: &[Lease], _busy: u32, draining: bool) -> Result<Vec<Lease>> {
        self.calls.lock().unwrap().push((held.len(), draining));
        if self.silent > 0 {
            self.silent -= 1;
            std::future::pending::<()>().await;
        }
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Vec::new()))
    }

    fn lease_time(&self) -> Duration {
        Duration::from_secs(15)
    }
}

fn lease(id: i64) -> Lease {
    Lease { task: TaskId::new(id).unwrap(), attempt: 1, epoch: Epoch::from_store(1) }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        running: Running::default(),
        capacity: Capacity::new(4),
        drain: CancellationToken::new(),
        look: Arc::new(Notify::new()),
    }
}

async fn run_for(seconds: u64, session: &mut Session, heartbeat: &Heartbeat) -> bool {
    tokio::time::timeout(Duration::from_secs(seconds), keep_alive(session, heartbeat)).await.is_ok()
}

fn enter(heartbeat: &Heartbeat, lease: Lease) -> (Signal, Entered) {
    heartbeat.running.enter(std::iter::once(lease)).remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_renewed_at_a_third_of_its_time() {
    let mut session = Session::default();
    assert!(!run_for(14, &mut session, &heartbeat()).await);
    assert_eq!(session.calls.lock().unwrap().len(), 3, "at 0, 5 and 10 s");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_lease_is_gone_is_told() {
    let heartbeat = heartbeat();
    let (lost, _guard) = enter(&heartbeat, lease(1));
    let (kept, _guard) = enter(&heartbeat, lease(2));
    let mut session = Session::default();
    session.answers.lock().unwrap().push_back(Ok(vec![lease(1)]));
    run_for(1, &mut session, &heartbeat).await;
    assert_eq!(lost.stopped().await, Stop::LeaseLost);
    assert_eq!(kept.why(), None);
}

#[tokio::test(start_paused = true)]
async fn when_the_workers_lease_is_gone_all_are_told() {
    let heartbeat = heartbeat();
    let (one, _guard) = enter(&heartbeat, lease(1));
    let mut session = Session::default();
    session.answers.lock().unwrap().push_back(Err(Error::LeaseLost));
    assert!(run_for(1, &mut session, &heartbeat).await, "it returns");
    assert_eq!(one.stopped().await, Stop::LeaseLost);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_stops_nobody() {
    let heartbeat = heartbeat();
    let (running, _guard) = enter(&heartbeat, lease(1));
    let mut session = Session::default();
    let down = || Err(Error::Unavailable("down".into()));
    session.answers.lock().unwrap().extend(std::iter::repeat_with(down).take(50));
    run_for(200, &mut session, &heartbeat).await;
    assert_eq!(running.why(), None);
    assert!(session.calls.lock().unwrap().len() > 50);
}

#[tokio::test(start_paused = true)]
async fn a_hint_and_a_drain_bring_the_look_forward() {
    let heartbeat = heartbeat();
    let mut session = Session::default();
    let calls = session.calls.clone();
    let keeping = tokio::spawn({
        let heartbeat = heartbeat.clone();
        async move { keep_alive(&mut session, &heartbeat).await }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    heartbeat.look.notify_one();
    tokio::time::sleep(Duration::from_millis(1)).await;
    heartbeat.drain.cancel();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(*calls.lock().unwrap(), [(0, false), (0, false), (0, true)]);
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_is_tried_again() {
    let heartbeat = heartbeat();
    let (lost, _guard) = enter(&heartbeat, lease(1));
    let mut session = Session { silent: 1, ..Session::default() };
    session.answers.lock().unwrap().push_back(Ok(vec![lease(1)]));
    run_for(8, &mut session, &heartbeat).await;
    assert_eq!(session.calls.lock().unwrap().len(), 2, "at 0 and, without an answer, after 5 s");
    assert_eq!(lost.stopped().await, Stop::LeaseLost);
}

#[tokio::test(start_paused = true)]
async fn hints_bring_no_more_than_ten_looks_a_second() {
    let heartbeat = heartbeat();
    let mut session = Session::default();
    let hints = async {
        for _ in 0..1_000 {
            heartbeat.look.notify_one();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = hints => {}
        () = keep_alive(&mut session, &heartbeat) => panic!("it ended"),
    }
    // One at the start, one for the first hint, and one every tenth of the second.
    assert!((9..=12).contains(&session.calls.lock().unwrap().len()), "{:?}", session.calls);
}
