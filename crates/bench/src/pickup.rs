//! Line 4: from the create call sent to the plugin started, at random arrivals.

mod commits;
mod noting;
mod parts;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::transport::Channel;

use crate::bench::Bench;
use crate::floor::Floor;
use crate::life;
use crate::postgres::Postgres;
use crate::processes::Process;
use crate::report::{Bar, Figure, Unit};
use crate::scene::client;
use crate::statistics::{number, percentile};
use commits::Commits;
use noting::{KIND, Moments, Worker};

/// Sparse arrivals, in a second.
const SPARSE: f64 = 8.0;
/// Tasks in each create at the whole-life rate.
const BATCH: u64 = 100;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let time = bench.sizes.pickup;
    bench.postgres.fresh().await?;
    let (server, url) = Process::server(&bench.postgres.url()).await?;
    sparse(bench, &url, time).await?;
    let few = Arrivals { rate: 300.0, batch: 1, time: (time / 2).max(Duration::from_secs(5)) };
    let pickups = few.measure(&bench.postgres, &url).await?;
    tell(bench, "pickup at 300/s", &pickups, (Bar::None, Bar::AtMost(6.0))).await?;
    server.stop().await?;
    busy(bench).await
}

/// Arrivals at a share of the rate of whole lives. Machines become slower and faster within minutes, so that rate is
/// measured right before, and once more right after.
async fn busy(bench: &mut Bench) -> Result<()> {
    let lives = life::measure(&bench.postgres, bench.sizes.tasks).await?.rate;
    bench.postgres.fresh().await?;
    let (server, url) = Process::server(&bench.postgres.url()).await?;
    let many = Arrivals { rate: 0.7 * lives / number(BATCH), batch: BATCH, time: Duration::from_secs(10) };
    let name = "arrivals at 0.7 of lives";
    bench.report.note(&Figure::new(4, name, Unit::PerSecond, Bar::None), 0.7 * lives);
    let commits = Commits::start(&bench.postgres).await?;
    let pickups = many.measure(&bench.postgres, &url).await?;
    let commits = commits.stop().await?;
    let name = "pickup at 0.7 of lives, batches of 100";
    tell(bench, name, &pickups, (Bar::None, Bar::AtMost(50.0))).await?;
    for (of, share) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
        let name = format!("plain SQL's commit of one row meanwhile, {of}");
        bench.report.note(&Figure::new(4, name, Unit::Milliseconds, Bar::None), percentile(&commits, share));
    }
    server.stop().await?;
    let after = life::measure(&bench.postgres, bench.sizes.tasks).await?.rate;
    let figure = Figure::new(4, "whole lives right after", Unit::PerSecond, Bar::None);
    bench.report.share(&figure, after, lives, "right before");
    Ok(())
}

async fn tell(bench: &mut Bench, name: &str, pickups: &[Pickup], bars: (Bar, Bar)) -> Result<()> {
    let times: Vec<_> = pickups.iter().map(|pickup| pickup.took).collect();
    let figure = |share, bar| Figure::new(4, format!("{name}, {share}"), Unit::Milliseconds, bar);
    bench.report.note(&figure("p50", bars.0), percentile(&times, 0.5));
    bench.report.note(&figure("p99", bars.1), percentile(&times, 0.99));
    parts::tell(&mut bench.report, &bench.postgres, name, pickups).await
}

