//! From the wire to the domain: the one place where requests are checked.

use std::time::Duration;

use jiff::Timestamp;
use task_domain::{
    Cursor, Filter, IdempotencyKey, Invalid, Kind, Labels, Name, NewTask, PageRequest, Payload, Priority,
    Queue, Retries, RetryPolicy, Status, TaskId, Version, Window, limits,
};

use crate::v1;

/// Reads a time.
///
/// # Errors
/// [`Invalid`] outside the years 0001 to 9999.
pub fn timestamp(field: &str, at: prost_types::Timestamp) -> Result<Timestamp, Invalid> {
    let wrong = || Invalid::new(field, "is no time between the years 0001 and 9999");
    if !(0..1_000_000_000).contains(&at.nanos) {
        return Err(wrong());
    }
    let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
    let time = Timestamp::from_nanosecond(nanos).map_err(|_| wrong())?;
    // Postgres keeps microseconds: cut here, so that what is compared is what is stored.
    let time = Timestamp::from_microsecond(time.as_microsecond()).map_err(|_| wrong())?;
    let year = time.to_zoned(jiff::tz::TimeZone::UTC).year();
    if (1..=9999).contains(&year) { Ok(time) } else { Err(wrong()) }
}

/// Reads a span that must not be negative.
///
/// # Errors
/// [`Invalid`], also where the nanoseconds are none: protobuf wants them from 0 to 999,999,999.
pub fn duration(field: &str, span: prost_types::Duration) -> Result<Duration, Invalid> {
    // Not by the conversion that `prost_types` has: it panics on the smallest number of seconds.
    let Ok(seconds) = u64::try_from(span.seconds) else {
        return Err(Invalid::new(field, "must not be negative"));
    };
    match u32::try_from(span.nanos) {
        Ok(nanos @ 0..1_000_000_000) => Ok(Duration::new(seconds, nanos)),
        _ => Err(Invalid::new(field, "must have nanoseconds from 0 to 999,999,999")),
    }
}

