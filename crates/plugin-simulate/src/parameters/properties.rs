//! Whatever a task asks for is within the limits, or a final error.

use proptest::prelude::*;
use task_domain::Payload;
use task_plugin::Retry;

use super::*;

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        r#""[-+]?[0-9.]{0,12}(ms|s|m|h| |e[0-9]{1,3}|inf|nan){0,3}[0-9a-z]{0,3}""#,
        "-?[0-9]{1,12}(\\.[0-9]{1,6})?(e-?[0-9]{1,3})?",
        "true|false|null|\\[1\\]|\\{\\}|\\{\"\\$serde_json::private::RawValue\":\"1\"\\}",
        "\"[^\"\\\\\\x00-\\x1f]{0,10}\"",
    ]
}

proptest! {
    #[test]
    fn any_wish_is_answered(values in prop::array::uniform8(prop::option::weighted(0.3, value()))) {
        let names = [
            "duration", "fail_attempts", "failure_probability", "give_up", "panic", "snooze",
            "snooze_probability", "result_size",
        ];
        let pairs: Vec<_> = names
            .iter()
            .zip(values)
            .filter_map(|(name, value)| Some(format!("\"{name}\":{}", value?)))
            .collect();
        let Ok(payload) = Payload::new(&format!("{{{}}}", pairs.join(","))) else { return Ok(()) };
        match Wish::read(&Parameters::new(payload)) {
            Ok(wish) => {
                prop_assert!(wish.duration <= LONGEST && wish.snooze <= LONGEST);
                prop_assert!((0.0..=1.0).contains(&wish.failure_probability));
                prop_assert!((0.0..=0.99).contains(&wish.snooze_probability));
                prop_assert!(wish.result_size != 1 && wish.result_size <= limits::RESULT_BYTES);
            }
            Err(error) => prop_assert_eq!(error.retry_hint(), Retry::IsUseless),
        }
    }
}
