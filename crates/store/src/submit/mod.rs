//! Takes tasks in: concurrent creates that arrive while a commit is in flight share the next one.

mod queue;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use jiff_sqlx::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::types::Uuid;
use task_domain::ports::{Error, Result};
use task_domain::{Created, Invalid, NewTask, TaskId, limits};

use self::queue::{Call, Queue};
use crate::arrays::{NewTasks, hash};
use crate::connection::{ANSWER, Held, answered};
use crate::lane::Lanes;
use crate::notify::Notifier;
use crate::parts::without;
use crate::seeded::statement;

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
        for connection in std::iter::repeat_with(connection).take(CONNECTIONS) {
            let (lanes, notifier, queue) = (lanes.clone(), notifier.clone(), queue.clone());
            tokio::spawn(Loop { connection, lanes, notifier, queue }.run());
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
    connection: Held,
    lanes: Lanes,
    notifier: Notifier,
    queue: Queue,
}

impl Loop {
    async fn run(mut self) {
        // No linger: what arrived while the last commit was in flight is the next batch, so that
        // one task alone is stored at once.
        while let Some(mut batch) = self.queue.take().await {
            let calls = std::mem::take(&mut batch.calls);
            let answers = self.store_calls(&calls).await;
            drop(batch);
            for (call, answers) in calls.into_iter().zip(answers) {
                // A caller that is gone has no use for its answer.
                let _ = call.answer.send(answers);
            }
        }
        self.connection.close().await;
    }

    async fn store_calls(&mut self, calls: &[Call]) -> Vec<Answers> {
        let tasks: Vec<_> = calls.iter().flat_map(|call| &call.tasks).collect();
        let answers = self.store(&tasks).await;
        if answers.iter().flatten().any(|created| created.is_new) {
            self.notifier.ready();
            self.notifier.changed();
        }
        let mut answers = answers.into_iter();
        calls.iter().map(|call| answers.by_ref().take(call.tasks.len()).collect()).collect()
    }

