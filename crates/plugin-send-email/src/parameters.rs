//! What a task asks for, checked, with a sentence for each mistake that names its parameter.

use std::collections::HashSet;

use lettre::message::{Mailbox, Mailboxes};
use serde::Deserialize;
use serde_json::value::RawValue;
use task_plugin::{Error, Parameters};

use crate::settings::Rules;

/// Longest subject, in characters: a header line's limit (RFC 5322, section 2.1.1).
const SUBJECT_CHARS: usize = 998;

/// A mail, checked.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) cc: Vec<Mailbox>,
    pub(crate) bcc: Vec<Mailbox>,
    pub(crate) reply_to: Option<Mailbox>,
    pub(crate) subject: String,
    pub(crate) body: Option<String>,
    pub(crate) html: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    to: Addresses,
    cc: Option<Addresses>,
    bcc: Option<Addresses>,
    subject: Option<Box<RawValue>>,
    body: Option<Box<RawValue>>,
    html: Option<Box<RawValue>>,
    from: Option<String>,
    reply_to: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "addresses must be a text such as \"a@example.com, b@example.com\", or a list of texts"
)]
enum Addresses {
    Line(String),
    List(Vec<String>),
}

impl Mail {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// A final one, since no retry mends a parameter.
    pub(crate) fn read(parameters: &Parameters, rules: &Rules) -> Result<Self, Error> {
        let written: Written = parameters.read()?;
        let mail = Self {
            from: sender(written.from.as_deref(), rules)?,
            to: addresses("to", Some(written.to))?,
            cc: addresses("cc", written.cc)?,
            bcc: addresses("bcc", written.bcc)?,
            reply_to: written.reply_to.as_deref().map(|text| one("reply_to", text)).transpose()?,
            subject: subject(text("subject", written.subject.as_deref())?.unwrap_or_default())?,
            body: text("body", written.body.as_deref())?,
            html: text("html", written.html.as_deref())?,
        };
        if mail.to.is_empty() {
            return Err(Error::give_up("parameter `to` must name at least one address"));
        }
        mail.check_recipients(rules)?;
        Ok(mail)
    }

    pub(crate) fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    fn check_recipients(&self, rules: &Rules) -> Result<(), Error> {
        let count = self.recipients().map(|mailbox| &mailbox.email).collect::<HashSet<_>>().len();
        if count > rules.max_recipients {
            return Err(Error::give_up(format!(
                "the mail has {count} recipients; at most {} are allowed",
                rules.max_recipients
            )));
        }
        let Some(allowed) = &rules.recipient_domains else { return Ok(()) };
        match self.recipients().find(|mailbox| !allowed.contains(&mailbox.email.domain().to_lowercase())) {
            Some(other) => Err(Error::give_up(format!(
                "recipient `{}` is not in a domain that this worker may send to",
                other.email
            ))),
            None => Ok(()),
        }
    }
}

fn sender(from: Option<&str>, rules: &Rules) -> Result<Mailbox, Error> {
    let Some(from) = from else { return Ok(rules.from.clone()) };
    let from = one("from", from)?;
    if from.email != rules.from.email && !rules.may_choose_from {
        return Err(Error::give_up(format!(
            "parameter `from` must be left out or be `{}`: this worker does not let tasks choose a sender",
            rules.from.email
        )));
    }
    Ok(from)
}

/// What would begin a new header, or hide one, never gets as far as the mail library.
fn no_controls(name: &str, text: &str) -> Result<(), Error> {
    match text.chars().find(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        Some(c) => Err(Error::give_up(format!(
            "parameter `{name}` contains the control character U+{:04X}; remove it",
            u32::from(c)
        ))),
        None => Ok(()),
    }
}

/// Text. A command line makes a number of `subject=2026`: it counts as text, with its digits.
fn text(name: &str, written: Option<&RawValue>) -> Result<Option<String>, Error> {
    let Some(json) = written.map(RawValue::get) else { return Ok(None) };
    match json.as_bytes()[0] {
        b'"' => serde_json::from_str(json).map(Some).map_err(|_| ()),
        b'[' | b'{' => Err(()),
        _ => Ok(Some(json.to_owned())),
    }
    .map_err(|()| Error::give_up(format!("parameter `{name}` must be a text")))
}

fn subject(subject: String) -> Result<String, Error> {
    no_controls("subject", &subject)?;
    let chars = subject.chars().count();
    if chars > SUBJECT_CHARS {
        return Err(Error::give_up(format!(
            "parameter `subject` has {chars} characters; at most {SUBJECT_CHARS} are allowed"
        )));
    }
    Ok(subject)
}

fn addresses(name: &str, written: Option<Addresses>) -> Result<Vec<Mailbox>, Error> {
    let lines = match written {
        None => Vec::new(),
        Some(Addresses::Line(line)) => vec![line],
        Some(Addresses::List(lines)) => lines,
    };
    let mut all = Vec::new();
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        no_controls(name, line)?;
        all.extend(line.parse::<Mailboxes>().map_err(|_| no_address(name, line))?);
    }
    Ok(all)
}

fn one(name: &str, text: &str) -> Result<Mailbox, Error> {
    no_controls(name, text)?;
    text.parse().map_err(|_| no_address(name, text))
}

