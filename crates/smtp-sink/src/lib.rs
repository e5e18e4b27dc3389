//! A small SMTP server that keeps what it is sent, for demos and tests.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), task_smtp_sink::Error> {
//! use task_smtp_sink::{Settings, SmtpSink};
//!
//! let sink = SmtpSink::start(Settings::default()).await?;
//! println!("send mail to {}", sink.addr());
//! // ... a client sends something ...
//! for message in sink.messages() {
//!     println!("{} got {:?}", message.recipients().join(", "), message.subject());
//! }
//! sink.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! It speaks RFC 5321 (EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT) with SIZE, 8BITMIME,
//! SMTPUTF8, PIPELINING, STARTTLS and AUTH PLAIN and LOGIN, and keeps the last messages in memory.
//! It delivers nothing. [`SmtpSink::inject`] makes it misbehave on purpose.
//!
//! Read the files in the order a message meets them: `server` accepts a connection, `session`
//! holds the conversation, `command` reads what is asked, `content` reads the mail itself,
//! `store` keeps it as a [`Message`].

mod auth;
mod command;
mod content;
mod encoded_word;
mod error;
mod fault;
mod message;
mod server;
mod session;
mod settings;
mod store;
mod tls;
mod wire;

pub use error::Error;
pub use fault::{Fault, Reply};
pub use message::Message;
pub use server::SmtpSink;
pub use settings::{Credentials, Encryption, Settings};
pub use store::Counters;
