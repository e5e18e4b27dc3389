//! What is wrong with the settings.

/// Why mail cannot be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the server cannot be read.
    #[error("the mail server's address {0}; write it as smtp://user:password@host:587?tls=required")]
    Address(&'static str),
    /// An address or name is none.
    #[error("the mail setting `{setting}` is no valid {what}: {value}")]
    Value {
        /// Which setting.
        setting: &'static str,
        /// What it should be.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// A password would travel in the clear.
    #[error(
        "the password for mail server `{host}` would travel unencrypted; add ?tls=required or use smtps://"
    )]
    PlainPassword {
        /// Which server.
        host: String,
    },
    /// TLS cannot be set up.
    #[error("TLS for the mail server cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
}
