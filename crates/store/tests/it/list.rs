use std::time::Duration;

use task_domain::ports::{Read, Submit};
use task_domain::{Cursor, Decision, Filter, Kind, PageRequest, Payload, Priority, Queue, Status, TaskId};
use task_testing::new_task;

use crate::{Scene, retry_after};

/// Tasks in every status, type, queue and priority.
async fn populated() -> (Scene, Vec<TaskId>) {
    let scene = Scene::new().await;
    let mut worker = scene.worker(&["a", "b"]).await;
    let mut ids = Vec::new();
    for n in 0..60u32 {
        let mut task = new_task(["a", "b"][(n % 2) as usize], &format!("Task Number {n}"));
        task.queue = Queue::new(["default", "mail", "night"][(n % 3) as usize]).unwrap();
        task.priority = Priority::new(i32::try_from(n % 4).unwrap()).unwrap();
        if n % 10 == 9 {
            task.run_at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1));
        }
        let id = scene.create(task).await;
        ids.push(id);
        if n % 10 == 9 {
            continue;
        }
        let wanted = n % 6;
        if wanted == 0 {
            continue;
        }
        // Whatever is claimed gets the fate; which one it is does not matter here.
        let claimed = worker.claim_some(1).await.remove(0);
        match wanted {
            1 => drop(worker.settle(&claimed, Decision::Succeed(None)).await),
            2 => drop(worker.settle(&claimed, Decision::Fail { error: "no".into() }).await),
            3 => drop(worker.settle(&claimed, retry_after(Duration::from_hours(1))).await),
            4 => drop(
                task_domain::ports::Operate::cancel(&scene.store, claimed.lease.task, None).await.unwrap(),
            ),
            _ => {}
        }
    }
    (scene, ids)
}

async fn all(scene: &Scene, filter: &Filter, size: u32) -> Vec<TaskId> {
    let mut page = PageRequest::number(1, size).unwrap();
    let mut ids = Vec::new();
    loop {
        let found = scene.store.list(filter, page).await.unwrap();
        ids.extend(found.tasks.iter().map(|t| t.id));
        assert!(found.tasks.len() <= size as usize);
        match found.next {
            Some(next) => page = PageRequest::after(next, size).unwrap(),
            None => return ids,
        }
    }
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![Filter::default()];
    for status in Status::ALL {
        filters.push(Filter { statuses: vec![status], ..Filter::default() });
        let kinds = vec![Kind::new("b").unwrap()];
        filters.push(Filter { statuses: vec![status], kinds, ..Filter::default() });
    }
    let statuses = vec![Status::Failed, Status::Running];
    filters.push(Filter { statuses, priority: Some(Priority::new(2).unwrap()), ..Filter::default() });
    filters.push(Filter { queues: vec![Queue::new("mail").unwrap()], ..Filter::default() });
    filters.push(Filter { name_contains: Some("number 1".into()), ..Filter::default() });
    filters.push(Filter {
        name_contains: Some("NUMBER 2".into()),
        statuses: vec![Status::Succeeded],
        ..Filter::default()
    });
    filters
}

/// Every filter, by pages of every size, gives what checking each task by hand gives.
#[tokio::test]
async fn every_filter_pages_through_exactly_its_tasks() {
    let (scene, ids) = populated().await;
    let everything = scene.store.summaries(&ids).await.unwrap();
    for filter in filters() {
        let mut expected: Vec<_> = everything.iter().filter(|t| filter.matches(t)).collect();
        expected.sort_by_key(|t| std::cmp::Reverse((t.created_at, t.id)));
        let expected: Vec<_> = expected.into_iter().map(|t| t.id).collect();
        assert!(!expected.is_empty(), "{filter:?} meets nothing: the test says nothing");
        for size in [1, 7, 1_000] {
            assert_eq!(all(&scene, &filter, size).await, expected, "{filter:?} by {size}");
        }
    }
    scene.check().await;
}

