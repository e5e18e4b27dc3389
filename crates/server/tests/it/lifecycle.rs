//! Start and stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use task_server::{Error, Options, Server};
use task_store::{Settings, Store};
use task_testing::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::support::{SOON, Site, Watching, by_filter, create, options, refused, spec};

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
async fn a_connection_of_age_makes_way_and_what_runs_on_it_goes_on() {
    let site = Site::with(Options { connection_age: Duration::from_millis(300), ..options() }).await;
    let (address, made) = (site.address, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&made);
    let connect = tower::service_fn(move |_| {
        counted.fetch_add(1, Relaxed);
        async move { TcpStream::connect(address).await.map(TokioIo::new) }
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = TaskServiceClient::new(endpoint.connect_with_connector_lazy(connect));
    let id = eventually("a task", SOON, async || {
        let request = v1::CreateTaskRequest { task: Some(spec("t")) };
        client.create_task(request).await.map(|answer| answer.into_inner().id)
    })
    .await;
    let mut watch = Watching::of(&mut client, &[id]).await;
    assert_eq!(watch.change().await, (id, 1, v1::Status::Pending));
    let before = made.load(Relaxed);
    // Each call goes by the newest connection.
    eventually("another connection", SOON, async || {
        client.list_workers(v1::ListWorkersRequest::default()).await.map_err(|e| e.to_string())?;
        if made.load(Relaxed) > before { Ok(()) } else { Err("none".to_owned()) }
    })
    .await;
    client.cancel_task(v1::CancelTaskRequest { id, ..Default::default() }).await.unwrap();
    assert_eq!(watch.change().await, (id, 2, v1::Status::Cancelled));
    site.end().await.unwrap();
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
