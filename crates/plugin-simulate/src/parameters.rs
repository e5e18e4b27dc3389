//! What a task asks for, checked, with a sentence for each mistake that names its parameter.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use task_domain::limits;
use task_plugin::{Error, Parameters};

/// Longest pretended work and snooze.
const LONGEST: Duration = Duration::from_hours(24);
/// Chance of a snooze when only its length is given. Below 1, so that such a task ends some day.
const SNOOZE_PROBABILITY: f64 = 0.5;
/// Units of a duration; `ms` before `m` and `s`, since the first that fits is taken.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// The parameters as they were written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    duration: Value,
    fail_attempts: Value,
    failure_probability: Value,
    give_up: Value,
    panic: Value,
    snooze: Value,
    snooze_probability: Value,
    result_size: Value,
}

/// What a task asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Wish {
    /// How long the attempt takes.
    pub(crate) duration: Duration,
    /// The first so many attempts fail.
    pub(crate) fail_attempts: u32,
    /// Chance that any other attempt fails.
    pub(crate) failure_probability: f64,
    /// A failure is final.
    pub(crate) give_up: bool,
    /// A failure is a panic.
    pub(crate) panic: bool,
    /// How long a snoozed attempt is put back.
    pub(crate) snooze: Duration,
    /// Chance of that.
    pub(crate) snooze_probability: f64,
    /// Bytes of the result; 0 for none.
    pub(crate) result_size: usize,
}

impl Wish {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// A final one, since no retry mends a parameter.
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, Error> {
        // Of a task that only ends, reading this would be a good part of what it costs its worker.
        if parameters.as_str() == "{}" {
            return Ok(Self::default());
        }
        let written: Written = parameters.read()?;
        let chance = if written.snooze.is_null() { 0.0 } else { SNOOZE_PROBABILITY };
        Ok(Self {
            duration: duration("duration", &written.duration)?,
            fail_attempts: whole("fail_attempts", &written.fail_attempts, u32::MAX)?,
            failure_probability: number("failure_probability", &written.failure_probability, 0.0, 1.0)?,
            give_up: flag("give_up", &written.give_up)?,
            panic: flag("panic", &written.panic)?,
            snooze: duration("snooze", &written.snooze)?,
            snooze_probability: number("snooze_probability", &written.snooze_probability, chance, 0.99)?,
            result_size: result_size(&written.result_size)?,
        })
    }
}

fn wrong(name: &str, value: &Value, wanted: &str) -> Error {
    Error::give_up(format!("parameter `{name}` must be {wanted}, not {value}"))
}

/// Command lines have only text, so a number in quotes counts as a number.
fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

fn number(name: &str, value: &Value, default: f64, max: f64) -> Result<f64, Error> {
    if value.is_null() {
        return Ok(default);
    }
    as_number(value)
        .filter(|number| (0.0..=max).contains(number))
        .ok_or_else(|| wrong(name, value, &format!("a number from 0 to {max}")))
}

fn whole(name: &str, value: &Value, max: u32) -> Result<u32, Error> {
    let read = match value {
        Value::Null => Some(0),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64(),
    };
    read.and_then(|number| u32::try_from(number).ok())
        .filter(|&number| number <= max)
        .ok_or_else(|| wrong(name, value, &format!("a whole number from 0 to {max}")))
}

fn flag(name: &str, value: &Value) -> Result<bool, Error> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) => text.trim().parse().map_err(|_| wrong(name, value, "true or false")),
        _ => Err(wrong(name, value, "true or false")),
    }
}

fn duration(name: &str, value: &Value) -> Result<Duration, Error> {
    let seconds = match value {
        Value::Null => return Ok(Duration::ZERO),
        Value::String(text) => as_number(value).or_else(|| spelled_seconds(text.trim())),
        other => as_number(other),
    };
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|&duration| duration <= LONGEST)
        .ok_or_else(|| {
            wrong(
                name,
                value,
                "a time such as \"4s\", \"250ms\", \"1m30s\" or a number of seconds, up to 24h",
            )
        })
}

/// Reads `1m30s`: one or more numbers, each with its unit.
fn spelled_seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let (unit, factor) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        seconds += number * factor;
        rest = after[unit.len()..].trim_start();
    }
    (!text.is_empty()).then_some(seconds)
}

