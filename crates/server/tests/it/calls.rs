//! Every call, where all is well.

use std::collections::BTreeMap;
use std::time::Duration;

use task_domain::Decision;
use task_proto::v1;
use tonic::Code;

use crate::support::{Site, create, create_many, refused, spec};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_created_read_listed_counted_and_its_history_told() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let mut task = spec("send_email");
    task.payload = r#"{"to": "a@example.com"}"#.to_owned();
    task.labels = BTreeMap::from([("team".to_owned(), "growth".to_owned())]);
    let created = client.create_task(v1::CreateTaskRequest { task: Some(task) }).await.unwrap().into_inner();
    assert!(created.created && created.id > 0);

    let got =
        client.get_task(v1::GetTaskRequest { id: created.id }).await.unwrap().into_inner().task.unwrap();
    let summary = got.summary.unwrap();
    assert_eq!((summary.status(), summary.version, summary.retries), (v1::Status::Pending, 1, 3));
    assert_eq!(summary.created_at, created.created_at);
    assert_eq!(got.payload, r#"{"to": "a@example.com"}"#, "kept to the letter");
    assert_eq!(got.labels["team"], "growth");

    let mut worker = site.worker(&["send_email"]).await;
    let claimed = worker.claim(1).await;
    let retry = Decision::Retry { delay: Duration::ZERO, error: "no route".to_owned() };
    worker.record(&claimed, &retry).await;
    let request = v1::GetTaskHistoryRequest { task_id: created.id, ..Default::default() };
    let history = client.get_task_history(request).await.unwrap().into_inner().entries;
    let told: Vec<_> =
        history.iter().map(|e| (e.version, e.status(), e.attempt, e.details.as_str())).collect();
    assert_eq!(told[0], (1, v1::Status::Pending, 0, ""));
    assert_eq!(told[1], (2, v1::Status::Running, 1, ""));
    assert_eq!(told[2], (3, v1::Status::Retrying, 1, "no route"));
    assert_eq!(history[1].worker_name, "by hand");
    let rest = v1::GetTaskHistoryRequest { after_version: 1, limit: 1, ..request };
    let rest = client.get_task_history(rest).await.unwrap().into_inner().entries;
    assert_eq!(rest, history[1..2]);

    let filter = v1::TaskFilter { statuses: vec![v1::Status::Retrying.into()], ..Default::default() };
    let request = v1::ListTasksRequest { filter: Some(filter), ..Default::default() };
    let listed = client.list_tasks(request).await.unwrap().into_inner().tasks;
    assert_eq!(listed.iter().map(|t| t.id).collect::<Vec<_>>(), [created.id]);

    let counts = client.get_status_counts(v1::GetStatusCountsRequest::default()).await.unwrap().into_inner();
    let counted: Vec<_> = counts.counts.iter().map(|c| (c.status(), c.count)).collect();
    assert_eq!(counted.len(), 6, "every status");
    assert_eq!(counted.iter().find(|c| c.1 > 0), Some(&(v1::Status::Retrying, 1)));
    assert_eq!(counts.types[0].r#type, "send_email");
    assert_eq!(counts.types[0].counts.len(), 1, "statuses without a task are left out per type");

    let workers =
        client.list_workers(v1::ListWorkersRequest { load_window: None }).await.unwrap().into_inner().workers;
    assert_eq!(workers.len(), 1);
    assert_eq!(workers[0].types, ["send_email"]);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let mut ids = create_many(&mut client, "t", 25).await;
    ids.reverse();
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let request = v1::ListTasksRequest { page_size: 10, page_token: token, ..Default::default() };
        let page = client.list_tasks(request).await.unwrap().into_inner();
        seen.extend(page.tasks.iter().map(|t| t.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ids, "newest first");
    let request = v1::ListTasksRequest { page_size: 10, page_number: 3, ..Default::default() };
    let page = client.list_tasks(request).await.unwrap().into_inner();
    assert_eq!(page.tasks.iter().map(|t| t.id).collect::<Vec<_>>(), ids[20..]);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_and_retry_go_where_the_state_table_lets_them() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let id = create(&mut client, "t").await;
    let retry = v1::RetryTaskRequest { id, reason: String::new() };
    refused(client.retry_task(retry.clone()).await, Code::FailedPrecondition, "is PENDING");
    let cancel = v1::CancelTaskRequest { id, reason: "not wanted".to_owned() };
    let task = client.cancel_task(cancel.clone()).await.unwrap().into_inner().task.unwrap();
    assert_eq!((task.status(), task.version), (v1::Status::Cancelled, 2));
    refused(client.cancel_task(cancel).await, Code::FailedPrecondition, "is CANCELLED");
    let task = client.retry_task(retry).await.unwrap().into_inner().task.unwrap();
    assert_eq!((task.status(), task.version), (v1::Status::Pending, 3));
    let request = v1::GetTaskHistoryRequest { task_id: id, ..Default::default() };
    let history = client.get_task_history(request).await.unwrap().into_inner().entries;
    assert_eq!(history[1].details, "not wanted");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_makes_one_task() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let task = v1::TaskSpec { idempotency_key: "order-1".to_owned(), ..spec("t") };
    let request = v1::CreateTaskRequest { task: Some(task.clone()) };
    let first = client.create_task(request.clone()).await.unwrap().into_inner();
    let second = client.create_task(request).await.unwrap().into_inner();
    assert_eq!((second.id, second.created, second.created_at), (first.id, false, first.created_at));
    let other = v1::CreateTaskRequest { task: Some(v1::TaskSpec { name: "another".to_owned(), ..task }) };
    refused(
        client.create_task(other).await,
        Code::AlreadyExists,
        "idempotency_key `order-1` was used before",
    );
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_item_does_not_spoil_its_batch() {
    use v1::create_task_result::Result as Told;
    let site = Site::start().await;
    let mut client = site.client().await;
    let bad = v1::TaskSpec { payload: "[1]".to_owned(), ..spec("t") };
    let keyed =
        |name: &str| v1::TaskSpec { name: name.to_owned(), idempotency_key: "k".to_owned(), ..spec("t") };
    let tasks = vec![spec("t"), bad, keyed("one"), keyed("other"), spec("t")];
    let answer = client.create_tasks(v1::CreateTasksRequest { tasks }).await.unwrap().into_inner();
    let told: Vec<_> = answer
        .results
        .into_iter()
        .map(|r| match r.result.unwrap() {
            Told::Task(task) => Ok(task.created),
            Told::Error(error) => Err((Code::from(error.code), error.field, error.message)),
        })
        .collect();
    assert_eq!((&told[0], &told[2], &told[4]), (&Ok(true), &Ok(true), &Ok(true)));
    let (code, field, message) = told[1].clone().unwrap_err();
    assert_eq!((code, field.as_str()), (Code::InvalidArgument, "payload"));
    assert!(message.starts_with("payload: "), "{message}");
    let (code, field, _) = told[3].clone().unwrap_err();
    assert_eq!((code, field.as_str()), (Code::AlreadyExists, ""));
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_warns_where_nobody_runs_the_type() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let request = v1::CreateTaskRequest { task: Some(spec("x")) };
    let warnings = client.create_task(request.clone()).await.unwrap().into_inner().warnings;
    assert_eq!(warnings, ["no live worker runs type `x`; the task waits until one does (no worker is live)"]);
    let _worker = site.worker(&["x", "y"]).await;
    // A worker that has just come is seen after a moment.
    task_testing::eventually("no warning", crate::support::SOON, async || {
        let warnings = client.create_task(request.clone()).await.unwrap().into_inner().warnings;
        if warnings.is_empty() { Ok(()) } else { Err(warnings.join("; ")) }
    })
    .await;
    let tasks = vec![spec("x"), spec("z"), spec("z")];
    let warnings = client.create_tasks(v1::CreateTasksRequest { tasks }).await.unwrap().into_inner().warnings;
    assert_eq!(
        warnings,
        ["no live worker runs type `z`; the task waits until one does (types run now: x, y)"]
    );
    site.end().await.unwrap();
}
