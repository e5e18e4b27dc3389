//! One conversation with a client, from the greeting to QUIT.

use std::io;
use std::sync::Arc;

use crate::auth::{self, Login};
use crate::command::Command;
use crate::content::{self, Content};
use crate::fault::{Fault, Stage};
use crate::message::Parts;
use crate::store::Store;
use crate::tls::Tls;
use crate::wire::{Line, Wire};
use crate::{Encryption, Settings};

/// Wrong logins after which a client is cut off.
const MAX_LOGINS: u32 = 3;

/// What all sessions need.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) tls: Option<Tls>,
}

/// Whether the conversation goes on.
enum Next {
    Continue,
    /// Close the connection, politely or not.
    Close,
    /// Switch to TLS and begin again.
    Encrypt,
}

/// The state of a conversation.
pub(crate) struct Session {
    shared: Arc<Shared>,
    greeted: bool,
    user: Option<String>,
    wrong_logins: u32,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, greeted: false, user: None, wrong_logins: 0, sender: None, recipients: Vec::new() }
    }

    /// Holds the conversation to its end.
    pub(crate) async fn run(mut self, mut wire: Wire) -> io::Result<()> {
        wire.reply(&format!("220 {} ESMTP", self.shared.settings.hostname)).await?;
        loop {
            let line = match wire.line().await? {
                Line::Text(line) => line,
                Line::Unreadable => {
                    wire.reply("500 5.5.2 line too long or not UTF-8").await?;
                    continue;
                }
                Line::End => return Ok(()),
            };
            match self.answer(&mut wire, &line).await? {
                Next::Continue => {}
                Next::Close => return Ok(()),
                Next::Encrypt => {
                    let tls = self.shared.tls.clone().expect("offered only with a certificate");
                    wire = wire.encrypt(&tls.acceptor).await?;
                    // RFC 3207: nothing that was said in clear text counts any more.
                    self = Self::new(self.shared);
                }
            }
        }
    }

    async fn answer(&mut self, wire: &mut Wire, line: &str) -> io::Result<Next> {
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(reply) => return go_on(wire, reply).await,
        };
        match command {
            Command::Ehlo => {
                self.reset();
                self.greeted = true;
                go_on(wire, &self.extensions(wire.is_encrypted())).await
            }
            Command::Helo => {
                self.reset();
                self.greeted = true;
                go_on(wire, &format!("250 {}", self.shared.settings.hostname)).await
            }
            Command::Mail { sender, size } => {
                let reply = self.mail(wire.is_encrypted(), sender, size);
                go_on(wire, reply).await
            }
            Command::Rcpt { recipient } => {
                let reply = self.recipient(recipient);
                go_on(wire, &reply).await
            }
            Command::Data => self.data(wire).await,
            Command::Rset => {
                self.reset();
                go_on(wire, "250 2.0.0 forgotten").await
            }
            Command::Noop => go_on(wire, "250 2.0.0 still here").await,
            Command::Vrfy => go_on(wire, "252 2.1.5 send it and see").await,
            Command::Quit => {
                wire.reply("221 2.0.0 bye").await?;
                Ok(Next::Close)
            }
            Command::StartTls if self.shared.tls.is_none() => go_on(wire, "502 5.5.1 no STARTTLS here").await,
            Command::StartTls if wire.is_encrypted() => go_on(wire, "503 5.5.1 already encrypted").await,
            Command::StartTls => {
                wire.reply("220 2.0.0 go ahead").await?;
                Ok(Next::Encrypt)
            }
            Command::Auth { mechanism, initial } => self.auth(wire, mechanism, initial).await,
        }
    }

    fn extensions(&self, encrypted: bool) -> String {
        let settings = &self.shared.settings;
        let mut lines = format!(
            "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n",
            settings.hostname
        );
        if self.shared.tls.is_some() && !encrypted {
            lines.push_str("250-STARTTLS\r\n");
        }
        if settings.credentials.is_some() && (encrypted || settings.encryption != Encryption::Required) {
            lines.push_str("250-AUTH PLAIN LOGIN\r\n");
        }
        lines + &format!("250 SIZE {}", settings.max_message_bytes)
    }

    fn mail(&mut self, encrypted: bool, sender: &str, size: Option<usize>) -> &'static str {
        let settings = &self.shared.settings;
        if !self.greeted {
            return "503 5.5.1 say EHLO first";
        }
        if settings.encryption == Encryption::Required && !encrypted {
            return "530 5.7.0 say STARTTLS first";
        }
        if settings.credentials.is_some() && self.user.is_none() {
            return "530 5.7.0 log in first";
        }
        if self.sender.is_some() {
            return "503 5.5.1 one sender at a time";
        }
        if size.is_some_and(|size| size > settings.max_message_bytes) {
            return "552 5.3.4 message too large";
        }
        self.sender = Some(sender.to_owned());
        "250 2.1.0 sender taken"
    }

    fn recipient(&mut self, recipient: &str) -> String {
        let shared = &self.shared;
        if self.sender.is_none() {
            return "503 5.5.1 say MAIL first".into();
        }
        let refusal = match shared.store.take_fault(Stage::Recipient) {
            Some(Fault::RefuseRecipient(reply)) => Some(reply.line()),
            _ if self.recipients.len() >= shared.settings.max_recipients => {
                Some("452 4.5.3 too many recipients".into())
            }
            _ => None,
        };
        if let Some(refusal) = refusal {
            shared.store.count(|counters| counters.refused_recipients += 1);
            return refusal;
        }
        self.recipients.push(recipient.to_owned());
        "250 2.1.5 recipient taken".into()
    }

    async fn data(&mut self, wire: &mut Wire) -> io::Result<Next> {
        if self.recipients.is_empty() {
            return go_on(wire, "503 5.5.1 say MAIL and RCPT first").await;
        }
        wire.reply("354 end with a line that holds one dot").await?;
        let shared = Arc::clone(&self.shared);
        if let Some(Fault::DropInData) = shared.store.take_fault(Stage::Data) {
            // Reads something first, so that the client is in the middle of it.
            wire.piece(1).await?;
            return Ok(Next::Close);
        }
        let content = match content::read(wire, shared.settings.max_message_bytes).await? {
            Content::Whole(content) => content,
            Content::TooLarge => {
                self.reset();
                shared.store.count(|counters| counters.refused_messages += 1);
                return go_on(wire, "552 5.3.4 message too large").await;
            }
            Content::CutOff => return Ok(Next::Close),
        };
        let parts = self.take(content, wire.is_encrypted());
        match shared.store.take_fault(Stage::AfterData) {
            Some(Fault::RefuseMessage(reply)) => {
                shared.store.count(|counters| counters.refused_messages += 1);
                return go_on(wire, &reply.line()).await;
            }
            Some(Fault::DropAfterData) => {
                shared.store.keep(parts);
                return Ok(Next::Close);
            }
            Some(Fault::Hang) => shared.store.hang().await,
            _ => {}
        }
        shared.store.keep(parts);
        go_on(wire, "250 2.0.0 kept").await
    }

    async fn auth(&mut self, wire: &mut Wire, mechanism: &str, initial: Option<&str>) -> io::Result<Next> {
        let shared = Arc::clone(&self.shared);
        let Some(wanted) = &shared.settings.credentials else {
            return go_on(wire, "502 5.5.1 no AUTH here").await;
        };
        if shared.settings.encryption == Encryption::Required && !wire.is_encrypted() {
            return go_on(wire, "538 5.7.11 say STARTTLS first").await;
        }
        if !self.greeted || self.user.is_some() || self.sender.is_some() {
            return go_on(wire, "503 5.5.1 not now").await;
        }
        match auth::login(wire, wanted, mechanism, initial).await? {
            Login::Accepted => {
                self.user = Some(wanted.user.clone());
                go_on(wire, "235 2.7.0 welcome").await
            }
            Login::Wrong => {
                shared.store.count(|counters| counters.refused_logins += 1);
                self.wrong_logins += 1;
                wire.reply("535 5.7.8 wrong user or password").await?;
                Ok(if self.wrong_logins < MAX_LOGINS { Next::Continue } else { Next::Close })
            }
            Login::Malformed(reply) => go_on(wire, reply).await,
            Login::CutOff => Ok(Next::Close),
        }
    }

    /// The finished message; the next one starts from nothing.
    fn take(&mut self, content: Vec<u8>, encrypted: bool) -> Parts {
        Parts {
            number: 0,
            sender: self.sender.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            content,
            encrypted,
            user: self.user.clone(),
        }
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }
}

async fn go_on(wire: &mut Wire, reply: &str) -> io::Result<Next> {
    wire.reply(reply).await?;
    Ok(Next::Continue)
}
