//! Which tasks a run creates.

use task_client::v1;
use uuid::Uuid;

use crate::exit::{Failure, Result};

#[derive(clap::Args, Debug)]
pub(crate) struct Mix {
    /// Types to create in turn: `run_query`, `send_email`, simulate
    #[arg(long, value_name = "TYPES", value_delimiter = ',', default_value = "run_query,send_email")]
    types: Vec<Kind>,
    /// Receiver of the `send_email` tasks
    #[arg(long, value_name = "ADDRESS", default_value = "end2end@example.com")]
    recipient: String,
    /// Statement of the `run_query` tasks, on the worker's default connection
    #[arg(long, value_name = "SQL", default_value = "select 1 as one")]
    query: String,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    RunQuery,
    SendEmail,
    Simulate,
}

/// A name that marks the tasks of one run.
pub(super) fn tag() -> String {
    format!("end2end-{}", Uuid::now_v7().simple())
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::RunQuery => "run_query",
            Self::SendEmail => "send_email",
            Self::Simulate => "simulate",
        }
    }
}

impl Mix {
    /// The types that are created, each once.
    pub(super) fn types(&self) -> Vec<String> {
        let mut types: Vec<_> = self.types.iter().map(|kind| kind.name().to_owned()).collect();
        types.sort();
        types.dedup();
        types
    }

    /// So many tasks, made one at a time.
    pub(super) fn tasks(&self, count: u64, tag: &str) -> Result<impl Iterator<Item = v1::TaskSpec> + use<>> {
        if self.types.is_empty() {
            return Err(Failure::Usage("--types names no type".to_owned()));
        }
        let kinds: Vec<(&str, String)> = self
            .types
            .iter()
            .map(|&kind| {
                let payload = match kind {
                    Kind::RunQuery => serde_json::json!({ "query": self.query }),
                    Kind::SendEmail => serde_json::json!({
                        "to": self.recipient,
                        "subject": format!("Test run {tag}"),
                        "body": "Sent by task-cli end2end.",
                    }),
                    Kind::Simulate => serde_json::json!({}),
                };
                (kind.name(), payload.to_string())
            })
            .collect();
        let tag = tag.to_owned();
        Ok((0..count).zip(kinds.into_iter().cycle()).map(move |(n, (kind, payload))| v1::TaskSpec {
            name: format!("{tag} {n}"),
            r#type: kind.to_owned(),
            payload,
            // Known before it is sent, so that a create may be repeated however often it takes.
            idempotency_key: format!("{tag}-{n}"),
            ..Default::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_a_mix_and_acceptable() {
        let mix = Mix {
            types: vec![Kind::RunQuery, Kind::SendEmail],
            recipient: "a@example.com".into(),
            query: "select 1".into(),
        };
        let tasks: Vec<_> = mix.tasks(5, &tag()).unwrap().collect();
        let kinds: Vec<_> = tasks.iter().map(|t| t.r#type.as_str()).collect();
        assert_eq!(kinds, ["run_query", "send_email", "run_query", "send_email", "run_query"]);
        let keys: std::collections::HashSet<_> = tasks.iter().map(|t| &t.idempotency_key).collect();
        assert_eq!(keys.len(), 5);
        for task in tasks {
            task_proto::from_wire::new_task(task, jiff::Timestamp::now()).unwrap();
        }
    }
}
