//! What a sink offers and how much it keeps.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Settings of a sink. The default listens on a free port of 127.0.0.1, offers neither STARTTLS
/// nor AUTH, and takes everything.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// How it introduces itself. Default `localhost`.
    pub hostname: String,
    /// Whether the conversation can or must be encrypted. Default [`Encryption::Off`].
    pub encryption: Encryption,
    /// If given, AUTH is offered, and mail is refused without it. Default none.
    pub credentials: Option<Credentials>,
    /// Largest message taken, in bytes. Default 10 MiB.
    pub max_message_bytes: usize,
    /// Most recipients of one message. Default 100.
    pub max_recipients: usize,
    /// Most connections at once; one more is told to come back later. Default 256.
    pub max_connections: usize,
    /// How many messages are kept; the oldest goes first. Default 1,000.
    pub keep_messages: usize,
    /// How many bytes of messages are kept; the oldest goes first. Default 64 MiB.
    pub keep_bytes: usize,
    /// How long a client may be silent before it is cut off. Default 60 seconds.
    pub idle_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            hostname: "localhost".into(),
            encryption: Encryption::Off,
            credentials: None,
            max_message_bytes: 10 * 1024 * 1024,
            max_recipients: 100,
            max_connections: 256,
            keep_messages: 1_000,
            keep_bytes: 64 * 1024 * 1024,
            idle_timeout: Duration::from_mins(1),
        }
    }
}

/// Whether the conversation can or must be encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// STARTTLS is not offered.
    #[default]
    Off,
    /// STARTTLS is offered.
    Offered,
    /// Mail and AUTH are refused before STARTTLS.
    Required,
}

/// What a client has to prove to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
