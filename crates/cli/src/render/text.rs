//! Texts from outside, made safe to show on a terminal.

/// The text with its control characters written out, so that nobody's error message can move the
/// cursor or change colours. Line ends stay where `lines` says so.
pub(crate) fn clean(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if lines => out.push(c),
            '\t' => out.push(' '),
            '\n' => out.push_str(" / "),
            '\r' => {}
            c if c.is_control() || is_bidi(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Whether it makes a terminal show text in another order than it stands.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The text on one line, cut to so many characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = clean(text, false);
    if text.chars().count() <= most {
        return text;
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(clean("a\u{1b}[31mred", false), "a\\u{1b}[31mred");
        assert_eq!(clean("a\r\nb\tc", false), "a / b c");
        assert_eq!(clean("a\nb", true), "a\nb");
        assert_eq!(clean("a\u{202e}b", false), "a\\u{202e}b");
    }

    #[test]
    fn thousands_are_told_apart() {
        let told = [0, 999, 1_000, -100, -1_234_567].map(grouped);
        assert_eq!(told, ["0", "999", "1,000", "-100", "-1,234,567"]);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(short("hello", 5), "hello");
        assert_eq!(short("hello!", 5), "hell…");
    }
}
