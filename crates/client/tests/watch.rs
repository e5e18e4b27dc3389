//! Watches against a service whose streams break as told.
#![allow(clippy::unnecessary_wraps, reason = "a script is a list of results")]

mod fake;

use std::sync::Arc;

use fake::{Fake, Script, client};
use futures::StreamExt;
use task_client::{Error, WatchItem};
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;
use tonic::Status;

fn event(event: Event) -> Result<v1::WatchTasksResponse, Status> {
    Ok(v1::WatchTasksResponse { event: Some(event) })
}

fn alive() -> Result<v1::WatchTasksResponse, Status> {
    event(Event::Heartbeat(v1::Heartbeat {}))
}

fn change(task_id: i64, version: i32, status: v1::Status) -> Result<v1::WatchTasksResponse, Status> {
    let entry = v1::HistoryEntry { task_id, version, status: status.into(), ..Default::default() };
    event(Event::Change(v1::TaskChange { entry: Some(entry), ..Default::default() }))
}

fn script(messages: Vec<Result<v1::WatchTasksResponse, Status>>) -> Result<Script, Status> {
    Ok(Script { messages, then_hang: false })
}

/// The items in short: `C` connected, `3` a change's version, `R` reconnecting, `S` resync, `E` error.
async fn told(fake: &Arc<Fake>, ids: &[(i64, i32)]) -> String {
    let watch = client(fake.serve().await).watch_tasks(ids.iter().copied());
    watch.map(|item| short(&item)).collect().await
}

fn short(item: &Result<WatchItem, Error>) -> String {
    match item {
        Ok(WatchItem::Connected) => "C".to_owned(),
        Ok(WatchItem::Change(change)) => change.entry.as_ref().unwrap().version.to_string(),
        Ok(WatchItem::Reconnecting { .. }) => "R".to_owned(),
        Ok(WatchItem::Resync(_)) => "S".to_owned(),
        Err(_) => "E".to_owned(),
    }
}

fn cursors_of(fake: &Fake, watch: usize) -> Vec<(i64, i32)> {
    fake.asked.lock().unwrap()[watch].tasks.iter().map(|c| (c.id, c.after_version)).collect()
}

use v1::Status::{Cancelled, Pending, Running, Succeeded};

#[tokio::test]
async fn a_broken_watch_resumes_after_the_last_version_and_tells_no_change_twice() {
    let fake = Arc::new(Fake::default());
    fake.watches.lock().unwrap().extend([
        script(vec![alive(), change(7, 1, Pending), Err(Status::unavailable("stopping"))]),
        Err(Status::unavailable("starting")),
        script(vec![alive(), change(7, 1, Pending), change(7, 2, Running)]),
        script(vec![alive(), change(7, 3, Succeeded)]),
    ]);
    // The third stream ends in order although the task has not: it is looked at, and still runs.
    let summary = v1::TaskSummary { status: Running.into(), version: 2, ..Default::default() };
    let task = v1::Task { summary: Some(summary), ..Default::default() };
    fake.gets.lock().unwrap().push_back(Ok(v1::GetTaskResponse { task: Some(task) }));
    assert_eq!(told(&fake, &[(7, 0)]).await, "C1RRC2RC3");
    assert_eq!(cursors_of(&fake, 0), [(7, 0)]);
    assert_eq!(cursors_of(&fake, 2), [(7, 1)]);
    assert_eq!(cursors_of(&fake, 3), [(7, 2)]);
}

#[tokio::test]
async fn a_gap_is_asked_for_again() {
    let fake = Arc::new(Fake::default());
    let resync = event(Event::Resync(v1::Resync { missed: 3, reason: "too slow".into() }));
    fake.watches.lock().unwrap().extend([
        script(vec![alive(), change(7, 1, Pending), change(7, 3, Succeeded)]),
        script(vec![alive(), change(7, 2, Running), resync]),
        script(vec![alive(), change(7, 3, Succeeded)]),
    ]);
    assert_eq!(told(&fake, &[(7, 0)]).await, "C1RC2RC3");
}

#[tokio::test]
async fn several_tasks_are_followed_to_the_end_of_the_last() {
    let fake = Arc::new(Fake::default());
    fake.watches.lock().unwrap().push_back(script(vec![
        alive(),
        change(7, 3, Cancelled),
        change(8, 1, Pending),
        change(7, 4, Pending),
        change(8, 2, Cancelled),
        change(7, 5, Cancelled),
        change(7, 6, Pending),
    ]));
    assert_eq!(told(&fake, &[(7, 2), (8, 0)]).await, "C31425");
}

#[tokio::test]
async fn a_task_that_ended_before_its_cursor_ends_the_watch() {
    let fake = Arc::new(Fake::default());
    fake.watches.lock().unwrap().push_back(script(vec![alive()]));
    let summary = v1::TaskSummary { status: Succeeded.into(), version: 3, ..Default::default() };
    let task = v1::Task { summary: Some(summary), ..Default::default() };
    fake.gets.lock().unwrap().push_back(Ok(v1::GetTaskResponse { task: Some(task) }));
    assert_eq!(told(&fake, &[(7, 3)]).await, "C");
}

#[tokio::test]
async fn following_no_task_is_not_following_all() {
    let fake = Arc::new(Fake::default());
    assert_eq!(told(&fake, &[]).await, "");
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_id_ends_the_watch() {
    let fake = Arc::new(Fake::default());
    fake.watches.lock().unwrap().push_back(Err(Status::not_found("there is no task 7")));
    let mut watch = client(fake.serve().await).watch_tasks([(7, 0)]);
    let first = watch.next().await.unwrap();
    assert!(matches!(first, Err(Error::NotFound(_))), "{first:?}");
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_filter_watch_says_where_changes_may_be_missing() {
    let fake = Arc::new(Fake::default());
    let broken = Err(Status::unavailable("stopping"));
    let resync = event(Event::Resync(v1::Resync { missed: 3, reason: "too slow".into() }));
    fake.watches.lock().unwrap().extend([
        script(vec![alive(), change(1, 1, Pending), resync, alive(), broken]),
        Ok(Script { messages: vec![alive(), change(2, 2, Running)], then_hang: true }),
    ]);
    let watch = client(fake.serve().await).watch_filter(v1::TaskFilter::default());
    let told: String = watch.take(7).map(|item| short(&item)).collect().await;
    assert_eq!(told, "C1SRCS2");
}

#[tokio::test]
async fn a_first_connection_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let items: Vec<_> = client(address).watch_tasks([(7, 0)]).collect().await;
    assert!(matches!(items.last(), Some(Err(Error::Unreachable { .. }))), "{items:?}");
}
