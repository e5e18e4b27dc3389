//! The statements that store tasks: one for a task that comes alone, one for all others.

use std::sync::LazyLock;

use jiff_sqlx::Timestamp;
use sqlx::postgres::PgConnection;
use task_domain::{Created, NewTask, TaskId};

use crate::arrays::{NewTasks, Row, if_any};
use crate::notify::ALONG;
use crate::parts::with;
use crate::seeded::statement;

/// A task that was stored, and its place among those that were given.
pub(super) struct Stored {
    pub(super) place: usize,
    pub(super) created: Created,
}

/// Stores tasks, of these `lanes`. What is missing in the answer has an idempotency key that was used before. The commit
/// says that there is work, and up to which lane, if it is `told` and this is one that comes [`alone`].
pub(super) async fn insert(
    connection: &mut PgConnection,
    tasks: &[&NewTask],
    lanes: &[i32],
    told: Option<i32>,
) -> sqlx::Result<Vec<Stored>> {
    if let (Some(task), [lane]) = (alone(tasks), lanes) {
        let created = insert_one(connection, task, *lane, told).await?;
        return Ok(created.map(|created| Stored { place: 0, created }).into_iter().collect());
    }
    let mut columns = NewTasks::default();
    for (task, lane) in tasks.iter().zip(lanes) {
        columns.push(Row::new(task, *lane));
    }
    let (places, ids, at): (Vec<i64>, Vec<i64>, Timestamp) = sqlx::query_as(statement(text(tasks)))
        .bind(columns.lanes)
        .bind(columns.retries)
        .bind(if_any(columns.run_at))
        .bind(if_any(columns.timeout))
        .bind(if_any(columns.backoff_initial))
        .bind(if_any(columns.backoff_max))
        .bind(columns.names)
        .bind(columns.payloads)
        .bind(if_any(columns.labels))
        .bind(if_any(columns.keys))
        .bind(if_any(columns.key_hashes))
        .fetch_one(connection)
        .await?;
    let stored = |(place, id)| Stored {
        place: usize::try_from(place - 1).unwrap_or_default(),
        created: created(id, at),
    };
    Ok(places.into_iter().zip(ids).map(stored).collect())
}

/// The only one of these tasks, if it waits for nothing but its turn.
pub(super) fn alone<'a>(tasks: &[&'a NewTask]) -> Option<&'a NewTask> {
    match tasks {
        [task] if task.run_at.is_none() => Some(task),
        _ => None,
    }
}

async fn insert_one(
    connection: &mut PgConnection,
    task: &NewTask,
    lane: i32,
    told: Option<i32>,
) -> sqlx::Result<Option<Created>> {
    static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
        texts(|keyed, told| {
            let parts = [("keyed", keyed), ("told", told)];
            with(include_str!("../../queries/task/submit_one.sql"), &parts)
        })
    });
    let text = &TEXTS[place(task.key.is_some(), told.is_some())];
    let row = Row::new(task, lane);
    let mut query = sqlx::query_as(statement(text))
        .bind(row.lane)
        .bind(row.retries)
        .bind(row.timeout)
        .bind(row.backoff_initial)
        .bind(row.backoff_max)
        .bind(row.name)
        .bind(row.payload)
        .bind(row.labels)
        .bind(row.key)
        .bind(row.key_hash);
    if let Some(newest) = told {
        let [ready, changed] = ALONG;
        query = query.bind(ready).bind(changed).bind(newest.to_string());
    }
    let stored: Option<(i64, Timestamp)> = query.fetch_optional(connection).await?;
    Ok(stored.map(|(id, at)| created(id, at)))
}

fn created(id: i64, at: Timestamp) -> Created {
    Created { id: TaskId::from_store(id), created_at: at.to_jiff(), is_new: true }
}

/// `submit.sql` with what these tasks need of it.
fn text(tasks: &[&NewTask]) -> &'static str {
    static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
        texts(|keyed, delayed| {
            let parts = [("keyed", keyed), ("unkeyed", !keyed), ("delayed", delayed)];
            with(include_str!("../../queries/task/submit.sql"), &parts)
        })
    });
    let keyed = tasks.iter().any(|task| task.key.is_some());
    let delayed = tasks.iter().any(|task| task.run_at.is_some());
    &TEXTS[place(keyed, delayed)]
}

/// A statement for each answer to two questions.
fn texts(text: impl Fn(bool, bool) -> String) -> [String; 4] {
    [text(false, false), text(true, false), text(false, true), text(true, true)]
}

/// Where among [`texts`] the statement for these answers is.
fn place(first: bool, second: bool) -> usize {
    usize::from(first) | usize::from(second) << 1
}
