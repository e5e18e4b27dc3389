//! What a watch promises when much happens, when its reader is slow, and when touch is lost.

use std::collections::HashMap;

use task_proto::v1;
use task_proto::v1::Status::{Cancelled, Succeeded};
use task_proto::v1::watch_tasks_response::Event;
use task_testing::own_cluster;

use crate::support::{Site, Watching, by_filter, create, create_many, options, spec};

/// Reads a watch by id to its end: each task's versions come one after another from 1.
async fn read_to_the_end(watch: &mut Watching, tasks: &[i64]) {
    let mut seen: HashMap<i64, i32> = tasks.iter().map(|id| (*id, 0)).collect();
    let mut last = HashMap::new();
    while let Some(event) = watch.event().await.unwrap() {
        let Event::Change(change) = event else { panic!("a watch by id has no gaps: {event:?}") };
        let entry = change.entry.unwrap();
        let version = seen.get_mut(&entry.task_id).expect("only what was asked for");
        assert_eq!(entry.version, *version + 1, "of task {}", entry.task_id);
        *version = entry.version;
        last.insert(entry.task_id, entry.status());
    }
    assert_eq!(last.len(), tasks.len());
    assert!(last.values().all(|status| *status == Succeeded));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_are_followed_by_several_watches_at_once() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let ids = create_many(&mut client, "t", 300).await;
    let mut whole = Watching::of(&mut client, &ids).await;
    let mut part = Watching::of(&mut client, &ids[100..200]).await;
    let mut single = Watching::of(&mut client, &ids[150..151]).await;
    let mut worker = site.worker(&["t"]).await;
    let work = async {
        for _ in 0..10 {
            worker.succeed(30).await;
        }
    };
    tokio::join!(
        work,
        read_to_the_end(&mut whole, &ids),
        read_to_the_end(&mut part, &ids[100..200]),
        read_to_the_end(&mut single, &ids[150..151]),
    );
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_watch_by_id_misses_nothing() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let ids = create_many(&mut client, "t", 600).await;
    let mut watch = Watching::of(&mut client, &ids).await;
    let mut worker = site.worker(&["t"]).await;
    for _ in 0..6 {
        worker.succeed(100).await;
    }
    read_to_the_end(&mut watch, &ids).await;
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_watch_by_filter_is_told_what_it_missed_and_goes_on() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let filter = v1::TaskFilter { statuses: vec![v1::Status::Pending.into()], ..Default::default() };
    let mut slow = Watching::open(&mut client, by_filter(filter)).await;
    // Its own connection, so that what it does not read cannot hold up the calls below.
    let mut other = site.client().await;
    let mut created = 0;
    let named = v1::TaskSpec { name: "n".repeat(255), ..spec("t") };
    for _ in 0..6 {
        let request = v1::CreateTasksRequest { tasks: vec![named.clone(); 1_000] };
        created += other.create_tasks(request).await.unwrap().into_inner().results.len() as u64;
    }
    let (mut changes, mut missed, mut gaps) = (0, 0, 0);
    while changes + missed < created {
        match slow.event().await.unwrap() {
            Some(Event::Change(_)) => changes += 1,
            Some(Event::Resync(resync)) => {
                assert!(resync.missed > 0 && !resync.reason.is_empty(), "{resync:?}");
                missed += resync.missed;
                gaps += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(changes + missed, created, "each change is told or counted");
    assert!(gaps > 0, "six thousand changes were held for a reader that did not read");
    let id = create(&mut other, "t").await;
    assert_eq!(slow.change().await.0, id, "it goes on after the gap");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_touch_with_the_database_is_made_good() {
    let cluster = own_cluster().await;
    let site = Site::on(cluster.database().await, options()).await;
    let mut client = site.client().await;
    let id = create(&mut client, "t").await;
    let mut one = Watching::of(&mut client, &[id]).await;
    assert_eq!(one.change().await.1, 1);
    let mut all = Watching::open(&mut client, by_filter(v1::TaskFilter::default())).await;

    // The change is made by somebody else while every connection of the server is cut.
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where backend_type = 'client backend' and pid <> pg_backend_pid()";
    let elsewhere = task_store::Store::new(task_store::Settings::new(&site.database.url()).unwrap());
    cluster.postgres.execute(site.database.name(), cut).await.unwrap();
    let task = task_domain::TaskId::new(id).unwrap();
    task_domain::ports::Operate::cancel(&elsewhere, task, None).await.unwrap();

    assert_eq!(one.change().await, (id, 2, Cancelled));
    one.ended().await;
    // The change itself, a gap, or both: but not silence.
    match all.event().await.unwrap() {
        Some(Event::Resync(resync)) => assert!(!resync.reason.is_empty()),
        Some(Event::Change(change)) => assert_eq!(change.entry.unwrap().task_id, id),
        other => panic!("{other:?}"),
    }
    site.end().await.unwrap();
}