fn no_address(name: &str, text: &str) -> Error {
    Error::give_up(format!("parameter `{name}` is no valid mail address: `{text}`"))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use task_domain::Payload;
    use task_plugin::Retry;

    use super::*;
    use crate::Settings;

    fn read_with(text: &str, settings: &Settings) -> Result<Mail, Error> {
        Mail::read(&Parameters::new(Payload::new(text).unwrap()), &Rules::new(settings).unwrap())
    }

    fn read(text: &str) -> Result<Mail, Error> {
        read_with(text, &Settings::new("localhost"))
    }

    fn shown(mailboxes: &[Mailbox]) -> Vec<String> {
        mailboxes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_recipient_is_enough() {
        let mail = read(r#"{"to":"a@example.com"}"#).unwrap();
        assert_eq!(shown(&mail.to), ["a@example.com"]);
        assert_eq!(mail.from.to_string(), "tasks@localhost");
        assert_eq!((mail.subject.as_str(), mail.body, mail.html), ("", None, None));
    }

    #[test]
    fn addresses_come_as_a_line_or_a_list() {
        let mail = read(
            r#"{"to":"a@example.com, Bo <b@example.com>","cc":["c@example.com","D <d@example.com>"],"bcc":""}"#,
        )
        .unwrap();
        assert_eq!(shown(&mail.to), ["a@example.com", "Bo <b@example.com>"]);
        assert_eq!(shown(&mail.cc), ["c@example.com", "D <d@example.com>"]);
        assert!(mail.bcc.is_empty());
    }

    #[test]
    fn what_looks_like_a_number_is_text_too() {
        let mail = read(r#"{"to":"a@example.com","subject":2026,"body":1.50,"html":null}"#).unwrap();
        assert_eq!((mail.subject.as_str(), mail.body.as_deref(), mail.html), ("2026", Some("1.50"), None));
    }

    #[test]
    fn mistakes_are_final_and_name_their_parameter() {
        for (text, name) in [
            ("{}", "to"),
            (r#"{"to":""}"#, "to"),
            (r#"{"to":[]}"#, "to"),
            (r#"{"to":"nobody"}"#, "to"),
            (r#"{"to":"a@"}"#, "to"),
            (r#"{"to":5}"#, "addresses"),
            (r#"{"to":"a@example.com","subject":["x"]}"#, "subject"),
            (r#"{"to":"a@example.com","body":{"x":1}}"#, "body"),
            (r#"{"to":"a@example.com","reply_to":"a@example.com, b@example.com"}"#, "reply_to"),
            (r#"{"to":"a@example.com","from":"me@example.com"}"#, "from"),
            (r#"{"to":"a@example.com","subjct":"x"}"#, "subjct"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.retry_hint(), Retry::IsUseless, "{text}");
            assert!(error.message().contains(name), "{text}: {error}");
        }
        let long = format!(r#"{{"to":"a@example.com","subject":"{}"}}"#, "x".repeat(999));
        assert!(read(&long).unwrap_err().message().contains("998"));
    }

    #[test]
    fn no_field_takes_a_control_character() {
        for attack in
            ["\\r\\nBcc: evil@example.com", "\\n", "\\r", "\\t", "\\u0001", "\\u007f", "\\u0085", "\\u2028"]
        {
            for (name, text) in [
                ("to", format!(r#"{{"to":"a@example.com{attack}"}}"#)),
                ("to", format!(r#"{{"to":["a@example.com","Bo{attack} <b@example.com>"]}}"#)),
                ("cc", format!(r#"{{"to":"a@example.com","cc":"{attack}b@example.com"}}"#)),
                ("bcc", format!(r#"{{"to":"a@example.com","bcc":"b{attack}@example.com"}}"#)),
                ("from", format!(r#"{{"to":"a@example.com","from":"b@example.com{attack}"}}"#)),
                ("reply_to", format!(r#"{{"to":"a@example.com","reply_to":"X{attack} <b@example.com>"}}"#)),
                ("subject", format!(r#"{{"to":"a@example.com","subject":"Hi{attack}"}}"#)),
            ] {
                let error = read(&text).unwrap_err();
                assert_eq!(error.retry_hint(), Retry::IsUseless);
                let words = format!("parameter `{name}` contains the control character");
                assert!(error.message().contains(&words), "{text}: {error}");
            }
        }
    }

    #[test]
    fn the_operator_limits_senders_and_recipients() {
        let free = Settings { may_choose_from: true, ..Settings::new("localhost") };
        let mail = read_with(r#"{"to":"a@example.com","from":"Me <me@example.com>"}"#, &free).unwrap();
        assert_eq!(mail.from.to_string(), "Me <me@example.com>");
        read(r#"{"to":"a@example.com","from":"Tasks <tasks@localhost>"}"#).expect("the same address");

        let inside = Settings {
            recipient_domains: Some(["Example.com".to_owned()].into()),
            max_recipients: 2,
            ..Settings::new("localhost")
        };
        read_with(r#"{"to":"a@EXAMPLE.com","bcc":"b@example.com, a@EXAMPLE.com"}"#, &inside).expect("inside");
        let error = read_with(r#"{"to":"a@example.com","bcc":"b@sub.example.com"}"#, &inside).unwrap_err();
        assert!(error.message().contains("b@sub.example.com"), "{error}");
        let three = r#"{"to":"a@example.com","cc":"b@example.com","bcc":"c@example.com"}"#;
        assert!(read_with(three, &inside).unwrap_err().message().contains("at most 2"));
    }
}
