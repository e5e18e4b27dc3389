//! Postgres away at the start and later.

use std::net::SocketAddr;

use task_embedded::Shutdown;
use task_proto::v1;
use task_testing::{eventually, own_cluster};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use crate::support::{SOON, Site, Watching, create, options, refused};

async fn readiness(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn until_ready(address: SocketAddr) {
    eventually("ready", SOON, async || {
        let answer = readiness(address).await;
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_outlives_its_database_and_comes_alive_by_itself() {
    let mut cluster = own_cluster().await;
    let database = cluster.empty_database().await;
    cluster.postgres.shut_down(Shutdown::Fast).await.unwrap();

    // Away at the start: alive, not ready, and calls say so.
    let site = Site::on(database, options()).await;
    let answer = eventually("an answer", SOON, async || {
        let answer = readiness(site.address).await;
        if answer.contains("not ready: the database cannot be reached: ") { Ok(answer) } else { Err(answer) }
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let mut client = site.client().await;
    refused(client.list_tasks(v1::ListTasksRequest::default()).await, Code::Unavailable, "is starting");

    // It comes: the schema is made and all works.
    cluster.postgres.restart().await.unwrap();
    until_ready(site.address).await;
    let id = create(&mut client, "t").await;
    let mut watch = Watching::of(&mut client, &[id]).await;
    assert_eq!(watch.change().await.1, 1);

    // It goes and comes again: the watch stays open and misses nothing.
    cluster.postgres.shut_down(Shutdown::Fast).await.unwrap();
    eventually("not ready", SOON, async || {
        let answer = readiness(site.address).await;
        if answer.starts_with("HTTP/1.1 503") { Ok(()) } else { Err(answer) }
    })
    .await;
    refused(client.get_task(v1::GetTaskRequest { id }).await, Code::Unavailable, "try again");
    cluster.postgres.restart().await.unwrap();
    until_ready(site.address).await;
    let cancel = v1::CancelTaskRequest { id, reason: String::new() };
    eventually("cancelled", SOON, async || client.cancel_task(cancel.clone()).await).await;
    assert_eq!(watch.change().await, (id, 2, v1::Status::Cancelled));
    watch.ended().await;
    site.end().await.unwrap();
}
