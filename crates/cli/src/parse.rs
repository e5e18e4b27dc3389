//! Arguments into values. Each error says what to change.

mod number;
mod pair;
mod payload;
mod time;

pub(crate) use number::number;
pub(crate) use pair::{Parameter, connection, label, parameter, unique};
pub(crate) use payload::payload;
pub(crate) use time::{ago, ahead, duration, some_time};

use task_domain::{Status, TaskId};

/// Reads a task's id: a number from 1.
pub(crate) fn task_id(text: &str) -> Result<TaskId, String> {
    let number: i64 = text.parse().map_err(|_| format!("an id is a number from 1 to {}", i64::MAX))?;
    TaskId::new(number).map_err(|e| e.problem)
}

/// Reads a status in any case.
pub(crate) fn status(text: &str) -> Result<Status, String> {
    text.parse().map_err(|e: task_domain::Invalid| e.problem)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive_numbers() {
        assert_eq!(task_id("7").map(TaskId::get), Ok(7));
        for bad in ["0", "-1", "x", "", "1.5", "9223372036854775808"] {
            assert!(task_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn statuses_are_read_in_any_case() {
        assert_eq!(status("running"), Ok(Status::Running));
        assert!(status("done").unwrap_err().contains("SUCCEEDED"));
    }
}
