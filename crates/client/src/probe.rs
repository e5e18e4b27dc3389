//! Finds out who answers on a port, so that a wrong port is told from a server that is down.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::Unreached;

/// Longest wait for a connection and for its first bytes.
const WAIT: Duration = Duration::from_secs(1);

/// How every HTTP/2 connection starts (RFC 9113, section 3.4), followed by empty SETTINGS.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Asks `host:port` for its first bytes. `None` where an HTTP/2 server answers.
pub(crate) async fn probe(host_port: &str) -> Option<Unreached> {
    let mut stream = match timeout(WAIT, TcpStream::connect(host_port)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Some(Unreached::Nobody(plain(&error))),
        Err(_) => return Some(Unreached::Nobody("no connection within 1 s".to_owned())),
    };
    let mut first = [0; 9];
    let answer = timeout(WAIT, async {
        stream.write_all(PREFACE).await?;
        stream.read_exact(&mut first).await
    });
    match answer.await {
        Ok(Ok(_)) if is_settings(&first) => None,
        Ok(Ok(_)) => Some(Unreached::SomethingElse(told(&first))),
        // Fewer than nine bytes, as of a service that is closed at once or by a crash: no proof.
        Ok(Err(error)) => Some(Unreached::Silent(plain(&error))),
        Err(_) => Some(Unreached::Silent("no answer within 1 s".to_owned())),
    }
}

/// Whether these bytes head a SETTINGS frame of stream 0, which every HTTP/2 server sends first.
fn is_settings(head: &[u8; 9]) -> bool {
    head[3] == 4 && head[5..] == [0; 4]
}

fn told(first: &[u8]) -> String {
    if first.starts_with(b"HTTP/1") {
        return "it speaks HTTP/1 only".to_owned();
    }
    format!("its first words are {:?}", String::from_utf8_lossy(first))
}

/// The error without the operating system's number, which says nothing to people.
fn plain(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::UnexpectedEof => "the connection was closed at once".to_owned(),
        ErrorKind::ConnectionReset => "the connection was reset".to_owned(),
        _ => error.to_string(),
    }
}
