//! What a worker does under one session: the pipeline, its lease beside it, and its end.

use std::future::Future;
use std::time::Duration;

use task_domain::ports::Renew;

use crate::{Heartbeat, Stop, keep_alive};

/// Time to write what became of the last attempts, after the grace period.
const LAST_WRITES: Duration = Duration::from_millis(900);

/// Runs `pipeline` while it keeps the session's lease alive, until the pipeline has ended. Once the worker
/// drains, by its own will or because its lease is lost, what runs has `grace` to end by itself and is then
/// interrupted. Nothing if not even that ended it in time: what is left is left to the lease.
pub async fn live<R: Renew, T>(
    session: &mut R,
    heartbeat: &Heartbeat,
    grace: Duration,
    pipeline: impl Future<Output = T>,
) -> Option<T> {
    let drain = &heartbeat.drain;
    let lease = async {
        // Returns when the worker's lease is lost.
        keep_alive(session, heartbeat).await;
        drain.cancel();
        std::future::pending::<()>().await;
    };
    let ending = async {
        drain.cancelled().await;
        tokio::time::sleep(grace).await;
        heartbeat.running.stop_all(Stop::Interrupted);
        tokio::time::sleep(LAST_WRITES).await;
    };
    tokio::select! {
        // In one order, so that a simulation takes the same turns again.
        biased;
        ended = pipeline => Some(ended),
        () = ending => None,
        () = lease => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use task_domain::Lease;
    use task_domain::ports::{Error, Result};
    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{Capacity, Running};

    /// A session that holds its lease, or has lost it.
    struct Held(bool);

    impl Renew for Held {
        fn lease_time(&self) -> Duration {
            Duration::from_secs(15)
        }

        async fn renew(&mut self, _: &[Lease], _: u32, _: bool) -> Result<Vec<Lease>> {
            if self.0 { Ok(Vec::new()) } else { Err(Error::LeaseLost) }
        }
    }

    fn heartbeat() -> Heartbeat {
        Heartbeat {
            running: Running::default(),
            capacity: Capacity::new(1),
            drain: CancellationToken::new(),
            look: Arc::new(Notify::new()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_pipeline_however_long_that_takes() {
        let pipeline = async {
            tokio::time::sleep(Duration::from_hours(1)).await;
            7
        };
        assert_eq!(live(&mut Held(true), &heartbeat(), Duration::ZERO, pipeline).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_lease_drains_it() {
        let heartbeat = heartbeat();
        let drain = heartbeat.drain.clone();
        let pipeline = async { drain.cancelled().await };
        assert_eq!(live(&mut Held(false), &heartbeat, Duration::from_secs(30), pipeline).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_end_in_its_grace_is_left() {
        let heartbeat = heartbeat();
        heartbeat.drain.cancel();
        let pipeline = std::future::pending::<()>();
        assert_eq!(live(&mut Held(true), &heartbeat, Duration::from_secs(30), pipeline).await, None);
    }
}
