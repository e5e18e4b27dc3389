//! Decides what comes of an attempt, from what was asked for, the attempt and random numbers.

use std::time::Duration;

use crate::parameters::Wish;

/// What comes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works.
    Succeed,
    /// It does not.
    Fail,
    /// It is put back.
    Snooze(Duration),
}

/// Decides about attempt number `attempt` (from 1). `random` gives numbers from 0 up to but not
/// including 1, and is asked only where the outcome is open.
pub(crate) fn decide(wish: &Wish, attempt: u32, mut random: impl FnMut() -> f64) -> Verdict {
    let mut happens = |chance: f64| chance > 0.0 && random() < chance;
    if happens(wish.snooze_probability) {
        return Verdict::Snooze(wish.snooze);
    }
    if attempt <= wish.fail_attempts || happens(wish.failure_probability) {
        return Verdict::Fail;
    }
    Verdict::Succeed
}

#[cfg(test)]
mod tests {
    use super::*;

    const WISH: Wish = Wish {
        duration: Duration::ZERO,
        fail_attempts: 0,
        failure_probability: 0.0,
        give_up: false,
        panic: false,
        snooze: Duration::from_secs(1),
        snooze_probability: 0.0,
        result_size: 0,
    };

    fn unasked() -> f64 {
        panic!("nothing is left to chance here")
    }

    #[test]
    fn without_a_chance_no_random_number_is_drawn() {
        assert_eq!(decide(&WISH, 1, unasked), Verdict::Succeed);
        let wish = Wish { fail_attempts: 1, ..WISH };
        assert_eq!(decide(&wish, 1, unasked), Verdict::Fail);
    }

    #[test]
    fn the_first_attempts_fail_and_the_next_succeeds() {
        let wish = Wish { fail_attempts: 2, ..WISH };
        let verdicts = [1, 2, 3].map(|attempt| decide(&wish, attempt, unasked));
        assert_eq!(verdicts, [Verdict::Fail, Verdict::Fail, Verdict::Succeed]);
    }

    #[test]
    fn chance_decides_on_its_own_side_of_the_line() {
        let wish = Wish { failure_probability: 0.3, ..WISH };
        assert_eq!(decide(&wish, 1, || 0.299), Verdict::Fail);
        assert_eq!(decide(&wish, 1, || 0.3), Verdict::Succeed);
        let always = Wish { failure_probability: 1.0, ..WISH };
        assert_eq!(decide(&always, 1, || 0.999_999), Verdict::Fail);
    }

    #[test]
    fn a_snooze_comes_before_a_failure() {
        let wish = Wish { fail_attempts: 9, snooze_probability: 0.5, ..WISH };
        assert_eq!(decide(&wish, 1, || 0.4), Verdict::Snooze(WISH.snooze));
        assert_eq!(decide(&wish, 1, || 0.6), Verdict::Fail);
    }
}
