//! Tasks whose idempotency key was used before.

use std::collections::HashMap;

use jiff_sqlx::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::types::Uuid;
use task_domain::ports::{Error, Result};
use task_domain::{Created, NewTask, TaskId};

use crate::arrays::hash;
use crate::lane::Lanes;

/// By the key's hash: the task's id, when it was created, its lane, name and payload.
pub(super) type Found = HashMap<Uuid, (i64, Timestamp, i32, String, String)>;

/// The tasks that have the keys of these.
pub(super) async fn find(connection: &mut PgConnection, tasks: &[&NewTask]) -> sqlx::Result<Found> {
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
pub(super) fn found_before(found: &Found, task: &NewTask, lanes: &Lanes) -> Result<Created> {
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
