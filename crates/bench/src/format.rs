//! Figures as people read them.

use crate::report::{Bar, Unit};

/// A figure with its unit.
pub(crate) fn figure(unit: Unit, value: f64) -> String {
    match unit {
        Unit::PerSecond if value.abs() < 100.0 => format!("{value:.2}/s"),
        Unit::PerSecond => format!("{}/s", thousands(value)),
        Unit::Milliseconds => format!("{value:.2} ms"),
        Unit::Microseconds => format!("{value:.1} us"),
        Unit::Bytes if value.abs() >= 1_048_576.0 => format!("{:.1} MiB", value / 1_048_576.0),
        Unit::Bytes => format!("{} B", thousands(value)),
        Unit::Percent => format!("{value:.2} %"),
        Unit::Count if value.abs() < 100.0 => format!("{value:.3}"),
        Unit::Count => thousands(value),
    }
}

/// What has to be reached.
pub(crate) fn bar(bar: Bar) -> String {
    match bar {
        Bar::AtMost(most) if most >= 1_000.0 => format!("<= {}", thousands(most)),
        Bar::AtLeast(least) => format!(">= {least}"),
        Bar::AtMost(most) => format!("<= {most}"),
        Bar::None => String::new(),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |d| ("-", d));
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_figures_are_grouped() {
        assert_eq!(thousands(0.4), "0");
        assert_eq!(thousands(999.6), "1,000");
        assert_eq!(thousands(-1_234_567.0), "-1,234,567");
        assert_eq!(figure(Unit::PerSecond, 1.5), "1.50/s");
    }
}
