//! What is kept of the past, against the truth; and actions on many tasks.

use task_domain::ports::{Operate, Read, Survey};
use task_domain::{Activity, Decision, Filter, Kind, KindInfo, PageRequest, Tally, Window};
use task_testing::new_task;

use super::*;

/// As if everything had happened a while ago.
async fn fold(scene: &Scene) {
    scene.run_sql("update task_event set created_at = created_at - interval '61 seconds'").await;
    let done = scene.store.maintain().await.expect("a round");
    assert!(done.folded > 0);
}

async fn total(scene: &Scene) -> Tally {
    let stats = scene.store.stats(Window::default(), &[], &[]).await.expect("statistics");
    let mut total = Tally::default();
    for (_, tally) in &stats.points {
        total.merge(tally);
    }
    let mut by_kind = Tally::default();
    for tally in stats.kinds.values() {
        by_kind.merge(tally);
    }
    assert_eq!(total, by_kind, "by time and by type are two views of the same");
    total
}

/// Creates tasks and has them end in every way.
async fn live(scene: &Scene) {
    scene.try_create((0..10).map(|_| new_task("a", "told")).collect()).await;
    scene.try_create((0..2).map(|_| new_task("b", "told")).collect()).await;
    let mut worker = scene.worker(&["a", "b"]).await;
    let mut claimed = Vec::new();
    while claimed.len() < 12 {
        claimed.extend(worker.claim_some(12).await);
    }
    let fail = |n: usize| Decision::Fail { error: format!("host db{n} said 503: no room for job {n}") };
    worker.settle_all(&claimed[..6], &Decision::Succeed(None)).await;
    for (n, failing) in claimed.iter().enumerate().take(9).skip(6) {
        worker.settle(failing, fail(n)).await;
    }
    worker.settle(&claimed[9], retry_after(Duration::from_hours(1))).await;
    scene.store.cancel(claimed[10].lease.task, None).await.unwrap();
}

#[tokio::test]
async fn statistics_are_the_same_before_and_after_folding() {
    let scene = Scene::new().await;
    live(&scene).await;
    let expected = Activity {
        created: 12,
        started: 12,
        succeeded: 6,
        failed: 3,
        retrying: 1,
        put_back: 0,
        cancelled: 1,
    };
    let fresh = total(&scene).await;
    assert_eq!(fresh.activity, expected);
    assert_eq!((fresh.waited.count(), fresh.ran.count()), (12, 11));
    fold(&scene).await;
    let folded = total(&scene).await;
    assert_eq!(folded.activity, expected);
    assert_eq!((folded.waited.count(), folded.ran.count()), (12, 11));
    assert_eq!((&folded.waited, &folded.ran), (&fresh.waited, &fresh.ran));
    // Coarser steps count the same.
    for hours in [24, 24 * 7] {
        let window = Window::new(Duration::from_hours(hours)).unwrap();
        let stats = scene.store.stats(window, &[Kind::new("a").unwrap()], &[]).await.unwrap();
        assert_eq!(stats.kinds.values().map(|t| t.activity.created).sum::<u64>(), 10);
        assert_eq!(stats.points.iter().map(|(_, t)| t.activity.created).sum::<u64>(), 10);
    }
    scene.check().await;
}

#[tokio::test]
async fn a_sample_of_a_large_batch_stands_for_all_of_it() {
    let scene = Scene::new().await;
    scene.try_create((0..1_000).map(|_| new_task("a", "told")).collect()).await;
    let mut worker = scene.worker(&["a"]).await;
    let mut claimed = Vec::new();
    while claimed.len() < 1_000 {
        claimed.extend(worker.claim_some(1_000).await);
    }
    worker.settle_all(&claimed, &Decision::Succeed(None)).await;
    fold(&scene).await;
    let total = total(&scene).await;
    assert_eq!(total.activity.succeeded, 1_000);
    assert_eq!((total.waited.count(), total.ran.count()), (1_000, 1_000));
}

