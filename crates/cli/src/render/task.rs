//! One task in full, as people read it.

use std::fmt::Write;

use jiff::Timestamp;
use owo_colors::OwoColorize;
use task_client::v1;

use super::text::clean;
use super::{pretty, status, when};

/// All that is known of a task.
pub(crate) fn show(answer: &v1::GetTaskResponse) -> String {
    let task = answer.task.clone().unwrap_or_default();
    let summary = task.summary.clone().unwrap_or_default();
    let now = Timestamp::now();
    let mut out = String::new();
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{} {value}", format!("{key:<14}").dimmed());
        }
    };
    let time = |at: Option<&prost_types::Timestamp>| {
        at.map(|_| format!("{} ({})", when::full(at), when::relative(at, now))).unwrap_or_default()
    };
    line("Id", &summary.id.to_string());
    line("Name", &clean(&summary.name, false));
    line("Type", &clean(&summary.r#type, false));
    line("Status", &status::word(summary.status, 0));
    line("Attempt", &attempts(summary.attempt, summary.retries));
    line("Queue", &clean(&summary.queue, false));
    line("Priority", &summary.priority.to_string());
    line("Created", &time(summary.created_at.as_ref()));
    line("Updated", &time(summary.updated_at.as_ref()));
    line("Starts", &time(summary.run_at.as_ref()));
    line("Worker", &clean(&task.worker_name, false));
    line("Timeout", &when::wire_duration(task.timeout.as_ref()).unwrap_or_default());
    if let Some(policy) = &task.retry_policy {
        let span =
            |span: &Option<_>| when::wire_duration(span.as_ref()).unwrap_or_else(|| "default".to_owned());
        line(
            "Backoff",
            &format!("from {}, at most {}", span(&policy.initial_backoff), span(&policy.max_backoff)),
        );
    }
    line("Key", &clean(&task.idempotency_key, false));
    let labels: Vec<_> = task.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    line("Labels", &clean(&labels.join(", "), false));
    line("Details", &block(&clean(&task.details, true)));
    line("Payload", &block(&clean(&pretty::indent(&task.payload), true)));
    line("Result", &block(&clean(&pretty::indent(&task.result), true)));
    out
}

/// Which attempt of how many: `2 of 4`.
fn attempts(attempt: u32, retries: u32) -> String {
    let most = u64::from(retries) + 1;
    if u64::from(attempt) > most {
        return format!("{attempt} (run again by hand)");
    }
    format!("{attempt} of {most}")
}

/// The same in short: `2/4`.
pub(crate) fn tries(attempt: u32, retries: u32) -> String {
    let most = u64::from(retries) + 1;
    // A task that was run again by hand counts on, and has all its retries anew.
    if u64::from(attempt) > most { attempt.to_string() } else { format!("{attempt}/{most}") }
}

/// Further lines under the first, behind the column of names.
fn block(text: &str) -> String {
    text.replace('\n', "\n               ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_past_the_last_name_no_limit() {
        assert_eq!(
            [attempts(0, 1), attempts(2, 1), attempts(3, 1)],
            ["0 of 2", "2 of 2", "3 (run again by hand)"]
        );
        assert_eq!(
            [tries(0, 1), tries(2, 1), tries(3, 1), tries(u32::MAX, u32::MAX)],
            ["0/2", "2/2", "3", "4294967295/4294967296"]
        );
    }

    #[test]
    fn what_is_known_is_shown_and_nothing_else() {
        let summary = v1::TaskSummary {
            id: 7,
            name: "Weekly".into(),
            status: v1::Status::Failed.into(),
            attempt: 2,
            retries: 3,
            ..Default::default()
        };
        let task = v1::Task {
            summary: Some(summary),
            payload: r#"{"to":"a"}"#.into(),
            details: "refused\n\u{1b}[2Jtwice".into(),
            ..Default::default()
        };
        let shown = show(&v1::GetTaskResponse { task: Some(task) });
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert!(plain.contains("Attempt        2 of 4\n"), "{plain}");
        assert!(plain.contains("Status         FAILED\n"), "{plain}");
        assert!(plain.contains("Details        refused\n               \\u{1b}[2Jtwice\n"), "{plain}");
        assert!(plain.contains("{\n                 \"to\": \"a\"\n               }"), "{plain}");
        assert!(!plain.contains("Result"), "{plain}");
    }
}
