//! The database's address, which holds a password that nothing may repeat.

use task_store::Settings;

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target {
    name: "database_url",
    run,
    words: &[
        "postgres://",
        "postgresql://",
        "%2F",
        "%00",
        "%ff",
        "[::1]",
        ":5432",
        "?sslmode=",
        "verify-full",
        "&options=",
        "options[",
        "]",
        "host=/tmp",
        "port=",
        "statement-cache-capacity=",
        "@",
        "#",
        "\u{ff0f}",
    ],
    accepted: 5,
};

fn run(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else { return Verdict::Refused };
    // As it comes, and with a password where one belongs: before the last `@`.
    let _ = read(text);
    let (scheme, rest) = text.split_once("://").unwrap_or(("postgres", text));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let url = format!("{scheme}://me:{}@{place}", hold::SECRET);
    match read(&url) {
        Some(settings) => {
            let told = settings.describe();
            assert!(!told.contains(hold::SECRET), "{told}");
            Verdict::Accepted
        }
        None => Verdict::Refused,
    }
}

fn read(url: &str) -> Option<Settings> {
    Settings::new(url)
        .map_err(|invalid| {
            hold::refusal(&invalid, &["database-url"]);
            assert!(!invalid.to_string().contains(hold::SECRET), "{invalid}");
        })
        .ok()
}
