//! The random numbers of pauses and backoffs.
//!
//! They come from the thread's generator, unless [`seed`] has given this thread one of its own: a
//! simulation has to take the same turns again for the same seed.

use std::cell::RefCell;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

thread_local! {
    static SEEDED: RefCell<Option<StdRng>> = const { RefCell::new(None) };
}

/// Has every later pause and backoff on this thread follow from `seed`. For simulations, which run
/// on one thread.
pub fn seed(seed: u64) {
    SEEDED.set(Some(StdRng::seed_from_u64(seed)));
}

/// A random number, evenly spread over 0 to 1.
pub(crate) fn unit() -> f64 {
    SEEDED.with_borrow_mut(|seeded| seeded.as_mut().map_or_else(rand::random, RngExt::random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let numbers = || {
            seed(7);
            [unit(), unit(), unit()].map(f64::to_bits)
        };
        let first = numbers();
        assert_eq!(first, numbers());
        assert_ne!(first[0], first[1]);
        assert!(first.map(f64::from_bits).iter().all(|n| (0.0..1.0).contains(n)));
    }
}
