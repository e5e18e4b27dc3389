//! What a plugin gives back, and what it is given.

use serde_json::Value;
use task_domain::{Payload, TaskResult, limits};
use task_plugin::{Outcome, Parameters, Retry};

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target {
    name: "outcome",
    run,
    words: &["\0", r#"{"a":"#, r"\u0000", "[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]", "1e300", "\u{feff}"],
    accepted: 20,
};

fn run(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else { return Verdict::Refused };
    if let Ok(payload) = Payload::new(text) {
        // Any object can be read by a plugin that takes any.
        let parameters = Parameters::new(payload);
        if let Err(error) = parameters.read::<serde::de::IgnoredAny>() {
            panic!("{error}: {}", parameters.as_str());
        }
        if let Err(error) = parameters.read::<Vec<u8>>() {
            assert_eq!(error.retry_hint(), Retry::IsUseless);
        }
    }
    // A text, and what it is as JSON.
    let taken = give(&text);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        give(&value);
    }
    if taken { Verdict::Accepted } else { Verdict::Refused }
}

/// A result is stored as it is, or the task ends with a sentence.
fn give(value: &impl serde::Serialize) -> bool {
    match Outcome::done(value) {
        Ok(Outcome::Done(Some(result))) => {
            hold::json(result.as_str(), limits::RESULT_BYTES);
            assert_eq!(TaskResult::new(result.as_str()), Ok(result));
            true
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            assert_eq!(error.retry_hint(), Retry::IsUseless, "another attempt gives the same");
            assert!(error.message().len() <= hold::SENTENCE, "{} bytes", error.message().len());
            assert!(!error.message().contains('\0'), "{error:?}");
            false
        }
    }
}
