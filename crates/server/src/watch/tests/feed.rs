//! One subscription, only while somebody watches, and nothing missed whatever it does.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use task_domain::ports::{Change, Feed};
use task_domain::{Status, TaskId, Version};
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::scripted::{Scripted, entry};
use crate::watch::Hub;
use crate::watch::lookup::CHANGES;
use crate::watch::message::Told;

struct Stage {
    store: Scripted,
    hub: Arc<Hub<Scripted>>,
    _tasks: JoinSet<()>,
}

impl Stage {
    fn new() -> Self {
        let (store, mut tasks) = (Scripted::default(), JoinSet::new());
        store.add([entry(1, 1, Status::Pending), entry(2, 1, Status::Pending)]);
        let hub = Hub::start(store.clone(), 100, CancellationToken::new(), &mut tasks);
        Self { store, hub, _tasks: tasks }
    }

    async fn watch(&self, tasks: &[i64]) -> BoxStream<'static, Told> {
        // As if everything there is had been seen.
        let tasks = tasks.iter().map(|id| v1::TaskCursor { id: *id, after_version: 1 }).collect();
        let request = v1::WatchTasksRequest { tasks, filter: None, interval: None };
        let mut watch = Arc::clone(&self.hub).watch(request).await.unwrap();
        assert_eq!(next(&mut watch).await, Event::Heartbeat(v1::Heartbeat {}));
        watch
    }

    /// A change that the feed tells of.
    async fn change(&self, task: i64, version: i32, status: Status) {
        self.store.add([entry(task, version, status)]);
        let task = TaskId::new(task).unwrap();
        self.store.say(Feed::Changes(vec![Change { task, version: Version(version), status }])).await;
    }
}

async fn next(watch: &mut BoxStream<'static, Told>) -> Event {
    watch.next().await.expect("it goes on").unwrap().event.unwrap()
}

/// The next change, heartbeats apart: task and version. The clock is the test's own, so that a
/// minute without one is over at once.
async fn change(watch: &mut BoxStream<'static, Told>) -> (i64, i32) {
    let found = async {
        loop {
            match next(watch).await {
                Event::Heartbeat(_) => {}
                Event::Change(change) => break change.entry.map(|e| (e.task_id, e.version)).unwrap(),
                Event::Resync(gap) => panic!("{gap:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), found).await.expect("a change")
}

#[tokio::test(start_paused = true)]
async fn nobody_listens_while_nobody_watches() {
    let stage = Stage::new();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(stage.store.subscriptions(), 0);
    let (first, second) = (stage.watch(&[1]).await, stage.watch(&[2]).await);
    drop(first);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(stage.store.is_followed());
    assert_eq!(stage.store.subscriptions(), 1, "one for all");
    drop(second);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!stage.store.is_followed());
    let mut third = stage.watch(&[1]).await;
    stage.change(1, 2, Status::Running).await;
    assert_eq!(change(&mut third).await, (1, 2));
    assert_eq!(stage.store.subscriptions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_says_that_it_is_alive() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[1]).await;
    for _ in 0..3 {
        let start = tokio::time::Instant::now();
        assert_eq!(next(&mut watch).await, Event::Heartbeat(v1::Heartbeat {}));
        assert!((10..=16).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }
    assert_eq!(stage.store.reads(), 0, "silence costs no read");
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_is_read() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[1]).await;
    stage.store.add([entry(1, 2, Status::Running), entry(1, 3, Status::Succeeded)]);
    stage.store.say(Feed::Lost { reason: "a test".to_owned() }).await;
    assert_eq!(change(&mut watch).await, (1, 2));
    assert_eq!(change(&mut watch).await, (1, 3));
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_jump_in_versions_is_filled_from_the_store() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[1]).await;
    stage.store.add([entry(1, 2, Status::Running), entry(1, 3, Status::Retrying)]);
    stage.change(1, 4, Status::Running).await;
    for version in 2..=4 {
        assert_eq!(change(&mut watch).await, (1, version));
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_gap_is_read_in_parts() {
    let stage = Stage::new();
    let last = 3 * i32::try_from(CHANGES).unwrap();
    let mut watches = (stage.watch(&[1]).await, stage.watch(&[1, 2]).await);
    stage.store.add((2..last).map(|version| entry(1, version, Status::Running)));
    stage.store.add([entry(2, 2, Status::Succeeded)]);
    stage.change(1, last, Status::Succeeded).await;
    stage.store.say(Feed::Lost { reason: "a test".to_owned() }).await;
    for version in 2..=last {
        assert_eq!(change(&mut watches.0).await, (1, version));
    }
    assert!(watches.0.next().await.is_none());
    let mut of_one = 1;
    for _ in 1..=last {
        let (task, version) = change(&mut watches.1).await;
        if task == 1 {
            assert_eq!(version, of_one + 1);
            of_one = version;
        }
    }
    assert_eq!(of_one, last, "the other one took one turn");
    assert!(stage.store.longest() <= CHANGES, "{} changes in one answer", stage.store.longest());
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_ends_is_followed_anew_and_nothing_is_missed() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[1]).await;
    stage.store.hang_up();
    stage.store.add([entry(1, 2, Status::Cancelled)]);
    assert_eq!(change(&mut watch).await, (1, 2));
    assert_eq!(stage.store.subscriptions(), 2);
}

#[tokio::test(start_paused = true)]
async fn watches_of_one_task_share_their_reads_and_others_cost_nothing() {
    let stage = Stage::new();
    let mut watches = Vec::new();
    for _ in 0..50 {
        watches.push(stage.watch(&[1]).await);
    }
    let mut idle = stage.watch(&[2]).await;
    stage.change(1, 2, Status::Cancelled).await;
    let seen = futures::future::join_all(watches.iter_mut().map(change)).await;
    assert_eq!(seen, [(1, 2); 50]);
    assert!(stage.store.reads() <= 3, "{} reads for 50 watches of one task", stage.store.reads());
    let reads = stage.store.reads();
    assert_eq!(next(&mut idle).await, Event::Heartbeat(v1::Heartbeat {}));
    assert_eq!(stage.store.reads(), reads, "an idle watch reads nothing");
}
