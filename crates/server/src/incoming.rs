//! Connections as they come in: never more than allowed, and all cut when the server has to go.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::metrics::{CONNECTIONS, Held};

/// Accepts connections for ever. At most `limit` are open; the next one waits in the listen queue.
/// Cancelling `cut` ends them all.
pub(crate) fn accept(
    listener: TcpListener,
    limit: usize,
    cut: CancellationToken,
) -> impl Stream<Item = Result<Connection, Infallible>> {
    let free = Arc::new(Semaphore::new(limit));
    futures::stream::unfold((listener, free, cut), |(listener, free, cut)| async move {
        // Never closed, so an error cannot come; ending the stream would be the answer to one.
        let permit = Arc::clone(&free).acquire_owned().await.ok()?;
        let stream = accept_one(&listener).await;
        let connection = Connection {
            stream,
            cut: Box::pin(cut.clone().cancelled_owned()),
            gathered: false,
            _permit: permit,
            _held: Held::new(metrics::gauge!(CONNECTIONS)),
        };
        Some((Ok(connection), (listener, free, cut)))
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
    /// Whether others have run since there was something to write.
    gathered: bool,
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

impl Connection {
    /// Lets what is ready to run do so once before a write. Creates that shared a commit are answered
    /// at the same moment, and their answers then share a packet, too: a system call for each was two
    /// fifths of this server's processor time.
    fn gather(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.gathered = !self.gathered;
        if self.gathered {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
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
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.gather(cx));
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
        ready!(self.gather(cx));
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
