//! Lets pages of chosen origins call over gRPC-Web. Browsers keep all others out.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// The origins whose pages may call.
#[derive(Clone)]
pub(crate) struct Origins(Arc<[HeaderValue]>);

impl Origins {
    /// Takes origins as browsers send them. What no header can hold can be no origin either.
    pub(crate) fn new(origins: &[String]) -> Self {
        Self(origins.iter().filter_map(|o| HeaderValue::from_str(o.trim_end_matches('/')).ok()).collect())
    }
}

/// Answers the question that a browser asks before a call, and marks the answer to the call, which
/// `run` gives.
pub(crate) async fn answer<F: Future<Output = Response>>(
    allowed: &Origins,
    request: Request,
    run: impl FnOnce(Request) -> F,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let Some(origin) = origin.filter(|o| allowed.0.contains(o)) else { return run(request).await };
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks {
        let mut response = StatusCode::NO_CONTENT.into_response();
        describe(response.headers_mut());
        response
    } else {
        run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // An answer kept for one origin must not be given to another.
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("grpc-status, grpc-message, grpc-status-details-bin"),
    );
    response
}

fn describe(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type, x-grpc-web, x-user-agent, grpc-timeout"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
}
