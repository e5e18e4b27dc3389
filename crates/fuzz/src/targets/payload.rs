//! Payloads and results, as bytes that claim to be JSON.

use task_domain::{Payload, TaskResult, limits};

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target {
    name: "payload",
    run,
    words: &[
        r#"{"a":"#,
        "[[[[[[[[",
        "]]]]]]]]",
        r"\u0000",
        r"\ud800",
        r"\udc00",
        r"\ud83d\ude00",
        "1e131072",
        "-0",
        "18446744073709551616",
        "null",
        r#","a":1"#,
        r#"{"$serde_json::private::RawValue":"1"}"#,
        "\u{feff}",
    ],
    accepted: 5,
};

fn run(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else { return Verdict::Refused };
    result(text);
    match Payload::new(text) {
        Ok(payload) => {
            let kept = payload.as_str();
            hold::json(kept, limits::PAYLOAD_BYTES);
            assert!(kept.starts_with('{'), "no object");
            assert!(text.trim().is_empty() || kept == text.trim(), "the text was changed");
            assert_eq!(Payload::new(kept).as_ref(), Ok(&payload));
            Verdict::Accepted
        }
        Err(invalid) => {
            hold::refusal(&invalid, &["payload"]);
            Verdict::Refused
        }
    }
}

fn result(text: &str) {
    match TaskResult::new(text) {
        Ok(result) => {
            hold::json(result.as_str(), limits::RESULT_BYTES);
            assert_eq!(result.as_str(), text);
        }
        Err(invalid) => hold::refusal(&invalid, &["result"]),
    }
}
