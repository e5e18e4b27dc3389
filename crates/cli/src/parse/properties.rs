//! Whatever is typed: no panic; what is taken means the same when it is written and read again;
//! what is refused is answered in a few words.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use task_domain::{Payload, Status, TaskId};

use super::*;

/// Most bytes that an answer adds to what was typed.
const ADDED: usize = 300;

/// Text that is nearly what is wanted, or anything.
fn nearly(form: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![form, form, "\\PC{0,40}", any::<String>()]
}

fn span() -> impl Strategy<Value = String> {
    nearly(r"[-+ ]?(P|PT)?[0-9.]{0,25}( )?(ns|us|ms|s|m|h|d|w|mo|y|D|H|M|S|hours ago)?([0-9]{0,3}[smhd])?")
}

fn answered<T>(typed: &str, read: Result<T, String>) -> Option<T> {
    if let Err(told) = &read {
        assert!(!told.trim().is_empty() && told.len() <= 2 * typed.len() + ADDED, "{typed:?}: {told}");
    }
    read.ok()
}

proptest! {
    #[test]
    fn spans(typed in span()) {
        if let Some(span) = answered(&typed, duration(&typed)) {
            let written = format!("{}ns", span.as_nanos());
            // What is longer than 292 years is not written in nanoseconds.
            if span < Duration::from_hours(2_500_000) {
                prop_assert_eq!(duration(&written), Ok(span));
            }
        }
        if let Some(span) = answered(&typed, some_time(&typed)) {
            prop_assert!(!span.is_zero());
        }
    }

    #[test]
    fn moments(typed in prop_oneof![span(), nearly("[-+]?[0-9]{4,6}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9.]{2,12})?(Z|[+-][0-9]{2}:?[0-9]{2})?(\\[[A-Za-z/]{0,15}\\])?")]) {
        let now = Timestamp::now();
        for (at, read) in [("ahead", ahead as fn(&str) -> _), ("ago", ago)].map(|(at, f)| (at, answered(&typed, f(&typed)))) {
            let Some(time) = read else { continue };
            prop_assert_eq!(ahead(&time.to_string()), Ok(time));
            if typed.trim().parse::<Timestamp>().is_err() {
                prop_assert!(if at == "ahead" { time >= now } else { time <= Timestamp::now() }, "{}", typed);
            }
        }
    }

    #[test]
    fn numbers(typed in nearly("[-+]?[0-9]{0,45}"), low in -1_000i64..0, high in 0i64..1_000) {
        if let Some(number) = answered(&typed, number::<i64>(low..=high)(&typed)) {
            prop_assert!((low..=high).contains(&number));
            prop_assert_eq!(typed.parse(), Ok(number));
        }
        answered(&typed, super::number::<u8>(i64::MIN..=i64::MAX)(&typed));
        if let Some(id) = answered(&typed, task_id(&typed)) {
            prop_assert_eq!(task_id(&id.to_string()).map(TaskId::get), Ok(id.get()));
        }
    }

    #[test]
    fn statuses(typed in nearly("(STATUS_)?(pending|Running|RETRYING|succeeded|FAILED|cancelled)")) {
        if let Some(read) = answered(&typed, status(&typed)) {
            prop_assert!(Status::ALL.contains(&read));
            prop_assert_eq!(status(&read.to_string()), Ok(read));
        }
    }

    #[test]
    fn pairs(typed in nearly(r#"[a-z. :]{0,4}:?=([\[{]{0,70}("a":)?[0-9.e"\\u]{0,9}[\]}]{0,70}|[a-z =]{0,9})"#)) {
        if let Some(pair) = answered(&typed, parameter(&typed)) {
            prop_assert!(!pair.key.trim().is_empty());
            // What is no JSON is the text itself.
            let value = typed.split_once('=').map_or("", |(_, value)| value);
            let json: Result<Value, _> = serde_json::from_str(pair.json.get());
            let is_value = pair.json.get() == value.trim();
            prop_assert!(is_value || json.is_ok_and(|json| json == value), "{}", pair.json);
            payload_of(&pair)?;
        }
        for read in [label(&typed), connection(&typed)] {
            if let Some((name, value)) = answered(&typed, read) {
                prop_assert!(!name.trim().is_empty());
                prop_assert_eq!(format!("{name}={value}"), typed.clone());
            }
        }
    }

    #[test]
    fn payloads(typed in nearly(r#" ?\{("[a-c]":([0-9]|"[a-z]{0,3}"|\[\]|\{\}),?){0,3}\} ?"#), key in "[a-d]") {
        prop_assume!(!typed.starts_with('@') && typed != "-");
        let pair = parameter(&format!("{key}=1")).unwrap();
        if let Ok(joined) = payload(Some(&typed), &[pair]) {
            let read = Payload::new(&joined).unwrap();
            prop_assert_eq!(read.as_str(), &joined);
            let value: Value = serde_json::from_str(&joined).unwrap();
            prop_assert_eq!(&value[&key], 1);
        }
    }
}

/// A parameter alone makes a payload, or the payload's own check says why not.
fn payload_of(pair: &Parameter) -> Result<(), TestCaseError> {
    if let Ok(text) = payload(None, std::slice::from_ref(pair)) {
        let read = Payload::new(&text).unwrap();
        prop_assert_eq!(read.as_str(), text);
    }
    Ok(())
}