/// Sparse arrivals, by turns with the floor, so that both meet the same minute.
async fn sparse(bench: &mut Bench, url: &str, time: Duration) -> Result<()> {
    let mut floor = Floor::start(&bench.postgres).await?;
    let arrivals = Arrivals { rate: SPARSE, batch: 1, time };
    let moments = Moments::new(arrivals.most());
    let worker = Worker::start(&bench.postgres, moments.clone()).await?;
    let mut client = client(url)?;
    let (mut floors, mut pickups) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    let mut number = 0;
    while begun.elapsed() < time {
        sleep(arrivals.gap()).await;
        floors.push(floor.once().await?);
        sleep(arrivals.gap()).await;
        let sent = Sent::now(&moments);
        client.create_task(request(number)).await?;
        let pickup = sent.started(number, moments.wait(number).await?);
        // The first few meet new connections, plans and lanes.
        if number >= 5 {
            pickups.push(pickup);
        }
        number += 1;
    }
    worker.stop().await?;
    let floors = &floors[5.min(floors.len() - 1)..];
    let lowest = percentile(floors, 0.5);
    let figure = Figure::new(4, "floor, p50", Unit::Milliseconds, Bar::None);
    bench.report.note(&figure, lowest);
    let figure = Figure::new(4, "floor, p99", Unit::Milliseconds, Bar::None);
    bench.report.note(&figure, percentile(floors, 0.99));
    let times: Vec<_> = pickups.iter().map(|pickup| pickup.took).collect();
    for (name, share, bar) in [("p50", 0.5, 1.6), ("p99", 0.99, 3.0)] {
        let name = format!("pickup, sparse, {name}");
        let figure = Figure::new(4, name, Unit::Milliseconds, Bar::AtMost(bar));
        bench.report.share(&figure, percentile(&times, share), lowest, "floor's p50");
    }
    parts::tell(&mut bench.report, &bench.postgres, "pickup, sparse", &pickups).await
}

/// One task's way from the call to the start.
#[derive(Clone, Copy, Debug)]
struct Pickup {
    task: u64,
    /// When the call was sent, in milliseconds since 1970.
    sent: f64,
    /// Milliseconds from there to the start.
    took: f64,
}

/// When a call was sent, by a clock that only goes forward and by that of the wall.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Duration,
    wall: f64,
}

impl Sent {
    fn now(moments: &Moments) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { at: moments.now(), wall: millis(wall) }
    }

    fn started(self, task: u64, at: Duration) -> Pickup {
        Pickup { task, sent: self.wall, took: millis(at.saturating_sub(self.at)) }
    }
}

/// Creates that come at random, whether or not those before were answered.
struct Arrivals {
    /// Creates a second.
    rate: f64,
    /// Tasks in each.
    batch: u64,
    time: Duration,
}

impl Arrivals {
    /// Time to the next create.
    fn gap(&self) -> Duration {
        Duration::from_secs_f64(-(1.0 - rand::random::<f64>()).ln() / self.rate)
    }

    /// More tasks than will come.
    fn most(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and far below 2^52"
        )]
        let creates = (self.rate * self.time.as_secs_f64() * 1.5) as usize + 200;
        creates * usize::try_from(self.batch).unwrap_or(1)
    }

    /// From the call sent to the plugin started, for each task.
    async fn measure(&self, postgres: &Postgres, url: &str) -> Result<Vec<Pickup>> {
        let moments = Moments::new(self.most());
        let worker = Worker::start(postgres, moments.clone()).await?;
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(client(url)?);
        }
        let mut calls = JoinSet::new();
        let mut sent = Vec::new();
        let mut at = Instant::now();
        let until = at + self.time;
        let mut from = 0;
        while at < until && from + self.batch <= self.most() as u64 {
            sleep_until(at).await;
            sent.push(Sent::now(&moments));
            let client = clients[sent.len() % clients.len()].clone();
            calls.spawn(create(client, from, self.batch));
            from += self.batch;
            at += self.gap();
        }
        while let Some(call) = calls.join_next().await {
            call??;
        }
        let mut pickups = Vec::new();
        for task in 0..from {
            let started = moments.wait(task).await?;
            pickups.push(sent[usize::try_from(task / self.batch)?].started(task, started));
        }
        worker.stop().await?;
        // The first second meets new connections and plans.
        let warm = pickups.len() / 10;
        Ok(pickups.split_off(warm))
    }
}

async fn create(mut client: TaskServiceClient<Channel>, from: u64, batch: u64) -> Result<()> {
    if batch == 1 {
        client.create_task(request(from)).await?;
    } else {
        let tasks = (from..from + batch).map(spec).collect();
        client.create_tasks(v1::CreateTasksRequest { tasks }).await?;
    }
    Ok(())
}

fn spec(number: u64) -> v1::TaskSpec {
    v1::TaskSpec { name: number.to_string(), r#type: KIND.into(), ..Default::default() }
}

fn request(number: u64) -> v1::CreateTaskRequest {
    v1::CreateTaskRequest { task: Some(spec(number)) }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// Waits for something that is looked at, for a minute at most.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if begun.elapsed() > Duration::from_mins(1) {
            bail!("{what} took more than a minute");
        }
        sleep(Duration::from_millis(1)).await;
    }
}
