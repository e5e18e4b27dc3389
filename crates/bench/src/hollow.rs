//! What a gRPC call costs that asks for next to nothing: tonic's own health check, called as tasks are put in. A call of the
//! service is carried in much the same way: at both its ends it runs within its connection's task, its server has another
//! allocator, and Postgres runs beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::processes::Usage;
use crate::statistics::number;

/// Processor time of one of `calls` calls by `callers` concurrent callers over four connections, at both ends, in
/// microseconds.
pub(crate) async fn call_us(calls: u64, callers: u64) -> Result<f64> {
    // On threads of its own, as another process has.
    let server = Builder::new_multi_thread().enable_all().build()?;
    let used = measure(&server, calls, callers).await;
    // However that ended: to drop it here would be a panic.
    server.shutdown_background();
    Ok(used?.as_secs_f64() * 1e6 / number(calls))
}

async fn measure(server: &Runtime, calls: u64, callers: u64) -> Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    serve(server, listener.into_std()?);
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(HealthClient::new(Channel::from_shared(url.clone())?.connect().await?));
    }
    // The first calls open what the others use.
    call_all(&clients, 1_000, callers).await?;
    let before = Usage::own()?.cpu;
    call_all(&clients, calls, callers).await?;
    Ok(Usage::own()?.cpu.saturating_sub(before))
}

fn serve(runtime: &Runtime, listener: std::net::TcpListener) {
    runtime.spawn(async {
        let (_reporter, health) = tonic_health::server::health_reporter();
        let incoming = tonic::transport::server::TcpIncoming::from(TcpListener::from_std(listener)?);
        Server::builder().add_service(health).serve_with_incoming(incoming.with_nodelay(Some(true))).await?;
        anyhow::Ok(())
    });
}

async fn call_all(clients: &[HealthClient<Channel>], calls: u64, callers: u64) -> Result<()> {
    let left = Arc::new(AtomicU64::new(calls));
    let mut running = JoinSet::new();
    for client in clients.iter().cycle().take(usize::try_from(callers)?) {
        running.spawn(call(client.clone(), left.clone()));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

async fn call(mut client: HealthClient<Channel>, left: Arc<AtomicU64>) -> Result<()> {
    while left.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
        client.check(HealthCheckRequest::default()).await?;
    }
    Ok(())
}