#[tokio::test]
async fn errors_are_grouped_by_what_they_say() {
    let scene = Scene::new().await;
    live(&scene).await;
    fold(&scene).await;
    let since = jiff::Timestamp::now().checked_sub(Duration::from_hours(2)).unwrap();
    let groups = scene.store.errors(since, &[], 10).await.unwrap();
    let told: Vec<_> = groups.iter().map(|g| (g.pattern.as_str(), g.count)).collect();
    assert_eq!(told, [("host # said 503: no room for job #", 3), ("it did not work", 1)]);
    assert!(groups[0].example.contains("no room for job 8"), "{}", groups[0].example);
    assert!(scene.store.errors(since, &[Kind::new("z").unwrap()], 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn errors_that_all_differ_do_not_fill_the_tables() {
    let scene = Scene::new().await;
    scene.try_create((0..600).map(|_| new_task("a", "told")).collect()).await;
    let mut worker = scene.worker(&["a"]).await;
    let mut claimed = Vec::new();
    while claimed.len() < 600 {
        claimed.extend(worker.claim_some(600).await);
    }
    for (n, one) in claimed.iter().enumerate() {
        // Words of letters only, each another.
        let word: String = format!("{n:03}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        worker.settle(one, Decision::Fail { error: format!("cannot open {word}") }).await;
    }
    fold(&scene).await;
    let since = jiff::Timestamp::now().checked_sub(Duration::from_hours(2)).unwrap();
    let groups = scene.store.errors(since, &[], 1_000).await.unwrap();
    assert!(groups.len() <= 102, "{}", groups.len());
    assert_eq!(groups[0].pattern, "other errors");
    assert_eq!(groups.iter().map(|g| g.count).sum::<u64>(), 600, "none is left out");
}

#[tokio::test]
async fn the_head_of_each_lane_is_its_oldest_task() {
    let scene = Scene::new().await;
    assert!(scene.store.heads().await.unwrap().is_empty());
    let first = scene.create(new_task("a", "told")).await;
    let second = scene.create(new_task("a", "told")).await;
    let other = scene.create(new_task("b", "told")).await;
    let heads = async || {
        let mut heads: Vec<_> = scene.store.heads().await.unwrap().into_iter().map(|h| h.task).collect();
        heads.sort();
        heads
    };
    assert_eq!(heads().await, [first, other]);
    let mut worker = scene.worker(&["a"]).await;
    worker.claim_some(1).await;
    assert_eq!(heads().await, [second, other]);
    worker.claim_some(1).await;
    assert_eq!(heads().await, [other]);
}

#[tokio::test]
async fn types_and_load_are_what_workers_told() {
    let scene = Scene::new().await;
    scene.create(new_task("unknown", "told")).await;
    let mut worker = scene.worker(&["a"]).await;
    let info = KindInfo {
        kind: Kind::new("a").unwrap(),
        description: Some("does it".into()),
        parameters_schema: Some(r#"{"type":"object"}"#.into()),
    };
    for _ in 0..2 {
        worker.session.describe(std::slice::from_ref(&info)).await.unwrap();
    }
    let kinds = scene.store.kinds().await.unwrap();
    assert_eq!(kinds[0], info);
    assert_eq!((kinds[1].kind.as_str(), &kinds[1].description), ("unknown", &None));
    for busy in [2, 4] {
        task_domain::ports::Renew::renew(&mut worker.session, &[], busy, false).await.unwrap();
    }
    let id = worker.session.id();
    let since = jiff::Timestamp::now().checked_sub(Duration::from_mins(5)).unwrap();
    let load = scene.store.load(since, &[id]).await.unwrap().remove(&id).unwrap();
    // The two may fall to both sides of a minute.
    assert_eq!(load.iter().map(|l| l.busy_max).max(), Some(4));
    assert_eq!(scene.store.workers().await.unwrap()[0].info.host, "host");
}

#[tokio::test]
async fn outcomes_that_come_too_late_are_told_of() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "told")).await;
    let mut worker = scene.worker(&["a"]).await;
    let claimed = worker.claim_some(1).await;
    scene.store.cancel(claimed[0].lease.task, None).await.unwrap();
    assert_eq!(worker.settle(&claimed[0], Decision::Succeed(None)).await, Verdict::Stale);
    assert_eq!(scene.store.losses(Duration::from_mins(5)).await.unwrap().stale_writes, 0);
    task_domain::ports::Renew::renew(&mut worker.session, &[], 0, false).await.unwrap();
    assert_eq!(scene.store.losses(Duration::from_mins(5)).await.unwrap().stale_writes, 1);
}

#[tokio::test]
async fn many_tasks_are_cancelled_and_retried_in_one_statement() {
    let scene = Scene::new().await;
    let created = scene.try_create((0..5).map(|_| new_task("a", "told")).collect()).await;
    let ids: Vec<_> = created.into_iter().map(|c| c.unwrap().id).collect();
    let mut worker = scene.worker(&["a"]).await;
    let claimed = worker.claim_some(2).await;
    worker.settle(&claimed[0], Decision::Succeed(None)).await;
    // One has ended, one runs, three wait.
    let mut cancelled = scene.store.cancel_all(&ids, Some("enough")).await.unwrap();
    cancelled.sort();
    assert_eq!(cancelled, ids.iter().copied().filter(|id| *id != claimed[0].lease.task).collect::<Vec<_>>());
    assert!(scene.store.cancel_all(&ids, None).await.unwrap().is_empty());
    assert_eq!(scene.store.retry_all(&ids, None).await.unwrap().len(), 5);
    assert!(scene.store.retry_all(&ids, None).await.unwrap().is_empty());
    for id in ids {
        assert_eq!(scene.status(id).await, Status::Pending);
    }
    scene.check().await;
}

#[tokio::test]
async fn tasks_are_found_by_a_part_of_their_payload() {
    let scene = Scene::new().await;
    let with = |text: &str| NewTask {
        payload: task_domain::Payload::new(&format!(r#"{{"to":"{text}"}}"#)).unwrap(),
        ..new_task("a", "told")
    };
    let ann = scene.create(with("Ann@example.com")).await;
    scene.create(with("100%_sure")).await;
    let found = async |part: &str| {
        let filter = Filter { payload_contains: Some(part.into()), ..Filter::default() };
        let page = scene.store.list(&filter, PageRequest::number(1, 10).unwrap()).await.unwrap();
        page.tasks.into_iter().map(|t| t.id).collect::<Vec<_>>()
    };
    assert_eq!(found("ann@EXAMPLE").await, [ann]);
    assert_eq!(found("%").await.len(), 1, "a percent sign is no wildcard");
    assert_eq!(found("\"to\":").await.len(), 2);
    assert!(found("nobody").await.is_empty());
}
