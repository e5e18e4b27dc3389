use std::time::Duration;

use futures::{Stream, StreamExt};
use task_domain::ports::{Feed, Follow, Read};
use task_domain::{Decision, Status, TaskId, Version};
use task_testing::new_task;

use crate::Scene;

async fn next(feed: &mut (impl Stream<Item = Feed> + Unpin)) -> Feed {
    tokio::time::timeout(Duration::from_secs(20), feed.next()).await.expect("news").expect("no end")
}

/// Collects changes until `count` are there.
async fn changes(feed: &mut (impl Stream<Item = Feed> + Unpin), count: usize) -> Vec<(i64, i32, Status)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        if let Feed::Changes(batch) = next(feed).await {
            seen.extend(batch.into_iter().map(|c| (c.task.get(), c.version.0, c.status)));
        }
    }
    seen
}

#[tokio::test]
async fn every_change_is_told_once_and_in_order() {
    for notify in [true, false] {
        let scene = Scene::new().await;
        let old = scene.create(new_task("a", "before")).await;
        let mut settings = crate::settings(&scene.database);
        settings.notify = notify;
        let follower = task_store::Store::new(settings);
        let mut feed = Box::pin(follower.follow());
        assert_eq!(next(&mut feed).await, Feed::Live);
        let id = scene.create(new_task("a", "followed")).await;
        let mut worker = scene.worker(&["a"]).await;
        let claimed = worker.claim_some(2).await;
        for claimed in &claimed {
            worker.settle(claimed, Decision::Succeed(None)).await;
        }
        let mut seen = changes(&mut feed, 5).await;
        seen.sort_unstable_by_key(|&(task, version, _)| (task, version));
        let (old, id) = (old.get(), id.get());
        let expected = [
            (old, 2, Status::Running),
            (old, 3, Status::Succeeded),
            (id, 1, Status::Pending),
            (id, 2, Status::Running),
            (id, 3, Status::Succeeded),
        ];
        assert_eq!(seen, expected, "notify: {notify}");
    }
}

/// A statement that drew its number early commits late: a reader of higher numbers only would
/// never see it.
#[tokio::test]
async fn a_late_commit_is_told_all_the_same() {
    let scene = Scene::new().await;
    let first = scene.create(new_task("a", "first")).await;
    let mut feed = Box::pin(scene.store.follow());
    assert_eq!(next(&mut feed).await, Feed::Live);
    let mut late = scene.database.connect().await;
    let mut slow = sqlx::Connection::begin(&mut late).await.unwrap();
    sqlx::query("insert into task_event (lane_id, to_status, n, task_ids, versions) values (1, 0, 1, array[999], array[1])")
        .execute(&mut *slow)
        .await
        .unwrap();
    let second = scene.create(new_task("a", "second")).await;
    assert_eq!(changes(&mut feed, 1).await, [(second.get(), 1, Status::Pending)]);
    slow.commit().await.unwrap();
    assert_eq!(changes(&mut feed, 1).await, [(999, 1, Status::Pending)]);
    assert!(first < second);
}

#[tokio::test]
async fn a_statement_in_flight_when_the_feed_starts_is_told() {
    let scene = Scene::new().await;
    scene.create(new_task("a", "first")).await;
    let mut late = scene.database.connect().await;
    let mut slow = sqlx::Connection::begin(&mut late).await.unwrap();
    sqlx::query("insert into task_event (lane_id, to_status, n, task_ids, versions) values (1, 0, 1, array[999], array[1])")
        .execute(&mut *slow)
        .await
        .unwrap();
    let mut feed = Box::pin(scene.store.follow());
    assert_eq!(next(&mut feed).await, Feed::Live);
    slow.commit().await.unwrap();
    assert_eq!(changes(&mut feed, 1).await, [(999, 1, Status::Pending)]);
}

#[tokio::test]
async fn after_lost_touch_the_feed_says_so_and_goes_on() {
    let cluster = task_testing::own_cluster().await;
    let database = cluster.database().await;
    let store = task_store::Store::new(crate::settings(&database));
    let mut feed = Box::pin(store.follow());
    assert_eq!(next(&mut feed).await, Feed::Live);
    // Only a feed that hears can be deaf for a while.
    let listening =
        "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'";
    task_testing::eventually("the feed listens", std::time::Duration::from_secs(20), async || {
        let n: i64 = sqlx::query_scalar(listening).fetch_one(&database.pool()).await.unwrap();
        if n > 0 { Ok(()) } else { Err("not yet") }
    })
    .await;
    let mut cluster = cluster;
    cluster.postgres.restart().await.expect("a restarted server");
    loop {
        if matches!(next(&mut feed).await, Feed::Lost { .. }) {
            break;
        }
    }
    let created = task_domain::ports::Submit::submit(&store, vec![new_task("a", "after")]).await.remove(0);
    // The first statement on a connection that died with the server may fail; the next one opens anew.
    let id = match created {
        Ok(created) => created.id,
        Err(_) => {
            task_domain::ports::Submit::submit(&store, vec![new_task("a", "after")])
                .await
                .remove(0)
                .unwrap()
                .id
        }
    };
    assert_eq!(changes(&mut feed, 1).await, [(id.get(), 1, Status::Pending)]);
}

#[tokio::test]
async fn changes_since_gives_each_task_from_its_version_on() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    let one = scene.create(new_task("a", "one")).await;
    let two = scene.create(new_task("a", "two")).await;
    for claimed in worker.claim_some(2).await {
        worker.settle(&claimed, Decision::Succeed(None)).await;
    }
    let unknown = TaskId::new(1_000_000).unwrap();
    let asked = [(one, Version(0)), (two, Version(2)), (unknown, Version(0))];
    let entries = scene.store.changes_since(&asked, 100).await.unwrap();
    let got: Vec<_> = entries.iter().map(|e| (e.task, e.version.0)).collect();
    assert_eq!(got, [(one, 1), (one, 2), (one, 3), (two, 3)]);
    assert_eq!(entries[1].worker_name.as_deref(), Some("tester"));
    // A long history does not keep others out.
    let entries = scene.store.changes_since(&asked, 1).await.unwrap();
    assert_eq!(entries.iter().map(|e| (e.task, e.version.0)).collect::<Vec<_>>(), [(one, 1), (two, 3)]);
}
