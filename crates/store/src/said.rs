//! What a hint says.

use jiff::Timestamp;
use task_domain::ports::Spot;

/// What is said by a hint: up to which number its sender knows lanes, so that a task in a new one is found at once; and where
/// a task waits that came alone. Any client of the database can say anything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) lanes: i32,
    pub(crate) spot: Option<Spot>,
}

impl Said {
    /// Reads what is said by `notify.rs`, and by `submit_one.sql`: the lanes, and then the spot's lane, time (microseconds
    /// since 1970) and task, if there is one. What cannot be read says nothing.
    pub(crate) fn read(text: &str) -> Self {
        let (lanes, spot) = text.split_once(' ').unwrap_or((text, ""));
        match lanes.parse() {
            Ok(lanes) => Self { lanes, spot: Self::read_spot(spot) },
            Err(_) => Self::default(),
        }
    }

    fn read_spot(text: &str) -> Option<Spot> {
        let mut words = text.splitn(3, ' ');
        let lane = words.next()?.parse().ok()?;
        // All that there are since 1970 are times for Postgres as well.
        let micros: u64 = words.next()?.parse().ok()?;
        let at = Timestamp::from_microsecond(micros.try_into().ok()?).ok()?;
        Some(Spot { lane, at, task: words.next()?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_by_a_hint_is_read_as_far_as_it_says_anything() {
        let read = |text| {
            let Said { lanes, spot } = Said::read(text);
            (lanes, spot.map(|spot| (spot.lane, spot.at.as_microsecond(), spot.task.get())))
        };
        assert_eq!(read("5 3 1764521412345678 991"), (5, Some((3, 1_764_521_412_345_678, 991))));
        assert_eq!(read("5"), (5, None));
        for nothing in ["", " ", "x", "x 3 1 991", "5000000000"] {
            assert_eq!(read(nothing), (0, None), "{nothing:?}");
        }
        let times = ["5 3 -1 991", "5 3 9223372036854775807 991", "5 3 18446744073709551615 991"];
        for lanes in ["5 ", "5 3", "5 3 1", "5 3 1 0", "5 3 1 -1", "5 3 1 991 7", "5  3 1 991", "5 3 1e3 991"]
            .into_iter()
            .chain(times)
        {
            assert_eq!(read(lanes), (5, None), "{lanes:?}");
        }
    }
}
