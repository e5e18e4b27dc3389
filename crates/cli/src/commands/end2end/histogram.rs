//! Durations counted in bounded memory.

use std::time::Duration;

/// Buckets for each power of two; quantiles are right to 1/32, about 3%.
const SUB: u64 = 32;
const SUB_BITS: u32 = SUB.trailing_zeros();

/// Counts durations, in microseconds, in buckets that grow with them: some 2,000 counters at most.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
    sum: u128,
}

impl Histogram {
    pub(super) fn record(&mut self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let bucket = bucket(micros);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.total += 1;
        self.max = self.max.max(micros);
        self.sum += u128::from(micros);
    }

    /// The duration that `permille` of 1,000 recorded ones do not exceed.
    pub(super) fn quantile(&self, permille: u64) -> Option<Duration> {
        if self.total == 0 {
            return None;
        }
        let rank = (self.total * permille).div_ceil(1_000).max(1);
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return Some(Duration::from_micros(top(bucket).min(self.max)));
            }
        }
        Some(Duration::from_micros(self.max))
    }

    pub(super) fn max(&self) -> Option<Duration> {
        (self.total > 0).then(|| Duration::from_micros(self.max))
    }

    pub(super) fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.total))?;
        Some(Duration::from_micros(u64::try_from(mean).unwrap_or(u64::MAX)))
    }
}

fn bucket(micros: u64) -> usize {
    if micros < 2 * SUB {
        return usize::try_from(micros).unwrap_or(0);
    }
    let shift = micros.ilog2() - SUB_BITS;
    let within = (micros >> shift) - SUB;
    usize::try_from(2 * SUB + u64::from(shift - 1) * SUB + within).unwrap_or(usize::MAX)
}

/// The largest number of a bucket.
fn top(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * SUB {
        return bucket;
    }
    let (shift, within) = ((bucket - 2 * SUB) / SUB + 1, (bucket - 2 * SUB) % SUB);
    let next = u128::from(SUB + within + 1) << shift;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_every_number_once_and_narrowly() {
        let mut numbers: Vec<u64> = (0..5_000).collect();
        numbers.extend(
            (0..64).flat_map(|bit| [1 << bit, (1_u64 << bit) - 1, (1_u64 << bit) + (1 << (bit / 2))]),
        );
        numbers.push(u64::MAX);
        for n in numbers {
            let (b, top) = (bucket(n), top(bucket(n)));
            assert!(top >= n && top - n <= n / SUB, "{n} in {b} to {top}");
            assert!(b < 2_048);
            if top < u64::MAX {
                assert_eq!(bucket(top + 1), b + 1, "{n}");
            }
        }
    }

    #[test]
    fn quantiles_are_close() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(500), None);
        for ms in 1..=1_000 {
            histogram.record(Duration::from_millis(ms));
        }
        for (permille, ms) in [(500, 500.0), (950, 950.0), (990, 990.0), (1_000, 1_000.0)] {
            let found = histogram.quantile(permille).unwrap().as_secs_f64() * 1e3;
            assert!(found >= ms && found <= ms * 1.04, "{permille}: {found}");
        }
        assert_eq!(histogram.max(), Some(Duration::from_secs(1)));
        assert_eq!(histogram.mean(), Some(Duration::from_micros(500_500)));
    }
}
