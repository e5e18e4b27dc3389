//! Brings together whatever says that there may be work.
//!
//! Out: [`WakeUp`]. Ends when the worker drains, and with it, one after the other, every stage
//! behind it.

use futures::StreamExt;
use futures::stream::{BoxStream, select_all};
use task_domain::ports::WakeUp;
use tokio_util::sync::CancellationToken;

/// Joins the sources into one stream that ends when `drain` is cancelled.
pub fn ingest(
    sources: Vec<BoxStream<'static, WakeUp>>,
    drain: CancellationToken,
) -> BoxStream<'static, WakeUp> {
    select_all(sources).take_until(drain.cancelled_owned()).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ends_when_the_worker_drains() {
        let drain = CancellationToken::new();
        let hints = futures::stream::iter([WakeUp::Notified]).chain(futures::stream::pending()).boxed();
        let polls = futures::stream::repeat(WakeUp::Poll).take(1).boxed();
        let mut wake_ups = ingest(vec![hints, polls], drain.clone());
        let mut seen = [wake_ups.next().await.unwrap(), wake_ups.next().await.unwrap()];
        seen.sort_by_key(|w| *w != WakeUp::Notified);
        assert_eq!(seen, [WakeUp::Notified, WakeUp::Poll]);
        drain.cancel();
        assert_eq!(wake_ups.next().await, None);
    }
}
