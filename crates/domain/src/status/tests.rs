use proptest::prelude::*;

use super::*;

fn any_status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.to_vec())
}

proptest! {
    /// A random walk along the table never leaves a terminal status but by an operator's retry,
    /// and always has a way to an end.
    #[test]
    fn walks_stay_legal(picks in prop::collection::vec(any::<prop::sample::Index>(), 1..60)) {
        let mut at = None;
        for pick in picks {
            let steps: Vec<_> = TRANSITIONS.iter().filter(|t| t.0 == at).collect();
            prop_assert!(!steps.is_empty(), "{at:?} is a dead end");
            let &&(from, to, cause) = pick.get(&steps);
            if from.is_some_and(Status::is_terminal) {
                prop_assert_eq!(cause, Cause::RetriedByHand);
                prop_assert_eq!(to, Status::Pending);
            }
            prop_assert!(Status::may_follow(from, to));
            at = Some(to);
        }
    }

    #[test]
    fn codes_and_names_round_trip(status in any_status()) {
        prop_assert_eq!(Status::from_code(status.code()), Some(status));
        prop_assert_eq!(status.as_str().parse::<Status>(), Ok(status));
        prop_assert_eq!(status.as_str().to_lowercase().parse::<Status>(), Ok(status));
    }

    #[test]
    fn nothing_follows_itself(status in any_status()) {
        prop_assert!(!Status::may_follow(Some(status), status));
    }
}

/// The allowed pairs, spelled out: the promise made to users.
#[test]
fn the_table_is_the_promise() {
    use Status::{Cancelled, Failed, Pending, Retrying, Running, Succeeded};
    let promise = [
        (None, vec![Pending]),
        (Some(Pending), vec![Running, Cancelled]),
        (Some(Running), vec![Pending, Retrying, Succeeded, Failed, Cancelled]),
        (Some(Retrying), vec![Running, Cancelled]),
        (Some(Succeeded), vec![Pending]),
        (Some(Failed), vec![Pending]),
        (Some(Cancelled), vec![Pending]),
    ];
    for (from, allowed) in promise {
        for to in Status::ALL {
            assert_eq!(Status::may_follow(from, to), allowed.contains(&to), "{from:?} -> {to}");
        }
    }
}

#[test]
fn operators_may_cancel_what_lives_and_retry_what_ended() {
    for status in Status::ALL {
        assert_eq!(status.may_cancel(), !status.is_terminal(), "{status}");
        assert_eq!(status.may_retry_by_hand(), status.is_terminal(), "{status}");
    }
}

#[test]
fn an_unknown_status_names_the_known_ones() {
    let error = "DONE".parse::<Status>().unwrap_err();
    assert!(error.problem.contains("SUCCEEDED"), "{error}");
    assert_eq!(Status::from_code(6), None);
}
