//! Counts the lines of a file.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use task_plugin::{Context, Error, Outcome, Parameters, Plugin};

/// What the task asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    path: PathBuf,
}

/// What is stored with the task and shown.
#[derive(Serialize)]
struct Counted {
    lines: usize,
    bytes: usize,
}

/// Counts the lines of the file `path`, and waits for it if it is not there yet.
#[derive(Debug)]
pub(crate) struct CountLines;

impl Plugin for CountLines {
    fn about(&self) -> task_plugin::About {
        task_plugin::About {
            description: Some("Counts the lines of a file"),
            parameters_schema: Some(
                r#"{"type": "object", "required": ["path"],
                    "properties": {"path": {"type": "string", "description": "Where the file is, from /"}}}"#,
            ),
        }
    }

    async fn run(&self, context: Context, parameters: Parameters) -> Result<Outcome, Error> {
        // A parameter that is missing, wrong or unknown ends the task and names it.
        let wanted: Wanted = parameters.read()?;
        if !wanted.path.is_absolute() {
            // No other attempt will mend this.
            return Err(Error::give_up("parameter `path` must begin with /"));
        }
        if !tokio::fs::try_exists(&wanted.path).await? {
            // Not a failure: look again in two seconds. Costs no attempt.
            return Ok(Outcome::Snooze(Duration::from_secs(2)));
        }
        tracing::info!(attempt = context.attempt(), "counting");
        // An error passed on with `?` is retried.
        let text = tokio::fs::read_to_string(&wanted.path).await?;
        Outcome::done(&Counted { lines: text.lines().count(), bytes: text.len() })
    }
}

#[cfg(test)]
mod tests {
    use task_domain::{Claimed, Epoch, Kind, Lease, Name, Payload, Retries, TaskId};
    use task_plugin::{Retry, Signal};

    use super::*;

    async fn run(payload: &str) -> Result<Outcome, Error> {
        let claimed = Claimed {
            lease: Lease { task: TaskId::from_store(12), attempt: 1, epoch: Epoch::from_store(1) },
            name: Name::new("count").unwrap(),
            kind: Kind::new("count_lines").unwrap(),
            payload: Payload::new(payload).unwrap(),
            retries: Retries::default(),
            failures: 0,
            backoff: None,
            timeout: None,
        };
        let context = Context::new(&claimed, None, Signal::default());
        CountLines.run(context, Parameters::new(claimed.payload)).await
    }

    #[tokio::test]
    async fn counts() {
        let Ok(Outcome::Done(Some(result))) = run(r#"{"path":"/etc/hosts"}"#).await else {
            panic!("no result");
        };
        assert!(result.as_str().starts_with(r#"{"lines":"#));
    }

    #[tokio::test]
    async fn waits_for_a_file_that_is_not_there() {
        let outcome = run(r#"{"path":"/no/such/file"}"#).await;
        assert_eq!(outcome, Ok(Outcome::Snooze(Duration::from_secs(2))));
    }

    #[tokio::test]
    async fn a_directory_is_retried_and_a_relative_path_is_not() {
        assert_eq!(run(r#"{"path":"/etc"}"#).await.unwrap_err().retry_hint(), Retry::MayHelp);
        let error = run(r#"{"path":"hosts"}"#).await.unwrap_err();
        assert_eq!(error.retry_hint(), Retry::IsUseless);
        assert!(error.message().contains("`path`"));
    }

    #[tokio::test]
    async fn an_unknown_parameter_is_named() {
        let error = run(r#"{"path":"/etc/hosts","colour":"red"}"#).await.unwrap_err();
        assert!(error.message().contains("`colour`"));
    }
}
