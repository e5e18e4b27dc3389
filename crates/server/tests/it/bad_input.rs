//! What is refused, with which code, and which field is named.

use task_proto::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Client, Site, create, refused, spec};

/// Fails unless a request was refused for this field, also as `google.rpc.BadRequest`.
#[track_caller]
pub(crate) fn at_fault<T: std::fmt::Debug>(answer: Result<T, Status>, field: &str) {
    let status = answer.expect_err(field);
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let violations = status.get_details_bad_request().expect(field).field_violations;
    assert_eq!(violations[0].field, field, "{}", status.message());
    assert!(status.message().starts_with(field), "{}", status.message());
}

async fn try_create(client: &mut Client, task: v1::TaskSpec) -> Result<v1::CreateTaskResponse, Status> {
    let request = v1::CreateTaskRequest { task: Some(task) };
    client.create_task(request).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_tasks_are_refused_before_the_database() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let payload = |payload: String| v1::TaskSpec { payload, ..spec("t") };
    let deep = |depth: usize| payload(format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)));
    let filler = |bytes: usize| payload(format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8)));
    let cases = [
        (v1::TaskSpec { name: String::new(), ..spec("t") }, "name"),
        (v1::TaskSpec { name: "x".repeat(256), ..spec("t") }, "name"),
        (v1::TaskSpec { name: "a\0b".to_owned(), ..spec("t") }, "name"),
        (spec(""), "type"),
        (spec("two words"), "type"),
        (filler((1 << 20) + 1), "payload"),
        (payload("not json".to_owned()), "payload"),
        (payload("[1]".to_owned()), "payload"),
        (payload(r#"{"a":1,"a":2}"#.to_owned()), "payload"),
        (payload(r#"{"a":"\u0000"}"#.to_owned()), "payload"),
        (payload(r#"{"a":"\ud800"}"#.to_owned()), "payload"),
        (deep(65), "payload"),
        (v1::TaskSpec { retries: Some(u32::MAX), ..spec("t") }, "retries"),
        (v1::TaskSpec { priority: i32::MIN, ..spec("t") }, "priority"),
        (v1::TaskSpec { queue: "a b".to_owned(), ..spec("t") }, "queue"),
        (v1::TaskSpec { idempotency_key: "k".repeat(256), ..spec("t") }, "idempotency_key"),
    ];
    for (task, field) in cases {
        at_fault(try_create(&mut client, task).await, field);
    }
    at_fault(client.create_task(v1::CreateTaskRequest { task: None }).await, "task");
    // At the limits all is well.
    for task in [filler(1 << 20), deep(64), v1::TaskSpec { name: "é".repeat(255), ..spec("t") }] {
        try_create(&mut client, task).await.unwrap();
    }
    let stored = client.list_tasks(v1::ListTasksRequest::default()).await.unwrap().into_inner().tasks.len();
    assert_eq!(stored, 3, "nothing that was refused was stored");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_have_their_size() {
    let site = Site::start().await;
    let mut client = site.client().await;
    for count in [0, 1_001] {
        let request = v1::CreateTasksRequest { tasks: vec![spec("t"); count] };
        at_fault(client.create_tasks(request).await, "tasks");
    }
    let request = v1::CreateTasksRequest { tasks: vec![spec("t"); 1_000] };
    assert_eq!(client.create_tasks(request).await.unwrap().into_inner().results.len(), 1_000);
    // Above what a message may hold, whatever is in it.
    let large = v1::TaskSpec { payload: "x".repeat(17 << 20), ..spec("t") };
    let error = try_create(&mut client, large).await.unwrap_err();
    assert!(matches!(error.code(), Code::OutOfRange | Code::ResourceExhausted), "{error:?}");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_ids_and_numbers_are_refused() {
    let site = Site::start().await;
    let mut client = site.client().await;
    for id in [0, -1, i64::MIN] {
        at_fault(client.get_task(v1::GetTaskRequest { id }).await, "id");
        at_fault(client.cancel_task(v1::CancelTaskRequest { id, reason: String::new() }).await, "id");
        at_fault(client.retry_task(v1::RetryTaskRequest { id, reason: String::new() }).await, "id");
        let request = v1::GetTaskHistoryRequest { task_id: id, ..Default::default() };
        at_fault(client.get_task_history(request).await, "task_id");
    }
    for id in [999_999, i64::MAX] {
        let told = format!("there is no task {id}");
        refused(client.get_task(v1::GetTaskRequest { id }).await, Code::NotFound, &told);
        let request = v1::CancelTaskRequest { id, reason: String::new() };
        refused(client.cancel_task(request).await, Code::NotFound, &told);
        let request = v1::RetryTaskRequest { id, reason: String::new() };
        refused(client.retry_task(request).await, Code::NotFound, &told);
        let request = v1::GetTaskHistoryRequest { task_id: id, ..Default::default() };
        refused(client.get_task_history(request).await, Code::NotFound, &told);
    }
    let id = create(&mut client, "t").await;
    let history = v1::GetTaskHistoryRequest { task_id: id, ..Default::default() };
    let negative = v1::GetTaskHistoryRequest { after_version: -1, ..history };
    at_fault(client.get_task_history(negative).await, "after_version");
    let many = v1::GetTaskHistoryRequest { limit: 1_001, ..history };
    at_fault(client.get_task_history(many).await, "limit");
    let request = v1::CancelTaskRequest { id, reason: "r".repeat(256) };
    at_fault(client.cancel_task(request).await, "reason");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_filters_and_pages_are_refused() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let list = v1::ListTasksRequest::default;
    let cases = [
        (v1::ListTasksRequest { page_size: 1_001, ..list() }, "page_size"),
        (v1::ListTasksRequest { page_size: u32::MAX, ..list() }, "page_size"),
        (v1::ListTasksRequest { page_number: u32::MAX, ..list() }, "page_number"),
        (v1::ListTasksRequest { page_token: "'; drop".to_owned(), ..list() }, "page_token"),
    ];
    for (request, field) in cases {
        at_fault(client.list_tasks(request).await, field);
    }
    let filters = [
        (v1::TaskFilter { statuses: vec![0], ..Default::default() }, "filter.statuses"),
        (v1::TaskFilter { statuses: vec![99], ..Default::default() }, "filter.statuses"),
        (v1::TaskFilter { types: vec!["t".to_owned(); 101], ..Default::default() }, "filter.types"),
        (v1::TaskFilter { priority: Some(101), ..Default::default() }, "filter.priority"),
        (v1::TaskFilter { name_contains: "a\0".to_owned(), ..Default::default() }, "filter.name_contains"),
    ];
    for (filter, field) in filters {
        let request = v1::ListTasksRequest { filter: Some(filter.clone()), ..list() };
        at_fault(client.list_tasks(request).await, field);
        let request = v1::WatchTasksRequest { tasks: Vec::new(), filter: Some(filter), interval: None };
        at_fault(client.watch_tasks(request).await, field);
    }
    let request = v1::GetStatusCountsRequest { types: vec!["two words".to_owned()] };
    at_fault(client.get_status_counts(request).await, "types");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_watches_are_refused() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let cursor = |id, after_version| v1::TaskCursor { id, after_version };
    let watch = |tasks| v1::WatchTasksRequest { tasks, filter: None, interval: None };
    at_fault(client.watch_tasks(watch(vec![cursor(0, 0)])).await, "tasks[0].id");
    at_fault(client.watch_tasks(watch(vec![cursor(1, -1)])).await, "tasks[0].after_version");
    at_fault(client.watch_tasks(watch(vec![cursor(1, 0), cursor(1, 0)])).await, "tasks[1].id");
    let many = (1..=1_001).map(|id| cursor(id, 0)).collect();
    at_fault(client.watch_tasks(watch(many)).await, "tasks");
    let both = v1::WatchTasksRequest { filter: Some(v1::TaskFilter::default()), ..watch(vec![cursor(1, 0)]) };
    at_fault(client.watch_tasks(both).await, "filter");
    refused(client.watch_tasks(watch(vec![cursor(7, 0)])).await, Code::NotFound, "there is no task 7");
    site.end().await.unwrap();
}
