//! What must hold of whatever is accepted or refused, said once for all targets.

use task_domain::{Invalid, limits};
use task_proto::status::from_invalid;

/// Most bytes of an error's sentence: what a person reads, and what fits a header of a gRPC answer
/// many times over.
pub const SENTENCE: usize = 1 << 10;
/// Most bytes of the headers that a refusal becomes; clients take 16 KiB or less.
pub const HEADERS: usize = 6 << 10;
/// Stands where a secret stands, so that it can be looked for in what is said.
pub const SECRET: &str = "hunter2";

/// A refusal names its field, is a short sentence, and fits the headers of an answer.
///
/// # Panics
/// If not.
pub fn refusal(invalid: &Invalid, fields: &[&str]) {
    let Invalid { field, problem } = invalid;
    let known = |name: &&&str| {
        let rest = field.strip_prefix(**name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
    };
    assert!(fields.iter().any(|name| known(&name)), "`{field}` is none of {fields:?}");
    assert!(!problem.trim().is_empty(), "nothing is said about `{field}`");
    let told = invalid.to_string();
    assert!(told.len() <= SENTENCE, "{} bytes are said about {field}", told.len());
    let status = from_invalid(invalid);
    // Each byte that is no plain letter becomes three, and details are written in base64.
    let headers = status.message().len() * 3 + status.details().len() * 4 / 3;
    assert!(headers <= HEADERS, "a refusal of {headers} bytes of headers");
}

/// A text that is shown in a line: not empty, not too long, no control characters.
///
/// # Panics
/// If not.
pub fn line(text: &str, most: usize) {
    let chars = text.chars().count();
    assert!((1..=most).contains(&chars), "{chars} characters, most is {most}");
    assert!(!text.contains(char::is_control), "a control character in {text:?}");
}

/// JSON that Postgres would take as well, judged by its letters alone: no NUL, whole characters, at
/// most 64 levels deep.
///
/// # Panics
/// If not.
pub fn json(text: &str, most: usize) {
    assert!(text.len() <= most, "{} bytes, most is {most}", text.len());
    assert!(!text.contains('\0'), "NUL");
    let (mut depth, mut deepest) = (0usize, 0);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.checked_sub(1).expect("a bracket that was not opened"),
            '"' => rest = string(rest),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    assert_eq!(depth, 0, "a bracket that was not closed");
    assert!(deepest <= limits::JSON_DEPTH, "{deepest} levels");
}

/// Walks to the end of a JSON string, and returns what follows.
fn string(text: &str) -> &str {
    let mut rest = text;
    loop {
        let letter = rest.chars().next().expect("a string that does not end");
        rest = &rest[letter.len_utf8()..];
        match letter {
            '"' => return rest,
            '\\' if rest.starts_with('u') => {
                let unit = unit(rest);
                rest = &rest[5..];
                assert!(!(0xdc00..0xe000).contains(&unit), "the second half of a character alone");
                if (0xd800..0xdc00).contains(&unit) {
                    let second = unit_after(rest);
                    assert!((0xdc00..0xe000).contains(&second), "the first half of a character alone");
                    rest = &rest[6..];
                }
                assert_ne!(unit, 0, "NUL");
            }
            '\\' => rest = &rest[1..],
            _ => assert!(letter >= ' ', "a bare control character"),
        }
    }
}

/// The four digits after `u`.
fn unit(text: &str) -> u32 {
    u32::from_str_radix(&text[1..5], 16).expect("four digits after \\u")
}

fn unit_after(text: &str) -> u32 {
    unit(text.strip_prefix('\\').expect("the second half of a character"))
}
