//! The client: one method for each call of the interface.

use std::sync::Arc;

use task_proto::MAX_MESSAGE_BYTES;
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::call::Again;
use crate::connect::Connection;
use crate::error::Error;
use crate::options::Options;

/// A client of one service. Cloning is cheap and shares the connection.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) stub: TaskServiceClient<Channel>,
    pub(crate) options: Arc<Options>,
    pub(crate) address: Arc<str>,
    pub(crate) host_port: Arc<str>,
}

impl Client {
    /// Makes a client of the service at `address`, such as `http://127.0.0.1:8080`; `http://` may be
    /// left out. Connects when it is first used.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Address`] where the address cannot be used.
    pub fn new(address: &str, options: Options) -> Result<Self, Error> {
        let Connection { channel, address, host_port } = Connection::new(address, &options)?;
        let stub = TaskServiceClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Ok(Self { stub, options: Arc::new(options), address, host_port })
    }

    /// Where the service is looked for.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stores one task. Gives it an idempotency key where it has none, and so may be repeated until
    /// it is answered: it is stored once.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault; [`Error::KeyReused`] where the caller's key names
    /// a different task.
    pub async fn create(&self, mut task: v1::TaskSpec) -> Result<v1::CreateTaskResponse, Error> {
        let own_key = give_key(&mut task);
        let request = v1::CreateTaskRequest { task: Some(task) };
        let mut answer =
            self.call(Again::Always, request, |mut s, q| async move { s.create_task(q).await }).await?;
        // Nobody else has this key: where it was used before, this call's first try did it.
        answer.created |= own_key;
        Ok(answer)
    }

    /// Stores up to 1,000 tasks (16 MiB) in one call, each with an answer of its own, in their order.
    /// Gives keys as [`Client::create`] does. [`batches`](crate::batches) cuts more into such calls.
    ///
    /// # Errors
    /// Only where the call as a whole fails; a task that is refused is told in its own answer.
    pub async fn create_batch(&self, mut tasks: Vec<v1::TaskSpec>) -> Result<v1::CreateTasksResponse, Error> {
        let own_keys: Vec<bool> = tasks.iter_mut().map(give_key).collect();
        let request = v1::CreateTasksRequest { tasks };
        let mut answer =
            self.call(Again::Always, request, |mut s, q| async move { s.create_tasks(q).await }).await?;
        for (result, own_key) in answer.results.iter_mut().zip(own_keys) {
            if let Some(v1::create_task_result::Result::Task(task)) = &mut result.result {
                task.created |= own_key;
            }
        }
        Ok(answer)
    }

    /// One task in full.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown id.
    pub async fn get(&self, id: i64) -> Result<v1::GetTaskResponse, Error> {
        let request = v1::GetTaskRequest { id };
        self.call(Again::Always, request, |mut s, q| async move { s.get_task(q).await }).await
    }

    /// One page of tasks, newest first. [`Client::tasks`] walks over all of them.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub async fn list(&self, request: v1::ListTasksRequest) -> Result<v1::ListTasksResponse, Error> {
        self.call(Again::Always, request, |mut s, q| async move { s.list_tasks(q).await }).await
    }

    /// A task's changes after a version, oldest first, at most 1,000. [`Client::changes`] walks over
    /// all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown id.
    pub async fn history(
        &self,
        request: v1::GetTaskHistoryRequest,
    ) -> Result<v1::GetTaskHistoryResponse, Error> {
        self.call(Again::Always, request, |mut s, q| async move { s.get_task_history(q).await }).await
    }

    /// How many tasks stand where, of these types or of all.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a type that cannot be one.
    pub async fn status_counts(&self, types: Vec<String>) -> Result<v1::GetStatusCountsResponse, Error> {
        let request = v1::GetStatusCountsRequest { types };
        self.call(Again::Always, request, |mut s, q| async move { s.get_status_counts(q).await }).await
    }

    /// How many tasks meet a filter.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub async fn count(&self, filter: v1::TaskFilter) -> Result<v1::CountTasksResponse, Error> {
        let request = v1::CountTasksRequest { filter: Some(filter) };
        self.call(Again::Always, request, |mut s, q| async move { s.count_tasks(q).await }).await
    }

    /// What happened over time.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub async fn stats(&self, request: v1::GetStatsRequest) -> Result<v1::GetStatsResponse, Error> {
        self.call(Again::Always, request, |mut s, q| async move { s.get_stats(q).await }).await
    }

    /// The errors, grouped by what they say.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub async fn errors(&self, request: v1::ListErrorsRequest) -> Result<v1::ListErrorsResponse, Error> {
        self.call(Again::Always, request, |mut s, q| async move { s.list_errors(q).await }).await
    }

    /// The types, with what their plugins say of them.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn types(&self) -> Result<v1::ListTypesResponse, Error> {
        let request = v1::ListTypesRequest {};
        self.call(Again::Always, request, |mut s, q| async move { s.list_types(q).await }).await
    }

    /// What is wrong now.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn problems(&self) -> Result<v1::ListProblemsResponse, Error> {
        let request = v1::ListProblemsRequest {};
        self.call(Again::Always, request, |mut s, q| async move { s.list_problems(q).await }).await
    }

    /// The live workers.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn workers(&self) -> Result<v1::ListWorkersResponse, Error> {
        let request = v1::ListWorkersRequest { load_window: None };
        self.call(Again::Always, request, |mut s, q| async move { s.list_workers(q).await }).await
    }

    /// Cancels a task that has not ended. Tried again only while there is no connection at all: a
    /// second cancel could meet a task that somebody has had run again meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] where it has ended.
    pub async fn cancel(&self, id: i64, reason: &str) -> Result<v1::CancelTaskResponse, Error> {
        let request = v1::CancelTaskRequest { id, reason: reason.to_owned() };
        self.call(Again::IfUnsent, request, |mut s, q| async move { s.cancel_task(q).await }).await
    }

    /// Has a task that has ended run again. Tried again only while there is no connection at all: a
    /// second retry could run a quick task twice.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] where it has not ended.
    pub async fn retry(&self, id: i64, reason: &str) -> Result<v1::RetryTaskResponse, Error> {
        let request = v1::RetryTaskRequest { id, reason: reason.to_owned() };
        self.call(Again::IfUnsent, request, |mut s, q| async move { s.retry_task(q).await }).await
    }
}

/// Gives a task a key where it has none; whether it did.
fn give_key(task: &mut v1::TaskSpec) -> bool {
    let missing = task.idempotency_key.is_empty();
    if missing {
        // Version 7 grows with time, which keeps the index of keys dense.
        task.idempotency_key = Uuid::now_v7().to_string();
    }
    missing
}
