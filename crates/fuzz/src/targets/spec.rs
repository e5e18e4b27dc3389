//! Tasks that are nearly right, so that every field's check is reached.

use arbitrary::{Result, Unstructured};
use jiff::Timestamp;
use task_domain::{NewTask, limits};
use task_proto::{from_wire, v1};

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target { name: "spec", run, words: &[], accepted: 15 };

/// All fields that a request may be refused for.
pub(super) const FIELDS: &[&str] = &[
    "tasks",
    "task",
    "id",
    "task_id",
    "name",
    "type",
    "payload",
    "retries",
    "retry_policy",
    "priority",
    "queue",
    "run_at",
    "timeout",
    "labels",
    "idempotency_key",
    "filter",
    "types",
    "reason",
    "page_size",
    "page_number",
    "page_token",
    "after_version",
    "limit",
];

fn run(input: &[u8]) -> Verdict {
    let now = Timestamp::from_second(1_767_225_600).expect("in 2026");
    let Ok(spec) = spec(&mut Unstructured::new(input)) else { return Verdict::Refused };
    match from_wire::new_task(spec, now) {
        Ok(task) => {
            check_task(&task);
            let again = from_wire::new_task(task.clone().into(), now);
            assert_eq!(again.as_ref(), Ok(&task), "written and read again");
            Verdict::Accepted
        }
        Err(invalid) => {
            hold::refusal(&invalid, FIELDS);
            Verdict::Refused
        }
    }
}

/// What must hold of a task that the edge lets pass: the store looks at none of it again.
pub(super) fn check_task(task: &NewTask) {
    hold::line(task.name.as_str(), limits::NAME_CHARS);
    hold::line(task.kind.as_str(), limits::KIND_CHARS);
    hold::line(task.queue.as_str(), limits::QUEUE_CHARS);
    hold::json(task.payload.as_str(), limits::PAYLOAD_BYTES);
    assert!(task.retries.get() <= limits::RETRIES);
    assert!(limits::PRIORITY.contains(&task.priority.get()));
    assert!(task.labels.as_map().len() <= limits::LABELS);
    assert!(task.timeout.is_none_or(|timeout| limits::TIMEOUT.contains(&timeout)));
    if let Some(policy) = &task.backoff {
        assert!(limits::BACKOFF.contains(&policy.initial) && limits::BACKOFF.contains(&policy.max));
        assert!(policy.initial <= policy.max, "a table's check would refuse it");
    }
    if let Some(key) = &task.key {
        hold::line(key.as_str(), limits::KEY_CHARS);
    }
}

/// Mostly a good value; otherwise one of the others.
pub(super) fn mostly<T: Clone>(bytes: &mut Unstructured<'_>, good: &[T], bad: &[T]) -> Result<T> {
    let choice = if bytes.ratio(1, 24)? { bytes.choose(bad)? } else { bytes.choose(good)? };
    Ok(choice.clone())
}

pub(super) fn text(bytes: &mut Unstructured<'_>, good: &[&str], longest: usize) -> Result<String> {
    let long = "x".repeat(longest + 1);
    let wide = "é".repeat(longest);
    let bad = ["a\0b", "\u{85}", "a\nb", &long, &wide, "two words", "\u{202e}", ""];
    Ok(mostly(bytes, good, &bad)?.to_owned())
}

fn spec(bytes: &mut Unstructured<'_>) -> Result<v1::TaskSpec> {
    let payloads = [r#"{"to":"a@example.com"}"#, "", "{}", " {} ", r#"{"a":[1,2,{"b":null}]}"#];
    let bad =
        ["[]", "null", r#"{"a":"\u0000"}"#, r#"{"a":1,"a":2}"#, r#"{"a":1e999}"#, "{", r#"{"a":"\ud800"}"#];
    let mut labels = std::collections::BTreeMap::new();
    for _ in 0..bytes.int_in_range(0..=3)? {
        let name = text(bytes, &["team", "env", "a b", "☕"], limits::LABEL_NAME_CHARS)?;
        labels.insert(name, text(bytes, &["billing", "", "é"], limits::LABEL_VALUE_CHARS)?);
    }
    Ok(v1::TaskSpec {
        name: text(bytes, &["Weekly", "é☕ رسالة", "a"], limits::NAME_CHARS)?,
        r#type: text(bytes, &["send_email", "acme.billing/v2:invoice"], limits::KIND_CHARS)?,
        payload: mostly(bytes, &payloads, &bad)?.to_owned(),
        retries: mostly(bytes, &[None, Some(0), Some(1_000)], &[Some(1_001), Some(u32::MAX)])?,
        retry_policy: if bytes.ratio(1, 2)? { Some(policy(bytes)?) } else { None },
        priority: mostly(bytes, &[0, -100, 100], &[101, -101, i32::MIN, i32::MAX])?,
        queue: text(bytes, &["", "default", "a/b"], limits::QUEUE_CHARS)?,
        run_at: if bytes.ratio(1, 2)? { Some(run_at(bytes)?) } else { None },
        timeout: if bytes.ratio(1, 2)? { Some(span(bytes)?) } else { None },
        labels,
        idempotency_key: text(bytes, &["", "k", "order 7"], limits::KEY_CHARS)?,
    })
}

fn policy(bytes: &mut Unstructured<'_>) -> Result<v1::RetryPolicy> {
    let mut some = || Ok(if bytes.ratio(1, 2)? { Some(span(bytes)?) } else { None });
    Ok(v1::RetryPolicy { initial_backoff: some()?, max_backoff: some()? })
}

fn span(bytes: &mut Unstructured<'_>) -> Result<prost_types::Duration> {
    let seconds = mostly(bytes, &[0, 1, 60, 3_600, 604_800], &[-1, 604_801, i64::MAX, i64::MIN])?;
    let nanos = mostly(bytes, &[0, 1_000_000, 1], &[-1, 1_000_000_000, i32::MAX, i32::MIN])?;
    Ok(prost_types::Duration { seconds, nanos })
}

fn run_at(bytes: &mut Unstructured<'_>) -> Result<prost_types::Timestamp> {
    let good = [0, 1_767_225_600, 1_767_225_601, 1_800_000_000, 2_082_585_600, -62_135_596_800];
    let seconds = mostly(bytes, &good, &[2_082_585_601, -62_135_596_801, i64::MAX, i64::MIN])?;
    let nanos = mostly(bytes, &[0, 999_999_999, 1], &[-1, 1_000_000_000, i32::MIN])?;
    Ok(prost_types::Timestamp { seconds, nanos })
}
