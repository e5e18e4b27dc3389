//! Takes the mail that `send_email` sends, and tells of it.

use std::fmt;
use std::sync::Arc;

use task_smtp_sink::{Message, SmtpSink};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its sender; empty for a bounce.
    pub from: String,
    /// All its recipients.
    pub to: Vec<String>,
    /// Its subject, where it has one.
    pub subject: Option<String>,
}

impl From<&Message> for Mail {
    fn from(message: &Message) -> Self {
        Self {
            from: message.sender().to_owned(),
            to: message.recipients().to_vec(),
            subject: message.subject(),
        }
    }
}

/// What is done with every mail.
#[derive(Clone)]
pub struct OnMail(Arc<dyn Fn(&Mail) + Send + Sync>);

impl OnMail {
    /// Calls this with every mail, one after the other; it must not block.
    pub fn new(tell: impl Fn(&Mail) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl Default for OnMail {
    fn default() -> Self {
        Self::new(|mail| {
            let subject = mail.subject.as_deref().unwrap_or_default();
            tracing::info!(from = mail.from, to = mail.to.join(", "), subject, "took a mail");
        })
    }
}

impl fmt::Debug for OnMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnMail")
    }
}

/// Tells of every mail until told to stop; then stops the sink.
///
/// The sink keeps the last thousand: of more in one rush, the oldest are taken but not told of.
pub(crate) async fn follow(sink: SmtpSink, on_mail: OnMail, stop: CancellationToken) -> Result<(), Error> {
    let mut received = sink.received();
    let mut told = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            changed = received.changed() => if changed.is_err() { break },
        }
        received.borrow_and_update();
        let seen = told;
        for message in sink.messages().iter().skip_while(|message| message.number() <= seen) {
            (on_mail.0)(&Mail::from(message));
            told = message.number();
        }
    }
    sink.stop().await;
    Ok(())
}
