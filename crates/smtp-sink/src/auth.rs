//! AUTH PLAIN (RFC 4616) and AUTH LOGIN.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Credentials;
use crate::wire::{Line, Wire};

/// How a login ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Accepted,
    Wrong,
    /// With the reply to send.
    Malformed(&'static str),
    /// The client has closed the connection.
    CutOff,
}

/// Holds the conversation after `AUTH MECHANISM [INITIAL]`.
pub(crate) async fn login(
    wire: &mut Wire,
    wanted: &Credentials,
    mechanism: &str,
    initial: Option<&str>,
) -> io::Result<Login> {
    let given = match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => match answer(wire, initial, "").await? {
            Ok(text) => match plain(&text) {
                Some(given) => given,
                None => return Ok(Login::Malformed("501 5.5.2 not a PLAIN login")),
            },
            Err(end) => return Ok(end),
        },
        "LOGIN" => {
            let user = match answer(wire, initial, "Username:").await? {
                Ok(user) => user,
                Err(end) => return Ok(end),
            };
            match answer(wire, None, "Password:").await? {
                Ok(password) => Credentials { user, password },
                Err(end) => return Ok(end),
            }
        }
        _ => return Ok(Login::Malformed("504 5.5.4 unknown mechanism, try PLAIN or LOGIN")),
    };
    Ok(if given == *wanted { Login::Accepted } else { Login::Wrong })
}

/// The client's answer to a question, decoded; not asked if it was given with the command.
async fn answer(wire: &mut Wire, given: Option<&str>, question: &str) -> io::Result<Result<String, Login>> {
    let encoded = if let Some(given) = given {
        given.to_owned()
    } else {
        wire.reply(&format!("334 {}", STANDARD.encode(question))).await?;
        match wire.line().await? {
            Line::Text(line) => line,
            Line::Unreadable => return Ok(Err(Login::Malformed("500 5.5.6 line too long"))),
            Line::End => return Ok(Err(Login::CutOff)),
        }
    };
    if encoded == "*" {
        return Ok(Err(Login::Malformed("501 5.7.0 login given up")));
    }
    // "=" stands for an empty answer in the command itself.
    let encoded = if encoded == "=" { "" } else { &encoded };
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.ok_or(Login::Malformed("501 5.5.2 not base64")))
}

/// Splits `authorise-as NUL user NUL password`.
fn plain(text: &str) -> Option<Credentials> {
    let mut parts = text.split('\0').skip(1);
    let (user, password) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    parts.next().is_none().then_some(Credentials { user, password })
}
