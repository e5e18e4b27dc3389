//! Whole numbers within bounds.

use std::ops::RangeInclusive;

use crate::render::text::grouped;

/// Reads a whole number of this range, which `T` holds.
pub(crate) fn number<T: TryFrom<i64>>(
    range: RangeInclusive<i64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("`{text}` is no number"));
        }
        // What no number of 128 bits holds is beyond each bound.
        let number = text.parse().unwrap_or(if text.starts_with('-') { i128::MIN } else { i128::MAX });
        if number < i128::from(*range.start()) {
            return Err(format!("must be at least {}", grouped(*range.start())));
        }
        let most = || format!("must be at most {}", grouped(*range.end()));
        let number = i64::try_from(number).ok().filter(|n| n <= range.end()).ok_or_else(most)?;
        T::try_from(number).map_err(|_| most())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_within_their_bounds() {
        let read = number::<i32>(-100..=1_000);
        assert_eq!((read("-100"), read("0"), read("1000")), (Ok(-100), Ok(0), Ok(1_000)));
        for text in ["", "-", "x", "1.5", "+1", " 1"] {
            assert_eq!(read(text), Err(format!("`{text}` is no number")));
        }
        for text in ["-101", "-99999999999999999999999999999999999999999999"] {
            assert_eq!(read(text).unwrap_err(), "must be at least -100");
        }
        for text in ["1001", "99999999999999999999999999999999999999999999"] {
            assert_eq!(read(text).unwrap_err(), "must be at most 1,000");
        }
    }
}
