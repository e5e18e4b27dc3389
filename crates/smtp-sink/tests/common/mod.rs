//! A raw SMTP client: one socket, nothing clever.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a sink.
pub(crate) struct Client(pub(crate) BufReader<TcpStream>);

impl Client {
    /// Connects and reads the greeting.
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let mut client = Self(BufReader::new(TcpStream::connect(addr).await.expect("it listens")));
        assert!(client.reply().await.starts_with("220 "));
        client
    }

    /// Connects and says EHLO.
    pub(crate) async fn greeted(addr: SocketAddr) -> Self {
        let mut client = Self::connect(addr).await;
        client.say("EHLO test", "250").await;
        client
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).await.expect("sent");
    }

    /// Reads a whole reply, all its lines.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            let length =
                timeout(PATIENCE, self.0.read_line(&mut reply)).await.expect("in time").expect("read");
            assert_ne!(length, 0, "cut off after {reply:?}");
            if reply.as_bytes()[start..].get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    /// Sends a line and checks how the reply begins.
    pub(crate) async fn say(&mut self, line: &str, expected: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        let reply = self.reply().await;
        assert!(reply.starts_with(expected), "{line:?} was answered {reply:?}, expected {expected}");
        reply
    }

    /// Goes as far as the content of a message.
    pub(crate) async fn begin(&mut self) {
        self.say("MAIL FROM:<from@example.com>", "250").await;
        self.say("RCPT TO:<to@example.com>", "250").await;
        self.say("DATA", "354").await;
    }

    /// Sends a whole message and checks how it is answered.
    pub(crate) async fn mail(&mut self, content: &str, expected: &str) {
        self.begin().await;
        self.say(&format!("{content}\r\n."), expected).await;
    }

    /// Checks that the other side closes.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("in time");
        // Bytes of ours that were not read turn the close into a reset.
        assert!(read.is_err() || rest.is_empty(), "still talking: {:?}", String::from_utf8_lossy(&rest));
    }
}

/// Waits for a condition, with a deadline.
pub(crate) async fn until<T>(mut values: tokio::sync::watch::Receiver<T>, holds: impl FnMut(&T) -> bool) {
    timeout(PATIENCE, values.wait_for(holds)).await.expect("in time").expect("the sink runs");
}
