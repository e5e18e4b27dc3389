//! Medians, percentiles, and counts as numbers to divide by.

/// The middle value.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The value below which `share` of all lie.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The mean of the last quarter, where what builds up shows.
pub(crate) fn last_quarter(values: &[f64]) -> f64 {
    mean(&values[values.len() * 3 / 4..])
}

/// The mean of the first quarter.
pub(crate) fn first_quarter(values: &[f64]) -> f64 {
    mean(&values[..values.len().div_ceil(4)])
}

/// The mean.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / number(values.len() as u64)
}

/// A count as a number.
pub(crate) fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let number = count as f64;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0]) - 2.5).abs() < f64::EPSILON);
        let hundred: Vec<_> = (1..=100).map(f64::from).collect();
        assert!((percentile(&hundred, 0.99) - 99.0).abs() < f64::EPSILON);
        assert!((last_quarter(&hundred) - 88.0).abs() < f64::EPSILON);
        assert!((first_quarter(&hundred) - 13.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }
}
