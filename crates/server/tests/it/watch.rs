//! What a watch promises, where all is well.

use std::time::Duration;

use task_domain::Decision;
use task_proto::v1;
use task_proto::v1::Status::{Cancelled, Pending, Retrying, Running, Succeeded};
use task_proto::v1::watch_tasks_response::Event;
use task_server::Options;
use tonic::Code;

use crate::support::{Site, Watching, by_filter, by_id, create, create_many, options, refused, spec};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_followed_to_its_end() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let task = v1::TaskSpec { name: "Weekly".to_owned(), priority: 7, ..spec("t") };
    let request = v1::CreateTaskRequest { task: Some(task) };
    let id = client.create_task(request).await.unwrap().into_inner().id;
    let mut watch = Watching::of(&mut client, &[id]).await;
    let Some(Event::Change(first)) = watch.event().await.unwrap() else { panic!("no change") };
    assert_eq!((first.name.as_str(), first.r#type.as_str(), first.priority), ("Weekly", "t", 7));
    assert_eq!((first.queue.as_str(), first.retries), ("default", 3));
    assert!(first.created_at.is_some());

    let mut worker = site.worker(&["t"]).await;
    let claimed = worker.claim(1).await;
    assert_eq!(watch.change().await, (id, 2, Running));
    let again = Decision::Retry { delay: Duration::ZERO, error: "busy".to_owned() };
    worker.record(&claimed, &again).await;
    assert_eq!(watch.change().await, (id, 3, Retrying));
    worker.succeed(1).await;
    assert_eq!(watch.change().await, (id, 4, Running));
    assert_eq!(watch.change().await, (id, 5, Succeeded));
    watch.ended().await;
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_resumes_after_the_version_that_was_seen() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let id = create(&mut client, "t").await;
    site.worker(&["t"]).await.succeed(1).await;
    let from = |after_version| v1::WatchTasksRequest {
        tasks: vec![v1::TaskCursor { id, after_version }],
        filter: None,
        interval: None,
    };
    for (after, rest) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (3, vec![]), (9, vec![])] {
        let mut watch = Watching::open(&mut client, from(after)).await;
        for version in rest {
            assert_eq!(watch.change().await.1, version);
        }
        watch.ended().await;
    }
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_of_several_ends_with_the_last_of_them() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let ids = create_many(&mut client, "t", 3).await;
    let mut watch = Watching::of(&mut client, &ids).await;
    for id in &ids {
        assert_eq!(watch.change().await, (*id, 1, Pending));
    }
    for id in &ids[..2] {
        client.cancel_task(v1::CancelTaskRequest { id: *id, reason: String::new() }).await.unwrap();
        assert_eq!(watch.change().await, (*id, 2, Cancelled));
    }
    // One that is run again is followed again.
    client.retry_task(v1::RetryTaskRequest { id: ids[0], reason: String::new() }).await.unwrap();
    assert_eq!(watch.change().await, (ids[0], 3, Pending));
    for (id, version) in [(ids[2], 2), (ids[0], 4)] {
        client.cancel_task(v1::CancelTaskRequest { id, reason: String::new() }).await.unwrap();
        assert_eq!(watch.change().await, (id, version, Cancelled));
    }
    watch.ended().await;
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_lets_through_what_meets_it() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let before = create(&mut client, "a").await;
    let statuses = vec![Pending.into(), Cancelled.into()];
    let filter = v1::TaskFilter { statuses, types: vec!["a".to_owned()], ..Default::default() };
    let mut some = Watching::open(&mut client, by_filter(filter)).await;
    let mut all = Watching::open(&mut client, v1::WatchTasksRequest::default()).await;
    let other = create(&mut client, "b").await;
    let id = create(&mut client, "a").await;
    let mut worker = site.worker(&["a"]).await;
    worker.succeed(2).await;
    client.cancel_task(v1::CancelTaskRequest { id: other, reason: String::new() }).await.unwrap();
    let last = create(&mut client, "a").await;

    assert_eq!(some.change().await, (id, 1, Pending), "nothing from before, nothing of type b");
    assert_eq!(some.change().await, (last, 1, Pending), "neither RUNNING nor SUCCEEDED");
    // Per task in the order of versions; tasks among each other as it comes.
    let mut seen = Vec::new();
    while seen.len() < 8 {
        seen.push(all.change().await);
    }
    let of = |task: i64| seen.iter().filter(|c| c.0 == task).map(|c| (c.1, c.2)).collect::<Vec<_>>();
    assert_eq!(of(before), [(2, Running), (3, Succeeded)]);
    assert_eq!(of(id), [(1, Pending), (2, Running), (3, Succeeded)]);
    assert_eq!(of(other), [(1, Pending), (2, Cancelled)]);
    assert_eq!(of(last), [(1, Pending)]);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_does_not_carry_results() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let id = create(&mut client, "t").await;
    let mut worker = site.worker(&["t"]).await;
    let claimed = worker.claim(1).await;
    let mut all = Watching::open(&mut client, by_filter(v1::TaskFilter::default())).await;
    let result = task_domain::TaskResult::new(r#"{"rows":3}"#).unwrap();
    worker.record(&claimed, &Decision::Succeed(Some(result))).await;
    let mut one = Watching::of(&mut client, &[id]).await;
    for watch in [&mut all, &mut one] {
        let last = loop {
            let Some(Event::Change(change)) = watch.event().await.unwrap() else { panic!("no change") };
            let entry = change.entry.unwrap();
            if entry.status() == Succeeded {
                break entry;
            }
        };
        assert_eq!(last.result, "");
    }
    let got = client.get_task(v1::GetTaskRequest { id }).await.unwrap().into_inner().task.unwrap();
    assert_eq!(got.result, r#"{"rows":3}"#);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_above_the_limit_are_refused_and_a_closed_one_makes_room() {
    let site = Site::with(Options { max_watches: 2, ..options() }).await;
    let mut client = site.client().await;
    let id = create(&mut client, "t").await;
    let first = Watching::of(&mut client, &[id]).await;
    let _second = Watching::open(&mut client, by_filter(v1::TaskFilter::default())).await;
    refused(client.watch_tasks(by_id(&[id])).await, Code::ResourceExhausted, "2 watches are open");
    drop(first);
    task_testing::eventually("room for one", crate::support::SOON, async || {
        let status = client.watch_tasks(by_id(&[404])).await.map(drop).unwrap_err();
        if status.code() == Code::NotFound { Ok(()) } else { Err(status) }
    })
    .await;
    // One that was refused for its task has not kept the room.
    let _third = Watching::of(&mut client, &[id]).await;
    site.end().await.unwrap();
}
