//! A way to the database that can lose its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Passes bytes on, until it is told to lose what the server answers and to hang up.
pub(crate) struct Proxy {
    /// The database's address by way of this.
    pub(crate) url: String,
    swallow: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) async fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let (before, rest) = url.rsplit_once('@').expect("a URL with a user");
        let (server, database) = rest.split_once('/').expect("a URL with a database");
        let swallow = Arc::new(AtomicBool::new(false));
        let (server, losing) = (server.to_owned(), swallow.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, losing.clone()));
            }
        });
        Self { url: format!("{before}@{own}/{database}"), swallow }
    }

    pub(crate) fn swallow_answers(&self) {
        self.swallow.store(true, SeqCst);
    }

    pub(crate) fn heal(&self) {
        self.swallow.store(false, SeqCst);
    }
}

async fn pass(client: TcpStream, server: TcpStream, swallow: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut bytes = vec![0; 16 << 10];
    while let Ok(read) = from_server.read(&mut bytes).await {
        // The first answer that is lost is followed by the end of the connection.
        if read == 0 || swallow.load(SeqCst) || to_client.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    asking.abort();
}
