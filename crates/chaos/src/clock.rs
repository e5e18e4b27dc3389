//! Times as the journals and the database have them: microseconds since 1970, by one machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, in microseconds since 1970.
pub(crate) type Micros = i64;

/// Now.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

/// The milliseconds from one moment to a later one.
pub(crate) fn millis(from: Micros, to: Micros) -> i64 {
    (to - from) / 1_000
}
