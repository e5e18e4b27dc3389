//! Nothing grows with a reader that is slow.

use std::sync::Arc;
use std::time::Duration;

use task_domain::ports::Change;
use task_domain::{Filter, HistoryEntry, Kind, Status, TaskId, Version};
use task_proto::v1;
use task_proto::v1::watch_tasks_response::Event;

use super::scripted::{entry, summary};
use crate::watch::backlog::Backlog;
use crate::watch::by_filter::Slot;
use crate::watch::by_id::Places;
use crate::watch::message::{size_of, task_change};

fn id(task: i64) -> TaskId {
    TaskId::new(task).unwrap()
}

fn told(slot: &Slot) -> Vec<Event> {
    std::iter::from_fn(|| slot.take()).map(|m| m.event.unwrap()).collect()
}

#[test]
fn changes_that_do_not_fit_stay_in_the_store() {
    let places = Places::new(&[(id(1), Version(0)), (id(2), Version(0))]);
    let large = |task, version| HistoryEntry {
        details: Some("x".repeat(16 << 10)),
        ..entry(task, version, Status::Retrying)
    };
    let all: Vec<_> = (1..=2).flat_map(|task| (1..=10).map(move |v| large(task, v))).collect();
    let mut read = Vec::new();
    places.doubt(id(1));
    places.doubt(id(2));
    // As a watch does it, but with what it has seen already among what was read. Each round brings
    // a few of the twenty.
    for _ in 0..20 {
        let dirty = places.take_dirty();
        let of = |e: &HistoryEntry| dirty.iter().any(|(task, _)| *task == e.task);
        let held = places.accept(all.iter().filter(|e| of(e)).cloned().collect());
        assert!(held.iter().map(size_of).sum::<usize>() < 100 << 10, "{} changes held", held.len());
        read.extend(held);
    }
    assert_eq!(read, all, "each once, in order");
}

#[test]
fn a_change_that_was_read_already_is_not_looked_for() {
    let places = Places::new(&[(id(1), Version(3))]);
    places.mark(id(1), Version(3));
    places.mark(id(9), Version(1));
    assert!(places.take_dirty().is_empty(), "neither what was seen nor what is not watched");
    places.mark(id(1), Version(4));
    assert_eq!(places.take_dirty(), [(id(1), Version(3))]);
}

#[test]
fn a_slow_reader_by_filter_holds_64_kib_and_knows_what_it_missed() {
    let slot = Slot::new(Filter::default());
    let change = Arc::new(task_change(entry(1, 1, Status::Pending), &summary(1)));
    for _ in 0..10_000 {
        slot.offer(&change);
    }
    let events = told(&slot);
    let (last, changes) = events.split_last().unwrap();
    let size = size_of_val(&*change) * changes.len();
    assert!((16 << 10..=64 << 10).contains(&size), "{size} bytes in {} changes", changes.len());
    let Event::Resync(resync) = last else { panic!("{last:?}") };
    assert_eq!(resync.missed, 10_000 - changes.len() as u64);
    slot.offer(&change);
    assert!(matches!(told(&slot)[..], [Event::Change(_)]), "it goes on after the gap");
}

#[test]
fn how_many_were_missed_is_told_only_where_it_is_known() {
    let failed = Filter { statuses: vec![Status::Failed], ..Filter::default() };
    let by_kind = Filter { kinds: vec![Kind::new("t").unwrap()], ..failed.clone() };
    let unread = [Status::Failed, Status::Running, Status::Failed];
    for (filter, missed) in [(failed.clone(), 2), (by_kind, 0)] {
        let slot = Slot::new(filter);
        slot.miss_unread(unread.into_iter(), "why");
        assert_eq!(told(&slot), [Event::Resync(v1::Resync { missed, reason: "why".to_owned() })]);
    }
    let slot = Slot::new(failed.clone());
    slot.miss_unread([Status::Running].into_iter(), "why");
    assert_eq!(told(&slot), [], "what it does not want it has not missed");
    // Known and unknown together are unknown.
    slot.miss(Some(3), "why");
    slot.miss(None, "another");
    assert_eq!(told(&slot), [Event::Resync(v1::Resync { missed: 0, reason: "why".to_owned() })]);
}

#[tokio::test(start_paused = true)]
async fn a_full_backlog_gives_back_what_does_not_fit() {
    let backlog = Backlog::default();
    let change = |n| Change { task: id(n), version: Version(1), status: Status::Pending };
    let changes: Vec<_> = (1..=5_000).map(change).collect();
    let left_out = backlog.put(&changes).len();
    assert!((1..4_999).contains(&left_out));
    assert!(backlog.is_overrun());
    assert_eq!(backlog.take(10).await, changes[..10], "oldest first");
    assert_eq!(backlog.put(&changes[..10]).len(), 10, "what waits is told late enough");
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(!backlog.is_overrun(), "all found room for a while");
    assert_eq!(backlog.put(&changes[..20]).len(), 10, "room for what was taken");
}
