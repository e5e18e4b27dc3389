//! A service that answers as a test tells it to, over real sockets.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use task_client::{Client, Options};
use task_proto::v1;
use task_proto::v1::task_service_server::{TaskService, TaskServiceServer};
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

/// What one watch tells before it ends, hangs or fails.
pub struct Script {
    pub messages: Vec<Result<v1::WatchTasksResponse, Status>>,
    pub then_hang: bool,
}

/// Answers to come, and requests that came.
#[derive(Default)]
pub struct Fake {
    pub creates: Mutex<VecDeque<Result<v1::CreateTaskResponse, Status>>>,
    pub cancels: Mutex<VecDeque<Result<v1::CancelTaskResponse, Status>>>,
    pub gets: Mutex<VecDeque<Result<v1::GetTaskResponse, Status>>>,
    pub pages: Mutex<VecDeque<v1::ListTasksResponse>>,
    pub watches: Mutex<VecDeque<Result<Script, Status>>>,
    pub keys: Mutex<Vec<String>>,
    pub tokens: Mutex<Vec<String>>,
    pub asked: Mutex<Vec<v1::WatchTasksRequest>>,
}

impl Fake {
    /// Starts serving; the server ends with the test's runtime.
    pub async fn serve(self: &Arc<Self>) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TaskServiceServer::from_arc(self.clone());
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
        address
    }
}

/// A client with little patience.
pub fn client(address: SocketAddr) -> Client {
    let options = Options::default()
        .deadline(Duration::from_secs(5))
        .patience(Duration::from_millis(500))
        .longest_pause(Duration::from_millis(20));
    Client::new(&address.to_string(), options).unwrap()
}

fn next<T>(queue: &Mutex<VecDeque<T>>) -> Result<T, Status> {
    queue.lock().unwrap().pop_front().ok_or_else(|| Status::internal("the test planned no more answers"))
}

#[tonic::async_trait]
impl TaskService for Fake {
    async fn create_task(&self, request: Request<v1::CreateTaskRequest>) -> Answer<v1::CreateTaskResponse> {
        self.keys.lock().unwrap().push(request.into_inner().task.unwrap_or_default().idempotency_key);
        next(&self.creates)?.map(Response::new)
    }

    async fn create_tasks(
        &self,
        request: Request<v1::CreateTasksRequest>,
    ) -> Answer<v1::CreateTasksResponse> {
        let results = request.into_inner().tasks.into_iter().map(|task| {
            self.keys.lock().unwrap().push(task.idempotency_key);
            let task = v1::CreateTaskResponse { created: false, ..Default::default() };
            v1::CreateTaskResult { result: Some(v1::create_task_result::Result::Task(task)) }
        });
        Ok(Response::new(v1::CreateTasksResponse { results: results.collect(), warnings: Vec::new() }))
    }

    async fn get_task(&self, _: Request<v1::GetTaskRequest>) -> Answer<v1::GetTaskResponse> {
        let planned = next(&self.gets);
        match planned {
            Ok(answer) => answer.map(Response::new),
            // A call without a plan is never answered.
            Err(_) => futures::future::pending().await,
        }
    }

    async fn list_tasks(&self, request: Request<v1::ListTasksRequest>) -> Answer<v1::ListTasksResponse> {
        self.tokens.lock().unwrap().push(request.into_inner().page_token);
        next(&self.pages).map(Response::new)
    }

    async fn get_task_history(
        &self,
        request: Request<v1::GetTaskHistoryRequest>,
    ) -> Answer<v1::GetTaskHistoryResponse> {
        // A task with 2,500 changes.
        let request = request.into_inner();
        let last = (request.after_version + 1_000).min(2_500);
        let entries = (request.after_version + 1..=last).map(|version| v1::HistoryEntry {
            task_id: request.task_id,
            version,
            ..Default::default()
        });
        Ok(Response::new(v1::GetTaskHistoryResponse { entries: entries.collect() }))
    }

    async fn get_status_counts(
        &self,
        _: Request<v1::GetStatusCountsRequest>,
    ) -> Answer<v1::GetStatusCountsResponse> {
        Ok(Response::new(v1::GetStatusCountsResponse::default()))
    }

    type WatchTasksStream = BoxStream<'static, Result<v1::WatchTasksResponse, Status>>;

    async fn watch_tasks(&self, request: Request<v1::WatchTasksRequest>) -> Answer<Self::WatchTasksStream> {
        self.asked.lock().unwrap().push(request.into_inner());
        let script = next(&self.watches)??;
        let told = stream::iter(script.messages);
        let stream = if script.then_hang { told.chain(stream::pending()).boxed() } else { told.boxed() };
        Ok(Response::new(stream))
    }

    async fn cancel_task(&self, _: Request<v1::CancelTaskRequest>) -> Answer<v1::CancelTaskResponse> {
        next(&self.cancels)?.map(Response::new)
    }

    async fn retry_task(&self, _: Request<v1::RetryTaskRequest>) -> Answer<v1::RetryTaskResponse> {
        Err(Status::failed_precondition("task 7 is RUNNING and cannot be run again"))
    }

    async fn list_workers(&self, _: Request<v1::ListWorkersRequest>) -> Answer<v1::ListWorkersResponse> {
        Ok(Response::new(v1::ListWorkersResponse::default()))
    }

    async fn count_tasks(&self, _: Request<v1::CountTasksRequest>) -> Answer<v1::CountTasksResponse> {
        Ok(Response::new(v1::CountTasksResponse::default()))
    }

    type CancelTasksStream = BoxStream<'static, Result<v1::CancelTasksResponse, Status>>;

    async fn cancel_tasks(
        &self,
        request: Request<v1::CancelTasksRequest>,
    ) -> Answer<Self::CancelTasksStream> {
        // Two batches, of which the second is the last; with a reason of "broken" it never comes.
        let batch = |matched, done| {
            let progress = Some(v1::BulkProgress { matched, changed: matched, done });
            Ok(v1::CancelTasksResponse { progress })
        };
        let mut batches = vec![batch(500, false), batch(700, true)];
        if request.into_inner().reason == "broken" {
            batches.pop();
        }
        Ok(Response::new(stream::iter(batches).boxed()))
    }

    type RetryTasksStream = BoxStream<'static, Result<v1::RetryTasksResponse, Status>>;

    async fn retry_tasks(&self, _: Request<v1::RetryTasksRequest>) -> Answer<Self::RetryTasksStream> {
        Err(Status::invalid_argument("filter.statuses has RUNNING"))
    }

    async fn list_types(&self, _: Request<v1::ListTypesRequest>) -> Answer<v1::ListTypesResponse> {
        Ok(Response::new(v1::ListTypesResponse::default()))
    }

    async fn get_stats(&self, _: Request<v1::GetStatsRequest>) -> Answer<v1::GetStatsResponse> {
        Ok(Response::new(v1::GetStatsResponse::default()))
    }

    async fn list_errors(&self, _: Request<v1::ListErrorsRequest>) -> Answer<v1::ListErrorsResponse> {
        Ok(Response::new(v1::ListErrorsResponse::default()))
    }

    async fn list_problems(&self, _: Request<v1::ListProblemsRequest>) -> Answer<v1::ListProblemsResponse> {
        Ok(Response::new(v1::ListProblemsResponse::default()))
    }
}
