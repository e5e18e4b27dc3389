//! The connection as lines: bounded reading, replies, and the switch to TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Longest command line taken; RFC 5321 asks for 512, and AUTH (RFC 4954) for 12,288.
const MAX_LINE: usize = 12_288;

/// A byte stream to a client.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to a client.
pub(crate) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    idle: Duration,
    encrypted: bool,
}

/// A command line, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    /// Longer than allowed, or not UTF-8; it was read to its end.
    Unreadable,
    /// The client has closed the connection.
    End,
}

impl Wire {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, idle: Duration) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), idle, encrypted: false }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Reads a command line.
    pub(crate) async fn line(&mut self) -> io::Result<Line> {
        let mut line = self.piece(MAX_LINE).await?;
        if line.is_empty() {
            return Ok(Line::End);
        }
        if !line.ends_with(b"\n") {
            loop {
                let more = self.piece(MAX_LINE).await?;
                if more.is_empty() {
                    return Ok(Line::End);
                }
                if more.ends_with(b"\n") {
                    return Ok(Line::Unreadable);
                }
            }
        }
        line.truncate(line.trim_ascii_end().len());
        Ok(String::from_utf8(line).map_or(Line::Unreadable, Line::Text))
    }

    /// Reads up to and including the next line end, but at most `limit` bytes. Empty at the end
    /// of the stream.
    pub(crate) async fn piece(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut stream = (&mut self.stream).take(limit as u64);
        timeout(self.idle, stream.read_until(b'\n', &mut bytes)).await.map_err(io::Error::from)??;
        Ok(bytes)
    }

    /// Sends lines and waits until they are on their way.
    pub(crate) async fn reply(&mut self, lines: &str) -> io::Result<()> {
        let text = format!("{lines}\r\n");
        let send = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(self.idle, send).await.map_err(io::Error::from)?
    }

    /// Switches to TLS. What the client sent ahead in clear text is dropped: it was not protected,
    /// and must not be taken for a part of what follows (CVE-2011-0411).
    pub(crate) async fn encrypt(self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        let stream = timeout(self.idle, acceptor.accept(self.stream.into_inner()))
            .await
            .map_err(io::Error::from)??;
        Ok(Self { stream: BufReader::new(Box::new(stream)), idle: self.idle, encrypted: true })
    }
}
