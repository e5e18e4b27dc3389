//! Actions on all tasks that meet a filter.

use std::future::Future;

use futures::{Stream, StreamExt};
use task_proto::v1;
use tonic::{Response, Status, Streaming};

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// Cancels all tasks that meet a filter; without statuses, all that have not ended. `progress` is
    /// told after each batch. What a call that fails has done stays done.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub async fn cancel_all(
        &self,
        filter: v1::TaskFilter,
        reason: &str,
        progress: impl FnMut(v1::BulkProgress),
    ) -> Result<v1::BulkProgress, Error> {
        let request = v1::CancelTasksRequest { filter: Some(filter), reason: reason.to_owned() };
        let mut stub = self.stub.clone();
        self.follow(stub.cancel_tasks(request), |told| told.progress, progress).await
    }

    /// Has all ended tasks that meet a filter run again; without statuses, those that failed.
    /// `progress` is told after each batch. What a call that fails has done stays done.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub async fn retry_all(
        &self,
        filter: v1::TaskFilter,
        reason: &str,
        progress: impl FnMut(v1::BulkProgress),
    ) -> Result<v1::BulkProgress, Error> {
        let request = v1::RetryTasksRequest { filter: Some(filter), reason: reason.to_owned() };
        let mut stub = self.stub.clone();
        self.follow(stub.retry_tasks(request), |told| told.progress, progress).await
    }

    /// Reads to the end. The deadline of a call holds for each batch.
    async fn follow<T>(
        &self,
        call: impl Future<Output = Result<Response<Streaming<T>>, Status>>,
        read: impl Fn(T) -> Option<v1::BulkProgress>,
        mut progress: impl FnMut(v1::BulkProgress),
    ) -> Result<v1::BulkProgress, Error> {
        let mut told = match self.within(call).await? {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Err(self.explain(&status).await),
        };
        let mut last = v1::BulkProgress::default();
        while let Some(message) = self.within(next(&mut told)).await? {
            match message {
                Ok(message) => last = read(message).unwrap_or(last),
                Err(status) => return Err(self.explain(&status).await),
            }
            progress(last);
        }
        if last.done {
            return Ok(last);
        }
        Err(self.explain(&Status::unavailable("the answer ended before all was done")).await)
    }

    async fn within<T>(&self, answer: impl Future<Output = T>) -> Result<T, Error> {
        match tokio::time::timeout(self.options.deadline, answer).await {
            Ok(answer) => Ok(answer),
            Err(_) => Err(self.too_late().await),
        }
    }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    stream.next().await
}
