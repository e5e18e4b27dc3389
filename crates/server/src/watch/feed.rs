//! The one subscription to the store's changes, held only while somebody watches.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use task_domain::ports::Feed;

use super::hub::Hub;
use crate::Backend;
use crate::metrics::FEED_LOST;

/// How long the subscription outlives the last watch, so that one watch after another does not
/// subscribe each time.
const LINGER: Duration = Duration::from_secs(3);
/// Parts of the feed that are taken at once, where they are there.
const AT_A_TIME: usize = 64;

/// Subscribes whenever there is a watch and tells on what comes, for ever.
pub(crate) async fn run<B: Backend>(hub: Arc<Hub<B>>, backend: B) {
    let mut interrupted = false;
    loop {
        hub.registry.occupied().await;
        interrupted = subscription(&hub, &backend, interrupted).await == Ended::ByItself;
        if interrupted {
            // A feed never ends, so this is a defect of the store. Watches must not suffer from it:
            // whoever is there looks again once the next one is in place.
            tracing::error!("the store's feed of changes ended; subscribing anew");
            hub.set_in_place(false);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

#[derive(PartialEq, Eq)]
enum Ended {
    ForLackOfWatches,
    ByItself,
}

async fn subscription<B: Backend>(hub: &Hub<B>, backend: &B, mut interrupted: bool) -> Ended {
    let mut feed = std::pin::pin!(backend.follow().ready_chunks(AT_A_TIME));
    let mut look = tokio::time::interval(LINGER / 3);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            told = feed.next() => {
                let Some(told) = told else { return Ended::ByItself };
                for part in told {
                    let live = part == Feed::Live;
                    hear(hub, part);
                    if live && std::mem::take(&mut interrupted) {
                        hub.registry.lost("the feed of changes was interrupted");
                    }
                }
            }
            _ = look.tick() => {
                if hub.registry.close_if_vacant(LINGER, || hub.set_in_place(false)) {
                    return Ended::ForLackOfWatches;
                }
            }
        }
    }
}

fn hear<B: Backend>(hub: &Hub<B>, part: Feed) {
    match part {
        Feed::Live => hub.set_in_place(true),
        Feed::Changes(changes) => {
            hub.registry.touch(&changes);
            let slots = hub.registry.by_filter();
            if slots.is_empty() {
                return;
            }
            let left_out = hub.backlog.put(&changes);
            if !left_out.is_empty() {
                let reason = "more changes than can be told one by one";
                slots.iter().for_each(|s| s.miss_unread(left_out.iter().map(|c| c.status), reason));
            }
        }
        Feed::Lost { reason } => {
            metrics::counter!(FEED_LOST).increment(1);
            tracing::info!(reason = %reason, "changes may have been missed; watches look again");
            hub.registry.lost(&reason);
        }
    }
}
