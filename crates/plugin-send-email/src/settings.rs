//! Which mail server, and what tasks may ask of it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;

use crate::{Error, address_url};

/// How the conversation is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Not at all: for a server on this machine or in a trusted network.
    None,
    /// It begins in the clear and goes over to TLS before anything is said; a server that cannot
    /// is not used. Usual port 587.
    #[default]
    StartTls,
    /// TLS from the first byte. Usual port 465.
    Tls,
}

/// A login.
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

/// What a worker's operator decides about mail.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name or address of the server; TLS checks its certificate against this.
    pub host: String,
    /// Its port. Default 587.
    pub port: u16,
    /// Default [`Security::StartTls`].
    pub security: Security,
    /// The login, if the server wants one. Needs TLS, unless the server is on this machine.
    pub credentials: Option<Credentials>,
    /// The sender of mail whose task names none, such as `Shop <shop@example.com>`. Default
    /// `tasks@localhost`.
    pub from: String,
    /// Whether a task may name a sender itself. Default `false`.
    pub may_choose_from: bool,
    /// If given, recipients of other domains are refused. Default none.
    pub recipient_domains: Option<BTreeSet<String>>,
    /// Most recipients of one mail, cc and bcc included. Default 100.
    pub max_recipients: usize,
    /// How long connecting, logging in and sending may take together. Default 60 seconds.
    pub timeout: Duration,
    /// Most connections to the server at once; more tasks wait. Default 8.
    pub max_connections: usize,
    /// What stands after the `@` of a `Message-ID`. Two services that send with the same domain
    /// need different ones, or their IDs could be the same. Default: the sender's domain.
    pub message_id_domain: Option<String>,
    /// A certificate to trust besides the public authorities, as PEM. Default none.
    pub root_certificate_pem: Option<String>,
}

impl Settings {
    /// STARTTLS on port 587, without a login.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 587,
            security: Security::StartTls,
            credentials: None,
            from: "tasks@localhost".into(),
            may_choose_from: false,
            recipient_domains: None,
            max_recipients: 100,
            timeout: Duration::from_mins(1),
            max_connections: 8,
            message_id_domain: None,
            root_certificate_pem: None,
        }
    }

    /// Reads `scheme://user:password@host:port?tls=required&from=address`.
    ///
    /// | scheme | `tls` | security | default port |
    /// |---|---|---|---|
    /// | `smtps` | | [`Security::Tls`] | 465 |
    /// | `smtp` | `required` | [`Security::StartTls`] | 587 |
    /// | `smtp` | | [`Security::None`] | 25 |
    ///
    /// Write special characters of user, password and `from` as `%40` and the like.
    ///
    /// # Errors
    /// [`Error::Address`] saying what is wrong; never with the password.
    pub fn from_url(url: &str) -> Result<Self, Error> {
        address_url::read(url)
    }
}

/// What tasks may ask for, checked.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) from: Mailbox,
    pub(crate) may_choose_from: bool,
    pub(crate) recipient_domains: Option<BTreeSet<String>>,
    pub(crate) max_recipients: usize,
    message_id_domain: Option<String>,
}

impl Rules {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let value = |setting, what, value: &str| Error::Value { setting, what, value: value.to_owned() };
        if settings.max_recipients == 0 {
            return Err(value("max_recipients", "number of recipients", "0"));
        }
        if settings.max_connections == 0 {
            return Err(value("max_connections", "number of connections", "0"));
        }
        if settings.timeout.is_zero() {
            return Err(value("timeout", "time", "0"));
        }
        let is_plain = settings.security == Security::None;
        if is_plain && settings.credentials.is_some() && !is_here(&settings.host) {
            return Err(Error::PlainPassword { host: settings.host.clone() });
        }
        let from = settings.from.parse().map_err(|_| value("from", "mail address", &settings.from))?;
        let domain = settings.message_id_domain.as_deref();
        if let Some(domain) = domain.filter(|domain| !is_id_domain(domain)) {
            return Err(value("message_id_domain", "domain", domain));
        }
        let lower = |domains: &BTreeSet<String>| domains.iter().map(|d| d.to_lowercase()).collect();
        Ok(Self {
            from,
            may_choose_from: settings.may_choose_from,
            recipient_domains: settings.recipient_domains.as_ref().map(lower),
            max_recipients: settings.max_recipients,
            message_id_domain: domain.map(str::to_owned),
        })
    }

    /// What stands after the `@` of the `Message-ID` of a mail from this sender.
    pub(crate) fn id_domain<'a>(&'a self, from: &'a Mailbox) -> &'a str {
        let domain = self.message_id_domain.as_deref().unwrap_or(from.email.domain());
        if is_id_domain(domain) { domain } else { "localhost" }
    }
}

/// Whether a text can stand in a `Message-ID` as it is.
fn is_id_domain(domain: &str) -> bool {
    !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

/// Whether a password for this host stays on this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_needs_tls_or_this_machine() {
        let login = Some(Credentials { user: "me".into(), password: "hunter2".into() });
        let plain = |host: &str| {
            let security = Security::None;
            Rules::new(&Settings { security, credentials: login.clone(), ..Settings::new(host) })
        };
        plain("127.0.0.1").expect("stays here");
        plain("localhost").expect("stays here");
        let error = plain("mail.example.com").unwrap_err().to_string();
        assert!(error.contains("mail.example.com") && !error.contains("hunter2"), "{error}");
        Rules::new(&Settings { credentials: login, ..Settings::new("mail.example.com") }).expect("STARTTLS");
    }

    #[test]
    fn wrong_settings_are_named() {
        let good = Settings::new("localhost");
        for (bad, name) in [
            (Settings { from: "nobody".into(), ..good.clone() }, "from"),
            (Settings { from: "a@b.c\r\nBcc: d@e.f".into(), ..good.clone() }, "from"),
            (Settings { message_id_domain: Some("a>b".into()), ..good.clone() }, "message_id_domain"),
            (Settings { max_recipients: 0, ..good.clone() }, "max_recipients"),
            (Settings { max_connections: 0, ..good.clone() }, "max_connections"),
            (Settings { timeout: Duration::ZERO, ..good.clone() }, "timeout"),
        ] {
            let error = Rules::new(&bad).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }
}
