use std::time::Duration;

use task_domain::ports::{Error, Read, Submit};
use task_domain::{
    IdempotencyKey, Kind, Labels, Name, NewTask, Payload, Priority, Queue, Retries, RetryPolicy, Status,
    limits,
};
use task_testing::{new_task, new_task_with};

use crate::Scene;

fn keyed(mut task: NewTask, key: &str) -> NewTask {
    task.key = Some(IdempotencyKey::new(key).unwrap());
    task
}

#[tokio::test]
async fn a_task_is_kept_as_it_was_asked_for() {
    let scene = Scene::new().await;
    let in_an_hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let in_an_hour = jiff::Timestamp::from_microsecond(in_an_hour.as_microsecond()).unwrap();
    let task = NewTask {
        name: Name::new("Weekly ☕ رسالة").unwrap(),
        kind: Kind::new("send_email").unwrap(),
        payload: Payload::new(r#"{"z":1,"a":12345678901234567890123,"s":"\\u0000"}"#).unwrap(),
        retries: Retries::new(7).unwrap(),
        backoff: Some(RetryPolicy::new(Duration::from_millis(5), Duration::from_secs(9)).unwrap()),
        priority: Priority::new(-100).unwrap(),
        queue: Queue::new("mail").unwrap(),
        run_at: Some(in_an_hour),
        timeout: Some(Duration::from_millis(1_500)),
        labels: Labels::new([("team".to_owned(), "\"quoted\" \\ ".to_owned())]).unwrap(),
        key: Some(IdempotencyKey::new("order-1").unwrap()),
    };
    let id = scene.create(task.clone()).await;
    let kept = scene.store.get(id).await.unwrap();
    assert_eq!(kept.payload, task.payload);
    assert_eq!(kept.backoff, task.backoff);
    assert_eq!(kept.timeout, task.timeout);
    assert_eq!(kept.labels, task.labels);
    assert_eq!(kept.key, task.key);
    assert_eq!(kept.summary.name, task.name);
    assert_eq!(kept.summary.lane, task.lane());
    assert_eq!(kept.summary.retries, task.retries);
    assert_eq!(kept.summary.run_at, task.run_at);
    assert_eq!(kept.summary.status, Status::Pending);
    assert_eq!(kept.summary.attempt, 0);
    scene.check().await;
}

/// One that comes alone is stored by a statement of its own.
#[tokio::test]
async fn a_task_alone_is_stored_as_one_of_many_is() {
    const ROWS: &str = "select concat_ws(E'\\n',
            to_jsonb(t) - '{id,created_at,idempotency_key}'::text[],
            to_jsonb(r) - '{task_id,created_at,line_at}'::text[], r.created_at = t.created_at, r.line_at = t.created_at,
            to_jsonb(h) - '{task_id,created_at}'::text[], h.created_at = t.created_at,
            to_jsonb(e) - '{id,n,created_at,task_ids,versions}'::text[], e.created_at = t.created_at,
            e.versions[array_position(e.task_ids, t.id)], cardinality(e.task_ids) = e.n)
        from task t
        join task_ready r on r.task_id = t.id
        join task_history h on h.task_id = t.id
        join task_event e on t.id = any(e.task_ids)
        where t.id = $1";
    let scene = Scene::new().await;
    let plain = new_task("email", "Task");
    let full = NewTask {
        retries: Retries::new(7).unwrap(),
        backoff: Some(RetryPolicy::new(Duration::from_millis(5), Duration::from_secs(9)).unwrap()),
        priority: Priority::new(-100).unwrap(),
        queue: Queue::new("mail").unwrap(),
        timeout: Some(Duration::from_millis(1_500)),
        labels: Labels::new([("team".to_owned(), "\"quoted\" \\ ".to_owned())]).unwrap(),
        ..new_task_with("email", "Weekly ☕", r#"{"z":1}"#)
    };
    let full = |key| keyed(full.clone(), key);
    for (alone, [one, other]) in
        [(plain.clone(), [plain.clone(), plain.clone()]), (full("1"), [full("2"), full("3")])]
    {
        let alone = scene.create(alone).await;
        let one = scene.try_create(vec![one, other]).await.remove(0).unwrap().id;
        let mut rows = Vec::new();
        for id in [alone, one] {
            let row: String =
                sqlx::query_scalar(ROWS).bind(id.get()).fetch_one(&scene.database.pool()).await.unwrap();
            rows.push(row);
        }
        assert_eq!(rows[0], rows[1]);
    }
    scene.check().await;
}

#[tokio::test]
async fn with_the_first_task_both_connections_are_opened() {
    let scene = Scene::new().await;
    scene.create(new_task("email", "Task")).await;
    let pool = scene.database.pool();
    let limit = Duration::from_secs(20);
    task_testing::eventually("the other connection", limit, async || {
        // What it did first is the last that it did.
        let open = "select exists (select from pg_stat_activity where datname = current_database()
            and pid <> pg_backend_pid() and query like '%synchronous_standby_names%')";
        match sqlx::query_scalar(open).fetch_one(&pool).await {
            Ok(true) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_key_makes_one_task() {
    let scene = Scene::new().await;
    let task = keyed(new_task("email", "Order 1"), "order-1");
    let first = scene.try_create(vec![task.clone()]).await.remove(0).unwrap();
    let again = scene.try_create(vec![task.clone()]).await.remove(0).unwrap();
    assert!(first.is_new && !again.is_new);
    assert_eq!((first.id, first.created_at), (again.id, again.created_at));

    let twice_in_a_batch = vec![keyed(new_task("email", "Order 2"), "order-2"); 2];
    let answers: Vec<_> = scene.try_create(twice_in_a_batch).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers[0].id, answers[1].id);
    assert_eq!(answers.iter().filter(|a| a.is_new).count(), 1);
    scene.check().await;
}

#[tokio::test]
async fn a_key_for_a_different_task_is_refused_and_spoils_nothing() {
    let scene = Scene::new().await;
    let first = scene.create(keyed(new_task_with("email", "Order", r#"{"n":1}"#), "order")).await;
    let others = [
        new_task_with("email", "Order", r#"{"n":2}"#),
        new_task_with("email", "Other", r#"{"n":1}"#),
        new_task_with("report", "Order", r#"{"n":1}"#),
    ];
    let mut batch: Vec<_> = others.into_iter().map(|task| keyed(task, "order")).collect();
    batch.push(new_task("email", "Bystander"));
    let mut answers = scene.try_create(batch).await;
    assert!(answers.pop().unwrap().unwrap().is_new);
    for answer in answers {
        assert!(matches!(answer, Err(Error::KeyReused { id, .. }) if id == first), "{answer:?}");
    }
    scene.check().await;
}

#[tokio::test]
async fn batches_with_the_same_keys_in_any_order_all_get_answers() {
    let scene = Scene::new().await;
    let keys: Vec<_> = (0..200).map(|n| keyed(new_task("email", "Same"), &format!("key-{n}"))).collect();
    let reversed: Vec<_> = keys.iter().rev().cloned().collect();
    // Two stores: two connections, and so two transactions at once.
    let other = task_store::Store::new(crate::settings(&scene.database));
    let (left, right) = tokio::join!(scene.store.submit(keys), other.submit(reversed));
    let mut left: Vec<_> = left.into_iter().map(|a| a.unwrap().id).collect();
    let mut right: Vec<_> = right.into_iter().map(|a| a.unwrap().id).collect();
    left.sort();
    right.sort();
    assert_eq!(left, right);
    scene.check().await;
}

#[tokio::test]
async fn concurrent_creates_share_commits_and_each_gets_its_own_answer() {
    let scene = Scene::new().await;
    let creates = (0..300).map(|n| {
        let store = scene.store.clone();
        async move {
            let name = format!("Task {n}");
            let created = store.submit(vec![new_task("email", &name)]).await.remove(0).unwrap();
            (name, created.id)
        }
    });
    for (name, id) in futures::future::join_all(creates).await {
        assert_eq!(scene.store.get(id).await.unwrap().summary.name.as_str(), name);
    }
    scene.check().await;
}

#[tokio::test]
async fn a_full_batch_of_many_lanes_and_a_payload_of_a_mebibyte_pass() {
    let scene = Scene::new().await;
    let big = format!("{{\"a\":\"{}\"}}", "x".repeat(limits::PAYLOAD_BYTES - 8));
    let mut batch: Vec<_> =
        (0..limits::BATCH_TASKS - 1).map(|n| new_task(&format!("kind{}", n % 50), "Task")).collect();
    batch.push(new_task_with("big", "Big", &big));
    let answers = scene.try_create(batch).await;
    let last = answers.last().unwrap().as_ref().unwrap().id;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(scene.store.get(last).await.unwrap().payload.as_str().len(), limits::PAYLOAD_BYTES);
    scene.check().await;
}

/// What the edge should have refused is refused by the database, at the cost of that task alone.
#[tokio::test]
async fn one_bad_task_in_a_batch_costs_only_itself() {
    let scene = Scene::new().await;
    let mut batch: Vec<_> = (0..9).map(|n| new_task("email", &format!("Task {n}"))).collect();
    batch[4].payload = Payload::from_store("{\"a\":\"\0\"}");
    let answers = scene.try_create(batch).await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_ok(), n != 4, "task {n}: {answer:?}");
    }
    scene.check().await;
}

/// Where a pooler makes each statement a transaction, what is undone with one must not be taken for known.
#[tokio::test]
async fn a_lane_outlives_the_bad_task_that_it_was_made_for() {
    let scene = Scene::new().await;
    let mut settings = crate::settings(&scene.database);
    settings.pooled = true;
    let store = task_store::Store::new(settings);
    let mut bad = new_task("new", "Bad");
    bad.payload = Payload::from_store("{\"a\":\"\0\"}");
    let mut answers = store.submit(vec![bad, new_task("new", "Bystander")]).await;
    let id = answers.pop().unwrap().unwrap().id;
    assert!(answers.remove(0).is_err());
    assert_eq!(scene.store.get(id).await.unwrap().summary.lane.kind.as_str(), "new");
    let mut worker = scene.worker(&["new"]).await;
    assert_eq!(worker.claim_some(1).await[0].lease.task, id);
    scene.check().await;
}

#[tokio::test]
async fn there_is_an_end_to_lanes() {
    let scene = Scene::new().await;
    scene.create(new_task("old", "one")).await;
    scene
        .run_sql(
            "insert into task_lane (queue, type, priority) select 'q' || n, 'filler', 0 from generate_series(1, 9998) n",
        )
        .await;
    // Two more do not fit, one does; what needs none is not held up by either.
    let batch = ["last", "old", "surplus"].map(|kind| new_task(kind, "two")).to_vec();
    let answers = scene.try_create(batch).await;
    assert!(answers[0].is_ok() && answers[1].is_ok(), "{answers:?}");
    match &answers[2] {
        Err(Error::Invalid(invalid)) => assert_eq!(invalid.field, "type"),
        other => panic!("{other:?}"),
    }
    scene.create(new_task("last", "three")).await;
    scene.check().await;
}

/// A statement leaves out what its batch has nothing for: no batch may need more than it has.
#[tokio::test]
async fn batches_of_every_make_are_stored_in_full() {
    let scene = Scene::new().await;
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let earlier = later - jiff::SignedDuration::from_hours(2);
    let later = jiff::Timestamp::from_microsecond(later.as_microsecond()).unwrap();
    let earlier = jiff::Timestamp::from_microsecond(earlier.as_microsecond()).unwrap();
    let makes = [None, Some("k")].into_iter().flat_map(|key| {
        let times = [vec![None], vec![None, Some(later), Some(earlier)]];
        times.into_iter().flat_map(move |times| [false, true].map(|own| (key, times.clone(), own)))
    });
    for (round, (key, times, own)) in makes.enumerate() {
        let task = |n: usize| {
            let mut task = new_task("a", &format!("{round}/{n}"));
            task.run_at = times[n % times.len()];
            // Some have a key and some have none.
            task.key = key
                .filter(|_| n.is_multiple_of(2))
                .map(|k| IdempotencyKey::new(format!("{k}{round}/{n}")).unwrap());
            // Of some batches, some have one thing of their own, and some none.
            match n / 2 % 4 {
                _ if !own => {}
                1 => task.labels = Labels::new([("team".to_owned(), n.to_string())]).unwrap(),
                2 => task.timeout = Some(Duration::from_secs(9)),
                3 => {
                    task.retries = Retries::new(7).unwrap();
                    let (initial, max) = (Duration::from_millis(5), Duration::from_secs(9));
                    task.backoff = Some(RetryPolicy::new(initial, max).unwrap());
                }
                _ => {}
            }
            task
        };
        let tasks: Vec<_> = (0..12).map(task).collect();
        let first = scene.try_create(tasks.clone()).await;
        let again = scene.try_create(tasks.clone()).await;
        for ((task, first), again) in tasks.iter().zip(first).zip(again) {
            let (first, again) = (first.unwrap(), again.unwrap());
            assert!(first.is_new);
            assert_eq!(again.is_new, task.key.is_none());
            let kept = scene.store.get(first.id).await.unwrap();
            assert_eq!((&kept.summary.name, kept.summary.status), (&task.name, Status::Pending));
            assert_eq!((kept.summary.run_at, kept.summary.retries), (task.run_at, task.retries));
            assert_eq!(
                (&kept.labels, kept.timeout, kept.backoff),
                (&task.labels, task.timeout, task.backoff)
            );
            assert_eq!((&kept.payload, &kept.key), (&task.payload, &task.key));
        }
        scene.check().await;
    }
}
