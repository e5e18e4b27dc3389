//! F23: watchers that read a message a second, or nothing at all, beside others that read.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use task_proto::v1::watch_tasks_response::Event;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use tonic::transport::Endpoint;

use crate::case::{Case, End, finish};
use crate::evidence::Evidence;
use crate::figures::Outcome;
use crate::load::{self, Load, Mix};
use crate::options::Options;
use crate::scene::{self, Scene};

pub(super) const CASE: Case = Case {
    id: "F23",
    about: "watchers that read one message a second or none, beside others that do",
    invariants: &["I9", "I11"],
    run: |options| run(options).boxed(),
};

/// Room that a slow watcher gives the server: what HTTP/2 starts with.
const WINDOW: u32 = 65_535;
/// Silence after which a watcher has read all there is.
const SILENCE: Duration = Duration::from_secs(4);
/// Memory that a server may use more while it is not read, in KiB.
const MOST_MORE: u64 = 64 << 10;

/// What a slow watcher saw.
#[derive(Debug, Default)]
struct Seen {
    newest: HashMap<i64, i32>,
    resyncs: u64,
    /// Versions that came out of their order.
    backwards: u64,
    messages: u64,
}

async fn run(options: Options) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let plan = scene::Plan { slots: 100, ..scene::Plan::default() };
    let scene = Scene::start(&options, &plan).await?;
    let address = scene.addresses().remove(0);
    let over = CancellationToken::new();
    let mut watchers = JoinSet::new();
    for number in 0..options.pick(6, 60) {
        let stream = open(&address).await?;
        let pace = (number % 2 == 0).then_some(Duration::from_secs(1));
        watchers.spawn(read(stream, pace, over.clone()));
    }
    let before = scene.servers[0].process.usage().rss_kib;
    let mix = Mix { least_ms: 0, usual_ms: 5, long_ms: 100, failing: 6 };
    let (clients, rate) = options.pick((16, 300), (32, 800));
    let load = load::Plan { clients, rate, mix, followed: 50, ..load::Plan::default() };
    let load = Load::start(scene.addresses(), &load, options.seed);
    sleep(options.time(8, 120)).await;
    let after = scene.servers[0].process.usage().rss_kib;
    // The load goes on, so that there is more to read than what was there.
    over.cancel();
    sleep(Duration::from_secs(1)).await;
    let (more, watching) = (after.saturating_sub(before), watchers.len());
    outcome.must(more <= MOST_MORE, || format!("I11: the server uses {more} KiB more"));
    // Ends the load first: watchers read until all is silent.
    let evidence = finish_with(&mut outcome, scene, load, &mut watchers).await?;
    outcome.figure("watchers", watching);
    outcome.figure("server_rss_more_kib", more);
    outcome.figure("tasks", evidence.tasks.len());
    Ok(outcome)
}

/// Ends the case; the servers have to be there until the slow watchers have read all.
async fn finish_with(
    outcome: &mut Outcome,
    scene: Scene,
    load: Load,
    watchers: &mut JoinSet<Result<Seen>>,
) -> Result<Evidence> {
    let load = load.pause().await?;
    crate::invariants::all_ended(outcome, &scene.pool, Duration::from_mins(1)).await?;
    let mut seen = Vec::new();
    while let Some(watcher) = watchers.join_next().await {
        seen.push(watcher??);
    }
    let evidence = finish(outcome, scene, load, End::default()).await?;
    for seen in &seen {
        judge(outcome, seen, &evidence);
    }
    outcome.figure("resyncs", seen.iter().map(|seen| seen.resyncs).sum::<u64>());
    outcome.figure("messages_read", seen.iter().map(|seen| seen.messages).sum::<u64>());
    Ok(evidence)
}

async fn open(address: &str) -> Result<Streaming<v1::WatchTasksResponse>> {
    let endpoint = Endpoint::from_shared(address.to_owned())?;
    let channel =
        endpoint.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW).connect().await?;
    let request =
        v1::WatchTasksRequest { tasks: Vec::new(), filter: Some(v1::TaskFilter::default()), interval: None };
    Ok(TaskServiceClient::new(channel).watch_tasks(request).await?.into_inner())
}

/// Reads at its pace, or not at all, until told; then all there is.
async fn read(
    mut stream: Streaming<v1::WatchTasksResponse>,
    pace: Option<Duration>,
    over: CancellationToken,
) -> Result<Seen> {
    let mut seen = Seen::default();
    if let Some(pace) = pace {
        while !over.is_cancelled() {
            sleep(pace).await;
            seen.note(stream.message().await?);
        }
    }
    over.cancelled().await;
    let end = Instant::now() + Duration::from_mins(2);
    while let Ok(message) = timeout(SILENCE, stream.message()).await
        && Instant::now() < end
    {
        let message = message?;
        let is_end = message.is_none();
        seen.note(message);
        if is_end {
            break;
        }
    }
    Ok(seen)
}

impl Seen {
    fn note(&mut self, message: Option<v1::WatchTasksResponse>) {
        self.messages += 1;
        match message.and_then(|message| message.event) {
            Some(Event::Change(change)) => {
                let entry = change.entry.unwrap_or_default();
                let newest = self.newest.entry(entry.task_id).or_default();
                self.backwards += u64::from(entry.version <= *newest);
                *newest = entry.version;
            }
            Some(Event::Resync(_)) => self.resyncs += 1,
            Some(Event::Heartbeat(_)) | None => {}
        }
    }
}

/// What was left out must have been told.
fn judge(outcome: &mut Outcome, seen: &Seen, evidence: &Evidence) {
    outcome.must(seen.backwards == 0, || format!("I9: {} changes came out of their order", seen.backwards));
    let missed = evidence.tasks.iter().filter(|(id, task)| {
        let newest = task.changes.last().map_or(0, |change| change.version);
        seen.newest.get(id).copied().unwrap_or(0) < newest
    });
    let missed = missed.count();
    outcome.must(missed == 0 || seen.resyncs > 0, || {
        format!("I9: a watch left out the end of {missed} tasks and did not say so")
    });
}
