//! The whole while it runs, and how it is taken down.

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

use crate::part::Part;
use crate::{Error, LocalServices};

/// Everything in one process. Dropping it tells all parts to stop and does not wait;
/// [`run`](Self::run) takes them down in the right order.
#[derive(Debug)]
pub struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) services: LocalServices,
    pub(crate) worker: Part,
    pub(crate) server: Part,
    pub(crate) mail: Part,
    pub(crate) postgres: Option<Part>,
}

impl Running {
    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where mail is taken.
    pub fn mail_address(&self) -> SocketAddr {
        self.services.mail
    }

    /// What else runs here.
    pub fn services(&self) -> &LocalServices {
        &self.services
    }

    /// Goes on until `stop` is cancelled or a part gives up, then takes everything down: first
    /// the worker, so that what it runs is finished and recorded, then the server, last Postgres.
    ///
    /// # Errors
    /// Why a part gave up, or could not be stopped.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), Error> {
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            ended = self.ended() => ended,
        };
        // All are stopped, whatever became of one; the first error tells most.
        ended.and(self.stop().await)
    }

    /// Waits until a part ends by itself. Postgres never does: it is started again.
    pub(crate) async fn ended(&mut self) -> Result<(), Error> {
        tokio::select! {
            ended = self.worker.ended() => ended,
            ended = self.server.ended() => ended,
        }
    }

    /// Takes everything down, and returns the first error.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        let worker = self.worker.finish().await;
        let server = self.server.finish().await;
        let mail = self.mail.finish().await;
        let postgres = match self.postgres {
            Some(postgres) => postgres.finish().await,
            None => Ok(()),
        };
        worker.and(server).and(mail).and(postgres)
    }
}
