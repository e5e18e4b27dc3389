//! `CancelTask` and `RetryTask`.

use task_domain::TaskId;
use task_proto::status::from_invalid;
use task_proto::{from_wire, v1};
use tonic::Status;

use super::refuse;
use crate::Backend;

/// Cancels a task that has not ended.
pub(crate) async fn cancel<B: Backend>(
    backend: &B,
    request: v1::CancelTaskRequest,
) -> Result<v1::CancelTaskResponse, Status> {
    let (id, reason) = check(request.id, request.reason)?;
    let task = backend.cancel(id, reason.as_deref()).await.map_err(|e| refuse(&e))?;
    Ok(v1::CancelTaskResponse { task: Some(task.into()) })
}

/// Has an ended task run again.
pub(crate) async fn retry<B: Backend>(
    backend: &B,
    request: v1::RetryTaskRequest,
) -> Result<v1::RetryTaskResponse, Status> {
    let (id, reason) = check(request.id, request.reason)?;
    let task = backend.retry(id, reason.as_deref()).await.map_err(|e| refuse(&e))?;
    Ok(v1::RetryTaskResponse { task: Some(task.into()) })
}

fn check(id: i64, reason: String) -> Result<(TaskId, Option<String>), Status> {
    let id = TaskId::new(id).map_err(|e| from_invalid(&e))?;
    Ok((id, from_wire::reason(reason).map_err(|e| from_invalid(&e))?))
}
