use task_domain::ports::Read;
use task_domain::{Decision, Kind, Status};
use task_testing::new_task;

use crate::Scene;

#[tokio::test]
async fn counts_are_exact_before_while_and_after_they_are_folded() {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a"]).await;
    for n in 0..6 {
        scene.create(new_task(["a", "b"][n % 2], "counted")).await;
    }
    let claimed = worker.claim_some(2).await;
    worker.settle(&claimed[0], Decision::Succeed(None)).await;
    let expected = |counts: task_domain::ports::Counts| {
        let get =
            |kind: &str, status| counts.get(&Kind::new(kind).unwrap()).and_then(|c| c.get(&status)).copied();
        assert_eq!(get("a", Status::Pending), Some(1));
        assert_eq!(get("a", Status::Running), Some(1));
        assert_eq!(get("a", Status::Succeeded), Some(1));
        assert_eq!(get("b", Status::Pending), Some(3));
        assert_eq!(get("b", Status::Running), None);
    };
    expected(scene.store.counts(&[]).await.unwrap());
    // Half of the events are old enough to be folded, then all.
    scene.run_sql("update task_event set created_at = now() - interval '1 hour' where id % 2 = 0").await;
    assert!(scene.store.maintain().await.unwrap().folded > 0);
    expected(scene.store.counts(&[]).await.unwrap());
    scene.check().await;
    scene.run_sql("update task_event set created_at = now() - interval '1 hour'").await;
    scene.store.maintain().await.unwrap();
    expected(scene.store.counts(&[]).await.unwrap());
    let left: i64 = sqlx::query_scalar("select count(*) from task_event")
        .fetch_one(&scene.database.pool())
        .await
        .unwrap();
    assert_eq!(left, 0);
    scene.check().await;
    let only_b = scene.store.counts(&[Kind::new("b").unwrap()]).await.unwrap();
    assert_eq!(only_b.len(), 1);
}

/// Several servers fold at once, while tasks come in.
#[tokio::test(flavor = "multi_thread")]
async fn folding_at_once_from_several_sides_loses_no_count() {
    let scene = Scene::new().await;
    for n in 0..100 {
        scene.create(new_task(&format!("k{}", n % 5), "counted")).await;
    }
    scene.run_sql("update task_event set created_at = now() - interval '1 hour'").await;
    let folds = (0..4).map(|_| scene.store.maintain());
    let folded: u64 = futures::future::join_all(folds).await.into_iter().map(|m| m.unwrap().folded).sum();
    assert_eq!(folded, 100);
    scene.check().await;
}
