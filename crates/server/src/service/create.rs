//! `CreateTask` and `CreateTasks`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use task_domain::ports::{Error, Result};
use task_domain::{Created, Invalid, Lane, NewTask, limits};
use task_proto::status::{code, from_invalid, message};
use task_proto::{from_wire, v1};
use tonic::Status;

use super::{log, refuse};
use crate::Backend;
use crate::fleet::Fleet;
use crate::metrics::TASKS_CREATED;

/// Stores one task.
pub(crate) fn one<B: Backend>(
    backend: &B,
    fleet: &Fleet<B>,
    request: v1::CreateTaskRequest,
) -> impl Future<Output = Result<v1::CreateTaskResponse, Status>> {
    // Before the future is made, which then carries the task alone: every layer moves it about.
    let task = check_one(request);
    async move { store_one(backend, fleet, task?).await }
}

fn check_one(request: v1::CreateTaskRequest) -> Result<NewTask, Status> {
    let spec = request.task.ok_or_else(|| from_invalid(&Invalid::new("task", "must be given")))?;
    from_wire::new_task(spec, Timestamp::now()).map_err(|e| from_invalid(&e))
}

async fn store_one<B: Backend>(
    backend: &B,
    fleet: &Fleet<B>,
    task: NewTask,
) -> Result<v1::CreateTaskResponse, Status> {
    let lanes = BTreeSet::from([task.lane()]);
    let (mut answers, warnings) = tokio::join!(backend.submit(vec![task]), fleet.warnings(&lanes));
    let created = answers.pop().unwrap_or_else(|| Err(unanswered())).map_err(|e| refuse(&e))?;
    metrics::counter!(TASKS_CREATED).increment(u64::from(created.is_new));
    Ok(v1::CreateTaskResponse { warnings, ..created.into() })
}

/// Stores several tasks, each with an answer of its own.
pub(crate) async fn batch<B: Backend>(
    backend: &B,
    fleet: &Fleet<B>,
    request: v1::CreateTasksRequest,
) -> Result<v1::CreateTasksResponse, Status> {
    let count = request.tasks.len();
    if !(1..=limits::BATCH_TASKS).contains(&count) {
        let problem = format!("has {count} entries; give 1 to {}", limits::BATCH_TASKS);
        return Err(from_invalid(&Invalid::new("tasks", problem)));
    }
    let (good, bad) = check(request.tasks).await;
    let lanes: BTreeSet<Lane> = good.iter().map(|(_, task)| task.lane()).collect();
    let (places, tasks): (Vec<usize>, Vec<NewTask>) = good.into_iter().unzip();
    let submit = async { if tasks.is_empty() { Vec::new() } else { backend.submit(tasks).await } };
    let (answers, warnings) = tokio::join!(submit, fleet.warnings(&lanes));

    if let Some(error) = all_unavailable(&answers) {
        return Err(refuse(error));
    }
    let stored = answers.iter().flatten().filter(|created| created.is_new).count();
    metrics::counter!(TASKS_CREATED).increment(stored as u64);

    let mut results: Vec<Option<v1::CreateTaskResult>> = vec![None; count];
    let mut answers = answers.into_iter();
    for place in places {
        results[place] = Some(told(answers.next().unwrap_or_else(|| Err(unanswered()))));
    }
    for (place, invalid) in bad {
        results[place] = Some(told(Err(invalid.into())));
    }
    Ok(v1::CreateTasksResponse { results: results.into_iter().flatten().collect(), warnings })
}

/// Parts what can be stored from what cannot, each with its place in the request.
async fn check(specs: Vec<v1::TaskSpec>) -> (Vec<(usize, NewTask)>, Vec<(usize, Invalid)>) {
    let now = Timestamp::now();
    let (mut good, mut bad) = (Vec::with_capacity(specs.len()), Vec::new());
    for (place, spec) in specs.into_iter().enumerate() {
        match from_wire::new_task(spec, now) {
            Ok(task) => good.push((place, task)),
            Err(invalid) => bad.push((place, invalid)),
        }
        // A batch may hold 16 MiB of payloads to check: let others have their turn.
        tokio::task::consume_budget().await;
    }
    (good, bad)
}

/// A batch of which nothing could be stored just now is better tried again as a whole.
fn all_unavailable(answers: &[Result<Created>]) -> Option<&Error> {
    let away = |answer: &Result<Created>| answer.as_ref().is_err_and(Error::is_retryable);
    if !answers.iter().all(away) {
        return None;
    }
    answers.first()?.as_ref().err()
}

fn told(answer: Result<Created>) -> v1::CreateTaskResult {
    use v1::create_task_result::Result as Told;
    let result = match answer {
        Ok(created) => Told::Task(created.into()),
        Err(error) => {
            log(&error);
            let field =
                if let Error::Invalid(invalid) = &error { invalid.field.clone() } else { String::new() };
            Told::Error(v1::ItemError { code: code(&error).into(), message: message(&error), field })
        }
    };
    v1::CreateTaskResult { result: Some(result) }
}

fn unanswered() -> Error {
    Error::Internal("the store gave fewer answers than it was given tasks".into())
}
