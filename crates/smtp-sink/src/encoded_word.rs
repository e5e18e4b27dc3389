//! Text beyond ASCII in headers, `=?utf-8?b?...?=` (RFC 2047), made readable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Decodes the encoded words of a header; what is not one, or in another character set than
/// UTF-8 or ASCII, stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        let word = word(from);
        // White space between two encoded words belongs to the folding, not to the text.
        if !(after_word && word.is_some() && before.trim().is_empty()) {
            decoded.extend_from_slice(before.as_bytes());
        }
        after_word = word.is_some();
        if let Some((bytes, length)) = word {
            decoded.extend(bytes);
            rest = &from[length..];
        } else {
            decoded.extend_from_slice(b"=?");
            rest = &from[2..];
        }
    }
    decoded.extend_from_slice(rest.as_bytes());
    // Only now: a long text may be split over words in the middle of a character.
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Decodes the word at the start of `text`; returns its bytes and its length in `text`.
fn word(text: &str) -> Option<(Vec<u8>, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(4, '?');
    let (charset, encoding, data, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let rest = rest.strip_prefix('=')?;
    if !["utf-8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)) {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => STANDARD.decode(data).ok()?,
        "q" | "Q" => quoted(data)?,
        _ => return None,
    };
    Some((bytes, text.len() - rest.len()))
}

fn quoted(data: &str) -> Option<Vec<u8>> {
    let mut bytes = data.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'_' => b' ',
            b'=' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_words() {
        assert_eq!(decode("plain"), "plain");
        assert_eq!(decode("=?utf-8?b?R3LDvMOfZQ==?= to all"), "Grüße to all");
        assert_eq!(decode("a =?UTF-8?Q?=C3=BC_b?= c"), "a ü b c");
        // One character over two words, with folding between them.
        assert_eq!(decode("=?utf-8?b?w7w=?= =?utf-8?q?=C3?= =?utf-8?q?=A4?="), "üä");
    }

    #[test]
    fn leaves_the_rest_alone() {
        for text in [
            "=?",
            "=?utf-8?b?!!?=",
            "=?latin1?q?=FC?=",
            "=?utf-8?x?a?=",
            "1 =? 2",
            "=?utf-8?q?=C?=",
            "=?utf-8?q?=+A?=",
        ] {
            assert_eq!(decode(text), text);
        }
    }
}
