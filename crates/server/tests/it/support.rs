//! A server on a database of its own, and a worker that does what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use task_domain::ports::{Claim, Record};
use task_domain::{Claimed, Decision, Kind, KindInfo, Settled, Verdict, WorkerInfo};
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use task_proto::v1::watch_tasks_response::Event;
use task_server::{Error, Options, Server};
use task_store::{Claimer, Recorder, Session, SessionSettings, Settings, Store};
use task_testing::Database;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

/// How long a test waits for what has to happen, before it says that it did not.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) type Client = TaskServiceClient<Channel>;

/// A running server. Its database goes away with it.
pub(crate) struct Site {
    pub(crate) database: Database,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<Result<(), Error>>,
}

impl Site {
    /// On a fresh database, with everything at its default but the port.
    pub(crate) async fn start() -> Self {
        Self::with(options()).await
    }

    /// On a fresh database.
    pub(crate) async fn with(options: Options) -> Self {
        Self::on(Database::new().await, options).await
    }

    /// On a database.
    pub(crate) async fn on(database: Database, options: Options) -> Self {
        let store = Store::new(Settings::new(&database.url()).unwrap());
        let server = Server::bind(options, store).await.unwrap();
        let (address, stop) = (server.local_addr(), CancellationToken::new());
        let running = tokio::spawn(server.run(stop.clone()));
        Self { database, address, stop, running }
    }

    pub(crate) async fn client(&self) -> Client {
        client(self.address).await
    }

    /// A live worker of these types.
    pub(crate) async fn worker(&self, kinds: &[&str]) -> Worker {
        Worker::start(&self.database, kinds).await
    }

    /// Stops it in good order.
    pub(crate) async fn end(self) -> Result<(), Error> {
        self.stop.cancel();
        timeout(SOON, self.running).await.expect("the server ends").expect("without a panic")
    }
}

/// The defaults, on a free port.
pub(crate) fn options() -> Options {
    Options { listen: "127.0.0.1:0".to_owned(), ..Options::default() }
}

pub(crate) async fn channel(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

pub(crate) async fn client(address: SocketAddr) -> Client {
    TaskServiceClient::new(channel(address).await).max_decoding_message_size(task_proto::MAX_MESSAGE_BYTES)
}

/// A worker by hand: it claims and records when the test says so.
pub(crate) struct Worker {
    claimer: Claimer,
    recorder: Recorder,
    /// Keeps the lease.
    session: Session,
}

impl Worker {
    async fn start(database: &Database, kinds: &[&str]) -> Self {
        let info = WorkerInfo {
            name: "by hand".to_owned(),
            host: "host".into(),
            version: "0".to_owned(),
            kinds: kinds.iter().map(|k| Kind::new(k).unwrap()).collect(),
            queues: Vec::new(),
            slots: 8,
        };
        let settings = Settings::new(&database.url()).unwrap();
        // Longer than any test: nobody renews it.
        let options = SessionSettings { lease_time: Duration::from_mins(5), ..SessionSettings::default() };
        let session = Session::open(settings, info, options).await.unwrap();
        Self { claimer: session.claimer(), recorder: session.recorder(), session }
    }

    /// Notes what a plugin would say of a type.
    pub(crate) async fn describe(&mut self, info: &KindInfo) {
        self.session.describe(std::slice::from_ref(info)).await.unwrap();
    }

    /// Claims so many tasks, which must be there.
    pub(crate) async fn claim(&mut self, count: usize) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        while claimed.len() < count {
            let more = self.claimer.claim(count - claimed.len()).await.unwrap();
            assert!(!more.is_empty(), "only {} of {count} tasks wait", claimed.len());
            claimed.extend(more);
        }
        claimed
    }

    /// Records the same decision for all of them.
    pub(crate) async fn record(&mut self, claimed: &[Claimed], decision: &Decision) {
        let settle = |c: &Claimed| Settled { lease: c.lease, decision: decision.clone() };
        let batch: Vec<_> = claimed.iter().map(settle).collect();
        let verdicts = self.recorder.record(&batch).await.unwrap();
        assert!(verdicts.iter().all(|v| *v == Verdict::Recorded), "{verdicts:?}");
    }

    /// Claims so many tasks and has them succeed.
    pub(crate) async fn succeed(&mut self, count: usize) {
        let claimed = self.claim(count).await;
        self.record(&claimed, &Decision::Succeed(None)).await;
    }
}

