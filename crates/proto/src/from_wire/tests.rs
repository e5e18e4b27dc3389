use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn spec() -> v1::TaskSpec {
    v1::TaskSpec { name: "Weekly".into(), r#type: "send_email".into(), ..Default::default() }
}

fn refused(change: impl FnOnce(&mut v1::TaskSpec)) -> Invalid {
    let mut spec = spec();
    change(&mut spec);
    new_task(spec, now()).unwrap_err()
}

#[test]
fn defaults_are_those_of_the_interface() {
    let task = new_task(spec(), now()).unwrap();
    assert_eq!(task, NewTask::new(Name::new("Weekly").unwrap(), Kind::new("send_email").unwrap()));
    assert_eq!(task.queue.as_str(), "default");
}

#[test]
fn each_field_is_named_when_it_is_at_fault() {
    let far = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
    let negative = prost_types::Duration { seconds: -1, nanos: 0 };
    let cases: Vec<(&str, Invalid)> = vec![
        ("name", refused(|s| s.name.clear())),
        ("name", refused(|s| s.name = "x".repeat(256))),
        ("name", refused(|s| s.name = "a\0b".into())),
        ("type", refused(|s| s.r#type.clear())),
        ("type", refused(|s| s.r#type = "no spaces".into())),
        ("payload", refused(|s| s.payload = "[]".into())),
        ("payload", refused(|s| s.payload = r#"{"a":"\u0000"}"#.into())),
        ("retries", refused(|s| s.retries = Some(u32::MAX))),
        ("priority", refused(|s| s.priority = i32::MIN)),
        ("queue", refused(|s| s.queue = "a b".into())),
        ("run_at", refused(|s| s.run_at = Some(far))),
        ("run_at", refused(|s| s.run_at = Some(prost_types::Timestamp { seconds: 0, nanos: -1 }))),
        ("timeout", refused(|s| s.timeout = Some(negative))),
        ("timeout", refused(|s| s.timeout = Some(prost_types::Duration::default()))),
        ("idempotency_key", refused(|s| s.idempotency_key = "k".repeat(256))),
        (
            "retry_policy.initial_backoff",
            refused(|s| {
                s.retry_policy =
                    Some(v1::RetryPolicy { initial_backoff: Some(negative), ..Default::default() });
            }),
        ),
    ];
    for (field, error) in cases {
        assert_eq!(error.field, field, "{error}");
    }
}

#[test]
fn a_past_start_means_at_once() {
    let mut spec = spec();
    spec.run_at = Some(prost_types::Timestamp { seconds: 0, nanos: 0 });
    assert_eq!(new_task(spec, now()).unwrap().run_at, None);
}

#[test]
fn half_a_retry_policy_is_filled_up_sensibly() {
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let policy = |initial_backoff, max_backoff| {
        let mut spec = spec();
        spec.retry_policy = Some(v1::RetryPolicy { initial_backoff, max_backoff });
        new_task(spec, now()).unwrap().backoff.unwrap()
    };
    assert_eq!(policy(None, None), RetryPolicy::default());
    assert_eq!(policy(seconds(3_600), None).max, Duration::from_hours(1));
    assert_eq!(policy(None, seconds(0)).initial, Duration::ZERO);
}

#[test]
fn filters_and_pages_name_their_fields() {
    let f = |f: v1::TaskFilter| filter(f).unwrap_err().field;
    assert_eq!(f(v1::TaskFilter { statuses: vec![7], ..Default::default() }), "filter.statuses");
    assert_eq!(f(v1::TaskFilter { types: vec![String::new()], ..Default::default() }), "filter.types");
    assert_eq!(f(v1::TaskFilter { types: vec!["a".into(); 101], ..Default::default() }), "filter.types");
    assert_eq!(f(v1::TaskFilter { priority: Some(1_000), ..Default::default() }), "filter.priority");
    assert_eq!(page(0, 0, "").unwrap().size(), 30);
    assert_eq!(page(0, 2, "v1.1.1").unwrap_err().field, "page_number");
    assert_eq!(page(0, 0, "nonsense").unwrap_err().field, "page_token");
}

#[test]
fn a_filter_names_at_most_a_hundred_statuses() {
    let statuses = |count| filter(v1::TaskFilter { statuses: vec![1; count], ..Default::default() });
    assert_eq!(statuses(100).unwrap().statuses.len(), 100);
    assert_eq!(statuses(101).unwrap_err().field, "filter.statuses");
}

#[test]
fn spans_are_checked_to_their_last_number() {
    let read = |seconds, nanos| duration("d", prost_types::Duration { seconds, nanos });
    assert_eq!(read(i64::MAX, 999_999_999), Ok(Duration::new(i64::MAX.unsigned_abs(), 999_999_999)));
    for (seconds, nanos) in
        [(i64::MIN, 0), (i64::MIN, i32::MIN), (-1, 0), (0, -1), (0, 1_000_000_000), (i64::MAX, i32::MAX)]
    {
        assert_eq!(read(seconds, nanos).unwrap_err().field, "d", "{seconds} {nanos}");
    }
}

#[test]
fn watches_name_each_task_once() {
    let cursor = |id, after_version| v1::TaskCursor { id, after_version };
    assert_eq!(cursors(&[cursor(1, 0), cursor(2, 3)]).unwrap().len(), 2);
    assert_eq!(cursors(&[cursor(1, 0), cursor(1, 1)]).unwrap_err().field, "tasks[1].id");
    assert_eq!(cursors(&[cursor(-1, 0)]).unwrap_err().field, "tasks[0].id");
    assert_eq!(cursors(&[cursor(1, -1)]).unwrap_err().field, "tasks[0].after_version");
    assert_eq!(cursors(&vec![cursor(1, 0); 1_001]).unwrap_err().field, "tasks");
}

proptest! {
    #[test]
    fn times_round_trip(micros in -62_135_596_800_000_000i64..253_402_300_799_000_000) {
        let time = Timestamp::from_microsecond(micros).unwrap();
        prop_assert_eq!(timestamp("t", crate::to_wire::timestamp(time)), Ok(time));
    }

    #[test]
    fn any_numbers_are_answered_without_panic(seconds in any::<i64>(), nanos in any::<i32>()) {
        let _ = timestamp("t", prost_types::Timestamp { seconds, nanos });
        let _ = duration("d", prost_types::Duration { seconds, nanos });
        let _ = status(nanos);
    }

    #[test]
    fn specs_round_trip(priority in -100..=100i32, retries in 0..=1000u32, name in "[a-zA-Zé☕ ]{1,50}") {
        let mut task = NewTask::new(Name::new(name).unwrap(), Kind::new("k").unwrap());
        task.priority = Priority::new(priority).unwrap();
        task.retries = Retries::new(retries).unwrap();
        prop_assert_eq!(new_task(task.clone().into(), now()), Ok(task));
    }
}
