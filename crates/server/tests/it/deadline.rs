//! Calls that take long, and those beside them.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use task_server::Options;
use task_testing::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

use crate::support::{Client, SOON, Site, channel, options, refused, spec};

/// Holds up all that looks at tasks, until it is dropped.
async fn hold_up(site: &Site, client: &mut Client) -> PgConnection {
    // What a first call has to prepare, which may take longer than it may.
    eventually("a call is answered", SOON, async || client.create_task(one()).await).await;
    let mut connection = PgConnection::connect(&site.database.url()).await.unwrap();
    for statement in ["begin", "lock table task in access exclusive mode"] {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    connection
}

/// Waits until a call is held up.
async fn until_waiting(held: &mut PgConnection) {
    eventually("a call waits", SOON, async || {
        let waiting = "select count(*) from pg_locks where not granted and locktype = 'relation'
            and database = (select oid from pg_database where datname = current_database())";
        match sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *held).await.unwrap() {
            0 => Err("none does"),
            _ => Ok(()),
        }
    })
    .await;
}

fn one() -> v1::CreateTaskRequest {
    v1::CreateTaskRequest { task: Some(spec("t")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_takes_longer_than_the_service_allows_is_ended() {
    let site = Site::with(Options { request_timeout: Duration::from_millis(500), ..options() }).await;
    let mut client = site.client().await;
    let held = hold_up(&site, &mut client).await;
    refused(client.create_task(one()).await, Code::Cancelled, "no answer within 500ms");
    drop(held);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_shorter_deadline_holds() {
    let site = Site::start().await;
    // A request whose body never comes.
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = "POST /task.v1.TaskService/CreateTask HTTP/1.1\r\nhost: x\r\ngrpc-timeout: 50m\r\n\
                content-type: application/grpc-web+proto\r\ncontent-length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let told = async {
        while !String::from_utf8_lossy(&answer).contains("no%20answer%20within%2050ms") {
            assert_ne!(
                stream.read_buf(&mut answer).await.unwrap(),
                0,
                "{}",
                String::from_utf8_lossy(&answer)
            );
        }
    };
    timeout(SOON, told).await.expect("it is told");
    drop(stream);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_on_one_connection_do_not_wait_for_one_that_takes_long() {
    let site = Site::start().await;
    let channel = channel(site.address).await;
    let mut client = TaskServiceClient::new(channel.clone());
    let mut held = hold_up(&site, &mut client).await;
    let mut other = TaskServiceClient::new(channel);
    let long = tokio::spawn(async move { other.create_task(one()).await });
    until_waiting(&mut held).await;
    for _ in 0..20 {
        let short = client.list_workers(v1::ListWorkersRequest::default());
        timeout(SOON, short).await.expect("an answer").unwrap();
    }
    assert!(!long.is_finished());
    drop(held);
    timeout(SOON, long).await.expect("an answer").unwrap().unwrap();
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_with_its_connection() {
    let site = Site::with(Options { max_calls: 1, ..options() }).await;
    let mut client = site.client().await;
    let mut held = hold_up(&site, &mut client).await;
    let call = tokio::spawn(async move { client.create_task(one()).await });
    until_waiting(&mut held).await;
    call.abort();
    // There is room for one: an answer means that the other has gone.
    let mut client = site.client().await;
    let answer = timeout(SOON, client.list_workers(v1::ListWorkersRequest::default()));
    answer.await.expect("an answer").unwrap();
    drop(held);
    site.end().await.unwrap();
}
