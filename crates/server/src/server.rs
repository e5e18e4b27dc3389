//! Starts and stops a server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use task_domain::ports;
use task_proto::v1::task_service_server::SERVICE_NAME;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::readiness::{Readiness, State};
use crate::service::Service;
use crate::watch::Hub;
use crate::{Backend, Options, incoming, maintain, metrics, router, serve};

/// How long the first calls may wait for the database before they are told that it is not there.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// How long connections have to notice that they were cut.
const CUT_WAIT: Duration = Duration::from_secs(1);

/// Why a server cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something else listens there.
    #[error(
        "cannot listen on {address}: it is in use; stop what listens there, or give another address with --listen"
    )]
    InUse {
        /// The address.
        address: String,
    },
    /// The address is not one to listen on.
    #[error("cannot listen on {address}; give host:port with --listen, such as 127.0.0.1:8080")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The database's schema cannot be made right, and waiting would not help.
    #[error("the database cannot be used")]
    Schema(#[source] ports::Error),
}

/// A server that has its address and is not serving yet.
pub struct Server<B> {
    options: Options,
    backend: B,
    listener: TcpListener,
    address: SocketAddr,
}

impl<B: Backend> Server<B> {
    /// Takes the address. The database need not be there yet.
    ///
    /// # Errors
    /// [`Error::InUse`] and [`Error::Listen`].
    pub async fn bind(options: Options, backend: B) -> Result<Self, Error> {
        let address = options.listen.clone();
        let wrong = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => Error::InUse { address: address.clone() },
            _ => Error::Listen { address: address.clone(), source },
        };
        let listener = TcpListener::bind(&address).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        Ok(Self { options, backend, listener, address })
    }

    /// The address it has.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled and what runs has ended, or the grace period has.
    ///
    /// While the database is away calls get `UNAVAILABLE` and `/readyz` says why; it comes alive by
    /// itself.
    ///
    /// # Errors
    /// [`Error::Schema`].
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        metrics::describe();
        let Self { options, backend, listener, address } = self;
        // Ended with this function, however it ends.
        let mut tasks = JoinSet::new();
        let watches = CancellationToken::new();
        let drain = CancellationToken::new();
        let cut = CancellationToken::new();
        let _cut_when_dropped = cut.clone().drop_guard();

        let readiness = Arc::new(Readiness::new(backend.clone()));
        let hub = Hub::start(backend.clone(), options.max_watches, watches.clone(), &mut tasks);
        let service = Service::new(backend.clone(), hub, Arc::clone(&readiness));
        let (reporter, health) = tonic_health::server::health_reporter();
        tasks.spawn(tell_health(reporter, readiness.follow()));
        if let Some(recorder) = options.recorder.clone() {
            tasks.spawn(recorder.upkeep());
        }
        let ways = router::build(&options, service, health, Arc::clone(&readiness));

        let prepare = {
            let readiness = Arc::clone(&readiness);
            async move { readiness.prepare(options.migrate).await }
        };
        let mut prepare = std::pin::pin!(prepare);
        // With the database at hand this takes a moment, and nobody need see an error for it.
        let mut prepared = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            done = tokio::time::timeout(FIRST_WAIT, &mut prepare) => match done {
                Ok(done) => { done.map_err(Error::Schema)?; true }
                Err(_) => false,
            },
        };

        let connections =
            incoming::accept(listener, options.max_connections, options.opening_timeout, cut.clone());
        let mut serving = std::pin::pin!(serve::serve(connections, ways, &options, drain.clone()));
        tracing::info!(address = %address, "listening");
        loop {
            if prepared {
                let readiness = Arc::clone(&readiness);
                tasks.spawn(async move { readiness.keep().await });
                tasks.spawn(maintain::keep(backend.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => break,
                // Before it is told to drain it takes in connections for ever.
                () = &mut serving => return Ok(()),
                done = &mut prepare, if !prepared => { done.map_err(Error::Schema)?; prepared = true; }
            }
        }

        // Watches first: they never end by themselves and would hold up everything else.
        readiness.stop();
        watches.cancel();
        drain.cancel();
        if tokio::time::timeout(options.shutdown_grace, &mut serving).await.is_err() {
            let grace = options.shutdown_grace;
            tracing::warn!(?grace, "calls were still running after the grace period; they are cut off");
            cut.cancel();
            // What does not notice even this ends with the process.
            let _ = tokio::time::timeout(CUT_WAIT, &mut serving).await;
        }
        tasks.shutdown().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Tells the health service what readiness knows.
async fn tell_health(reporter: HealthReporter, mut state: tokio::sync::watch::Receiver<State>) {
    loop {
        let now = state.borrow_and_update().clone();
        let status = if now == State::Ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in ["", SERVICE_NAME] {
            reporter.set_service_status(service, status).await;
        }
        if now == State::Stopping {
            break;
        }
        if state.changed().await.is_err() {
            break;
        }
    }
    // Ends the streams of those who watch the health, which would hold up the drain.
    for service in ["", SERVICE_NAME] {
        let mut reporter = reporter.clone();
        reporter.clear_service_status(service).await;
    }
}
