//! The gRPC service: each call is checked, put to a port, and its answer converted.

mod answers;
mod bulk;
mod create;
mod operate;
mod problems;
mod read;
mod refuse;
mod survey;

use std::sync::Arc;

use futures::stream::BoxStream;
use task_proto::v1;
use task_proto::v1::task_service_server::TaskService;
use tonic::{Request, Response, Status};

use crate::Backend;
use crate::fleet::Fleet;
use crate::readiness::Readiness;
use crate::watch::Hub;
use answers::Answers;

pub(crate) use refuse::{log, refuse};

/// The service, over whatever store it is given.
pub(crate) struct Service<B> {
    backend: B,
    fleet: Fleet<B>,
    hub: Arc<Hub<B>>,
    readiness: Arc<Readiness<B>>,
    answers: Answers,
}

impl<B: Backend> Service<B> {
    pub(crate) fn new(backend: B, hub: Arc<Hub<B>>, readiness: Arc<Readiness<B>>) -> Self {
        Self { fleet: Fleet::new(backend.clone()), backend, hub, readiness, answers: Answers::default() }
    }

    /// What was asked, once the server is ready for it.
    fn admit<T>(&self, request: Request<T>) -> Result<T, Status> {
        self.readiness.admit()?;
        Ok(request.into_inner())
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl<B: Backend> TaskService for Service<B> {
    type WatchTasksStream = BoxStream<'static, Result<v1::WatchTasksResponse, Status>>;
    type CancelTasksStream = BoxStream<'static, Result<v1::CancelTasksResponse, Status>>;
    type RetryTasksStream = BoxStream<'static, Result<v1::RetryTasksResponse, Status>>;

    async fn create_task(&self, request: Request<v1::CreateTaskRequest>) -> Answer<v1::CreateTaskResponse> {
        let request = self.admit(request)?;
        create::one(&self.backend, &self.fleet, request).await.map(Response::new)
    }

    async fn create_tasks(
        &self,
        request: Request<v1::CreateTasksRequest>,
    ) -> Answer<v1::CreateTasksResponse> {
        let request = self.admit(request)?;
        create::batch(&self.backend, &self.fleet, request).await.map(Response::new)
    }

    async fn get_task(&self, request: Request<v1::GetTaskRequest>) -> Answer<v1::GetTaskResponse> {
        let request = self.admit(request)?;
        read::task(&self.backend, request).await.map(Response::new)
    }

    async fn list_tasks(&self, request: Request<v1::ListTasksRequest>) -> Answer<v1::ListTasksResponse> {
        let request = self.admit(request)?;
        read::list(&self.backend, request).await.map(Response::new)
    }

    async fn get_task_history(
        &self,
        request: Request<v1::GetTaskHistoryRequest>,
    ) -> Answer<v1::GetTaskHistoryResponse> {
        let request = self.admit(request)?;
        read::history(&self.backend, request).await.map(Response::new)
    }

    async fn get_status_counts(
        &self,
        request: Request<v1::GetStatusCountsRequest>,
    ) -> Answer<v1::GetStatusCountsResponse> {
        let request = self.admit(request)?;
        read::counts(&self.backend, request).await.map(Response::new)
    }

    async fn watch_tasks(&self, request: Request<v1::WatchTasksRequest>) -> Answer<Self::WatchTasksStream> {
        let request = self.admit(request)?;
        Arc::clone(&self.hub).watch(request).await.map(Response::new)
    }

    async fn cancel_task(&self, request: Request<v1::CancelTaskRequest>) -> Answer<v1::CancelTaskResponse> {
        let request = self.admit(request)?;
        operate::cancel(&self.backend, request).await.map(Response::new)
    }

    async fn retry_task(&self, request: Request<v1::RetryTaskRequest>) -> Answer<v1::RetryTaskResponse> {
        let request = self.admit(request)?;
        operate::retry(&self.backend, request).await.map(Response::new)
    }

    async fn list_workers(
        &self,
        request: Request<v1::ListWorkersRequest>,
    ) -> Answer<v1::ListWorkersResponse> {
        let request = self.admit(request)?;
        read::workers(&self.backend, request).await.map(Response::new)
    }

    async fn count_tasks(&self, request: Request<v1::CountTasksRequest>) -> Answer<v1::CountTasksResponse> {
        let request = self.admit(request)?;
        bulk::count(&self.backend, request).await.map(Response::new)
    }

    async fn cancel_tasks(
        &self,
        request: Request<v1::CancelTasksRequest>,
    ) -> Answer<Self::CancelTasksStream> {
        let request = self.admit(request)?;
        bulk::cancel(self.backend.clone(), request).map(Response::new)
    }

    async fn retry_tasks(&self, request: Request<v1::RetryTasksRequest>) -> Answer<Self::RetryTasksStream> {
        let request = self.admit(request)?;
        bulk::retry(self.backend.clone(), request).map(Response::new)
    }

    async fn list_types(&self, request: Request<v1::ListTypesRequest>) -> Answer<v1::ListTypesResponse> {
        let request = self.admit(request)?;
        let ask = || survey::types(self.backend.clone());
        self.answers.types.get(&request, ask).await.map(Response::new)
    }

    async fn get_stats(&self, request: Request<v1::GetStatsRequest>) -> Answer<v1::GetStatsResponse> {
        let request = self.admit(request)?;
        let ask = || survey::stats(self.backend.clone(), request.clone());
        self.answers.stats.get(&request, ask).await.map(Response::new)
    }

    async fn list_errors(&self, request: Request<v1::ListErrorsRequest>) -> Answer<v1::ListErrorsResponse> {
        let request = self.admit(request)?;
        let ask = || survey::errors(self.backend.clone(), request.clone());
        self.answers.errors.get(&request, ask).await.map(Response::new)
    }

    async fn list_problems(
        &self,
        request: Request<v1::ListProblemsRequest>,
    ) -> Answer<v1::ListProblemsResponse> {
        let request = self.admit(request)?;
        let ask = || survey::problems(self.backend.clone());
        self.answers.problems.get(&request, ask).await.map(Response::new)
    }
}