pub(crate) fn spec(kind: &str) -> v1::TaskSpec {
    v1::TaskSpec { name: "a task".to_owned(), r#type: kind.to_owned(), ..v1::TaskSpec::default() }
}

/// Creates a task and returns its id.
pub(crate) async fn create(client: &mut Client, kind: &str) -> i64 {
    let request = v1::CreateTaskRequest { task: Some(spec(kind)) };
    client.create_task(request).await.unwrap().into_inner().id
}

/// Creates tasks and returns their ids.
pub(crate) async fn create_many(client: &mut Client, kind: &str, count: usize) -> Vec<i64> {
    let request = v1::CreateTasksRequest { tasks: vec![spec(kind); count] };
    let results = client.create_tasks(request).await.unwrap().into_inner().results;
    let id = |r: v1::CreateTaskResult| match r.result {
        Some(v1::create_task_result::Result::Task(task)) => task.id,
        other => panic!("{other:?}"),
    };
    results.into_iter().map(id).collect()
}

/// An open watch, read one message at a time.
pub(crate) struct Watching(pub(crate) Streaming<v1::WatchTasksResponse>);

impl Watching {
    pub(crate) async fn open(client: &mut Client, request: v1::WatchTasksRequest) -> Self {
        let mut watching = Self(client.watch_tasks(request).await.unwrap().into_inner());
        let first = watching.message().await.unwrap().unwrap();
        assert_eq!(first, Event::Heartbeat(v1::Heartbeat {}), "a watch greets when it is in place");
        watching
    }

    pub(crate) async fn of(client: &mut Client, ids: &[i64]) -> Self {
        Self::open(client, by_id(ids)).await
    }

    pub(crate) async fn message(&mut self) -> Result<Option<Event>, Status> {
        let message = timeout(SOON, self.0.message()).await.expect("a message in time")?;
        Ok(message.map(|m| m.event.expect("an event")))
    }

    /// The next event that is no heartbeat.
    pub(crate) async fn event(&mut self) -> Result<Option<Event>, Status> {
        loop {
            match self.message().await? {
                Some(Event::Heartbeat(_)) => {}
                other => return Ok(other),
            }
        }
    }

    /// The next event, which must be a change: task, version and status.
    pub(crate) async fn change(&mut self) -> (i64, i32, v1::Status) {
        match self.event().await {
            Ok(Some(Event::Change(change))) => {
                let entry = change.entry.unwrap();
                (entry.task_id, entry.version, entry.status())
            }
            other => panic!("no change but {other:?}"),
        }
    }

    /// Fails unless the watch has ended well.
    pub(crate) async fn ended(&mut self) {
        assert_eq!(self.event().await.unwrap(), None);
    }
}

pub(crate) fn by_id(ids: &[i64]) -> v1::WatchTasksRequest {
    let tasks = ids.iter().map(|id| v1::TaskCursor { id: *id, after_version: 0 }).collect();
    v1::WatchTasksRequest { tasks, filter: None, interval: None }
}

pub(crate) fn by_filter(filter: v1::TaskFilter) -> v1::WatchTasksRequest {
    v1::WatchTasksRequest { tasks: Vec::new(), filter: Some(filter), interval: None }
}

/// Fails unless a call was refused with this code and a sentence that holds this.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, told: &str) {
    let status = answer.expect_err("a refusal");
    assert_eq!(status.code(), code, "{status:?}");
    assert!(status.message().contains(told), "`{}` does not say `{told}`", status.message());
}
