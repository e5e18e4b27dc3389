//! What answers a request: the task service itself where it is a plain gRPC call to it, and else the router, which puts several
//! boxes around each call and its bodies. The router takes a page's call, a probe, and whatever needs a translation.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, Version, header};
use hyper::body::Incoming;
use task_proto::v1::task_service_server::TaskServiceServer;
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;
use tower::{Service as _, ServiceExt};

use crate::measure::{self, Calls, SERVICE};
use crate::service::Service;
use crate::{Backend, deadline};

/// Both ways, and where they part.
pub(crate) struct Ways<B: Backend> {
    pub(crate) tasks: TaskServiceServer<Service<B>>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) router: axum::Router,
    /// Longest time until an answer begins.
    pub(crate) limit: Duration,
}

impl<B: Backend> Ways<B> {
    /// Answers a request; one that takes longer than it or the service allows is told so.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let limit = deadline::of(request.headers()).map_or(self.limit, |own| own.min(self.limit));
        let late =
            |_| Status::cancelled(format!("no answer within {limit:?}; the call was ended")).into_http();
        timeout(limit, self.pass(request)).await.unwrap_or_else(late)
    }

    async fn pass(&self, request: Request<Incoming>) -> Response<Body> {
        if is_plain(&request) {
            // It is ready at any time: it has nothing to wait for.
            let mut tasks = self.tasks.clone();
            let run = async move |request| {
                let Ok(response) = tasks.call(request).await;
                response
            };
            return measure::call(&self.calls, request, run).await;
        }
        let Ok(response) = self.router.clone().oneshot(request).await;
        response.map(Body::new)
    }
}

/// Whether it is a call to the task service that neither a browser made nor a translation is needed for.
fn is_plain<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_2
        && request.method() == Method::POST
        && request.uri().path().strip_prefix(SERVICE).is_some_and(|method| !method.is_empty())
        && !request.headers().contains_key(header::ORIGIN)
        && is_grpc(request.headers())
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let format = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    format.is_some_and(|format| matches!(format, [] | [b'+' | b';', ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one thing changed about a plain call.
    fn is_plain_with(change: impl FnOnce(&mut Request<()>)) -> bool {
        let mut request = Request::post("http://localhost/task.v1.TaskService/CreateTask").body(()).unwrap();
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().insert(header::CONTENT_TYPE, "application/grpc".parse().unwrap());
        change(&mut request);
        is_plain(&request)
    }

    fn is_plain_as(content_type: &'static str) -> bool {
        is_plain_with(|r| {
            r.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        })
    }

    fn is_plain_at(path: &'static str) -> bool {
        is_plain_with(|r| *r.uri_mut() = path.parse().unwrap())
    }

    #[test]
    fn only_plain_calls_to_the_task_service_go_the_short_way() {
        assert!(is_plain_with(|_| ()));
        assert!(is_plain_as("application/grpc+proto") && is_plain_as("application/grpc;charset=utf-8"));
        assert!(!is_plain_as("application/grpc-web") && !is_plain_as("application/grpc-web-text+proto"));
        assert!(!is_plain_as("application/json") && !is_plain_as("application/grpcs"));
        assert!(!is_plain_with(|r| r.headers_mut().clear()));
        // A page's, which has to be told if it may.
        assert!(!is_plain_with(|r| {
            r.headers_mut().insert(header::ORIGIN, "https://example.org".parse().unwrap());
        }));
        assert!(!is_plain_with(|r| *r.version_mut() = Version::HTTP_11));
        assert!(!is_plain_with(|r| *r.method_mut() = Method::GET));
        assert!(is_plain_at("/task.v1.TaskService/Unknown"));
        assert!(!is_plain_at("/task.v1.TaskService/") && !is_plain_at("/task.v1.TaskService"));
        assert!(!is_plain_at("/grpc.health.v1.Health/Check") && !is_plain_at("/healthz"));
    }
}
