//! Why a sink could not start.

use std::io;
use std::net::SocketAddr;

/// Why a sink could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("could not listen on {addr}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The certificate for STARTTLS could not be made.
    #[error("could not make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be used.
    #[error("could not set up TLS")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

impl Error {
    /// Whether starting again may succeed without a change: an address that is in use now.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Listen { .. })
    }
}
