//! Times, spans, priorities, retries and statuses, as numbers from the wire.

use arbitrary::Unstructured;
use task_domain::{Priority, Retries, RetryPolicy, TaskId, limits};
use task_proto::{from_wire, to_wire, v1};

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target =
    Target { name: "numbers", run, words: &["\x7f\u{0}\u{0}\u{0}"], accepted: 10 };

fn run(input: &[u8]) -> Verdict {
    let numbers = Unstructured::new(input).arbitrary::<(i64, u8, i32, i32, u32)>();
    let Ok((large, shift, nanos, small, positive)) = numbers else { return Verdict::Refused };
    // Shifted, most are near the limits.
    let seconds = large >> (shift & 63);
    let nanos = if shift & 64 == 0 { nanos.rem_euclid(1_000_000_000) } else { nanos };
    let time = from_wire::timestamp("run_at", prost_types::Timestamp { seconds, nanos });
    if let Some(time) = taken(time, "run_at") {
        assert_eq!(from_wire::timestamp("run_at", to_wire::timestamp(time)), Ok(time));
        assert_eq!(time.as_nanosecond() % 1_000, 0, "finer than Postgres keeps it");
    }
    let span = prost_types::Duration { seconds, nanos };
    let read = taken(from_wire::duration("timeout", span), "timeout");
    if let Some(span) = read {
        assert_eq!(from_wire::duration("timeout", to_wire::duration(span)), Ok(span));
        if let Some(policy) = taken(RetryPolicy::new(span, span), "") {
            assert!(limits::BACKOFF.contains(&policy.initial) && policy.initial <= policy.max);
            for failures in [0, 1, 63, 64, 65, positive] {
                for unit in [0.0, 0.5, 1.0] {
                    assert!(policy.backoff(failures, unit) <= policy.max, "{policy:?} after {failures}");
                }
            }
        }
    }
    if let Some(priority) = taken(Priority::new(small), "priority") {
        assert!(limits::PRIORITY.contains(&priority.get()));
    }
    if let Some(retries) = taken(Retries::new(positive), "retries") {
        assert!(retries.get() <= limits::RETRIES);
    }
    if let Some(status) = taken(from_wire::status(small), "statuses") {
        assert_eq!(i32::from(v1::Status::from(status)), small);
    }
    if let Some(id) = taken(TaskId::new(seconds), "id") {
        assert!(id.get() > 0);
    }
    if read.is_some() { Verdict::Accepted } else { Verdict::Refused }
}

fn taken<T>(read: Result<T, task_domain::Invalid>, field: &str) -> Option<T> {
    let fields = if field.is_empty() { vec!["initial_backoff", "max_backoff"] } else { vec![field] };
    read.map_err(|invalid| hold::refusal(&invalid, &fields)).ok()
}
