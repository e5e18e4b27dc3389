//! The certificate for STARTTLS, made at start and forgotten at the end.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::Error;

/// What STARTTLS needs.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate, for clients to trust.
    pub(crate) certificate_pem: String,
}

impl Tls {
    /// Makes a self-signed certificate for the usual names of this machine and `hostname`.
    pub(crate) fn generate(hostname: &str) -> Result<Self, Error> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !names.iter().any(|name| name == hostname) {
            names.push(hostname.to_owned());
        }
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        // Named, so that it does not matter which provider the process has made its default.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate_pem: made.cert.pem() })
    }
}
