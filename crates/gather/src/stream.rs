//! Small writes of one moment that leave in one packet.
//!
//! Many calls share a connection. Those that are made or answered at the same moment would each cost both ends a
//! system call, and wake the other end, if each was written as soon as it is there.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream of bytes that lets what is ready to run do so once before each write. Nobody waits for a clock: what is alone
/// is written at once.
///
/// For a writer that offers all it has each time it is polled, as HTTP/2 does.
#[derive(Debug)]
pub struct Gathered<S> {
    stream: S,
    /// Whether others have run since there was something to write.
    gathered: bool,
}

impl<S> Gathered<S> {
    /// Gathers what is written to `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, gathered: false }
    }

    /// The stream itself.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    fn gather(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.gathered = !self.gathered;
        if self.gathered {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
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
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.gather(cx));
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Notes what it is given.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

    impl AsyncWrite for Writes {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.0.lock().unwrap().push(buf.to_vec());
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Writes twice what is in the buffer at the time, while others put more into it.
    async fn written(vectored: bool) -> Vec<Vec<u8>> {
        let (writes, buffer) = (Writes::default(), Arc::new(Mutex::new(Vec::new())));
        let mut stream = Gathered::new(writes.clone());
        for round in *b"ab" {
            *buffer.lock().unwrap() = vec![round];
            let write = poll_fn(|cx| {
                let bytes = buffer.lock().unwrap();
                let stream = Pin::new(&mut stream);
                if vectored {
                    stream.poll_write_vectored(cx, &[IoSlice::new(&bytes)])
                } else {
                    stream.poll_write(cx, &bytes)
                }
            });
            let others = (0..3).map(|n| {
                let buffer = Arc::clone(&buffer);
                tokio::spawn(async move { buffer.lock().unwrap().push(b'0' + n) })
            });
            let others: Vec<_> = others.collect();
            write.await.unwrap();
            for other in others {
                other.await.unwrap();
            }
        }
        writes.0.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn what_others_are_about_to_write_goes_along() {
        for vectored in [false, true] {
            assert_eq!(written(vectored).await, [b"a012", b"b012"], "vectored: {vectored}");
        }
    }

    #[tokio::test]
    async fn what_is_alone_is_written_with_nobody_to_wait_for() {
        let (near, mut far) = duplex(64);
        let mut stream = Gathered::new(near);
        stream.write_all(b"one").await.unwrap();
        stream.write_all(b"two").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut all = String::new();
        far.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "onetwo");
        far.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
