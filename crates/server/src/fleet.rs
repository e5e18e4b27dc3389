//! Which types are run by live workers, as far as a create has to know.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use task_domain::ports::Result;
use task_domain::{Lane, WorkerRecord};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Backend;

/// How old the list may be when it says that a type is run.
const GOOD_FOR: Duration = Duration::from_secs(2);
/// How old it may be when it says that a type is not run: a worker may have started just now.
const BAD_FOR: Duration = Duration::from_millis(200);
/// Longest that a create waits to know: a warning is worth no more.
const PATIENCE: Duration = Duration::from_millis(500);

/// Most warnings to one call; a batch may hold a thousand types.
const MOST: usize = 20;

/// The live workers, read seldom and shared by all creates.
pub(crate) struct Fleet<B> {
    backend: B,
    seen: Arc<Seen>,
}

impl<B: Backend> Fleet<B> {
    pub(crate) fn new(backend: B) -> Self {
        Self { backend, seen: Arc::default() }
    }

    /// What submitters of tasks for these lanes should know. Says nothing when in doubt.
    pub(crate) async fn warnings(&self, lanes: &BTreeSet<Lane>) -> Vec<String> {
        let Some(workers) = self.workers(GOOD_FOR).await else { return Vec::new() };
        if lanes.iter().all(|lane| runs(&workers, lane)) {
            return Vec::new();
        }
        let Some(workers) = self.workers(BAD_FOR).await else { return Vec::new() };
        // Lanes that differ in queue or priority may have the same one.
        let warnings: BTreeSet<_> = lanes.iter().filter_map(|lane| warning(&workers, lane)).collect();
        warnings.into_iter().take(MOST).collect()
    }

    async fn workers(&self, max_age: Duration) -> Option<Arc<[WorkerRecord]>> {
        if let Some(seen) = self.seen.fresh(max_age) {
            return seen.workers;
        }
        let backend = self.backend.clone();
        let read = self.seen.read(max_age, async move { backend.workers().await });
        // Boxed, since it is needed seldom and would make every create's future larger.
        Box::pin(tokio::time::timeout(PATIENCE, read)).await.ok().flatten()
    }
}

/// What was seen last.
#[derive(Default)]
struct Seen {
    last: RwLock<Option<Look>>,
    /// Held by the look that is under way.
    reading: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Look {
    at: Instant,
    /// None, where they could not be read: then nothing is said about them.
    workers: Option<Arc<[WorkerRecord]>>,
}

impl Seen {
    fn fresh(&self, max_age: Duration) -> Option<Look> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|look| look.at.elapsed() < max_age).cloned()
    }

    /// Looks, once for all who wait here. A look that began goes on when whoever asked for it leaves: were it given up
    /// with a caller whose time is short, each such caller would begin it anew, and none would ever see its end.
    async fn read(
        self: &Arc<Self>,
        max_age: Duration,
        look: impl Future<Output = Result<Vec<WorkerRecord>>> + Send + 'static,
    ) -> Option<Arc<[WorkerRecord]>> {
        let reading = Arc::clone(&self.reading).lock_owned().await;
        // Whoever waited here finds what the one before has read.
        if let Some(seen) = self.fresh(max_age) {
            return seen.workers;
        }
        let seen = Arc::clone(self);
        let looked = tokio::spawn(async move {
            let _reading = reading;
            let workers: Option<Arc<[_]>> = look
                .await
                .inspect_err(|error| tracing::debug!(%error, "the workers could not be read for a warning"))
                .ok()
                .map(Into::into);
            let last = Look { at: Instant::now(), workers: workers.clone() };
            *seen.last.write().unwrap_or_else(PoisonError::into_inner) = Some(last);
            workers
        });
        looked.await.ok().flatten()
    }
}

fn runs(workers: &[WorkerRecord], lane: &Lane) -> bool {
    workers
        .iter()
        .any(|w| runs_kind(w, lane) && (w.info.queues.is_empty() || w.info.queues.contains(&lane.queue)))
}

fn runs_kind(worker: &WorkerRecord, lane: &Lane) -> bool {
    // One that drains claims nothing more.
    !worker.draining && worker.info.kinds.contains(&lane.kind)
}

fn warning(workers: &[WorkerRecord], lane: &Lane) -> Option<String> {
    if runs(workers, lane) {
        return None;
    }
    if workers.iter().any(|w| runs_kind(w, lane)) {
        return Some(format!(
            "no live worker that runs type `{}` serves queue `{}`; the task waits until one does",
            lane.kind, lane.queue
        ));
    }
    let run: BTreeSet<_> = workers.iter().filter(|w| !w.draining).flat_map(|w| &w.info.kinds).collect();
    let run = if run.is_empty() {
        "no worker is live".to_owned()
    } else {
        format!("types run now: {}", run.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    };
    Some(format!("no live worker runs type `{}`; the task waits until one does ({run})", lane.kind))
}

#[cfg(test)]
mod tests {
    use task_domain::{Kind, Priority, Queue, WorkerId, WorkerInfo};

    use super::*;

    fn worker(kinds: &[&str], queues: &[&str]) -> WorkerRecord {
        let info = WorkerInfo {
            name: "w".into(),
            host: "host".into(),
            version: "1".into(),
            kinds: kinds.iter().map(Kind::from_store).collect(),
            queues: queues.iter().map(Queue::from_store).collect(),
            slots: 1,
        };
        let at = jiff::Timestamp::UNIX_EPOCH;
        WorkerRecord {
            id: WorkerId::from_store(1),
            info,
            busy: 0,
            started_at: at,
            seen_at: at,
            draining: false,
            losses: 0,
        }
    }

    fn lane(kind: &str) -> Lane {
        Lane { queue: Queue::default(), kind: Kind::from_store(kind), priority: Priority::default() }
    }

    #[tokio::test]
    async fn a_look_goes_on_when_whoever_asked_for_it_leaves() {
        let seen = Arc::new(Seen::default());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let look = async { Ok(answered.await.unwrap()) };

        let mut hasty = Box::pin(seen.read(GOOD_FOR, look));
        assert!(futures::poll!(&mut hasty).is_pending());
        drop(hasty);
        answer.send(vec![worker(&["a"], &[])]).unwrap();

        let never = async { unreachable!("the look that began is waited for") };
        assert_eq!(seen.read(GOOD_FOR, never).await.map(|workers| workers.len()), Some(1));
    }

    #[test]
    fn a_type_that_nobody_runs_is_told_with_those_that_are_run() {
        let workers = [worker(&["b", "a"], &[]), worker(&["a"], &[])];
        assert_eq!(warning(&workers, &lane("a")), None);
        let told = warning(&workers, &lane("x")).unwrap();
        assert_eq!(told, "no live worker runs type `x`; the task waits until one does (types run now: a, b)");
        assert!(warning(&[], &lane("x")).unwrap().ends_with("(no worker is live)"));
    }

    #[test]
    fn workers_that_drain_or_serve_other_queues_do_not_count() {
        let draining = WorkerRecord { draining: true, ..worker(&["a"], &[]) };
        assert!(warning(&[draining], &lane("a")).unwrap().contains("no worker is live"));
        let told = warning(&[worker(&["a"], &["mail"])], &lane("a")).unwrap();
        assert!(told.contains("serves queue `default`"), "{told}");
    }
}
