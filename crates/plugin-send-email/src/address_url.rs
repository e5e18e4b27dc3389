//! Reads a mail server's address from one line, as it stands in a flag or a variable.

use crate::{Credentials, Error, Security, Settings};

pub(crate) fn read(url: &str) -> Result<Settings, Error> {
    let wrong = Error::Address;
    let (scheme, rest) = url.split_once("://").ok_or(wrong("has no scheme"))?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let place = place.trim_end_matches('/');
    let (login, server) = match place.rsplit_once('@') {
        Some((login, server)) => (Some(login), server),
        None => (None, place),
    };
    let (mut from, mut tls) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("tls", value)) => tls = Some(value),
            Some(("from", value)) => from = Some(decode(value)?),
            _ => return Err(wrong("has an unknown option; there are tls and from")),
        }
    }
    let (security, usual_port) = match (scheme, tls) {
        ("smtps", None) => (Security::Tls, 465),
        ("smtp", Some("required")) => (Security::StartTls, 587),
        ("smtp", None) => (Security::None, 25),
        ("smtp" | "smtps", _) => {
            return Err(wrong("has an unknown tls option; there is only required, with smtp"));
        }
        _ => return Err(wrong("has an unknown scheme; there are smtp and smtps")),
    };
    let (host, port) = host_and_port(server).ok_or(wrong("has no valid host and port"))?;
    let mut settings = Settings { port: port.unwrap_or(usual_port), security, ..Settings::new(host) };
    if let Some(login) = login {
        let (user, password) = login.split_once(':').ok_or(wrong("has a user without a password"))?;
        settings.credentials = Some(Credentials { user: decode(user)?, password: decode(password)? });
    }
    if let Some(from) = from {
        settings.from = from;
    }
    Ok(settings)
}

/// Splits `host`, `host:25`, `[::1]` or `[::1]:25`.
fn host_and_port(server: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if let Some(rest) = server.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("")))
    } else {
        server.split_once(':').map_or((server, Some("")), |(host, port)| (host, Some(port)))
    };
    let port = match port? {
        "" => None,
        port => Some(port.parse().ok().filter(|&port| port != 0)?),
    };
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    (!host.is_empty() && host.chars().all(fits)).then_some((host, port))
}

/// Reads `%40` and the like.
fn decode(text: &str) -> Result<String, Error> {
    let wrong = || Error::Address("has a % that is not followed by two hexadecimal digits, or is no UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or_else(wrong);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_its_security_and_port() {
        for (url, security, host, port) in [
            ("smtps://mail.example.com", Security::Tls, "mail.example.com", 465),
            ("smtp://mail.example.com?tls=required", Security::StartTls, "mail.example.com", 587),
            ("smtp://mail.example.com:2525/?tls=required", Security::StartTls, "mail.example.com", 2525),
            ("smtp://127.0.0.1", Security::None, "127.0.0.1", 25),
            ("smtp://[::1]:2525", Security::None, "::1", 2525),
            ("smtp://[::1]", Security::None, "::1", 25),
        ] {
            let settings = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(
                (settings.security, settings.host.as_str(), settings.port),
                (security, host, port),
                "{url}"
            );
            assert_eq!(settings.credentials, None);
            assert_eq!(settings.from, "tasks@localhost");
        }
    }

    #[test]
    fn login_and_sender_are_decoded() {
        let settings =
            read("smtps://me%40example.com:p%3A%2F@w@host?from=Shop%20%3Cshop@example.com%3E").unwrap();
        let login = settings.credentials.unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str()), ("me@example.com", "p:/@w"));
        assert_eq!(settings.from, "Shop <shop@example.com>");
        assert_eq!(settings.host, "host");
    }

    #[test]
    fn mistakes_are_told_without_the_password() {
        for url in [
            "me:hunter2@host",
            "http://me:hunter2@host",
            "smtp://me:hunter2@host?tls=opportunistic",
            "smtps://me:hunter2@host?tls=required",
            "smtp://me:hunter2@host?starttls=yes",
            "smtp://me:hunter2@",
            "smtp://me:hunter2@host:0",
            "smtp://me:hunter2@host:99999",
            "smtp://me:hunter2%4@host",
            "smtp://hunter2@host",
            "smtp://me:hunter2@ho st",
        ] {
            let error = read(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
