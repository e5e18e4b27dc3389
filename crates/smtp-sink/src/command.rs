//! What a client may say, read from one line.

/// A command with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Ehlo,
    Helo,
    Mail { sender: &'a str, size: Option<usize> },
    Rcpt { recipient: &'a str },
    Data,
    Rset,
    Noop,
    Vrfy,
    Quit,
    StartTls,
    Auth { mechanism: &'a str, initial: Option<&'a str> },
}

impl<'a> Command<'a> {
    /// Reads a line without its line end; the error is the reply to send.
    pub(crate) fn parse(line: &'a str) -> Result<Self, &'static str> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        Ok(match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if rest.is_empty() => return Err("501 5.5.4 say who you are"),
            "EHLO" => Self::Ehlo,
            "HELO" => Self::Helo,
            "MAIL" => {
                let (sender, parameters) =
                    path(rest, "FROM:").ok_or("501 5.5.4 expected MAIL FROM:<address>")?;
                Self::Mail { sender, size: size(parameters)? }
            }
            "RCPT" => {
                let (recipient, _) = path(rest, "TO:").ok_or("501 5.5.4 expected RCPT TO:<address>")?;
                if recipient.is_empty() {
                    return Err("501 5.1.3 the recipient is empty");
                }
                Self::Rcpt { recipient }
            }
            "DATA" => Self::Data,
            "RSET" => Self::Rset,
            "NOOP" => Self::Noop,
            "VRFY" => Self::Vrfy,
            "QUIT" => Self::Quit,
            "STARTTLS" => Self::StartTls,
            "AUTH" => {
                let mut words = rest.split_whitespace();
                let mechanism = words.next().ok_or("501 5.5.4 expected AUTH and a mechanism")?;
                Self::Auth { mechanism, initial: words.next() }
            }
            _ => return Err("500 5.5.2 unknown command"),
        })
    }
}

/// Splits `FROM:<address> PARAMETERS`. A quoted local part may hold a `>`.
fn path<'a>(text: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let start = text.get(..keyword.len())?;
    if !start.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let address = text[keyword.len()..].trim_start().strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = address.find(|letter| {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return true,
            _ => {}
        }
        false
    })?;
    Some((&address[..end], &address[end + 1..]))
}

/// The `SIZE=` parameter of RFC 1870; all others are taken and ignored.
fn size(parameters: &str) -> Result<Option<usize>, &'static str> {
    let value = parameters.split_whitespace().find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("SIZE").then_some(value)
    });
    value.map(|value| value.parse().map_err(|_| "501 5.5.4 SIZE is not a number")).transpose()
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_commands() {
        assert_eq!(Command::parse("ehlo me"), Ok(Command::Ehlo));
        assert_eq!(
            Command::parse("mail from:<a@example.com> BODY=8BITMIME SIZE=12"),
            Ok(Command::Mail { sender: "a@example.com", size: Some(12) })
        );
        assert_eq!(Command::parse("MAIL FROM:<>"), Ok(Command::Mail { sender: "", size: None }));
        assert_eq!(
            Command::parse(r#"RCPT TO: <"a>\"b"@example.com>"#),
            Ok(Command::Rcpt { recipient: r#""a>\"b"@example.com"# })
        );
        assert_eq!(
            Command::parse("AUTH PLAIN AGE="),
            Ok(Command::Auth { mechanism: "PLAIN", initial: Some("AGE=") })
        );
    }

    #[test]
    fn refuses_the_rest() {
        for (line, code) in [
            ("", "500"),
            ("MAILBOX", "500"),
            ("EHLO", "501"),
            ("MAIL a@example.com", "501"),
            ("MAIL FROM:<a@example.com", "501"),
            ("MAIL FROM:<a@example.com> SIZE=x", "501"),
            ("RCPT TO:<>", "501"),
            ("RCPT TÖ:<a>", "501"),
            ("AUTH", "501"),
        ] {
            assert!(Command::parse(line).is_err_and(|reply| reply.starts_with(code)), "{line}");
        }
    }
}
