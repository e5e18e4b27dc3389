//! Start and stop.

use std::time::Duration;

use task_proto::v1;
use task_server::{Error, Options, Server};
use task_store::{Settings, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use crate::support::{SOON, Site, Watching, by_filter, create, options, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_end_with_the_server_and_say_why() {
    // Far longer than the test may take: only watches that end let the server end in time.
    let site = Site::with(Options { shutdown_grace: Duration::from_mins(10), ..options() }).await;
    let mut client = site.client().await;
    let id = create(&mut client, "t").await;
    let mut watches = Vec::new();
    for _ in 0..50 {
        watches.push(Watching::of(&mut client, &[id]).await);
        watches.push(Watching::open(&mut client, by_filter(v1::TaskFilter::default())).await);
    }
    site.end().await.unwrap();
    for mut watch in watches {
        let status = loop {
            match watch.event().await {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        refused(status, Code::Unavailable, "the server is shutting down; resume elsewhere or later");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_hangs_is_cut_off_after_the_grace_period() {
    let site = Site::with(Options { shutdown_grace: Duration::from_millis(50), ..options() }).await;
    // A request whose body never comes.
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = "POST /task.v1.TaskService/CreateTask HTTP/1.1\r\nhost: x\r\n\
                content-type: application/grpc-web+proto\r\ncontent-length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // It is in once the server has read it: a second connection is answered after the first.
    site.client().await.list_tasks(v1::ListTasksRequest::default()).await.unwrap();
    site.end().await.unwrap();
    let mut rest = Vec::new();
    // Cut, one way or the other.
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await.expect("the connection is cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_is_taken_once_stopped() {
    let site = Site::start().await;
    let address = site.address;
    site.client().await.list_tasks(v1::ListTasksRequest::default()).await.unwrap();
    site.end().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_told_with_what_to_do() {
    let site = Site::start().await;
    let listen = site.address.to_string();
    let store = Store::new(Settings::new(&site.database.url()).unwrap());
    let error = Server::bind(Options { listen: listen.clone(), ..options() }, store).await.err().unwrap();
    assert!(matches!(error, Error::InUse { .. }));
    let told = error.to_string();
    assert!(told.contains(&listen) && told.contains("--listen"), "{told}");
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_none_is_told() {
    let store = Store::new(Settings::new("postgres://nobody@127.0.0.1:1/none").unwrap());
    let bad = Options { listen: "not an address".to_owned(), ..options() };
    let error = Server::bind(bad, store).await.err().unwrap();
    assert!(error.to_string().contains("give host:port with --listen"), "{error}");
}
