//! What stands after the `?` of a database's URL.

/// What the driver heeds; what begins with `options[` beside these.
const HEEDED: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// What else is often given, for other drivers (libpq's manual, "Parameter Key Words"). Only these may be
/// named in a message: anything else may be the end of a password that was not encoded.
const KNOWN: &[&str] = &[
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "passfile",
    "require_auth",
    "requirepeer",
    "service",
    "sslcompression",
    "sslcrl",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// The URL without the parameters that the driver would ignore, and a sentence about each of them that
/// says what to change. The driver itself would log them with their values, which may be secret.
pub fn heeded(url: &str) -> (String, Vec<String>) {
    let Some((place, query)) = url.split_once('?') else { return (url.to_owned(), Vec::new()) };
    let mut kept = Vec::new();
    let mut told = Vec::new();
    for (at, pair) in query.split('&').enumerate() {
        let key = decoded(pair.split_once('=').map_or(pair, |(key, _)| key));
        if pair.is_empty() || HEEDED.contains(&&*key) || key.starts_with("options[") {
            kept.push(pair);
        } else if KNOWN.contains(&&*key) {
            told.push(format!("`{key}` in the database's URL is ignored; remove it"));
        } else {
            let nth = at + 1;
            told.push(format!(
                "parameter {nth} after the `?` of the database's URL is not known and ignored; \
                 remove it, or write a `?` or `&` in a password as %3F or %26"
            ));
        }
    }
    let mark = if kept.is_empty() { "" } else { "?" };
    (format!("{place}{mark}{}", kept.join("&")), told)
}

/// A key as the driver reads it: without tabs and line ends, `%70` as `p`.
fn decoded(key: &str) -> String {
    let key = key.replace(['\t', '\n', '\r'], "");
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        rest = after;
        if *first == b'%'
            && let Some(byte) = hex()
        {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_heeds_is_kept_as_it_is() {
        for url in [
            "",
            "postgres://me:hunter2@h/d",
            "postgres://h/d?",
            "postgres://h/d?sslmode=verify-full&%70assword=a%26b&options[work_mem]=1MB",
            "postgres://h/d?ssl\nmode=require",
        ] {
            let (kept, told) = heeded(url);
            assert_eq!((kept.trim_end_matches('?'), told.len()), (url.trim_end_matches('?'), 0));
        }
    }

    #[test]
    fn what_it_ignores_is_told_without_its_value() {
        let (kept, told) = heeded("postgres://h/d?sslpassword=hunter2&sslmode=require&ter2=x&%zz");
        assert_eq!(kept, "postgres://h/d?sslmode=require");
        assert_eq!(told.len(), 3);
        assert!(told[0].contains("`sslpassword`") && told[1].contains("parameter 3"), "{told:?}");
        assert!(!told.concat().contains("ter2"), "{told:?}");
    }
}
