//! Any address is read or refused, and no refusal repeats the password.

use proptest::prelude::*;

use super::read;
use crate::SendEmail;

proptest! {
    #[test]
    fn any_address_is_answered(
        scheme in "(smtp|smtps|http|[a-z]{0,3})(://|:/|)",
        user in "[a-z%40:@é]{0,6}",
        place in prop_oneof![r"@?\[?[a-z0-9.:\-]{0,12}\]?(:[0-9]{0,6})?/?(\?(tls=(required)?|from=[a-z@%<>0-9]{0,12}|&){0,3})?", "\\PC{0,30}"],
    ) {
        let url = format!("{scheme}{user}:hunter2{place}");
        match read(&url) {
            Ok(settings) => {
                prop_assert!(!settings.host.is_empty() && settings.port != 0);
                prop_assert!(!format!("{settings:?}").contains("hunter2") || settings.host.contains("hunter2"), "{:?}", settings);
                let _ = SendEmail::new(&settings);
            }
            Err(error) => {
                let told = error.to_string();
                prop_assert!(!told.contains("hunter2") && told.len() < 1_000, "{}", told);
            }
        }
    }

    #[test]
    fn any_login_survives_encoding(user in "\\PC{0,12}", password in any::<String>()) {
        let encode = |text: &str| text.bytes().flat_map(|byte| format!("%{byte:02x}").into_bytes()).map(char::from).collect::<String>();
        let settings = read(&format!("smtps://{}:{}@h", encode(&user), encode(&password))).unwrap();
        let login = settings.credentials.unwrap();
        prop_assert_eq!((login.user, login.password), (user, password));
    }
}
