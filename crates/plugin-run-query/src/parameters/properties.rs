//! Whatever a task asks for is a request or a final error.

use proptest::prelude::*;
use task_domain::Payload;
use task_plugin::Retry;

use super::*;

proptest! {
    #[test]
    fn any_wish_is_answered(
        query in r#"("[ -~é]{0,20}"|[0-9]{1,4}|null|\{\})"#,
        args in r#"(\[(1e5|"[a-z]{0,3}"|null|\[1\]|,|-?[0-9]{1,40}){0,5}\]|"\[[0-9,]{0,6}\]"|[0-9]{1,3}|null)"#,
        connection in r#"("[a-z]{0,8}"|1|null)"#,
    ) {
        let text = format!(r#"{{"query":{query},"args":{args},"connection":{connection}}}"#);
        let Ok(payload) = Payload::new(&text) else { return Ok(()) };
        match Request::read(&Parameters::new(payload)) {
            Ok(request) => {
                prop_assert!(!request.query.trim().is_empty());
                let joined: Vec<_> = request.args.iter().map(|arg| arg.get()).collect();
                let again: Vec<Box<RawValue>> = serde_json::from_str(&format!("[{}]", joined.join(","))).unwrap();
                prop_assert_eq!(again.len(), request.args.len());
            }
            Err(error) => {
                prop_assert_eq!(error.retry_hint(), Retry::IsUseless);
                prop_assert!(error.message().len() < 1_000, "{}", error);
            }
        }
    }
}
