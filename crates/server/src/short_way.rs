//! The short way of a gRPC call to the task service: past the router, which puts several boxes around each call and its
//! bodies. Whatever is not plain gRPC, such as a page's call or a probe, goes through the router.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::Either;
use http::{HeaderMap, Method, Request, Response, Version, header};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::measure::{self, Calls, SERVICE};

/// Puts the short way to `tasks` before all else that a server answers.
#[derive(Clone)]
pub(crate) struct ShortWay<T> {
    pub(crate) tasks: T,
    pub(crate) calls: Arc<Calls>,
}

impl<T: Clone, R> Layer<R> for ShortWay<T> {
    type Service = Fork<T, R>;

    fn layer(&self, rest: R) -> Self::Service {
        Fork { short: self.clone(), rest }
    }
}

/// Where the short way and the long one part.
#[derive(Clone)]
pub(crate) struct Fork<T, R> {
    short: ShortWay<T>,
    rest: R,
}

impl<T, R> Service<Request<Body>> for Fork<T, R>
where
    T: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    R: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>, R::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.rest.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !is_plain(&request) {
            return Either::Right(self.rest.call(request));
        }
        // It is ready at any time: it has nothing to wait for.
        let ShortWay { mut tasks, calls } = self.short.clone();
        let run = async move |request| {
            let Ok(response) = tasks.call(request).await;
            response
        };
        Either::Left(Box::pin(async move { Ok(measure::call(&calls, request, run).await) }))
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
