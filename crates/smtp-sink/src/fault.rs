//! Misbehaviour on demand: what a real server does now and then, when a test asks for it.

use std::collections::VecDeque;

/// A refusal: a code and a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    text: String,
}

impl Reply {
    /// A refusal that may pass, such as 451: the client is to try again.
    ///
    /// # Panics
    /// If `code` is not 400 to 499, or the text would break the protocol's lines.
    pub fn temporary(code: u16, text: impl Into<String>) -> Self {
        assert!((400..500).contains(&code), "{code} is not a temporary refusal");
        Self::new(code, text.into())
    }

    /// A refusal for good, such as 550.
    ///
    /// # Panics
    /// If `code` is not 500 to 599, or the text would break the protocol's lines.
    pub fn permanent(code: u16, text: impl Into<String>) -> Self {
        assert!((500..600).contains(&code), "{code} is not a permanent refusal");
        Self::new(code, text.into())
    }

    fn new(code: u16, text: String) -> Self {
        assert!(!text.contains(['\r', '\n']), "a reply is one line");
        Self { code, text }
    }

    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.code, self.text)
    }
}

/// One misbehaviour, to be injected with [`SmtpSink::inject`](crate::SmtpSink::inject).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refuses the next recipient.
    RefuseRecipient(Reply),
    /// Reads the next message to its end, then refuses it.
    RefuseMessage(Reply),
    /// Cuts the connection in the middle of the next message, which is not kept.
    DropInData,
    /// Keeps the next message, but cuts the connection instead of saying so: the client cannot
    /// know, and a careful one sends it again.
    DropAfterData,
    /// Reads the next message to its end, then says nothing until
    /// [`SmtpSink::release`](crate::SmtpSink::release); only then it is kept and accepted.
    Hang,
}

impl Fault {
    fn stage(&self) -> Stage {
        match self {
            Self::RefuseRecipient(_) => Stage::Recipient,
            Self::DropInData => Stage::Data,
            Self::RefuseMessage(_) | Self::DropAfterData | Self::Hang => Stage::AfterData,
        }
    }
}

/// Where in a conversation a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Recipient,
    Data,
    AfterData,
}

/// The faults that wait for their moment, in the order they were injected.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: &Fault, times: usize) {
        self.0.extend(std::iter::repeat_n(fault, times).cloned());
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the first fault that strikes at this stage.
    pub(crate) fn take(&mut self, stage: Stage) -> Option<Fault> {
        let place = self.0.iter().position(|fault| fault.stage() == stage)?;
        self.0.remove(place)
    }
}
