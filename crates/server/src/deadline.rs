//! How long a caller will wait.

use std::time::Duration;

use http::HeaderMap;

/// Reads `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout"). What cannot be read is no deadline.
pub(crate) fn of(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get("grpc-timeout")?.as_bytes().split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3_600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", value.parse().unwrap());
        of(&headers)
    }

    #[test]
    fn a_deadline_is_digits_and_a_unit() {
        assert_eq!(of(&HeaderMap::new()), None);
        assert_eq!(read("2H"), Some(Duration::from_hours(2)));
        assert_eq!(read("3M"), Some(Duration::from_mins(3)));
        assert_eq!(read("0S"), Some(Duration::ZERO));
        assert_eq!(read("12345678m"), Some(Duration::from_millis(12_345_678)));
        assert_eq!(read("99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        assert_eq!(read("8n"), Some(Duration::from_nanos(8)));
        for wrong in ["", "S", "1", "1s", "-1S", "+1S", "1 S", "1.5S", "123456789S", "\u{e9}S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
