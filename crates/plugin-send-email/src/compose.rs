//! Writes the message.

use std::collections::HashSet;

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use task_plugin::{Context, Error};

use crate::parameters::Mail;

/// Where a mail comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) task: String,
    pub(crate) attempt: String,
    /// The same for every start of the same attempt.
    pub(crate) message_id: String,
}

impl Origin {
    pub(crate) fn new(context: &Context, domain: &str) -> Self {
        Self {
            task: context.lease().task.to_string(),
            attempt: context.attempt().to_string(),
            message_id: format!("<{}@{domain}>", context.idempotency_key()),
        }
    }
}

/// Puts the message together, its envelope included.
pub(crate) fn compose(mail: &Mail, origin: &Origin) -> Result<Message, Error> {
    let wrong = |e: lettre::error::Error| Error::give_up(format!("the mail cannot be written: {e}"));
    let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
    let envelope = Envelope::new(Some(mail.from.email.clone()), everyone(mail)).map_err(wrong)?;
    let mut message = Message::builder()
        .envelope(envelope)
        .from(mail.from.clone())
        .subject(mail.subject.clone())
        .message_id(Some(origin.message_id.clone()))
        .raw_header(header("X-Task-Id", &origin.task))
        .raw_header(header("X-Task-Attempt", &origin.attempt));
    for to in &mail.to {
        message = message.to(to.clone());
    }
    for cc in &mail.cc {
        message = message.cc(cc.clone());
    }
    if let Some(reply_to) = &mail.reply_to {
        message = message.reply_to(reply_to.clone());
    }
    let plain = || mail.body.clone().unwrap_or_default();
    let part = |kind, text| SinglePart::builder().header(kind).body(text);
    match (&mail.body, &mail.html) {
        (_, None) => message.singlepart(part(ContentType::TEXT_PLAIN, plain())),
        (None, Some(html)) => message.singlepart(part(ContentType::TEXT_HTML, html.clone())),
        (Some(_), Some(html)) => message.multipart(MultiPart::alternative_plain_html(plain(), html.clone())),
    }
    .map_err(wrong)
}

/// Every recipient once. Those of `bcc` stand here and nowhere in the message.
fn everyone(mail: &Mail) -> Vec<Address> {
    let mut seen = HashSet::new();
    let new = |mailbox: &&Mailbox| seen.insert(mailbox.email.clone());
    mail.recipients().filter(new).map(|mailbox| mailbox.email.clone()).collect()
}
