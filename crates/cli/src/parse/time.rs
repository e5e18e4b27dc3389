//! Durations and times.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Timestamp};

/// Reads a duration such as `500ms`, `10s`, `1h30m` or `2d`; 0 or longer.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write one such as 500ms, 10s, 1h30m or 2d");
    if text.trim().parse::<u64>() == Ok(0) {
        return Ok(Duration::ZERO);
    }
    let too_long = || format!("`{text}` is too long");
    let span: Span = text.trim().parse().map_err(|_| if is_long(text) { too_long() } else { wrong() })?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| too_long())?;
    Duration::try_from(signed).map_err(|_| format!("`{text}` is negative; give a duration such as 10s"))
}

/// Reads a duration longer than nothing.
pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|span| {
        if span.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(span) }
    })
}

/// Whether it is a number and a unit, so that nothing but the number's size can be wrong.
fn is_long(text: &str) -> bool {
    let unit = text.trim().trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.trim().len() && matches!(unit, "ms" | "s" | "m" | "h" | "d" | "w")
}

/// Reads a time ahead: RFC 3339, or a duration from now.
pub(crate) fn ahead(text: &str) -> Result<Timestamp, String> {
    moment(text, Timestamp::checked_add)
}

/// Reads a time that has been: RFC 3339, or a duration before now.
pub(crate) fn ago(text: &str) -> Result<Timestamp, String> {
    moment(text, Timestamp::checked_sub)
}

fn moment(
    text: &str,
    walk: impl FnOnce(Timestamp, Duration) -> Result<Timestamp, jiff::Error>,
) -> Result<Timestamp, String> {
    if let Ok(at) = text.trim().parse::<Timestamp>() {
        return Ok(at);
    }
    let far = || format!("`{text}` lies too far away");
    let span = duration(text).map_err(|told| {
        if told.contains("negative") {
            told
        } else if told.contains("too long") {
            far()
        } else {
            format!("`{text}` is no time; write one such as 2026-01-31T08:00:00Z, or a duration such as 10m")
        }
    })?;
    walk(Timestamp::now(), span).map_err(|_| far())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2d"), Ok(Duration::from_hours(48)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for bad in ["", "10", "soon", "-5s", "5 parsecs", "99999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_absolute_or_relative() {
        let at = ahead("2026-01-31T08:00:00Z").unwrap();
        assert_eq!(at.to_string(), "2026-01-31T08:00:00Z");
        assert!(ahead("1h").unwrap() > Timestamp::now());
        assert!(ago("1h").unwrap() < Timestamp::now());
        assert!(
            ahead("tomorrow").unwrap_err().contains("RFC") || ahead("tomorrow").unwrap_err().contains("10m")
        );
        for far in ["99999999999999999999h", "9999999d"] {
            assert!(ahead(far).unwrap_err().contains("too far away"), "{far}: {:?}", ahead(far));
        }
        assert!(ahead("-1h").unwrap_err().contains("negative"));
    }
}
