//! Waits for what will be true soon, when nothing signals it.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// Time between two looks, at first and at most: quick when it is soon, cheap when it is not.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Looks again and again until `probe` returns `Ok`, and returns what it found.
///
/// The probe says in its `Err` what it saw instead, for the panic:
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn mails() -> u32 { 2 }
/// # async fn example() {
/// let mails = task_testing::eventually("two mails", Duration::from_secs(10), async || {
///     let mails = mails().await;
///     if mails >= 2 { Ok(mails) } else { Err(format!("{mails} mails")) }
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
/// When it has not happened within `deadline`, with `what` and what was seen last.
pub async fn eventually<T, E: Display>(
    what: &str,
    deadline: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let end = Instant::now() + deadline;
    let mut pause = FIRST_PAUSE;
    let mut seen = None;
    loop {
        match timeout_at(end, probe()).await {
            Ok(Ok(found)) => return found,
            Ok(Err(instead)) => seen = Some(instead.to_string()),
            Err(_) => {}
        }
        if Instant::now() + pause >= end {
            let seen = seen.as_deref().unwrap_or("nothing: the probe itself did not answer");
            panic!("`{what}` did not happen within {deadline:?}; last seen: {seen}");
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn returns_what_was_found() {
        let mut looks = 0;
        let found = eventually("the third look", Duration::from_secs(1), async || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err("not yet") }
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "`a wonder` did not happen within 1s; last seen: an ordinary day")]
    async fn tells_what_was_seen_last() {
        eventually("a wonder", Duration::from_secs(1), async || Err::<(), _>("an ordinary day")).await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "the probe itself did not answer")]
    async fn a_probe_that_hangs_is_cut_off() {
        eventually("an answer", Duration::from_secs(1), async || -> Result<(), String> {
            std::future::pending().await
        })
        .await;
    }
}
