//! One change of a watch as one line.

use task_client::v1;

use super::task::tries;
use super::text::{clean, short};
use super::{status, when};

/// Longest details on a line, in characters; the task's history has them whole.
const DETAILS_CHARS: usize = 200;

/// Time, task, status, attempt, type, name, and what else the change says of itself.
pub(crate) fn line(change: &v1::TaskChange) -> String {
    let entry = change.entry.clone().unwrap_or_default();
    let mut line = format!(
        "{}  {:>6}  {}  {:<3}  {}  {}",
        when::clock(entry.at.as_ref()),
        entry.task_id,
        status::word(entry.status, 9),
        tries(entry.attempt, change.retries),
        clean(&change.r#type, false),
        clean(&change.name, false),
    );
    if !entry.worker_name.is_empty() {
        line.push_str("  on ");
        line.push_str(&clean(&entry.worker_name, false));
    }
    if entry.run_at.is_some() {
        line.push_str("  starts at ");
        line.push_str(&when::clock(entry.run_at.as_ref()));
    }
    if !entry.details.is_empty() {
        line.push_str("  ");
        line.push_str(&short(&entry.details, DETAILS_CHARS));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_line() {
        let entry = v1::HistoryEntry {
            task_id: 7,
            version: 3,
            status: v1::Status::Retrying.into(),
            attempt: 1,
            worker_name: "w1".into(),
            at: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
            details: "refused\nby the server".into(),
            ..Default::default()
        };
        let change = v1::TaskChange {
            entry: Some(entry),
            name: "Weekly".into(),
            r#type: "send_email".into(),
            retries: 3,
            ..Default::default()
        };
        let line = line(&change);
        let plain = anstream::adapter::strip_str(&line).to_string();
        assert_eq!(
            plain,
            "00:00:00.000Z       7  RETRYING   1/4  send_email  Weekly  on w1  refused / by the server"
        );
    }
}
