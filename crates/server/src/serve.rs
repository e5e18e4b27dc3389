//! HTTP on connections as they come in, each with all its calls within one task.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use task_gather::{Group, Spawner};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::incoming::Connection;
use crate::ways::Ways;
use crate::{Backend, Options};

/// Largest list of headers that a call may bring, in bytes.
const HEADERS: u32 = 16 << 10;
/// How often a silent connection is asked whether it is there, and how long it has to answer.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Streams that a client may reset before the server has taken them up; see RUSTSEC-2023-0034.
const PENDING_RESETS: usize = 50;

/// Serves what comes in until `drain` is cancelled, takes in nothing more then, and returns when what runs has ended.
pub(crate) async fn serve<B: Backend>(
    connections: impl Stream<Item = Connection>,
    ways: Ways<B>,
    options: &Options,
    drain: CancellationToken,
) {
    let ways = Arc::new(ways);
    let open = TaskTracker::new();
    {
        // Gone when no more are taken in, and with it the address.
        let mut connections = pin!(connections);
        while let Some(Some(connection)) = drain.run_until_cancelled(connections.next()).await {
            let (group, spawner) = Group::new();
            open.spawn(group);
            // Spread, so that connections made together do not all come back together.
            let age = options.connection_age.mul_f64(rand::random_range(0.8..=1.2));
            let drain = drain.clone();
            let leave = async move { drain.run_until_cancelled(tokio::time::sleep(age)).await };
            let kept = keep(http(options, spawner.clone()), connection, Arc::clone(&ways), leave);
            spawner.execute(kept);
        }
    }
    open.close();
    open.wait().await;
}

fn http(options: &Options, spawner: Spawner) -> Builder<Spawner> {
    let mut http = Builder::new(spawner);
    http.http1().timer(TokioTimer::new());
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.max_streams)
        .max_header_list_size(HEADERS)
        .max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .keep_alive_interval(Some(KEEPALIVE))
        .keep_alive_timeout(KEEPALIVE);
    http
}

/// Keeps a connection until it ends; once `leave` has come, it is asked to end when what runs on it has.
async fn keep<B: Backend>(
    http: Builder<Spawner>,
    connection: Connection,
    ways: Arc<Ways<B>>,
    leave: impl Future<Output = Option<()>>,
) {
    let answer = service_fn(move |request| {
        let ways = Arc::clone(&ways);
        async move { Ok::<_, Infallible>(ways.answer(request).await) }
    });
    let mut kept = pin!(http.serve_connection(TokioIo::new(connection), answer));
    let ended = tokio::select! {
        ended = kept.as_mut() => ended,
        _ = leave => {
            kept.as_mut().graceful_shutdown();
            kept.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &*error, "a connection failed");
    }
}
