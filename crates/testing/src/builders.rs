//! Tasks to submit, in one line.

use task_domain::{Kind, Name, NewTask, Payload};

/// A task with all defaults.
///
/// # Panics
/// If the type or the name is not acceptable.
pub fn new_task(kind: &str, name: &str) -> NewTask {
    let kind = Kind::new(kind).unwrap_or_else(|error| panic!("`{kind}`: {error}"));
    let name = Name::new(name).unwrap_or_else(|error| panic!("`{name}`: {error}"));
    NewTask::new(name, kind)
}

/// A task with a payload, given as JSON.
///
/// # Panics
/// If a part is not acceptable.
pub fn new_task_with(kind: &str, name: &str, json: &str) -> NewTask {
    NewTask { payload: payload(json), ..new_task(kind, name) }
}

/// A payload, given as JSON.
///
/// # Panics
/// If it is not acceptable.
pub fn payload(json: &str) -> Payload {
    Payload::new(json).unwrap_or_else(|error| panic!("`{json}`: {error}"))
}
