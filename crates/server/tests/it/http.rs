//! What the one port answers beside native gRPC: probes, numbers, browsers, health, reflection.

use std::net::SocketAddr;

use task_proto::v1;
use task_server::{Options, metrics};
use task_telemetry::prometheus;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{SOON, Site, channel, create, options, spec};

/// Sends one HTTP/1.1 request and returns the whole answer, as text where it is.
async fn http(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(address: SocketAddr, path: &str) -> String {
    http(address, &format!("GET {path} HTTP/1.1"), b"").await
}

/// The frame of a message: no compression, its length, itself.
fn frame(message: &impl prost::Message) -> Vec<u8> {
    let body = message.encode_to_vec();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &body].concat()
}

async fn grpc_web(address: SocketAddr, origin: &str, message: &impl prost::Message) -> String {
    let head = format!(
        "POST /task.v1.TaskService/CreateTask HTTP/1.1\r\norigin: {origin}\r\n\
         content-type: application/grpc-web+proto\r\nx-grpc-web: 1"
    );
    http(address, &head, &frame(message)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_and_pages_answer_over_http() {
    let site = Site::start().await;
    let alive = get(site.address, "/healthz").await;
    assert!(alive.starts_with("HTTP/1.1 200") && alive.ends_with("ok\n"), "{alive}");
    let ready = get(site.address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200") && ready.ends_with("ready\n"), "{ready}");
    let page = get(site.address, "/").await;
    assert!(page.contains("text/html") && page.contains("Task Service"), "{page}");
    assert!(get(site.address, "/nothing").await.starts_with("HTTP/1.1 404"));
    let none = get(site.address, "/metrics").await;
    assert!(none.starts_with("HTTP/1.1 404"), "without a recorder there are no numbers: {none}");
    site.end().await.unwrap();
}

/// Whatever dashboard is in this build, or the plain page in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_get_the_dashboard() {
    let site = Site::start().await;
    let ask = async |head: &str| http(site.address, head, b"").await;
    let page = get(site.address, "/").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for line in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-cache",
    ] {
        assert!(page.contains(line), "no `{line}` in {page}");
    }
    let (head, body) = page.split_once("\r\n\r\n").unwrap();

    let deep = ask("GET /tasks/17?tab=result HTTP/1.1\r\naccept: text/html,*/*;q=0.8").await;
    assert!(deep.ends_with(body), "{deep}");
    for mark in ["src=\"/", "href=\"/"] {
        for path in body.split(mark).skip(1).filter_map(|rest| rest.split('"').next()) {
            if !path.contains('.') {
                continue;
            }
            let file = ask(&format!("GET /{path} HTTP/1.1\r\naccept-encoding: gzip, br")).await;
            assert!(file.starts_with("HTTP/1.1 200"), "/{path}: {file}");
            assert_eq!(file.contains("immutable"), path.starts_with("assets/"), "/{path}");
            // What its build has compressed is what it has of scripts and styles.
            assert!(!path.starts_with("assets/index") || file.contains("content-encoding: br"), "/{path}");
        }
    }
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag");
    let known = ask(&format!("GET / HTTP/1.1\r\nif-none-match: {tag}")).await;
    assert!(known.starts_with("HTTP/1.1 304") && known.ends_with("\r\n\r\n"), "{known}");
    let head = ask("HEAD / HTTP/1.1").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");

    for path in ["/assets/none.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "/x.html"] {
        let none = ask(&format!("GET {path} HTTP/1.1\r\naccept: text/html")).await;
        assert!(none.starts_with("HTTP/1.1 404"), "{path}: {none}");
    }
    let posted = ask("POST /tasks HTTP/1.1").await;
    assert!(posted.starts_with("HTTP/1.1 405") && posted.contains("allow: GET, HEAD"), "{posted}");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_counted_by_method_and_code() {
    let recorder = prometheus::install(metrics::HISTOGRAMS).unwrap();
    let site = Site::with(Options { recorder: Some(recorder), ..options() }).await;
    let mut client = site.client().await;
    create(&mut client, "t").await;
    client.get_task(v1::GetTaskRequest { id: 404 }).await.unwrap_err();
    let text = get(site.address, "/metrics").await;
    // Other tests of this process count too: that they are there is all that can be said.
    for line in [
        r#"task_server_requests_total{method="CreateTask",code="OK"} "#,
        r#"task_server_requests_total{method="GetTask",code="NOT_FOUND"} "#,
        r#"task_server_request_duration_seconds_bucket{method="CreateTask",le="0.1"} "#,
        "task_server_tasks_created_total ",
        "task_server_connections ",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(line), "no `{line}` in {text}");
    }
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_of_allowed_origins_may_call() {
    let site = Site::start().await;
    let request = v1::CreateTaskRequest { task: Some(spec("t")) };
    let answer = grpc_web(site.address, "http://localhost:3000", &request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: http://localhost:3000"), "{answer}");
    assert!(answer.contains("grpc-status:0"), "{answer}");
    let refused = v1::CreateTaskRequest { task: None };
    let answer = grpc_web(site.address, "http://localhost:3000", &refused).await;
    assert!(answer.contains("grpc-status: 3") && answer.contains("grpc-message: task"), "{answer}");
    let foreign = grpc_web(site.address, "http://evil.example", &request).await;
    assert!(!foreign.contains("access-control-allow-origin"), "{foreign}");

    let ask = |origin: &str| {
        format!(
            "OPTIONS /task.v1.TaskService/CreateTask HTTP/1.1\r\norigin: {origin}\r\n\
             access-control-request-method: POST\r\naccess-control-request-headers: content-type,x-grpc-web"
        )
    };
    let allowed = http(site.address, &ask("http://127.0.0.1:3000"), b"").await;
    assert!(allowed.starts_with("HTTP/1.1 204"), "{allowed}");
    assert!(allowed.contains("access-control-allow-headers: content-type, x-grpc-web"), "{allowed}");
    let foreign = http(site.address, &ask("http://evil.example"), b"").await;
    assert!(!foreign.contains("access-control-allow"), "{foreign}");
    site.end().await.unwrap();
}

/// Plain gRPC goes the short way, which says nothing of origins: a call that names one must not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_call_that_names_its_origin_is_told_if_it_may() {
    let site = Site::start().await;
    let mut client = site.client().await;
    for (origin, allowed) in [
        (None, None),
        (Some("http://localhost:3000"), Some("http://localhost:3000")),
        (Some("http://evil.example"), None),
    ] {
        let mut request = tonic::Request::new(v1::CreateTaskRequest { task: Some(spec("t")) });
        if let Some(origin) = origin {
            request.metadata_mut().insert("origin", origin.parse().unwrap());
        }
        let response = client.create_task(request).await.unwrap();
        let told = response.metadata().get("access-control-allow-origin").map(|v| v.to_str().unwrap());
        assert_eq!(told, allowed, "{origin:?}");
        assert!(response.get_ref().created);
    }
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_that_are_not_there_are_unimplemented() {
    let site = Site::start().await;
    for path in ["/task.v1.TaskService/Nothing", "/task.v9.Other/Nothing"] {
        let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/grpc-web+proto");
        let answer = http(site.address, &head, b"\0\0\0\0\0").await;
        assert!(answer.contains("grpc-status: 12"), "{path}: {answer}");

        let mut native = tonic::client::Grpc::new(channel(site.address).await);
        native.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<v1::ListWorkersRequest, v1::ListWorkersResponse>::new();
        let request = tonic::Request::new(v1::ListWorkersRequest { load_window: None });
        let answer = native.unary(request, path.parse().unwrap(), codec).await;
        assert_eq!(answer.unwrap_err().code(), tonic::Code::Unimplemented, "{path}");
    }
    site.end().await.unwrap();
}

async fn health(address: SocketAddr, service: &str) -> HealthCheckResponse {
    let mut client = HealthClient::new(channel(address).await);
    let request = HealthCheckRequest { service: service.to_owned() };
    client.check(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_health_service_follows_readiness() {
    let site = Site::start().await;
    for service in ["", "task.v1.TaskService"] {
        task_testing::eventually("serving", SOON, async || {
            let status = health(site.address, service).await.status();
            if status == ServingStatus::Serving { Ok(()) } else { Err(format!("{status:?}")) }
        })
        .await;
    }
    let mut client = HealthClient::new(channel(site.address).await);
    let mut watch = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    site.end().await.unwrap();
    // Whatever comes last, the stream ends, so that it does not hold up the server.
    while let Ok(Some(_)) = watch.message().await {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reflection_is_there_when_asked_for() {
    async fn services(site: &Site) -> Result<Vec<String>, tonic::Status> {
        let mut client = ServerReflectionClient::new(channel(site.address).await);
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let answers = client.server_reflection_info(futures::stream::iter([request])).await?;
        match answers.into_inner().message().await?.unwrap().message_response {
            Some(MessageResponse::ListServicesResponse(list)) => {
                Ok(list.service.into_iter().map(|s| s.name).collect())
            }
            other => panic!("{other:?}"),
        }
    }
    let site = Site::start().await;
    assert_eq!(services(&site).await.unwrap_err().code(), tonic::Code::Unimplemented);
    site.end().await.unwrap();
    let site = Site::with(Options { reflection: true, ..options() }).await;
    let found = services(&site).await.unwrap();
    assert!(found.contains(&"task.v1.TaskService".to_owned()), "{found:?}");
    assert!(found.contains(&"grpc.health.v1.Health".to_owned()), "{found:?}");
    site.end().await.unwrap();
}