#[tokio::test]
async fn page_numbers_and_cursors_agree() {
    let (scene, ids) = populated().await;
    let list = async |page| scene.store.list(&Filter::default(), page).await.unwrap();
    let by_number = |n| PageRequest::number(n, 7).unwrap();
    let first = list(by_number(1)).await;
    let second = list(by_number(2)).await;
    assert_eq!(list(PageRequest::after(first.next.unwrap(), 7).unwrap()).await.tasks, second.tasks);
    let last = list(by_number(9)).await;
    assert_eq!((last.tasks.len(), last.next), (ids.len() - 56, None));
    assert_eq!(list(by_number(10)).await.tasks, []);
}

#[tokio::test]
async fn times_bound_a_list_exactly() {
    let (scene, ids) = populated().await;
    let middle = scene.store.summaries(&ids[30..31]).await.unwrap()[0].created_at;
    let before = Filter { created_until: Some(middle), ..Filter::default() };
    let after = Filter { created_from: Some(middle), ..Filter::default() };
    assert_eq!(all(&scene, &before, 100).await.len(), 30);
    assert_eq!(all(&scene, &after, 100).await.len(), ids.len() - 30);
}

#[tokio::test]
async fn a_cursor_stays_good_while_tasks_come_and_go() {
    let (scene, ids) = populated().await;
    let first = scene.store.list(&Filter::default(), PageRequest::number(1, 10).unwrap()).await.unwrap();
    for n in 0..5 {
        scene.create(new_task("a", &format!("new {n}"))).await;
    }
    let next: Cursor = first.next.unwrap();
    let second = scene.store.list(&Filter::default(), PageRequest::after(next, 10).unwrap()).await.unwrap();
    let expected: Vec<_> = ids.iter().rev().skip(10).take(10).copied().collect();
    assert_eq!(second.tasks.iter().map(|t| t.id).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_no_lane_can_hold_is_an_empty_page() {
    let (scene, _) = populated().await;
    let filter = Filter { kinds: vec![Kind::new("nothing").unwrap()], ..Filter::default() };
    assert_eq!(all(&scene, &filter, 10).await, []);
}

/// A page of a search costs the same however many tasks there are: it looks at 10,000, and the next one goes on there.
#[tokio::test]
async fn a_search_looks_at_a_bounded_number_of_tasks_a_page() {
    const MORE: usize = 10_100;
    let scene = Scene::new().await;
    let mut needle = new_task("a", "the Needle");
    needle.payload = Payload::new(r#"{"place": "Haystack"}"#).unwrap();
    let needle = scene.create(needle).await;
    for part in 0..10 {
        let name = |n| new_task("a", &format!("straw {}", part * MORE / 10 + n));
        let created = scene.store.submit((0..MORE / 10).map(name).collect()).await;
        assert!(created.iter().all(Result::is_ok));
    }
    let by_name = Filter { name_contains: Some("needle".into()), ..Filter::default() };
    let by_payload = Filter { payload_contains: Some("haystack".into()), ..Filter::default() };
    let both = Filter { payload_contains: by_payload.payload_contains.clone(), ..by_name.clone() };
    for filter in [by_name, by_payload, both] {
        for size in [1, 50, 1_000] {
            let first = scene.store.list(&filter, PageRequest::number(1, size).unwrap()).await.unwrap();
            assert_eq!(first.tasks, [], "{filter:?}");
            let next = first.next.expect("there is more to look at");
            let rest = PageRequest::after(next, 1_000).unwrap();
            let left = scene.store.list(&Filter::default(), rest).await.unwrap().tasks.len();
            assert_eq!(left, 101, "{filter:?} by {size}");
            let second = scene.store.list(&filter, PageRequest::after(next, size).unwrap()).await.unwrap();
            assert_eq!(second.tasks.iter().map(|t| t.id).collect::<Vec<_>>(), [needle], "{filter:?}");
            assert_eq!(second.next, None);
        }
    }
    // What is found over several stretches is told once each, newest first.
    let some = Filter { name_contains: Some("STRAW 1".into()), ..Filter::default() };
    let expected = (0..MORE).filter(|n| n.to_string().starts_with('1')).count();
    let mut found = all(&scene, &some, 1_000).await;
    assert_eq!(found.len(), expected);
    assert!(found.is_sorted_by(|a, b| a > b), "not newest first");
    found.truncate(200);
    let first = scene.store.list(&some, PageRequest::number(1, 200).unwrap()).await.unwrap();
    assert_eq!(first.tasks.iter().map(|t| t.id).collect::<Vec<_>>(), found);
}
