//! Gives browsers the dashboard, with what keeps it safe and quick.

use axum::body::{Body, Bytes};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};

use super::files::{FILES, File};

/// The page may load from this server alone, run no code but its own files, send no form, and stand
/// in no frame. Whatever a task brings in its texts can thus do nothing, should it ever get into the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Answers a request that is not for gRPC.
pub(super) fn answer<B>(request: &Request<B>) -> Response<Body> {
    answer_from(FILES, request.method(), request.uri().path(), request.headers())
}

fn answer_from(files: &[File], method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let index = || File::find(files, "/index.html");
    let file = match path {
        "/" => index(),
        _ => File::find(files, path).or_else(|| index().filter(|_| is_page(path, headers))),
    };
    match file {
        Some(file) => give(file, method, headers),
        None => text(StatusCode::NOT_FOUND, "there is nothing here\n"),
    }
}

/// Whether a browser asks for what may be a page of the dashboard, which itself knows its pages. A
/// name with a dot is a file or a service, and programs that take anything get an honest 404.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    path.chars().all(plain) && !path.starts_with("/assets/") && header(headers, &ACCEPT).contains("text/html")
}

fn give(file: &File, method: &Method, headers: &HeaderMap) -> Response<Body> {
    let (form, encoding) = file.form(header(headers, &ACCEPT_ENCODING));
    // Each form is another entity; a cache must not join parts of two.
    let tag = format!("\"{}-{}\"", file.hash, encoding.unwrap_or("plain"));
    let is_known = matches(header(headers, &IF_NONE_MATCH), &tag);
    let body = if is_known || method == Method::HEAD { Bytes::new() } else { Bytes::from_static(form) };
    let mut response = Response::new(Body::from(body));
    let out = response.headers_mut();
    out.insert(ETAG, HeaderValue::from_str(&tag).expect("hexadecimal and a name"));
    out.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    let keep = if file.is_immutable() { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    secure(out);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    out.insert(CONTENT_TYPE, file.content_type());
    out.insert(CONTENT_LENGTH, HeaderValue::from(form.len()));
    if let Some(encoding) = encoding {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn text(status: StatusCode, told: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(told));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    secure(response.headers_mut());
    response
}

fn secure(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether an `If-None-Match` names the tag, weakly or not.
fn matches(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|named| named == "*" || named.trim_start_matches("W/") == tag)
}

/// A header's value where it is text, else nothing.
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