fn result_size(value: &Value) -> Result<usize, Error> {
    let max = u32::try_from(limits::RESULT_BYTES).expect("a result is smaller than 4 GiB");
    let size = whole("result_size", value, max)?;
    if size == 1 {
        return Err(wrong("result_size", value, "0, or at least 2: a text has two quotes"));
    }
    Ok(size as usize)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use task_domain::Payload;
    use task_plugin::Retry;

    use super::*;

    fn read(text: &str) -> Result<Wish, Error> {
        Wish::read(&Parameters::new(Payload::new(text).unwrap()))
    }

    #[test]
    fn nothing_asked_for_is_an_instant_success() {
        let wish = read("{}").unwrap();
        assert_eq!(wish.duration, Duration::ZERO);
        assert_eq!((wish.fail_attempts, wish.result_size), (0, 0));
        assert!(wish.failure_probability == 0.0 && wish.snooze_probability == 0.0);
        for asking_for_nothing in ["{ }", r#"{"duration":null}"#] {
            assert_eq!(read(asking_for_nothing).unwrap(), wish);
        }
    }

    #[test]
    fn durations_are_read_in_every_spelling() {
        for (text, milliseconds) in [
            (r#""4s""#, 4_000),
            (r#""250ms""#, 250),
            (r#""1.5s""#, 1_500),
            (r#""1m30s""#, 90_000),
            (r#""1h 2m""#, 3_720_000),
            (r#""3""#, 3_000),
            ("2", 2_000),
            ("0.25", 250),
            ("0", 0),
            (r#""24h""#, 86_400_000),
        ] {
            let wish = read(&format!(r#"{{"duration":{text}}}"#)).unwrap();
            assert_eq!(wish.duration, Duration::from_millis(milliseconds), "{text}");
        }
    }

    #[test]
    fn numbers_and_flags_may_be_text() {
        let wish =
            read(r#"{"fail_attempts":"2","failure_probability":"0.5","panic":"true","result_size":"64"}"#)
                .unwrap();
        assert_eq!((wish.fail_attempts, wish.panic, wish.result_size), (2, true, 64));
        assert!((wish.failure_probability - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn a_snooze_alone_happens_half_the_time() {
        let wish = read(r#"{"snooze":"5s"}"#).unwrap();
        assert!((wish.snooze_probability - 0.5).abs() < f64::EPSILON);
        assert_eq!(wish.snooze, Duration::from_secs(5));
    }

    #[test]
    fn each_mistake_is_final_and_names_its_parameter() {
        for (text, name) in [
            (r#"{"duration":"soon"}"#, "duration"),
            (r#"{"duration":""}"#, "duration"),
            (r#"{"duration":"4s4"}"#, "duration"),
            (r#"{"duration":-1}"#, "duration"),
            (r#"{"duration":"-1s"}"#, "duration"),
            (r#"{"duration":"1..2s"}"#, "duration"),
            (r#"{"duration":"NaN"}"#, "duration"),
            (r#"{"duration":1e300}"#, "duration"),
            (r#"{"duration":"25h"}"#, "duration"),
            (r#"{"duration":true}"#, "duration"),
            (r#"{"duration":["4s"]}"#, "duration"),
            (r#"{"fail_attempts":-1}"#, "fail_attempts"),
            (r#"{"fail_attempts":1.5}"#, "fail_attempts"),
            (r#"{"fail_attempts":4294967296}"#, "fail_attempts"),
            (r#"{"failure_probability":1.01}"#, "failure_probability"),
            (r#"{"failure_probability":"often"}"#, "failure_probability"),
            (r#"{"give_up":1}"#, "give_up"),
            (r#"{"panic":"yes"}"#, "panic"),
            (r#"{"snooze_probability":1}"#, "snooze_probability"),
            (r#"{"result_size":262145}"#, "result_size"),
            (r#"{"result_size":1}"#, "result_size"),
            (r#"{"lenght":"4s"}"#, "lenght"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.retry_hint(), Retry::IsUseless, "{text}");
            assert!(error.message().contains(&format!("`{name}`")), "{text}: {error}");
        }
    }
}
