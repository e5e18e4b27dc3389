//! A worker's life: register, run the pipeline until told to stop, give back what is left.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use task_domain::ports::{Error as PortError, Result as PortResult};
use task_domain::{Invalid, Verdict, WorkerId, WorkerInfo};
use task_pipeline::{
    Capacity, ClaimLayer, ExecuteLayer, Heartbeat, Limits, RecordLayer, RetryLayer, Running, Stage, ingest,
    live, metric,
};
use task_plugin::{Registry, UnknownKind};
use task_store::{Session, SessionSettings, migrate};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::{Options, sources};

/// Why a worker did not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option is out of range.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A type was asked for that no plugin runs.
    #[error(transparent)]
    UnknownKind(#[from] UnknownKind),
    /// The database refused the worker for a reason that does not pass.
    #[error("the worker cannot register")]
    Register(#[source] PortError),
}

/// Told once a worker is registered, each time it registers.
pub type Ready = Arc<dyn Fn(WorkerId) + Send + Sync>;

/// Runs a worker until `stop` is cancelled: then it claims nothing more, gives running attempts
/// the grace period, and gives the rest back, which costs them no attempt.
///
/// # Errors
/// [`Error`] where it makes no sense to go on. A database that cannot be reached is waited for.
pub async fn run(
    options: Options,
    plugins: Registry,
    ready: Ready,
    stop: CancellationToken,
) -> Result<(), Error> {
    options.check()?;
    let plugins = if options.kinds.is_empty() { plugins } else { plugins.only(&options.kinds)? };
    metrics::gauge!(metric::SLOTS).set(u32::try_from(options.slots).unwrap_or(u32::MAX));
    // Later a newer server may have migrated the tables ahead, so that this version can still go on.
    let mut is_first = true;
    while !stop.is_cancelled() {
        let Some(session) = register(&options, &plugins, is_first, &stop).await? else { break };
        is_first = false;
        tracing::info!(worker.id = session.id().get(), worker.name = options.name, "worker registered");
        ready(session.id());
        work(session, &options, plugins.clone(), &stop).await;
    }
    Ok(())
}

/// Registers the worker; waits for a database that cannot be reached. Nothing if told to stop.
async fn register(
    options: &Options,
    plugins: &Registry,
    is_first: bool,
    stop: &CancellationToken,
) -> Result<Option<Session>, Error> {
    let info = WorkerInfo {
        name: options.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: crate::options::host(),
        kinds: plugins.kinds(),
        queues: options.queues.clone(),
        slots: u32::try_from(options.slots).unwrap_or(u32::MAX),
    };
    let settings = SessionSettings { lease_time: options.lease_time, poll: options.poll };
    let mut failures = 0u32;
    loop {
        let open = async {
            if is_first {
                migrate::check(&options.database).await?;
            }
            let mut session = Session::open(options.database.clone(), info.clone(), settings.clone()).await?;
            session.describe(&plugins.described()).await?;
            Ok::<_, PortError>(session)
        };
        match open.await {
            Ok(session) => return Ok(Some(session)),
            Err(error) if error.is_retryable() => {
                if failures == 0 {
                    let reason =
                        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    let place = options.database.describe();
                    tracing::warn!(reason, "waiting for {place}");
                }
            }
            Err(error) => return Err(Error::Register(error)),
        }
        failures = failures.saturating_add(1);
        let cap = Duration::from_millis(100) * 2u32.pow(failures.min(6));
        tokio::select! {
            () = tokio::time::sleep(cap.min(Duration::from_secs(5)).mul_f64(rand::random())) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// Runs the pipeline under one session, until told to stop or until the session's lease is lost.
async fn work(mut session: Session, options: &Options, plugins: Registry, stop: &CancellationToken) {
    let capacity = Capacity::new(options.slots);
    let running = Running::default();
    let limits = Limits { timeout: options.timeout };
    // Ends the claims: told to stop, or the session is lost.
    let drain = stop.child_token();
    let (look, due) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let sources = vec![
        sources::hints(session.wake_ups(), look.clone(), due.clone()),
        sources::due(session.promoter(), due),
    ];

    // The whole pipeline, in the order a task travels.
    let mut recorded = ingest(sources, drain.clone()) // whatever brings work in, as one stream
        .stage(ClaimLayer::new(|| session.claimer(), capacity.clone())) // one short statement, for free slots only
        .stage(ExecuteLayer::new(plugins, limits, capacity.clone(), running.clone(), drain.clone())) // foreign code
        .stage(RetryLayer::new(options.retry)) // decides, so that recording is a single write
        .stage(RecordLayer::new(|| session.recorder(), capacity.clone())); // last: the fenced write that ends the lease

    // On a task of its own: what it starts then runs on the same threads, not by way of a queue that
    // all of them share.
    let pipeline = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(recorded) = recorded.next().await {
            if recorded.verdict == Verdict::Stale {
                tracing::info!(task.id = recorded.lease.task.get(), "a stale outcome was refused");
            }
        }
    }));
    let heartbeat = Heartbeat { running, capacity, drain, look };
    match live(&mut session, &heartbeat, options.grace, pipeline).await {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            tracing::error!(%error, "the pipeline broke off; leases will bring its tasks back");
        }
        None => {
            tracing::warn!("not all outcomes could be written in time; leases will bring the tasks back");
        }
    }
    if let Err(error) = end(session).await {
        tracing::warn!(%error, "the worker could not sign off; its lease will run out");
    }
}

async fn end(session: Session) -> PortResult<()> {
    const LIMIT: Duration = Duration::from_secs(1);
    match tokio::time::timeout(LIMIT, session.end("stopped")).await {
        Ok(ended) => ended,
        Err(_) => Err(PortError::Unavailable("no answer in time".into())),
    }
}
