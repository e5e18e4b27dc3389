//! The sink: accepts connections, and shows what they brought.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::session::{Session, Shared};
use crate::store::{Counters, Store};
use crate::tls::Tls;
use crate::wire::Wire;
use crate::{Encryption, Error, Fault, Message, Settings};

/// How long the accept loop rests when the system is out of file descriptors.
const REST: Duration = Duration::from_millis(50);

/// A running sink. Dropping it cuts off all clients and frees the port shortly after;
/// [`SmtpSink::stop`] waits until that has happened.
pub struct SmtpSink {
    addr: SocketAddr,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl SmtpSink {
    /// Starts to listen; clients can connect when this returns.
    ///
    /// # Errors
    /// [`Error::Listen`] if the address is taken, [`Error::Certificate`] or [`Error::Tls`] if the
    /// hostname does not suit a certificate.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let tls = match settings.encryption {
            Encryption::Off => None,
            Encryption::Offered | Encryption::Required => Some(Tls::generate(&settings.hostname)?),
        };
        let failed = |source| Error::Listen { addr: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let store = Store::new(settings.keep_messages, settings.keep_bytes);
        let shared = Arc::new(Shared { settings, store, tls });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accept(
            listener,
            Arc::clone(&shared),
            tasks.clone(),
            stop.clone(),
        )));
        tasks.close();
        Ok(Self { addr, shared, tasks, stop: stop.drop_guard() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate for clients to trust, if STARTTLS is offered. It is good for `localhost`,
    /// `127.0.0.1`, `::1` and the hostname of the settings.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.shared.tls.as_ref().map(|tls| tls.certificate_pem.as_str())
    }

    /// The messages that are kept, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.store.messages()
    }

    /// Forgets the messages that are kept. The counters go on.
    pub fn clear(&self) {
        self.shared.store.clear();
    }

    /// How many messages were accepted since the start, to be waited on.
    ///
    /// A message is among [`messages`](Self::messages) before it is counted here:
    /// `sink.received().wait_for(|count| *count >= 3)`.
    pub fn received(&self) -> watch::Receiver<u64> {
        self.shared.store.received()
    }

    /// All counters, to be looked at or waited on.
    pub fn counters(&self) -> watch::Receiver<Counters> {
        self.shared.store.counters()
    }

    /// Lets a fault strike the next `times` times its moment comes. Faults of one kind of moment
    /// strike in the order they were injected.
    pub fn inject(&self, fault: &Fault, times: usize) {
        self.shared.store.faults().add(fault, times);
    }

    /// Takes back the faults that have not struck yet.
    pub fn behave(&self) {
        self.shared.store.faults().clear();
    }

    /// Lets the sessions go on that hang now, by [`Fault::Hang`].
    pub fn release(&self) {
        self.shared.store.release();
    }

    /// Cuts off all clients and waits until the port is free.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(shared.settings.max_connections));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok((stream, peer)) => {
                // Replies are small and wait for nobody; without this each may wait for an
                // acknowledgement. It only costs time if it fails.
                let _ = stream.set_nodelay(true);
                (stream, peer)
            }
            Err(error) => {
                // A client that hung up at once, or no file descriptor left: both pass.
                tracing::debug!(%error, "could not accept an SMTP connection");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            turn_away(stream);
            continue;
        };
        shared.store.count(|counters| counters.connections += 1);
        let session = Session::new(Arc::clone(&shared));
        let wire = Wire::new(stream, shared.settings.idle_timeout);
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            if let Err(error) = session.run(wire).await {
                tracing::debug!(%peer, %error, "an SMTP session was cut off");
            }
            drop(place);
        }));
    }
}

/// Says why, if that can be done without waiting, and closes.
fn turn_away(stream: TcpStream) {
    let _ = stream.try_write(b"421 4.3.2 too many connections, come back later\r\n");
    drop(stream);
}
