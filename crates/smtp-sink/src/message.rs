//! A message as it was received: the envelope, the bytes, and what its headers say.

use std::sync::Arc;

use crate::encoded_word;

/// A message that was accepted. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Arc<Parts>);

/// What a message is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) number: u64,
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) content: Vec<u8>,
    pub(crate) encrypted: bool,
    pub(crate) user: Option<String>,
}

impl Message {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The place of the message among all that were accepted, from 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The sender of the envelope (MAIL FROM); empty for a bounce.
    pub fn sender(&self) -> &str {
        &self.0.sender
    }

    /// The recipients of the envelope (RCPT TO), those of cc and bcc included.
    pub fn recipients(&self) -> &[String] {
        &self.0.recipients
    }

    /// The message as sent: headers, an empty line, the body, with CRLF line ends.
    pub fn content(&self) -> &[u8] {
        &self.0.content
    }

    /// Whether it came over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.0.encrypted
    }

    /// The user that sent it, if one logged in.
    pub fn user(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// The `Message-ID`, with its angle brackets.
    pub fn message_id(&self) -> Option<String> {
        self.header("Message-ID")
    }

    /// The subject, decoded.
    pub fn subject(&self) -> Option<String> {
        self.header("Subject")
    }

    /// The `To` header, decoded; all of it in one text.
    pub fn to(&self) -> Option<String> {
        self.header("To")
    }

    /// The first header of this name (in any case), unfolded, its encoded words decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        let mut lines = head.lines();
        let first = lines.find_map(|line| {
            let (its_name, value) = line.split_once(':')?;
            its_name.trim_end().eq_ignore_ascii_case(name).then_some(value)
        })?;
        let mut value = first.trim().to_owned();
        // A line that begins with white space goes on with the one before.
        for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
            value.push(' ');
            value.push_str(line.trim());
        }
        Some(encoded_word::decode(value.trim()))
    }

    /// What follows the headers, as text; not decoded.
    pub fn body(&self) -> String {
        let content = &self.0.content;
        let start = self.head_length().map_or(content.len(), |length| length + 4);
        String::from_utf8_lossy(&content[start..]).into_owned()
    }

    fn head(&self) -> String {
        let end = self.head_length().unwrap_or(self.0.content.len());
        String::from_utf8_lossy(&self.0.content[..end]).into_owned()
    }

    fn head_length(&self) -> Option<usize> {
        self.0.content.windows(4).position(|bytes| bytes == b"\r\n\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str) -> Message {
        Message::new(Parts {
            number: 1,
            sender: String::new(),
            recipients: Vec::new(),
            content: content.as_bytes().to_vec(),
            encrypted: false,
            user: None,
        })
    }

    #[test]
    fn reads_headers() {
        let message = message(
            "Received: a\r\nSUBJECT: one\r\n two\r\n\tthree\r\nTo: a@example.com,\r\n b@example.com\r\n\
             Message-ID: <1@example.com>\r\n\r\nSubject: not this\r\n\r\nend\r\n",
        );
        assert_eq!(message.subject().as_deref(), Some("one two three"));
        assert_eq!(message.to().as_deref(), Some("a@example.com, b@example.com"));
        assert_eq!(message.message_id().as_deref(), Some("<1@example.com>"));
        assert_eq!(message.header("From"), None);
        assert_eq!(message.body(), "Subject: not this\r\n\r\nend\r\n");
    }

    #[test]
    fn a_message_without_body_has_headers() {
        let message = message("Subject: all\r\n");
        assert_eq!(message.subject().as_deref(), Some("all"));
        assert_eq!(message.body(), "");
    }
}
