//! What answers where nothing else does: the dashboard for browsers, a code for gRPC.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header;
use tonic::Status;

use super::dashboard;

/// Answers a request that no route is for.
pub(crate) async fn answer(request: Request) -> Response {
    if is_grpc(&request) {
        let told = format!("this service has no method {}", request.uri().path());
        return Status::unimplemented(told).into_http::<Body>();
    }
    dashboard::answer(&request)
}

fn is_grpc(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.is_some_and(|k| k.starts_with("application/grpc"))
}
