//! The calls that look at the whole, and those that act on all that meet a filter.

use task_domain::{Decision, KindInfo};
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;
use task_testing::eventually;

use crate::bad_input::at_fault;
use crate::support::{Client, SOON, Site, Watching, create, create_many};

fn of_type(kind: &str) -> v1::TaskFilter {
    v1::TaskFilter { types: vec![kind.to_owned()], ..Default::default() }
}

async fn count(client: &mut Client, filter: v1::TaskFilter) -> (u64, bool) {
    let request = v1::CountTasksRequest { filter: Some(filter) };
    let answer = client.count_tasks(request).await.unwrap().into_inner();
    (answer.count, answer.more)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_meet_a_filter_are_cancelled_and_retried_with_progress() {
    let site = Site::start().await;
    let mut client = site.client().await;
    create_many(&mut client, "a", 1_000).await;
    create_many(&mut client, "a", 200).await;
    create_many(&mut client, "b", 3).await;
    assert_eq!(count(&mut client, of_type("a")).await, (1_200, false));
    let named = v1::TaskFilter { name_contains: "TASK".to_owned(), ..of_type("b") };
    assert_eq!(count(&mut client, named.clone()).await, (3, false));

    let request = v1::CancelTasksRequest { filter: Some(of_type("a")), reason: "enough".to_owned() };
    let mut told = client.cancel_tasks(request.clone()).await.unwrap().into_inner();
    let mut steps = Vec::new();
    while let Some(step) = told.message().await.unwrap() {
        steps.push(step.progress.unwrap());
    }
    let matched: Vec<_> = steps.iter().map(|step| (step.matched, step.changed, step.done)).collect();
    assert_eq!(matched, [(500, 500, false), (1_000, 1_000, false), (1_200, 1_200, true)]);
    let cancelled = v1::TaskFilter { statuses: vec![v1::Status::Cancelled.into()], ..Default::default() };
    assert_eq!(count(&mut client, cancelled.clone()).await, (1_200, false));
    // Nothing is left to do, and that is told too.
    let mut again = client.cancel_tasks(request).await.unwrap().into_inner();
    let last = again.message().await.unwrap().unwrap().progress.unwrap();
    assert_eq!(last, v1::BulkProgress { matched: 0, changed: 0, done: true });

    // Without a status a retry means what failed: here is nothing.
    let retry = |filter| v1::RetryTasksRequest { filter: Some(filter), reason: String::new() };
    let mut none = client.retry_tasks(retry(of_type("a"))).await.unwrap().into_inner();
    assert_eq!(none.message().await.unwrap().unwrap().progress.unwrap().matched, 0);
    let mut all = client.retry_tasks(retry(cancelled)).await.unwrap().into_inner();
    let mut changed = 0;
    while let Some(step) = all.message().await.unwrap() {
        changed = step.progress.unwrap().changed;
    }
    assert_eq!(changed, 1_200);

    let running = v1::TaskFilter { statuses: vec![v1::Status::Running.into()], ..Default::default() };
    at_fault(client.retry_tasks(retry(running)).await, "filter.statuses");
    let ended = v1::TaskFilter { statuses: vec![v1::Status::Failed.into()], ..Default::default() };
    let request = v1::CancelTasksRequest { filter: Some(ended), reason: String::new() };
    at_fault(client.cancel_tasks(request).await, "filter.statuses");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_types_and_problems_tell_of_what_happened() {
    let site = Site::start().await;
    let mut client = site.client().await;
    create_many(&mut client, "a", 5).await;
    let mut worker = site.worker(&["a"]).await;
    let info = KindInfo {
        kind: task_domain::Kind::new("a").unwrap(),
        description: Some("does it".to_owned()),
        parameters_schema: Some("{}".to_owned()),
    };
    worker.describe(&info).await;
    worker.succeed(2).await;
    let claimed = worker.claim(1).await;
    worker.record(&claimed, &Decision::Fail { error: "no".to_owned() }).await;

    let stats = client.get_stats(v1::GetStatsRequest::default()).await.unwrap().into_inner();
    assert_eq!((stats.step.unwrap().seconds, stats.points.len()), (60, 60));
    let total = stats.total.unwrap();
    let activity = total.activity.unwrap();
    assert_eq!((activity.created, activity.started, activity.succeeded, activity.failed), (5, 3, 2, 1));
    assert_eq!((total.waited.unwrap().count, total.ran.unwrap().count), (3, 3));
    let of_a = &stats.types[0];
    assert_eq!((of_a.r#type.as_str(), of_a.waiting, of_a.running), ("a", 2, 0));
    assert!(of_a.oldest_id > 0 && of_a.oldest_since.is_some());
    let window = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let request = v1::GetStatsRequest { window: window(7 * 86_400), ..Default::default() };
    let week = client.get_stats(request).await.unwrap().into_inner();
    assert_eq!((week.step.unwrap().seconds, week.points.len()), (3_600, 168));
    for seconds in [-1, 0, 59, 91 * 86_400] {
        let request = v1::GetStatsRequest { window: window(seconds), ..Default::default() };
        at_fault(client.get_stats(request).await, "window");
    }

    let types = client.list_types(v1::ListTypesRequest {}).await.unwrap().into_inner().types;
    assert_eq!((types[0].description.as_str(), types[0].workers, types[0].slots), ("does it", 1, 8));

    assert!(client.list_problems(v1::ListProblemsRequest {}).await.unwrap().into_inner().problems.is_empty());
    let orphan = create(&mut client, "nobody").await;
    sqlx::query("update task_ready set line_at = line_at - interval '1 minute'")
        .execute(&site.database.pool())
        .await
        .unwrap();
    // What was answered before is given again for a second.
    let gravest = eventually("a problem", SOON, async || {
        let answer = client.list_problems(v1::ListProblemsRequest {}).await.unwrap().into_inner();
        answer.problems.into_iter().next().ok_or("none")
    })
    .await;
    assert_eq!((gravest.code.as_str(), gravest.severity()), ("no_worker", v1::Severity::Critical));
    assert!(gravest.message.contains(&format!("task {orphan} ")), "{}", gravest.message);
    assert_eq!(gravest.r#type, "nobody");

    let too_many = v1::ListErrorsRequest { limit: 1_001, ..Default::default() };
    at_fault(client.list_errors(too_many).await, "limit");
    assert!(
        client.list_errors(v1::ListErrorsRequest::default()).await.unwrap().into_inner().groups.is_empty()
    );
    let request = v1::ListWorkersRequest { load_window: window(86_401) };
    at_fault(client.list_workers(request).await, "load_window");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_gathers_tells_the_newest_of_each_task_alone() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let request = |interval| v1::WatchTasksRequest {
        filter: Some(of_type("a")),
        interval: Some(prost_types::Duration { seconds: interval, nanos: 0 }),
        tasks: Vec::new(),
    };
    let mut watching = Watching::open(&mut client, request(3)).await;
    let ids = create_many(&mut client, "a", 3).await;
    let mut worker = site.worker(&["a"]).await;
    worker.succeed(3).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|(_, status)| *status != v1::Status::Succeeded) || told.len() < 3 {
        match watching.event().await.unwrap() {
            Some(Event::Change(change)) => {
                let entry = change.entry.unwrap();
                told.push((entry.task_id, entry.status()));
            }
            other => panic!("no change but {other:?}"),
        }
    }
    assert!(told.len() < 9, "nine changes were made: {told:?}");
    for id in ids {
        assert_eq!(told.iter().rfind(|(task, _)| *task == id), Some(&(id, v1::Status::Succeeded)));
    }
    at_fault(client.watch_tasks(request(11)).await, "interval");
    let mut by_payload = request(0);
    by_payload.filter = Some(v1::TaskFilter { payload_contains: "x".to_owned(), ..Default::default() });
    at_fault(client.watch_tasks(by_payload).await, "filter.payload_contains");
    site.end().await.unwrap();
}
