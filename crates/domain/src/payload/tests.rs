use proptest::prelude::*;

use super::*;

fn nested(depth: usize) -> String {
    let inner = depth - 1;
    format!("{{\"a\":{}{}}}", "[".repeat(inner), "]".repeat(inner))
}

#[test]
fn size_is_checked_to_the_byte() {
    let fit = format!("{{\"a\":\"{}\"}}", "x".repeat(limits::PAYLOAD_BYTES - 8));
    assert_eq!(fit.len(), limits::PAYLOAD_BYTES);
    assert!(Payload::new(&fit).is_ok());
    let over = fit.replacen('x', "xx", 1);
    assert!(Payload::new(&over).unwrap_err().problem.contains("1048577 bytes"));
}

#[test]
fn depth_is_checked_to_the_level() {
    assert!(Payload::new(&nested(64)).is_ok());
    for depth in [65, 129, 100_000] {
        let error = Payload::new(&nested(depth)).unwrap_err();
        assert!(error.problem.contains("deeper than 64"), "{error}");
    }
}

#[test]
fn what_cannot_be_stored_is_refused() {
    for (bad, why) in [
        (r#"{"a":"\u0000"}"#, "NUL"),
        (r#"{"a\u0000":1}"#, "NUL"),
        (r#"{"a":"\ud800"}"#, "hex escape"),
        (r#"{"a":1,"a":2}"#, "twice"),
        (r#"{"a":1} x"#, "trailing"),
        (r#"{"a":"#, "EOF"),
        ("[1]", "object"),
        ("null", "object"),
        ("{\"a\":1e999999}", "number"),
    ] {
        let error = Payload::new(bad).unwrap_err();
        assert_eq!(error.field, "payload");
        assert!(error.problem.contains(why), "{bad}: {error}");
    }
}

#[test]
fn a_long_key_that_is_given_twice_is_told_in_short() {
    let key = "é".repeat(100_000);
    let error = Payload::new(&format!(r#"{{"{key}":1,"{key}":2}}"#)).unwrap_err();
    assert!(error.problem.contains("é…` is given twice") && error.problem.len() < 300, "{error}");
}

#[test]
fn text_is_kept_to_the_letter() {
    let text = r#"{"z":1, "a":12345678901234567890123456789, "s":"\\u0000"}"#;
    assert_eq!(Payload::new(text).unwrap().as_str(), text);
    assert_eq!(Payload::new("  ").unwrap().as_str(), "{}");
}

#[test]
fn a_result_may_be_any_value() {
    assert!(TaskResult::new("3").is_ok());
    assert!(TaskResult::new("").is_err());
    assert!(TaskResult::new(&format!("\"{}\"", "x".repeat(limits::RESULT_BYTES))).is_err());
}

proptest! {
    #[test]
    fn any_text_is_answered_without_panic(text in "\\PC*") {
        let _ = Payload::new(&text);
    }

    #[test]
    fn any_object_of_strings_passes(pairs in prop::collection::btree_map("[a-z]{1,8}", "[^\0]*", 0..8)) {
        let text = serde_json::to_string(&pairs).unwrap();
        let payload = Payload::new(&text).unwrap();
        prop_assert_eq!(payload.as_str(), text);
    }
}