/// Reads what is asked for. `now` is what `run_at` is measured against.
///
/// # Errors
/// [`Invalid`], naming the first field at fault.
pub fn new_task(spec: v1::TaskSpec, now: Timestamp) -> Result<NewTask, Invalid> {
    let retries = spec.retries.map_or(Ok(Retries::default()), Retries::new)?;
    let run_at = spec.run_at.map(|at| run_at(at, now)).transpose()?.flatten();
    let timeout = spec.timeout.map(timeout).transpose()?;
    Ok(NewTask {
        name: Name::new(spec.name)?,
        kind: Kind::new(spec.r#type)?,
        payload: Payload::new(&spec.payload)?,
        retries,
        backoff: spec.retry_policy.map(retry_policy).transpose()?,
        priority: Priority::new(spec.priority)?,
        queue: or_default(spec.queue, Queue::new)?,
        run_at,
        timeout,
        labels: Labels::new(spec.labels)?,
        key: given(spec.idempotency_key).map(IdempotencyKey::new).transpose()?,
    })
}

/// A text, unless it is empty: proto3's way of leaving it out.
pub fn given(text: String) -> Option<String> {
    Some(text).filter(|t| !t.is_empty())
}

fn or_default<T: Default>(
    text: String,
    check: impl FnOnce(String) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    given(text).map_or_else(|| Ok(T::default()), check)
}

fn run_at(at: prost_types::Timestamp, now: Timestamp) -> Result<Option<Timestamp>, Invalid> {
    let at = timestamp("run_at", at)?;
    let ahead = Duration::try_from(at.duration_since(now)).unwrap_or_default();
    if ahead > limits::RUN_AT_AHEAD {
        return Err(Invalid::new("run_at", "must not lie more than ten years ahead"));
    }
    Ok((!ahead.is_zero()).then_some(at))
}

fn timeout(span: prost_types::Duration) -> Result<Duration, Invalid> {
    let span = duration("timeout", span)?;
    if limits::TIMEOUT.contains(&span) {
        Ok(span)
    } else {
        Err(Invalid::new("timeout", "must be from 1 ms to 7 days"))
    }
}

fn retry_policy(policy: v1::RetryPolicy) -> Result<RetryPolicy, Invalid> {
    let default = RetryPolicy::default();
    let check = || {
        let initial = policy.initial_backoff.map(|d| duration("initial_backoff", d)).transpose()?;
        let max = policy.max_backoff.map(|d| duration("max_backoff", d)).transpose()?;
        let initial = initial.unwrap_or_else(|| default.initial.min(max.unwrap_or(default.initial)));
        RetryPolicy::new(initial, max.unwrap_or_else(|| default.max.max(initial)))
    };
    check().map_err(|e| e.within("retry_policy"))
}

/// Reads a status number.
///
/// # Errors
/// [`Invalid`] for zero and for numbers that have no status.
pub fn status(code: i32) -> Result<Status, Invalid> {
    match v1::Status::try_from(code) {
        Ok(v1::Status::Pending) => Ok(Status::Pending),
        Ok(v1::Status::Running) => Ok(Status::Running),
        Ok(v1::Status::Retrying) => Ok(Status::Retrying),
        Ok(v1::Status::Succeeded) => Ok(Status::Succeeded),
        Ok(v1::Status::Failed) => Ok(Status::Failed),
        Ok(v1::Status::Cancelled) => Ok(Status::Cancelled),
        Ok(v1::Status::Unspecified) | Err(_) => Err(Invalid::new(
            "statuses",
            format!("{code} is no status; they are 1 (PENDING) to 6 (CANCELLED)"),
        )),
    }
}

/// Reads types that a request names, at most 100.
///
/// # Errors
/// [`Invalid`].
pub fn kinds(types: Vec<String>) -> Result<Vec<Kind>, Invalid> {
    words("types", types, Kind::new)
}

/// Reads queues that a request names, at most 100.
///
/// # Errors
/// [`Invalid`].
pub fn queues(queues: Vec<String>) -> Result<Vec<Queue>, Invalid> {
    words("queues", queues, Queue::new)
}

/// Reads how far back a question reaches.
///
/// # Errors
/// [`Invalid`] outside of what a [`Window`] may be.
pub fn window(span: Option<prost_types::Duration>, default: Window) -> Result<Window, Invalid> {
    span.map_or(Ok(default), |span| Window::new(duration("window", span)?))
}

/// Reads how long a watch gathers changes.
///
/// # Errors
/// [`Invalid`] above 10 s.
pub fn interval(span: Option<prost_types::Duration>) -> Result<Duration, Invalid> {
    let span = span.map_or(Ok(Duration::ZERO), |span| duration("interval", span))?;
    if span > Duration::from_secs(10) {
        return Err(Invalid::new("interval", "must be from 0 to 10 s"));
    }
    Ok(span)
}

/// Refuses a list that a query should not be asked to look through for each task.
fn not_too_many(field: &str, entries: usize) -> Result<(), Invalid> {
    const MOST: usize = 100;
    if entries > MOST {
        return Err(Invalid::new(field, format!("has {entries} entries; at most {MOST} are allowed")));
    }
    Ok(())
}

fn words<T>(
    field: &str,
    texts: Vec<String>,
    check: impl Fn(String) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    not_too_many(field, texts.len())?;
    texts.into_iter().map(|t| check(t).map_err(|e| Invalid::new(field, e.problem))).collect()
}

/// Reads a filter.
///
/// # Errors
/// [`Invalid`], naming the first field at fault within `filter`.
pub fn filter(filter: v1::TaskFilter) -> Result<Filter, Invalid> {
    let check = || {
        not_too_many("statuses", filter.statuses.len())?;
        if let Some(part) = given(filter.name_contains.clone()) {
            Name::new(part).map_err(|e| Invalid::new("name_contains", e.problem))?;
        }
        if let Some(part) = given(filter.payload_contains.clone()) {
            Name::new(part).map_err(|e| Invalid::new("payload_contains", e.problem))?;
        }
        Ok(Filter {
            statuses: filter.statuses.into_iter().map(status).collect::<Result<_, _>>()?,
            kinds: kinds(filter.types)?,
            queues: queues(filter.queues)?,
            priority: filter.priority.map(Priority::new).transpose()?,
            name_contains: given(filter.name_contains),
            payload_contains: given(filter.payload_contains),
            created_from: filter.created_from.map(|at| timestamp("created_from", at)).transpose()?,
            created_until: filter.created_until.map(|at| timestamp("created_until", at)).transpose()?,
        })
    };
    check().map_err(|e: Invalid| e.within("filter"))
}

/// Reads which page is wanted: 0 and empty stand for the defaults.
///
/// # Errors
/// [`Invalid`].
pub fn page(size: u32, number: u32, token: &str) -> Result<PageRequest, Invalid> {
    let size = if size == 0 { PageRequest::DEFAULT_SIZE } else { size };
    if token.is_empty() {
        return PageRequest::number(number.max(1), size);
    }
    if number != 0 {
        return Err(Invalid::new("page_number", "cannot be given together with page_token"));
    }
    PageRequest::after(token.parse::<Cursor>()?, size)
}

/// Reads the tasks that a watch names, with the versions already seen.
///
/// # Errors
/// [`Invalid`] for a bad id or version, an id given twice, or more than 1,000.
pub fn cursors(tasks: &[v1::TaskCursor]) -> Result<Vec<(TaskId, Version)>, Invalid> {
    if tasks.len() > limits::WATCH_TASKS {
        let problem = format!("has {} entries; at most {} are allowed", tasks.len(), limits::WATCH_TASKS);
        return Err(Invalid::new("tasks", problem));
    }
    let mut seen = std::collections::HashSet::new();
    let check = |(n, task): (usize, &v1::TaskCursor)| {
        let id = TaskId::new(task.id).map_err(|e| e.within(&format!("tasks[{n}]")))?;
        if task.after_version < 0 {
            return Err(Invalid::new(format!("tasks[{n}].after_version"), "must not be negative"));
        }
        if !seen.insert(id) {
            return Err(Invalid::new(format!("tasks[{n}].id"), format!("task {id} is named twice")));
        }
        Ok((id, Version(task.after_version)))
    };
    tasks.iter().enumerate().map(check).collect()
}

/// Reads the reason of an operator's action: up to 255 characters, none where empty.
///
/// # Errors
/// [`Invalid`].
pub fn reason(text: String) -> Result<Option<String>, Invalid> {
    let check = |text: String| {
        Name::new(&text).map_err(|e| Invalid::new("reason", e.problem))?;
        Ok(text)
    };
    given(text).map(check).transpose()
}

#[cfg(test)]
mod tests;
