//! A TCP proxy that spoils what goes through it: holds it up, loses it, slows it down, cuts it off.
//!
//! Between a process and Postgres it stands for the network. Delays are drawn from a seed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Result;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::schedule;

/// Bytes passed on at a time.
const CHUNK: usize = 16 << 10;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Passes everything on.
    Whole,
    /// Takes no connection and ends those there are.
    Cut,
    /// Loses every packet of one way or of both, and nobody is told; what was sent comes through once it
    /// is whole again, as TCP sends it anew.
    Silent {
        /// Towards the database.
        there: bool,
        /// Back from it.
        back: bool,
    },
    /// The peer has forgotten its connections and does not say so: what is sent is lost for good. Ends
    /// them once it is whole again.
    HalfOpen,
    /// Each piece takes so many milliseconds, each way.
    Slow {
        /// At least.
        from: u64,
        /// At most.
        to: u64,
    },
}

/// A proxy to one address on this machine. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    network: watch::Sender<Network>,
    connections: Arc<AtomicU64>,
    _accepts: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Starts one, on a port of its own.
    pub(crate) async fn start(target: u16, seed: u64) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (network, state) = watch::channel(Network::Whole);
        let connections = Arc::new(AtomicU64::new(0));
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
        let accepts = tokio::spawn(accept(listener, target, state, connections.clone(), seed));
        Ok(Self { port, network, connections, _accepts: AbortOnDropHandle::new(accepts) })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Changes what the network does, for connections there are and those to come.
    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Connections that were asked for so far.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    state: watch::Receiver<Network>,
    connections: Arc<AtomicU64>,
    seed: u64,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of files for a moment.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let number = connections.fetch_add(1, Relaxed);
        let random = |way: &str| schedule::random(seed, &format!("connection {number} {way}"));
        tokio::spawn(pass(client, target, state.clone(), random("there"), random("back")));
    }
}

/// Passes one connection on, until either side or the network ends it.
async fn pass(
    client: TcpStream,
    target: SocketAddr,
    mut state: watch::Receiver<Network>,
    there: StdRng,
    back: StdRng,
) {
    if *state.borrow_and_update() == Network::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, state.clone(), true, there) => {}
        () = pump(from_server, to_client, state.clone(), false, back) => {}
        _ = state.wait_for(|network| *network == Network::Cut) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<Network>,
    is_there: bool,
    mut random: StdRng,
) {
    let mut bytes = vec![0; CHUNK];
    loop {
        let network = *state.borrow_and_update();
        let is_lossy = match network {
            Network::Silent { there, back } => {
                if is_there {
                    there
                } else {
                    back
                }
            }
            Network::HalfOpen => true,
            Network::Whole | Network::Cut | Network::Slow { .. } => false,
        };
        if is_lossy {
            // What arrives is not read: it is there when this is over, unless the peer forgot.
            if state.changed().await.is_err() || network == Network::HalfOpen {
                return;
            }
            continue;
        }
        // A change of the network comes first: bytes that arrived with it belong to it.
        let read = tokio::select! {
            biased;
            changed = state.changed() => if changed.is_ok() { continue } else { return },
            read = from.read(&mut bytes) => read,
        };
        let Ok(read @ 1..) = read else { return };
        if let Network::Slow { from, to } = network {
            sleep(Duration::from_millis(random.random_range(from..=to.max(from)))).await;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(20);

    /// A peer that sends back what it gets, and a connection to it by way of a proxy.
    async fn echo() -> (Proxy, TcpStream) {
        let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = peer.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = peer.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let proxy = Proxy::start(port, 1).await.unwrap();
        let mut stream = connect(&proxy).await;
        assert_eq!(ask(&mut stream, b"1", LONG).await, Some(1));
        (proxy, stream)
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap()
    }

    /// How many bytes come back; nothing within the limit is `None`, the end is zero.
    async fn ask(stream: &mut TcpStream, bytes: &[u8], limit: Duration) -> Option<usize> {
        if stream.write_all(bytes).await.is_err() {
            return Some(0);
        }
        let mut answer = [0; 64];
        timeout(limit, stream.read(&mut answer)).await.ok().map(|read| read.unwrap_or(0))
    }

    #[tokio::test]
    async fn a_cut_ends_connections_and_refuses_new_ones() {
        let (proxy, mut stream) = echo().await;
        proxy.set(Network::Cut);
        assert_eq!(ask(&mut stream, b"2", LONG).await, Some(0));
        assert_eq!(ask(&mut connect(&proxy).await, b"3", LONG).await, Some(0));
        proxy.set(Network::Whole);
        assert_eq!(ask(&mut connect(&proxy).await, b"4", LONG).await, Some(1));
        assert_eq!(proxy.connections(), 3);
    }

    #[tokio::test]
    async fn silence_one_way_holds_answers_back_until_it_is_over() {
        let (proxy, mut stream) = echo().await;
        proxy.set(Network::Silent { there: false, back: true });
        assert_eq!(ask(&mut stream, b"22", SOON).await, None);
        proxy.set(Network::Whole);
        assert_eq!(ask(&mut stream, b"", LONG).await, Some(2));
    }

    #[tokio::test]
    async fn a_half_open_connection_is_silent_and_then_dead() {
        let (proxy, mut stream) = echo().await;
        proxy.set(Network::HalfOpen);
        assert_eq!(ask(&mut stream, b"2", SOON).await, None);
        proxy.set(Network::Whole);
        assert_eq!(ask(&mut stream, b"3", LONG).await, Some(0));
    }
}
