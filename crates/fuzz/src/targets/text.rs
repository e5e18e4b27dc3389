//! Names, words, labels, ids and statuses.

use std::fmt::Display;

use task_domain::{IdempotencyKey, Invalid, Kind, Labels, Name, Queue, Status, TaskId, limits};
use task_proto::from_wire;

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target {
    name: "text",
    run,
    words: &["\0", "\u{85}", "\u{202e}", "\u{feff}", "é", "send_email", "running", "1", "\n", "="],
    accepted: 20,
};

fn run(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else { return Verdict::Refused };
    let name = checked(Name::new(text), Name::new, "name");
    if let Some(name) = &name {
        hold::line(name.as_str(), limits::NAME_CHARS);
    }
    for word in [
        checked(Kind::new(text), Kind::new, "type").map(|kind| kind.to_string()),
        checked(Queue::new(text), Queue::new, "queue").map(|queue| queue.to_string()),
    ]
    .into_iter()
    .flatten()
    {
        hold::line(&word, limits::KIND_CHARS);
        assert!(word.is_ascii() && !word.contains(' '), "{word}");
    }
    checked(IdempotencyKey::new(text), IdempotencyKey::new, "idempotency_key");
    if let Ok(id) = text.parse::<TaskId>() {
        assert!(id.get() > 0);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(status) = text.parse::<Status>() {
        assert_eq!(status.to_string().parse(), Ok(status));
    }
    match from_wire::reason(text.to_owned()) {
        Ok(reason) => assert_eq!(reason.as_deref().unwrap_or_default(), text),
        Err(invalid) => hold::refusal(&invalid, &["reason"]),
    }
    labels(text);
    if name.is_some() { Verdict::Accepted } else { Verdict::Refused }
}

/// What is accepted is the same after it was written and read again.
fn checked<T, E>(read: Result<T, Invalid>, again: impl Fn(String) -> Result<T, E>, field: &str) -> Option<T>
where
    T: Display + PartialEq + std::fmt::Debug,
    E: std::fmt::Debug,
{
    match read {
        Ok(value) => {
            assert_eq!(again(value.to_string()).expect("as before"), value);
            Some(value)
        }
        Err(invalid) => {
            hold::refusal(&invalid, &[field]);
            None
        }
    }
}

/// One label a line, `name=value`.
fn labels(text: &str) {
    let pairs = text.split('\n').map(|line| line.split_once('=').unwrap_or((line, "")));
    match Labels::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))) {
        Ok(labels) => {
            assert!(labels.as_map().len() <= limits::LABELS);
            for (name, value) in labels.as_map() {
                hold::line(name, limits::LABEL_NAME_CHARS);
                if !value.is_empty() {
                    hold::line(value, limits::LABEL_VALUE_CHARS);
                }
            }
            let json = serde_json::to_string(&labels).expect("a map of texts is JSON");
            hold::json(&json, 64 << 10);
            assert_eq!(serde_json::from_str::<Labels>(&json).expect("as the store reads it"), labels);
        }
        Err(invalid) => hold::refusal(&invalid, &["labels"]),
    }
}
