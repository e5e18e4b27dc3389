//! The log: one line an event, on standard error, since standard output is for data.

use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Error;

/// How a log line looks. Default: text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: coloured on a terminal.
    #[default]
    Text,
    /// For machines: one JSON object a line, the fields at its top level.
    Json,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("`{other}` is no log format; use text or json")),
        }
    }
}

/// Sends events of `level` and above to standard error from now on, for the whole process.
///
/// `level` is one level, or several by target, such as `info,task_server=debug`. Nothing is read
/// from the environment.
///
/// # Errors
/// [`Error::Level`] for what is none, [`Error::Logging`] when it was called before.
pub fn init(level: &str, format: Format) -> Result<(), Error> {
    let filter = filter(level).ok_or_else(|| Error::Level { level: level.to_owned() })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
    }
    .map_err(|e| Error::Logging(e.into()))
}

/// What is let through. A bare word has to be a level: it would else be taken for the name of a
/// target, and nothing but that target would be logged.
fn filter(level: &str) -> Option<EnvFilter> {
    let is_known =
        |part: &str| part.is_empty() || part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok();
    level.split(',').all(|part| is_known(part.trim())).then_some(())?;
    EnvFilter::builder().parse(level).ok()
}

/// An error with all its causes, for one field of a log line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        // Wrappers often repeat their cause; once is enough.
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_level_says_what_is_right() {
        for wrong in ["loud=very", "loud", "info,loud", "task_server"] {
            let error = init(wrong, Format::Text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}` is no log level; use error, warn")), "{error}");
        }
    }

    #[test]
    fn levels_stand_alone_or_by_target() {
        for fine in
            ["error", "WARN", "off", "info,task_server=debug", "task_server=debug, warn", "[span]=info"]
        {
            assert!(filter(fine).is_some(), "{fine}");
        }
    }

    #[test]
    fn formats_are_read_as_they_are_shown() {
        for format in [Format::Text, Format::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<Format>().unwrap_err().contains("use text or json"));
    }

    #[test]
    fn a_chain_tells_each_cause_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::io::Error);
        assert_eq!(chain(&Outer(std::io::Error::other("inner"))), "outer: inner");
    }
}
