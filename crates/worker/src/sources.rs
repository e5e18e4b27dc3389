//! Whatever brings work in, as streams of wake-ups.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use task_domain::ports::WakeUp;
use task_store::{Promoter, Told, WakeUps};
use tokio::sync::Notify;

/// Hints and polls. A hint that something was cancelled goes to `cancelled` instead; every other one that
/// does not tell of a single task also pokes `due`, since what has come in may be due soon, and so do polls
/// while no hints are heard.
pub(crate) fn hints(
    wake_ups: WakeUps,
    cancelled: Arc<Notify>,
    due: Arc<Notify>,
) -> BoxStream<'static, WakeUp> {
    unfold((wake_ups, cancelled, due), |(mut wake_ups, cancelled, due)| async move {
        loop {
            match wake_ups.next().await {
                Told::Cancelled => cancelled.notify_one(),
                Told::Work(wake_up) => {
                    let may_be_due = match wake_up {
                        WakeUp::Notified | WakeUp::Due => true,
                        WakeUp::Single(_) => false,
                        WakeUp::Poll => !wake_ups.is_hearing(),
                    };
                    if may_be_due {
                        due.notify_one();
                    }
                    return Some((wake_up, (wake_ups, cancelled, due)));
                }
            }
        }
    })
    .boxed()
}

/// Brings tasks into line when their time has come, and says so.
pub(crate) fn due(promoter: Promoter, poked: Arc<Notify>) -> BoxStream<'static, WakeUp> {
    /// Least time between two looks that nothing but a hint asked for.
    const SPACING: Duration = Duration::from_millis(100);
    /// How long a look that a hint asked for waits. A task that is due sooner than this after it was
    /// created starts later by that much.
    const GRACE: Duration = Duration::from_millis(5);
    /// Longest time between two looks.
    const IDLE: Duration = Duration::from_secs(20);
    unfold((promoter, poked), |(mut promoter, poked)| async move {
        loop {
            let next = match promoter.promote().await {
                Ok(round) if round.moved > 0 => return Some((WakeUp::Due, (promoter, poked))),
                Ok(round) => round.next_in.unwrap_or(IDLE).min(IDLE),
                Err(error) => {
                    tracing::debug!(%error, "cannot look for due tasks; trying again");
                    Duration::from_secs(2).mul_f64(rand::random())
                }
            };
            let spaced = async {
                tokio::time::sleep(SPACING).await;
                poked.notified().await;
                // The claim of what came in goes first.
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! {
                () = tokio::time::sleep(next.max(Duration::from_millis(1))) => {}
                () = spaced => {}
            }
        }
    })
    .boxed()
}
