//! Every request of the interface, from bytes as they come off the wire.

use jiff::Timestamp;
use prost::Message;
use task_domain::{Invalid, TaskId};
use task_proto::{from_wire, v1};

use super::filter::check_filter;
use super::spec::{FIELDS, check_task};
use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target {
    name: "requests",
    run,
    words: &["send_email", "v1.1.1", "\x12\x03a\0b", "\x0a\u{0}", "\x08\x7f", "{}"],
    accepted: 2,
};

/// The first byte says which request the others are.
fn run(input: &[u8]) -> Verdict {
    let Some((which, bytes)) = input.split_first() else { return Verdict::Refused };
    let checked = match which % 9 {
        0 => read(bytes, create),
        1 => read(bytes, create_many),
        2 => read(bytes, |r: v1::GetTaskRequest| TaskId::new(r.id).map(drop)),
        3 => read(bytes, list),
        4 => read(bytes, |r: v1::GetTaskHistoryRequest| TaskId::new(r.task_id).map(drop)),
        5 => read(bytes, |r: v1::GetStatusCountsRequest| from_wire::kinds(r.types).map(drop)),
        6 => read(bytes, watch),
        7 => read(bytes, |r: v1::CancelTaskRequest| act(r.id, r.reason)),
        _ => read(bytes, |r: v1::RetryTaskRequest| act(r.id, r.reason)),
    };
    match checked {
        Some(Ok(())) => Verdict::Accepted,
        Some(Err(invalid)) => {
            hold::refusal(&invalid, FIELDS);
            Verdict::Refused
        }
        None => Verdict::Refused,
    }
}

/// Decodes a message, which is the same once written and read again, and checks it.
fn read<M: Message + Default + PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    check: impl FnOnce(M) -> Result<(), Invalid>,
) -> Option<Result<(), Invalid>> {
    let message = M::decode(bytes).ok()?;
    let again = M::decode(&message.encode_to_vec()[..]).expect("what was written can be read");
    // Numbers that are none differ from themselves; the interface has no such field.
    assert!(again == message, "{message:?} and {again:?}");
    Some(check(message))
}

fn create(request: v1::CreateTaskRequest) -> Result<(), Invalid> {
    let Some(spec) = request.task else { return Ok(()) };
    from_wire::new_task(spec, Timestamp::UNIX_EPOCH).map(|task| check_task(&task))
}

fn create_many(request: v1::CreateTasksRequest) -> Result<(), Invalid> {
    for (number, spec) in request.tasks.into_iter().enumerate() {
        let task = from_wire::new_task(spec, Timestamp::UNIX_EPOCH);
        check_task(&task.map_err(|invalid| invalid.within(&format!("tasks[{number}]")))?);
    }
    Ok(())
}

fn list(request: v1::ListTasksRequest) -> Result<(), Invalid> {
    from_wire::page(request.page_size, request.page_number, &request.page_token)?;
    check_filter(&from_wire::filter(request.filter.unwrap_or_default())?);
    Ok(())
}

fn watch(request: v1::WatchTasksRequest) -> Result<(), Invalid> {
    let cursors = from_wire::cursors(&request.tasks)?;
    assert!(cursors.iter().all(|(id, version)| id.get() > 0 && version.0 >= 0));
    check_filter(&from_wire::filter(request.filter.unwrap_or_default())?);
    Ok(())
}

fn act(id: i64, reason: String) -> Result<(), Invalid> {
    TaskId::new(id)?;
    from_wire::reason(reason).map(drop)
}
