//! Checked texts and numbers of a task: what passes here needs no second look below.

use std::fmt;

use crate::{Invalid, limits};

/// Refuses what cannot be stored or shown: NUL and other control characters, too long, too short.
fn check_text(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(field, format!("must not be empty; give 1 to {max} characters")));
    }
    if text.len() > max {
        let chars = text.chars().count();
        if chars > max {
            return Err(Invalid::new(field, format!("has {chars} characters; at most {max} are allowed")));
        }
    }
    match text.chars().find(|c| c.is_control()) {
        Some('\0') => Err(Invalid::new(field, "contains NUL (U+0000), which cannot be stored; remove it")),
        Some(c) => Err(Invalid::new(
            field,
            format!("contains the control character U+{:04X}; remove it", u32::from(c)),
        )),
        None => Ok(()),
    }
}

fn check_word(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    check_text(field, text, max)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
    match text.chars().find(|&c| !fits(c)) {
        Some(c) => {
            Err(Invalid::new(field, format!("contains `{c}`; use letters, digits and _ - . : / only")))
        }
        None => Ok(()),
    }
}

macro_rules! text {
    ($(#[$meta:meta])* $name:ident, $field:literal, $check:ident, $max:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks a text that came from outside.
            ///
            /// # Errors
            /// [`Invalid`], naming the field and what to change.
            pub fn new(text: impl AsRef<str>) -> Result<Self, Invalid> {
                let text = text.as_ref();
                $check($field, text, $max)?;
                Ok(Self(text.into()))
            }

            /// Wraps a text that came from the store, where it was put after a check.
            pub fn from_store(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text! {
    /// What people call a task: 1 to 255 characters, no control characters. Need not be unique.
    Name, "name", check_text, limits::NAME_CHARS
}
text! {
    /// The type of a task: names the plugin that runs it. 1 to 100 of letters, digits, `_-.:/`.
    Kind, "type", check_word, limits::KIND_CHARS
}
text! {
    /// The queue a task waits in: 1 to 100 of letters, digits, `_-.:/`. Defaults to `default`.
    Queue, "queue", check_word, limits::QUEUE_CHARS
}
text! {
    /// A submitter's own name for one create, 1 to 255 characters: the same key again returns the
    /// first task and makes no second one.
    IdempotencyKey, "idempotency_key", check_text, limits::KEY_CHARS
}

impl Default for Queue {
    fn default() -> Self {
        Self("default".into())
    }
}

/// How urgent a task is, -100 to 100; higher runs first. Defaults to 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Priority(i32);

impl Priority {
    /// Checks a number that came from outside.
    ///
    /// # Errors
    /// [`Invalid`] outside -100 to 100.
    pub fn new(value: i32) -> Result<Self, Invalid> {
        if limits::PRIORITY.contains(&value) {
            Ok(Self(value))
        } else {
            Err(Invalid::new("priority", format!("must be from -100 to 100, not {value}")))
        }
    }

    /// The number itself.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// How many retries may follow a failed first attempt, 0 to 1,000. Defaults to 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Retries(u32);

impl Retries {
    /// Checks a number that came from outside.
    ///
    /// # Errors
    /// [`Invalid`] above 1,000.
    pub fn new(value: u32) -> Result<Self, Invalid> {
        if value <= limits::RETRIES {
            Ok(Self(value))
        } else {
            Err(Invalid::new("retries", format!("must be from 0 to {}, not {value}", limits::RETRIES)))
        }
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_in_characters() {
        assert!(Name::new("é".repeat(255)).is_ok());
        let error = Name::new("é".repeat(256)).unwrap_err();
        assert_eq!(error.field, "name");
        assert!(error.problem.contains("256"), "{error}");
    }

    #[test]
    fn empty_and_control_characters_are_refused() {
        for bad in ["", "a\0b", "a\nb", "\u{7f}"] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
        assert!(Name::new("a\0b").unwrap_err().problem.contains("NUL"));
        assert!(Name::new("Weekly ☕ رسالة").is_ok());
    }

    #[test]
    fn kinds_are_words() {
        assert!(Kind::new("send_email").is_ok());
        assert!(Kind::new("acme.billing/v2:invoice").is_ok());
        assert_eq!(Kind::new("send email").unwrap_err().field, "type");
    }

    #[test]
    fn numbers_have_their_range() {
        assert!(Priority::new(-100).is_ok() && Priority::new(100).is_ok());
        for bad in [-101, 101, i32::MIN, i32::MAX] {
            assert_eq!(Priority::new(bad).unwrap_err().field, "priority");
        }
        assert_eq!(Retries::default().get(), 3);
        assert!(Retries::new(1_000).is_ok());
        assert!(Retries::new(u32::MAX).is_err());
    }
}
