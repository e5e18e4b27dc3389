use super::*;

const SITE: &[File] = &[
    File {
        path: "/assets/index-1a2b.js",
        hash: "0a",
        plain: b"the plain script",
        br: Some(b"br"),
        gzip: Some(b"gzip"),
    },
    File { path: "/favicon.svg", hash: "0b", plain: b"<svg/>", br: None, gzip: None },
    File { path: "/index.html", hash: "0c", plain: b"<html>", br: None, gzip: Some(b"gz") },
];

const BROWSER: (HeaderName, &str) = (ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");

async fn ask(method: Method, path: &str, headers: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    let (parts, body) = answer_from(SITE, &method, path, &headers).into_parts();
    let body = axum::body::to_bytes(body, 1_000).await.unwrap();
    (parts.status, parts.headers, body.to_vec())
}

#[tokio::test]
async fn a_file_is_sent_in_the_smallest_form_that_is_taken() {
    for (accepted, encoding, content) in [
        ("gzip, deflate, br", Some("br"), "br"),
        ("gzip", Some("gzip"), "gzip"),
        ("br;q=0, gzip;q=0.1", Some("gzip"), "gzip"),
        ("zstd", None, "the plain script"),
    ] {
        let (status, headers, body) =
            ask(Method::GET, "/assets/index-1a2b.js", &[(ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers.get(CONTENT_ENCODING).map(|e| e.to_str().unwrap()), encoding, "{accepted}");
        assert_eq!(body, content.as_bytes(), "{accepted}");
        assert_eq!(headers[CONTENT_LENGTH], body.len().to_string());
        assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(headers[VARY].to_str().unwrap().contains("accept-encoding"));
    }
}

#[tokio::test]
async fn only_what_never_changes_is_kept_unasked() {
    let (_, headers, _) = ask(Method::GET, "/assets/index-1a2b.js", &[]).await;
    assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
    for path in ["/", "/index.html", "/favicon.svg"] {
        let (_, headers, _) = ask(Method::GET, path, &[]).await;
        assert_eq!(headers[CACHE_CONTROL], "no-cache", "{path}");
    }
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let (_, headers, _) = ask(Method::GET, "/", &[]).await;
    let tag = headers[ETAG].to_str().unwrap().to_owned();
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let (status, headers, body) = ask(Method::GET, "/", &[(IF_NONE_MATCH, &known)]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!(headers[ETAG], tag);
        assert!(!headers.contains_key(CONTENT_LENGTH));
    }
    // The compressed form is another one.
    let (status, ..) = ask(Method::GET, "/", &[(IF_NONE_MATCH, &tag), (ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn head_tells_all_but_the_content() {
    let (_, mut get, _) = ask(Method::GET, "/assets/index-1a2b.js", &[(ACCEPT_ENCODING, "br")]).await;
    let (status, mut head, body) =
        ask(Method::HEAD, "/assets/index-1a2b.js", &[(ACCEPT_ENCODING, "br")]).await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    for headers in [&mut get, &mut head] {
        assert_eq!(headers.remove(CONTENT_LENGTH).unwrap(), "2");
    }
    assert_eq!(get, head);
}

#[tokio::test]
async fn a_browser_gets_the_page_at_any_address_of_a_page() {
    for path in ["/", "/tasks", "/tasks/17", "/create", "/no/such/page"] {
        let (status, headers, body) = ask(Method::GET, path, &[BROWSER]).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, b"<html>".as_slice()), "{path}");
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn nothing_else_is_found() {
    for path in [
        "/assets/",
        "/assets/index-0000",
        "/assets/index-0000.js",
        "/favicon.ico",
        "/task.v1.TaskService/GetTask",
        "/../Cargo.toml",
        "/assets/../index.html",
        "/%2e%2e/Cargo.toml",
        "/%2e%2e%2fetc%2fpasswd",
        "/%2e%2e/",
        "//evil.example",
        "/\\..\\x",
    ] {
        let (status, headers, _) = ask(Method::GET, path, &[BROWSER]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(headers[CONTENT_TYPE], "text/plain; charset=utf-8");
    }
    for accepted in ["*/*", "application/json"] {
        let (status, ..) = ask(Method::GET, "/tasks/17", &[(ACCEPT, accepted)]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{accepted}");
    }
}

#[tokio::test]
async fn other_methods_are_refused() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        for path in ["/", "/tasks", "/assets/index-1a2b.js", "/nothing.txt"] {
            let (status, headers, _) = ask(method.clone(), path, &[BROWSER]).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(headers[ALLOW], "GET, HEAD");
        }
    }
}

#[tokio::test]
async fn every_answer_has_what_keeps_the_page_safe() {
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/assets/index-1a2b.js"),
        (Method::GET, "/x.y"),
        (Method::POST, "/"),
    ] {
        let (_, headers, _) = ask(method, path, &[]).await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
    }
}
