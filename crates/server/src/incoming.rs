//! Connections as they come in: never more than allowed, and all cut when the server has to go.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::metrics::{CONNECTIONS, Held};

/// Accepts connections for ever. At most `limit` are open; the next one waits in the listen queue.
/// One that has not said after `opening` which HTTP it speaks is ended. Cancelling `cut` ends them all.
pub(crate) fn accept(
    listener: TcpListener,
    limit: usize,
    opening: Duration,
    cut: CancellationToken,
) -> impl Stream<Item = Connection> {
    let free = Arc::new(Semaphore::new(limit));
    futures::stream::unfold((listener, free, cut), move |(listener, free, cut)| async move {
        // Never closed, so an error cannot come; ending the stream would be the answer to one.
        let permit = Arc::clone(&free).acquire_owned().await.ok()?;
        let stream = accept_one(&listener).await;
        let connection = Connection {
            stream,
            cut: Box::pin(cut.clone().cancelled_owned()),
            opening: Some(Opening { until: Box::pin(tokio::time::sleep(opening)), heard: 0 }),
            _permit: permit,
            _held: Held::new(metrics::gauge!(CONNECTIONS)),
        };
        Some((connection, (listener, free, cut)))
    })
}

async fn accept_one(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // An answer is one small write: waiting to fill a packet would only delay it.
                if stream.set_nodelay(true).is_ok() {
                    return stream;
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of files, most likely. It passes when connections close; trying again at
                // once would only burn the processor until then.
                tracing::warn!(error = %error, "cannot accept connections just now");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A connection that counts itself and can be cut.
pub(crate) struct Connection {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until it has said which HTTP it speaks.
    opening: Option<Opening>,
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that has yet to say which HTTP it speaks. As long as it may be either, nobody else looks
/// at the clock: afterwards pings are expected of HTTP/2, and a whole head, in time, of HTTP/1.
struct Opening {
    until: Pin<Box<Sleep>>,
    /// How much of the preface has come.
    heard: usize,
}

impl Opening {
    /// Whether that is told, now that these bytes have come too.
    fn is_over(&mut self, bytes: &[u8]) -> bool {
        let rest = &PREFACE[self.heard..];
        let len = bytes.len().min(rest.len());
        self.heard += len;
        self.heard == PREFACE.len() || bytes[..len] != rest[..len]
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // HTTP always waits for the next frame or request, so that this is where a cut is noticed.
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if let Some(opening) = &mut self.opening
            && opening.until.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(opening) = &mut self.opening
            && opening.is_over(&buf.filled()[before..])
        {
            self.opening = None;
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(parts: &[&[u8]]) -> Vec<bool> {
        let mut opening = Opening { until: Box::pin(tokio::time::sleep(Duration::ZERO)), heard: 0 };
        parts.iter().map(|part| opening.is_over(part)).collect()
    }

    #[tokio::test]
    async fn the_first_bytes_tell_which_http_it_is() {
        assert_eq!(said(&[b"", b"PRI * HT", b"TP/2.0\r\n\r\nSM\r\n\r\n\0\0"]), [false, false, true]);
        assert_eq!(said(&[b"P", b"OST"]), [false, true]);
        assert_eq!(said(&[b"GET / HTTP/1.1"]), [true]);
        assert_eq!(said(&[&PREFACE[..23]]), [false]);
    }
}