    /// Stores a batch. One task that the database refuses costs only itself: the batch is halved
    /// until the culprit is alone.
    async fn store(&mut self, tasks: &[&NewTask]) -> Answers {
        match self.store_whole(tasks).await {
            Ok(answers) => answers,
            Err(_) if tasks.len() == 1 && lacks_lane(&self.lanes, tasks) => {
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
        let before = self.connection.opened();
        let mut connection = self.connection.take().await?;
        let is_new = self.connection.opened() != before;
        let answer = answered(ANSWER, async {
            if is_new {
                self.lanes.read_anew(&mut connection).await?;
            }
            insert(&mut connection, &self.lanes, tasks).await
        })
        .await;
        let rows = self.connection.done(connection, answer).await?;
        let mut answers: Vec<Option<Result<Created>>> = (0..tasks.len()).map(|_| None).collect();
        for row in rows {
            answers[row.place] = Some(Ok(row.created));
        }
        let left: Vec<_> = (0..tasks.len()).filter(|&n| answers[n].is_none()).collect();
        if !left.is_empty() {
            let keyed: Vec<_> = left.iter().map(|&n| tasks[n]).collect();
            // The others are stored by now: an error here is that of these alone.
            let found = self.find(&keyed).await;
            for n in left {
                answers[n] = Some(match &found {
                    Ok(found) => found_before(found, tasks[n], &self.lanes),
                    Err(error) => Err(same_error(error)),
                });
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    async fn find(&mut self, keyed: &[&NewTask]) -> Result<Found> {
        let mut connection = self.connection.take().await?;
        let answer = answered(ANSWER, find(&mut connection, keyed)).await;
        self.connection.done(connection, answer).await
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

/// Whether there is no lane for one of these tasks, nor room for it.
fn lacks_lane(lanes: &Lanes, tasks: &[&NewTask]) -> bool {
    let unknown: HashSet<_> =
        tasks.iter().map(|t| t.lane()).filter(|lane| lanes.id(lane).is_none()).collect();
    !unknown.is_empty() && lanes.are_too_many_with(unknown.len())
}

struct Stored {
    place: usize,
    created: Created,
}

async fn insert(
    connection: &mut PgConnection,
    lanes: &Lanes,
    tasks: &[&NewTask],
) -> sqlx::Result<Vec<Stored>> {
    let wanted: Vec<_> = tasks.iter().map(|t| t.lane()).collect();
    let unknown: Vec<_> = wanted.iter().filter(|l| lanes.id(l).is_none()).collect();
    if !unknown.is_empty() {
        lanes.add(connection, &unknown).await?;
        if lacks_lane(lanes, tasks) {
            // That of a value, so that it costs only those tasks which it is about.
            return Err(sqlx::Error::Encode("there are too many lanes".into()));
        }
    }
    let mut columns = NewTasks::default();
    for (task, lane) in tasks.iter().zip(&wanted) {
        // Another loop may just be reading them anew.
        let lane =
            lanes.id(lane).ok_or_else(|| sqlx::Error::Io(std::io::Error::other("lanes have changed")))?;
        columns.push(task, lane);
    }
    let (places, ids, at): (Vec<i64>, Vec<i64>, Timestamp) = sqlx::query_as(statement(text(tasks)))
        .bind(columns.lanes)
        .bind(columns.retries)
        .bind(columns.run_at)
        .bind(columns.timeout)
        .bind(columns.backoff_initial)
        .bind(columns.backoff_max)
        .bind(columns.names)
        .bind(columns.payloads)
        .bind(columns.labels)
        .bind(columns.keys)
        .bind(columns.key_hashes)
        .fetch_one(connection)
        .await?;
    let created = |id| Created { id: TaskId::from_store(id), created_at: at.to_jiff(), is_new: true };
    let stored =
        |(place, id)| Stored { place: usize::try_from(place - 1).unwrap_or_default(), created: created(id) };
    Ok(places.into_iter().zip(ids).map(stored).collect())
}

/// `submit.sql` with what these tasks need of it.
fn text(tasks: &[&NewTask]) -> &'static str {
    static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
        let text = include_str!("../../queries/task/submit.sql");
        [&["keyed", "delayed"][..], &["keyed"], &["delayed"], &[]].map(|parts| without(text, parts))
    });
    let keyed = tasks.iter().any(|task| task.key.is_some());
    let delayed = tasks.iter().any(|task| task.run_at.is_some());
    &TEXTS[usize::from(delayed) | usize::from(keyed) << 1]
}

type Found = HashMap<Uuid, (i64, Timestamp, i32, String, String)>;

async fn find(connection: &mut PgConnection, tasks: &[&NewTask]) -> sqlx::Result<Found> {
    let hashes: Vec<_> = tasks.iter().filter_map(|t| t.key.as_ref()).map(hash).collect();
    let rows: Vec<(Uuid, i64, Timestamp, i32, String, String)> =
        sqlx::query_as(include_str!("../../queries/task/find_by_key.sql"))
            .bind(hashes)
            // Rare, and planned for the tables as they are now.
            .persistent(false)
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(hash, id, at, lane, name, payload)| (hash, (id, at, lane, name, payload)))
        .collect())
}

/// The answer for a task whose key was used before: the first task, if it was asked for alike.
fn found_before(found: &Found, task: &NewTask, lanes: &Lanes) -> Result<Created> {
    let Some(key) = &task.key else {
        return Err(Error::Internal("a task without a key was not stored".into()));
    };
    let Some((id, at, lane, name, payload)) = found.get(&hash(key)) else {
        // Its first create is being undone by retention just now; the caller may try again.
        return Err(Error::Unavailable("the task of this idempotency key is just being removed".into()));
    };
    let id = TaskId::from_store(*id);
    let alike = lanes.id(&task.lane()) == Some(*lane)
        && task.name.as_str() == name
        && task.payload.as_str() == payload;
    if alike {
        Ok(Created { id, created_at: at.to_jiff(), is_new: false })
    } else {
        Err(Error::KeyReused { key: key.to_string(), id })
    }
}
