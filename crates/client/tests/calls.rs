//! Calls against a service that answers as told: deadlines, repeats, keys, pages, wrong ports.

mod fake;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fake::{Fake, client};
use futures::TryStreamExt;
use task_client::{Client, Error, Options, Unreached};
use task_proto::v1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonic::Status;

#[tokio::test]
async fn a_create_is_repeated_with_the_same_key_and_counts_as_made() {
    let fake = Arc::new(Fake::default());
    let made_before = v1::CreateTaskResponse { id: 7, created: false, ..Default::default() };
    fake.creates.lock().unwrap().extend([Err(Status::unavailable("restarting")), Ok(made_before)]);
    let answer = client(fake.serve().await).create(v1::TaskSpec::default()).await.unwrap();
    assert_eq!((answer.id, answer.created), (7, true));
    let keys = fake.keys.lock().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(!keys[0].is_empty());
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn the_callers_own_key_is_kept_and_told_apart() {
    let fake = Arc::new(Fake::default());
    let made_before = v1::CreateTaskResponse { id: 7, created: false, ..Default::default() };
    fake.creates.lock().unwrap().push_back(Ok(made_before));
    let task = v1::TaskSpec { idempotency_key: "mine".into(), ..Default::default() };
    let client = client(fake.serve().await);
    assert!(!client.create(task.clone()).await.unwrap().created);
    let batch = client.create_batch(vec![task, v1::TaskSpec::default()]).await.unwrap();
    let created: Vec<bool> = batch
        .results
        .into_iter()
        .map(|r| matches!(r.result, Some(v1::create_task_result::Result::Task(t)) if t.created))
        .collect();
    assert_eq!(created, [false, true]);
    assert_eq!(fake.keys.lock().unwrap()[..2], ["mine", "mine"]);
}

#[tokio::test]
async fn a_cancel_that_may_have_been_done_is_not_repeated() {
    let fake = Arc::new(Fake::default());
    let answer = Ok(v1::CancelTaskResponse::default());
    fake.cancels.lock().unwrap().extend([Err(Status::unavailable("the database is away")), answer]);
    let error = client(fake.serve().await).cancel(7, "").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(fake.cancels.lock().unwrap().len(), 1, "asked once");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let fake = Arc::new(Fake::default());
    let invalid = task_domain::Invalid::new("name", "must not be empty");
    fake.creates.lock().unwrap().extend([
        Err(task_proto::status::from_invalid(&invalid)),
        Err(Status::already_exists("key `k` was used for task 3")),
    ]);
    fake.gets.lock().unwrap().push_back(Err(Status::not_found("there is no task 9")));
    let client = client(fake.serve().await);
    let error = client.create(v1::TaskSpec::default()).await.unwrap_err();
    assert!(matches!(&error, Error::Invalid { field: Some(f), .. } if f == "name"), "{error:?}");
    let error = client.create(v1::TaskSpec::default()).await.unwrap_err();
    assert!(matches!(error, Error::KeyReused(_)), "{error:?}");
    let error = client.get(9).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound(m) if m == "there is no task 9"), "{error:?}");
    let error = client.retry(7, "").await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    let fake = Arc::new(Fake::default());
    let options = Options::default().deadline(Duration::from_millis(300));
    let client = Client::new(&fake.serve().await.to_string(), options).unwrap();
    let error = client.get(1).await.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
}

#[tokio::test]
async fn a_deadline_tells_the_last_refusal() {
    let fake = Arc::new(Fake::default());
    fake.gets.lock().unwrap().push_back(Err(Status::unavailable("the database cannot be reached")));
    let options = Options::default().deadline(Duration::from_millis(500));
    let client = Client::new(&fake.serve().await.to_string(), options).unwrap();
    // The second try is never answered.
    let error = client.get(1).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(told) if told.contains("database")), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(address).get(1).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { why: Unreached::Nobody(_), .. }), "{error:?}");
    assert!(error.to_string().contains("is the server running?"), "{error}");
}

#[tokio::test]
async fn a_server_that_comes_up_meanwhile_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Connections wait in the backlog, unanswered, until the service takes them.
    let call = tokio::spawn({
        let client = Client::new(&address.to_string(), Options::default()).unwrap();
        async move { client.status_counts(Vec::new()).await }
    });
    let fake = Arc::new(Fake::default());
    let service = v1::task_service_server::TaskServiceServer::from_arc(fake);
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
    call.await.unwrap().unwrap();
}

/// Serves every connection the same words, after reading some.
async fn speaks(words: &'static str, reads_first: bool) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            if !reads_first || stream.read(&mut buffer).await.is_ok() {
                let _ = stream.write_all(words.as_bytes()).await;
            }
        }
    });
    let options = Options::default().deadline(Duration::from_mins(1)).patience(Duration::from_mins(1));
    Client::new(&address.to_string(), options).unwrap()
}

fn assert_something_else(error: &Error, words: &str) {
    let told = error.to_string();
    assert!(
        matches!(error, Error::Unreachable { why: Unreached::SomethingElse(_), .. }) && told.contains(words),
        "{error:?}"
    );
}

#[tokio::test]
async fn something_else_on_the_port_is_said_so_at_once() {
    let start = Instant::now();
    let web = speaks("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", true).await;
    assert_something_else(&web.get(1).await.unwrap_err(), "HTTP/1");
    let mail = speaks("220 mail.example.com ESMTP ready\r\n", false).await;
    assert_something_else(&mail.get(1).await.unwrap_err(), "220 mail");
    assert!(start.elapsed() < Duration::from_secs(30), "long before the deadline of a minute");
}

#[tokio::test]
async fn a_web_server_on_http2_is_something_else_too() {
    for (code, body) in [(404, "no such page"), (200, "<html>hello</html>")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let code = axum::http::StatusCode::from_u16(code).unwrap();
        let pages = axum::Router::new().fallback(move || async move { (code, body) });
        let routes = tonic::service::Routes::from(pages);
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
        assert_something_else(&client(address).get(1).await.unwrap_err(), "gRPC");
    }
}

#[tokio::test]
async fn pages_follow_each_other_even_over_an_empty_one() {
    let fake = Arc::new(Fake::default());
    let page = |ids: &[i64], token: &str| v1::ListTasksResponse {
        tasks: ids.iter().map(|&id| v1::TaskSummary { id, ..Default::default() }).collect(),
        next_page_token: token.to_owned(),
    };
    fake.pages.lock().unwrap().extend([page(&[9, 8], "a"), page(&[], "b"), page(&[7], "")]);
    let client = client(fake.serve().await);
    let tasks: Vec<_> = client.tasks(v1::TaskFilter::default()).try_collect().await.unwrap();
    assert_eq!(tasks.iter().map(|t| t.id).collect::<Vec<_>>(), [9, 8, 7]);
    assert_eq!(*fake.tokens.lock().unwrap(), ["", "a", "b"]);
}

#[tokio::test]
async fn a_long_history_is_read_in_pages() {
    let client = client(Arc::new(Fake::default()).serve().await);
    let entries: Vec<_> = client.changes(7, 0).try_collect().await.unwrap();
    assert!(entries.iter().map(|e| e.version).eq(1..=2_500));
}

#[tokio::test]
async fn addresses_that_cannot_be_used_are_refused() {
    for bad in ["", "https://127.0.0.1:1", "ftp://h", "http://", "http://h/path", "http://h:99999", "a b"] {
        let error = Client::new(bad, Options::default()).unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{bad}: {error:?}");
    }
    assert_eq!(Client::new("h:1", Options::default()).unwrap().address(), "http://h:1");
}
