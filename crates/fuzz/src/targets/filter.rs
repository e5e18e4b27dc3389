//! Filters of lists and watches that are nearly right.

use arbitrary::{Result, Unstructured};
use task_domain::{Filter, limits};
use task_proto::{from_wire, to_wire, v1};

use super::spec::{mostly, text};
use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target { name: "filter", run, words: &[], accepted: 15 };

/// Most values of one condition: what a query may be asked to look for at a time.
const VALUES: usize = 100;

fn run(input: &[u8]) -> Verdict {
    let Ok(filter) = filter(&mut Unstructured::new(input)) else { return Verdict::Refused };
    match from_wire::filter(filter) {
        Ok(filter) => {
            check_filter(&filter);
            assert_eq!(from_wire::filter(wire(&filter)), Ok(filter));
            Verdict::Accepted
        }
        Err(invalid) => {
            hold::refusal(&invalid, &["filter"]);
            Verdict::Refused
        }
    }
}

/// What must hold of a filter that the edge lets pass.
pub(super) fn check_filter(filter: &Filter) {
    let counts = [filter.statuses.len(), filter.kinds.len(), filter.queues.len()];
    assert!(counts.iter().all(|count| *count <= VALUES), "{counts:?} values");
    for word in filter.kinds.iter().map(task_domain::Kind::as_str) {
        hold::line(word, limits::KIND_CHARS);
    }
    for word in filter.queues.iter().map(task_domain::Queue::as_str) {
        hold::line(word, limits::QUEUE_CHARS);
    }
    if let Some(part) = &filter.name_contains {
        hold::line(part, limits::NAME_CHARS);
    }
}

fn filter(bytes: &mut Unstructured<'_>) -> Result<v1::TaskFilter> {
    let mut statuses = Vec::new();
    for _ in 0..bytes.int_in_range(0..=7)? {
        statuses.push(mostly(bytes, &[1, 2, 3, 4, 5, 6], &[0, 7, -1, i32::MAX, i32::MIN])?);
    }
    let times = mostly(bytes, &[1, 1, 1, 10], &[101, 10_000])?;
    let words = |bytes: &mut Unstructured<'_>| -> Result<Vec<String>> {
        let mut words = Vec::new();
        for _ in 0..bytes.int_in_range(0..=3)? {
            words.push(text(bytes, &["send_email", "a.b:c/d"], limits::KIND_CHARS)?);
        }
        Ok(std::iter::repeat_n(words, times).flatten().collect())
    };
    Ok(v1::TaskFilter {
        statuses: statuses.repeat(times),
        types: words(bytes)?,
        queues: words(bytes)?,
        priority: mostly(bytes, &[None, Some(0), Some(-100)], &[Some(101), Some(i32::MIN)])?,
        name_contains: text(
            bytes,
            &["", "%", "_", "\\", "İ", "ß", "'; drop table task"],
            limits::NAME_CHARS,
        )?,
        created_from: at(bytes)?,
        created_until: at(bytes)?,
        payload_contains: text(bytes, &["", "%", "\"to\":", "İ"], limits::NAME_CHARS)?,
    })
}

fn at(bytes: &mut Unstructured<'_>) -> Result<Option<prost_types::Timestamp>> {
    let seconds = mostly(
        bytes,
        &[None, Some(0), Some(1_767_225_600), Some(-62_135_596_800), Some(253_402_207_200)],
        &[Some(i64::MAX), Some(i64::MIN), Some(-62_135_596_801)],
    )?;
    Ok(seconds.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }))
}

/// The filter as a client would send it.
fn wire(filter: &Filter) -> v1::TaskFilter {
    v1::TaskFilter {
        statuses: filter.statuses.iter().map(|status| i32::from(v1::Status::from(*status))).collect(),
        types: filter.kinds.iter().map(ToString::to_string).collect(),
        queues: filter.queues.iter().map(ToString::to_string).collect(),
        priority: filter.priority.map(task_domain::Priority::get),
        name_contains: filter.name_contains.clone().unwrap_or_default(),
        created_from: filter.created_from.map(to_wire::timestamp),
        created_until: filter.created_until.map(to_wire::timestamp),
        payload_contains: filter.payload_contains.clone().unwrap_or_default(),
    }
}
