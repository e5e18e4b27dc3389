//! Times as people read them.

use jiff::Timestamp;

/// A time of the wire.
pub(crate) fn timestamp(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    Timestamp::new(at?.seconds, at?.nanos).ok()
}

/// How far away: `3m ago`, `in 2h`, `now`. Empty where there is no time.
pub(crate) fn relative(at: Option<&prost_types::Timestamp>, now: Timestamp) -> String {
    let Some(at) = timestamp(at) else { return String::new() };
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        // The server's clock and ours need not agree to the second.
        -1..=0 => "now".to_owned(),
        1.. => format!("{} ago", span(seconds.unsigned_abs())),
        _ => format!("in {}", span(seconds.unsigned_abs())),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// Date and time to the millisecond, in UTC.
pub(crate) fn full(at: Option<&prost_types::Timestamp>) -> String {
    timestamp(at).map(|at| at.strftime("%Y-%m-%d %H:%M:%S.%3fZ").to_string()).unwrap_or_default()
}

/// Time of day to the millisecond, in UTC.
pub(crate) fn clock(at: Option<&prost_types::Timestamp>) -> String {
    timestamp(at).map(|at| at.strftime("%H:%M:%S.%3fZ").to_string()).unwrap_or_default()
}

/// A short duration with a fitting unit: `850µs`, `12.3ms`, `1.25s`, `3m 20s`.
pub(crate) fn duration(span: std::time::Duration) -> String {
    let micros = span.as_micros();
    match micros {
        0..1_000 => format!("{micros}µs"),
        1_000..1_000_000 => format!("{:.1}ms", span.as_secs_f64() * 1e3),
        1_000_000..60_000_000 if micros.is_multiple_of(1_000_000) => format!("{}s", span.as_secs()),
        1_000_000..60_000_000 => format!("{:.2}s", span.as_secs_f64()),
        60_000_000..3_600_000_000 if span.as_secs().is_multiple_of(60) => format!("{}m", span.as_secs() / 60),
        60_000_000..3_600_000_000 => format!("{}m {}s", span.as_secs() / 60, span.as_secs() % 60),
        _ => format!("{}h {}m", span.as_secs() / 3_600, span.as_secs() / 60 % 60),
    }
}

/// A duration of the wire.
pub(crate) fn wire_duration(span: Option<&prost_types::Duration>) -> Option<String> {
    std::time::Duration::try_from(*span?).ok().map(duration)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: i64) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos: 123_456_000 }
    }

    #[test]
    fn distances_have_one_unit() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let told = |seconds: i64| relative(Some(&at(1_000_000_000 - seconds)), now);
        assert_eq!(told(0), "now");
        assert_eq!(told(31), "30s ago");
        assert_eq!(told(200), "3m ago");
        assert_eq!(told(7_300), "2h ago");
        assert_eq!(told(200_000), "2d ago");
        assert_eq!(told(70_000_000), "2y ago");
        assert_eq!(told(-600), "in 10m");
        assert_eq!(relative(None, now), "");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(full(Some(&at(0))), "1970-01-01 00:00:00.123Z");
        assert_eq!(clock(Some(&at(0))), "00:00:00.123Z");
        assert_eq!(full(None), "");
    }

    #[test]
    fn durations_have_a_fitting_unit() {
        assert_eq!(duration(Duration::from_micros(850)), "850µs");
        assert_eq!(duration(Duration::from_micros(12_345)), "12.3ms");
        assert_eq!(duration(Duration::from_millis(1_250)), "1.25s");
        assert_eq!(duration(Duration::from_secs(10)), "10s");
        assert_eq!(duration(Duration::from_secs(200)), "3m 20s");
        assert_eq!(duration(Duration::from_mins(10)), "10m");
        assert_eq!(duration(Duration::from_mins(90)), "1h 30m");
    }
}
