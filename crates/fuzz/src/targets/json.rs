//! Payloads that are made by rule, so that it is known whether they must be accepted.

use std::collections::HashSet;
use std::fmt::Write as _;

use arbitrary::{Result, Unstructured};
use task_domain::{Payload, limits};

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target { name: "json", run, words: &[], accepted: 20 };

/// Writes JSON, and notes what makes it unacceptable.
#[derive(Default)]
struct Writer {
    text: String,
    fault: bool,
}

fn run(input: &[u8]) -> Verdict {
    let mut bytes = Unstructured::new(input);
    let mut writer = Writer::default();
    // What could not be finished for want of bytes is no JSON: nothing to learn from it.
    if writer.object(&mut bytes, 1).is_err() {
        return Verdict::Refused;
    }
    let Writer { text, fault } = writer;
    match Payload::new(&text) {
        Ok(payload) => {
            assert!(!fault, "accepted: {text}");
            hold::json(payload.as_str(), limits::PAYLOAD_BYTES);
            Verdict::Accepted
        }
        Err(invalid) => {
            assert!(fault || text.len() > limits::PAYLOAD_BYTES, "{invalid}: {text}");
            hold::refusal(&invalid, &["payload"]);
            Verdict::Refused
        }
    }
}

impl Writer {
    fn value(&mut self, bytes: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        match bytes.int_in_range(0..=15)? {
            0..=2 => self.object(bytes, depth + 1)?,
            3..=4 => self.array(bytes, depth + 1)?,
            5 => self.tower(bytes, depth)?,
            6..=8 => self.string(bytes)?,
            9 => self.text.push_str(bytes.choose(&["true", "false", "null"])?),
            10 => self.number(bytes)?,
            _ => write!(self.text, "{}", bytes.arbitrary::<i64>()?).expect("a string takes all"),
        }
        Ok(())
    }

    fn object(&mut self, bytes: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        self.fault |= depth > limits::JSON_DEPTH;
        self.text.push('{');
        let mut keys = HashSet::new();
        for number in 0..bytes.int_in_range(0..=4)? {
            self.text.push_str(if number > 0 { "," } else { "" });
            let key = self.text.len();
            self.string(bytes)?;
            // The keys are compared as they mean, not as they are written.
            let written = &self.text[key..];
            let meant = serde_json::from_str::<String>(written).unwrap_or_else(|_| written.to_owned());
            self.fault |= !keys.insert(meant);
            self.text.push_str(bytes.choose(&[":", " : ", "\n:\t"])?);
            self.value(bytes, depth)?;
        }
        self.text.push('}');
        Ok(())
    }

    fn array(&mut self, bytes: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        self.fault |= depth > limits::JSON_DEPTH;
        self.text.push('[');
        for number in 0..bytes.int_in_range(0..=4)? {
            self.text.push_str(if number > 0 { ", " } else { "" });
            self.value(bytes, depth)?;
        }
        self.text.push(']');
        Ok(())
    }

    /// Many levels at once, around the limit and far beyond.
    fn tower(&mut self, bytes: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let floors = *bytes.choose(&[1, 60, 61, 62, 63, 64, 65, 127, 128, 129, 5_000])?;
        self.fault |= depth + floors > limits::JSON_DEPTH;
        self.text.push_str(&"[".repeat(floors));
        self.text.push_str(&"]".repeat(floors));
        Ok(())
    }

    fn string(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        self.text.push('"');
        for _ in 0..bytes.int_in_range(0..=3)? {
            let (piece, fault) = *bytes.choose(&[
                ("a", false),
                ("key", false),
                ("☕", false),
                (r"\n", false),
                (r#"\""#, false),
                (r"\u0041", false),
                (r"\ud83d\ude00", false),
                (r"\\u0000", false),
                ("\u{7f}\u{2028}\u{202e}", false),
                (r"\u0000", true),
                (r"\ud800", true),
                (r"\ude00\ud83d", true),
            ])?;
            // Most strings are to be good, or no object with many keys would ever be.
            if !fault || bytes.ratio(1, 8)? {
                self.fault |= fault;
                self.text.push_str(piece);
            }
        }
        self.text.push('"');
        Ok(())
    }

    fn number(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        let (number, fault) = *bytes.choose(&[
            ("0", false),
            ("-0", false),
            ("-0.0", false),
            ("1e-400", false),
            ("18446744073709551616", false),
            ("123456789012345678901234567890123456789012345678901234567890", false),
            ("1.7976931348623157e308", false),
            ("1e131072", true),
            ("-1e309", true),
            ("01", true),
            ("1.", true),
            ("NaN", true),
            ("+1", true),
        ])?;
        self.fault |= fault;
        self.text.push_str(number);
        Ok(())
    }
}
