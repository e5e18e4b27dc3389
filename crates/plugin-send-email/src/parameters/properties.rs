//! Whatever a task asks for becomes a mail with no header that was not meant, or a final error.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use task_domain::Payload;
use task_plugin::Retry;

use super::*;
use crate::Settings;
use crate::compose::{Origin, compose};

/// The headers that a mail may have.
const HEADERS: [&str; 14] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "message-id",
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "x-task-id",
    "x-task-attempt",
    "sender",
    "content-disposition",
];

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "([A-Z][a-z]{0,6} )?<?[a-z]{1,8}@[a-z]{1,8}(.com)?>?",
        2 => r#"("[ -~]{0,12}" |[é☕ ]{0,4})?<?[a-z"(),.;:\\é+]{0,12}@?[a-z.\[\]0-9é-]{0,12}>?"#,
        1 => "[(<\"\\\\@,;:]{0,40}",
        1 => any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "\\PC{0,80}".prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => "[ -~]{0,30}(\r\n|\n|\r|\u{85}|\u{2028})(Bcc: evil@example.com)?".prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(json!(["x"])),
        1 => Just(Value::Null),
    ]
}

fn addresses() -> impl Strategy<Value = Value> {
    prop_oneof![
        address().prop_map(Value::from),
        prop::collection::vec(address(), 0..4).prop_map(|list| json!(list.join(", "))),
        prop::collection::vec(address(), 0..4).prop_map(|list| json!(list)),
    ]
}

fn asked() -> impl Strategy<Value = Value> {
    let some = |value: BoxedStrategy<Value>| prop::option::weighted(0.4, value);
    (
        addresses(),
        some(addresses().boxed()),
        some(addresses().boxed()),
        some(text().boxed()),
        some(text().boxed()),
        some(text().boxed()),
        some(address().prop_map(Value::from).boxed()),
    )
        .prop_map(|(to, cc, bcc, subject, body, html, reply_to)| {
            let named = [
                ("cc", cc),
                ("bcc", bcc),
                ("subject", subject),
                ("body", body),
                ("html", html),
                ("reply_to", reply_to),
            ];
            let mut all = Map::from_iter([("to".to_owned(), to)]);
            all.extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            Value::Object(all)
        })
}

fn check(asked: &Value) -> Result<(), TestCaseError> {
    // A NUL and the like do not even become a payload.
    let Ok(payload) = Payload::new(&asked.to_string()) else { return Ok(()) };
    let rules = Rules::new(&Settings::new("localhost")).unwrap();
    let mail = match Mail::read(&Parameters::new(payload), &rules) {
        Ok(mail) => mail,
        Err(error) => {
            prop_assert_eq!(error.retry_hint(), Retry::IsUseless);
            return Ok(());
        }
    };
    let origin = Origin { task: "7".into(), attempt: "1".into(), message_id: "<task-7-1@localhost>".into() };
    let Ok(message) = compose(&mail, &origin) else { return Ok(()) };
    prop_assert_eq!(message.envelope().to().is_empty(), false);
    let bytes = message.formatted();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line after the headers");
    let head = std::str::from_utf8(&bytes[..end]).expect("headers are text");
    for line in head.split("\r\n") {
        prop_assert!(!line.contains(['\r', '\n', '\0']), "{:?}", head);
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        let goes_on = line.starts_with([' ', '\t']);
        prop_assert!(goes_on || HEADERS.contains(&name.as_str()), "{:?}", head);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_wish_is_a_clean_mail_or_a_final_error(asked in asked()) {
        check(&asked)?;
    }
}

/// A mail library's parser gets no chance to use up the stack, or to think for ever.
#[test]
fn towers_of_signs_are_answered() {
    for sign in
        ["(", "<", "\"", "\\", ",", "@", "a,", "a@b,", "(a)", "\"a\" ", "<a@b>", ".", "[", "=?utf-8?q?"]
    {
        for times in [100, 20_000] {
            for line in [sign.repeat(times), format!("{}@example.com", sign.repeat(times))] {
                check(&json!({ "to": line, "subject": line.clone() })).unwrap();
            }
        }
    }
}
