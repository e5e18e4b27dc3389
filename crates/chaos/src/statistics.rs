//! Percentiles of what was measured.

use serde_json::{Value, json};

/// Middle, near-worst and worst of some measurements in milliseconds.
pub(crate) fn spread(mut millis: Vec<i64>) -> Value {
    if millis.is_empty() {
        return Value::Null;
    }
    millis.sort_unstable();
    let at = |share: usize| millis[(millis.len() - 1) * share / 100];
    json!({ "n": millis.len(), "p50_ms": at(50), "p99_ms": at(99), "max_ms": millis[millis.len() - 1] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_read_from_the_sorted_values() {
        assert_eq!(spread(vec![3, 1, 2]), json!({ "n": 3, "p50_ms": 2, "p99_ms": 2, "max_ms": 3 }));
        assert_eq!(spread(Vec::new()), Value::Null);
    }
}
