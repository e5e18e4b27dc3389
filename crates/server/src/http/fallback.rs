//! What answers where nothing else does: a page for people, a code for gRPC.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{Method, StatusCode, header};
use tonic::Status;

/// Shown at `/`, until there is more to show.
const PAGE: &str = include_str!("page.html");

/// Answers a request that no route is for.
pub(crate) async fn answer(request: Request) -> Response {
    if is_grpc(&request) {
        let told = format!("this service has no method {}", request.uri().path());
        return Status::unimplemented(told).into_http::<Body>();
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/") => Html(PAGE).into_response(),
        _ => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
    }
}

fn is_grpc(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.is_some_and(|k| k.starts_with("application/grpc"))
}
