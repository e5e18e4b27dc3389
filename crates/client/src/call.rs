//! One call: its deadline, and whether and when it is tried again.

use std::future::Future;
use std::time::Duration;

use task_proto::v1::task_service_client::TaskServiceClient;
use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::backoff::Backoff;
use crate::client::Client;
use crate::error::{Error, Unreached};
use crate::probe::probe;

/// Longest first pause before a call is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What is known of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Doing it twice is as good as doing it once.
    Always,
    /// Only where it surely was not done: the connection could not be made.
    IfUnsent,
}

impl Client {
    /// Makes a call within the deadline, again and again where `again` allows.
    pub(crate) async fn call<Q, A, F>(
        &self,
        again: Again,
        query: Q,
        send: impl Fn(TaskServiceClient<Channel>, Request<Q>) -> F,
    ) -> Result<A, Error>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let start = Instant::now();
        let deadline = self.options.deadline;
        let mut backoff = Backoff::new(FIRST_PAUSE, self.options.longest_pause);
        let mut refused = None;
        loop {
            let left = deadline.saturating_sub(start.elapsed());
            let mut request = Request::new(query.clone());
            // Told to the service too, so that it does not work for nobody; a little later than
            // here, so that the end of a deadline is always told in the same words.
            request.set_timeout(left + Duration::from_millis(200));
            let status = match tokio::time::timeout(left, send(self.stub.clone(), request)).await {
                Ok(Ok(answer)) => return Ok(answer.into_inner()),
                Ok(Err(status)) => status,
                // Why it was tried again says more than that time ran out.
                Err(_) => {
                    return Err(match refused {
                        Some(error) => error,
                        None => self.too_late().await,
                    });
                }
            };
            let repeatable = match again {
                Again::Always => is_passing(&status),
                Again::IfUnsent => is_unsent(&status),
            };
            let error = self.explain(&status).await;
            let give_up = match &error {
                Error::Unreachable { why: Unreached::SomethingElse(_), .. } => Duration::ZERO,
                Error::Unreachable { .. } => self.options.patience.min(deadline),
                _ => deadline,
            };
            let pause = backoff.pause();
            if !repeatable || start.elapsed() + pause >= give_up {
                return Err(error);
            }
            tracing::debug!(%error, ?pause, "trying again");
            tokio::time::sleep(pause).await;
            refused = Some(error).filter(|error| matches!(error, Error::Unavailable(_)));
        }
    }

    /// Says what a failed call means; asks the port who is there where the connection failed.
    pub(crate) async fn explain(&self, status: &Status) -> Error {
        if is_foreign(status) {
            let why = Unreached::SomethingElse("it speaks HTTP and does not know gRPC".to_owned());
            return self.unreachable(why);
        }
        if !is_local(status) {
            return Error::from_answer(status, self.options.deadline);
        }
        match probe(&self.host_port).await {
            Some(why) => self.unreachable(why),
            // The port speaks HTTP/2 now, so it was the connection that broke.
            None => self.unreachable(Unreached::Silent("the connection broke".to_owned())),
        }
    }

    /// What a call that ran into its deadline means: a silent port is told from a slow answer.
    pub(crate) async fn too_late(&self) -> Error {
        match probe(&self.host_port).await {
            Some(why) => self.unreachable(why),
            None => Error::Deadline { deadline: self.options.deadline },
        }
    }

    fn unreachable(&self, why: Unreached) -> Error {
        Error::Unreachable { address: self.address.to_string(), why }
    }
}

/// Whether the status was made on this side: no answer of a service stands behind it.
fn is_local(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}

/// Whether an HTTP/2 server that does not know gRPC answered. Nothing but tonic's own words tells
/// such an answer from a gRPC one; where they change, a test fails.
fn is_foreign(status: &Status) -> bool {
    let said = |words| status.message().contains(words);
    !is_local(status)
        && match status.code() {
            Code::Unimplemented | Code::Unknown => said("grpc-status header missing"),
            Code::Internal => said("grpc-status header missing") || said("invalid compression flag"),
            _ => false,
        }
}

/// Whether the failure is likely to pass by itself.
fn is_passing(status: &Status) -> bool {
    is_local(status) || status.code() == Code::Unavailable || is_cut(status)
}

/// Whether the answer ended before its status, as when a proxy or a server is stopped meanwhile.
fn is_cut(status: &Status) -> bool {
    status.code() == Code::Unknown && status.message().contains("missing grpc-status trailer")
}

/// Whether the request surely did not leave: there was no connection.
pub(crate) fn is_unsent(status: &Status) -> bool {
    let mut link = std::error::Error::source(status);
    while let Some(error) = link {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        link = error.source();
    }
    false
}
