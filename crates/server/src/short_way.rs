//! The short way of a gRPC call to the task service: past the router, which puts several boxes around each call and its
//! bodies. Whatever is not plain gRPC, such as a page's call or a probe, goes through the router.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::Either;
use http::{HeaderMap, Request, Response, Version, header};
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
        && request.uri().path().starts_with(SERVICE)
        && !request.headers().contains_key(header::ORIGIN)
        && is_grpc(request.headers())
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let format = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    format.is_some_and(|format| matches!(format, [] | [b'+' | b';', ..]))
}
