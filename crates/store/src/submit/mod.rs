//! Takes tasks in: concurrent creates that arrive while a commit is in flight share the next one.

mod found;
mod insert;
mod queue;
mod session;

use std::sync::Arc;

use task_domain::ports::{Error, Result};
use task_domain::{Created, Invalid, NewTask, limits};
use tokio::sync::Notify;

use self::found::found_before;
use self::insert::{Stored, alone};
use self::queue::{Call, Queue};
use self::session::Session;
use crate::connection::Held;
use crate::error::may_be_of_a_hint;
use crate::lane::Lanes;
use crate::notify::Notifier;

/// Statements that are under way at a time, each on a connection of its own: while one waits for
/// the disk, the other works.
const CONNECTIONS: usize = 2;

type Answers = Vec<Result<Created>>;

/// Hands tasks to the loops that store them. Clones share them.
#[derive(Clone)]
pub(crate) struct Submitter {
    queue: Arc<Closing>,
}

/// Closes the queue when the last submitter is dropped.
struct Closing(Queue);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Submitter {
    /// Starts the loops, which end with the last clone of this.
    pub(crate) fn start(connection: impl Fn() -> Held, lanes: &Lanes, notifier: &Notifier) -> Self {
        let queue = Queue::new();
        let opened = Arc::new(Notify::new());
        for connection in std::iter::repeat_with(connection).take(CONNECTIONS) {
            let (lanes, notifier, queue) = (lanes.clone(), notifier.clone(), queue.clone());
            let session = Session::new(connection, lanes.clone(), Arc::clone(&opened));
            tokio::spawn(Loop { session, lanes, notifier, queue }.run());
        }
        Self { queue: Arc::new(Closing(queue)) }
    }

    /// Stores tasks and answers after the commit, one answer each in their order.
    pub(crate) async fn submit(&self, tasks: Vec<NewTask>) -> Answers {
        let count = tasks.len();
        let gone = || Error::Unavailable("the service is shutting down".into());
        if let Some(answered) = self.queue.0.put(tasks).await
            && let Ok(answers) = answered.await
        {
            return answers;
        }
        std::iter::repeat_with(|| Err(gone())).take(count).collect()
    }
}

struct Loop {
    session: Session,
    lanes: Lanes,
    notifier: Notifier,
    queue: Queue,
}

impl Loop {
    async fn run(mut self) {
        loop {
            // No linger: what arrived while the last commit was in flight is the next batch, so that
            // one task alone is stored at once.
            let batch = tokio::select! {
                biased;
                batch = self.queue.take() => batch,
                () = self.session.is_next() => {
                    // Ahead of need: with its first statements it takes some 10 ms, which nobody should wait for
                    // whose task just happens to be the first to go this way. If it fails, who needs it will say so.
                    let _ = self.session.open().await;
                    continue;
                }
            };
            let Some(mut batch) = batch else { break };
            let calls = std::mem::take(&mut batch.calls);
            let answers = self.store_calls(&calls).await;
            drop(batch);
            for (call, answers) in calls.into_iter().zip(answers) {
                // A caller that is gone has no use for its answer.
                let _ = call.answer.send(answers);
            }
        }
        self.session.close().await;
    }

    async fn store_calls(&mut self, calls: &[Call]) -> Vec<Answers> {
        let tasks: Vec<_> = calls.iter().flat_map(|call| &call.tasks).collect();
        let mut answers = self.store(&tasks).await.into_iter();
        calls.iter().map(|call| answers.by_ref().take(call.tasks.len()).collect()).collect()
    }

    /// Stores a batch. One task that the database refuses costs only itself: the batch is halved
    /// until the culprit is alone.
    async fn store(&mut self, tasks: &[&NewTask]) -> Answers {
        match self.store_whole(tasks).await {
            Ok(answers) => answers,
            Err(_) if tasks.len() == 1 && self.session.lacks_lane(tasks) => {
                let problem = format!(
                    "there are {} combinations of queue, type and priority already, and no room for another; \
                     use one that exists",
                    limits::LANES
                );
                vec![Err(Error::Invalid(Invalid::new("type", problem)))]
            }
            Err(error) if tasks.len() == 1 || !matches!(error, Error::Unstorable(_)) => {
                let source = std::error::Error::source(&error);
                tracing::warn!(tasks = tasks.len(), %error, source, "tasks were not stored");
                tasks.iter().map(|_| Err(same_error(&error))).collect()
            }
            Err(_) => {
                let (left, right) = tasks.split_at(tasks.len() / 2);
                let mut answers = Box::pin(self.store(left)).await;
                answers.extend(Box::pin(self.store(right)).await);
                answers
            }
        }
    }

    async fn store_whole(&mut self, tasks: &[&NewTask]) -> Result<Answers> {
        let rows = self.insert(tasks).await?;
        let mut answers: Vec<Option<Result<Created>>> = (0..tasks.len()).map(|_| None).collect();
        for row in rows {
            answers[row.place] = Some(Ok(row.created));
        }
        let left: Vec<_> = (0..tasks.len()).filter(|&n| answers[n].is_none()).collect();
        if !left.is_empty() {
            let keyed: Vec<_> = left.iter().map(|&n| tasks[n]).collect();
            // The others are stored by now: an error here is that of these alone.
            let found = self.session.find(&keyed).await;
            for n in left {
                answers[n] = Some(match &found {
                    Ok(found) => found_before(found, tasks[n], &self.lanes),
                    Err(error) => Err(same_error(error)),
                });
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Stores the tasks whose keys are new, and tells that there is work.
    async fn insert(&mut self, tasks: &[&NewTask]) -> Result<Vec<Stored>> {
        // By its own commit a task is told of sooner than by a hint that follows.
        if alone(tasks).is_some() && self.session.may_tell() && self.notifier.may_go_along() {
            match self.session.insert(tasks, true).await {
                // No task fails for its hint.
                Err(error) if may_be_of_a_hint(&error) => {
                    tracing::debug!(%error, "a task was not stored with a hint; without one it may be");
                    self.notifier.did_not_go_along();
                }
                answer => {
                    if answer.as_ref().is_ok_and(|stored| !stored.is_empty()) {
                        self.notifier.went_along();
                    }
                    return answer;
                }
            }
        }
        let stored = self.session.insert(tasks, false).await?;
        if !stored.is_empty() {
            self.notifier.ready();
            self.notifier.changed();
        }
        Ok(stored)
    }
}

/// One error for each of the callers that share a statement.
fn same_error(error: &Error) -> Error {
    match error {
        Error::Unavailable(source) => Error::Unavailable(source.to_string().into()),
        Error::Unstorable(source) => Error::Unstorable(source.to_string().into()),
        other => Error::Internal(other.to_string().into()),
    }
}
