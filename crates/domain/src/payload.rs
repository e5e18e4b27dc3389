//! JSON that goes in and comes out, checked once at the edge and carried as text.
//!
//! The text is kept as it was sent: no number loses digits, no key changes place, and neither the
//! pipeline nor the database spends time on taking it apart.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{Invalid, limits};

/// What goes into a task: a JSON object of parameters, at most 1 MiB and 64 levels deep, without
/// NUL, lone surrogates or a key given twice. Defaults to `{}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload(Arc<str>);

/// What came out of a task: any JSON value, at most 256 KiB and 64 levels deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskResult(Arc<str>);

impl Payload {
    /// Checks a payload that came from outside. An empty text stands for `{}`.
    ///
    /// # Errors
    /// [`Invalid`] on the field `payload`.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        check_size("payload", text, limits::PAYLOAD_BYTES)?;
        if !text.starts_with('{') {
            let problem = "must be a JSON object such as {\"to\": \"a@example.com\"}";
            return Err(Invalid::new("payload", problem));
        }
        check_json("payload", text)?;
        Ok(Self(text.into()))
    }

    /// Wraps a text that came from the store, where it was put after a check.
    pub fn from_store(text: &str) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self("{}".into())
    }
}

impl TaskResult {
    /// Checks a result that a plugin gave.
    ///
    /// # Errors
    /// [`Invalid`] on the field `result`.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        check_size("result", text, limits::RESULT_BYTES)?;
        check_json("result", text)?;
        Ok(Self(text.into()))
    }

    /// Wraps a text that came from the store, where it was put after a check.
    pub fn from_store(text: &str) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_size(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    if text.len() > max {
        let problem = format!("has {} bytes; at most {max} are allowed", text.len());
        return Err(Invalid::new(field, problem));
    }
    Ok(())
}

fn check_json(field: &str, text: &str) -> Result<(), Invalid> {
    let mut json = serde_json::Deserializer::from_str(text);
    Checked { depth: 0 }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|e| Invalid::new(field, format!("is not acceptable JSON: {e}")))
}

/// Walks a JSON value without keeping it, and refuses what cannot be stored or is ambiguous.
#[derive(Clone, Copy)]
struct Checked {
    depth: usize,
}

impl Checked {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= limits::JSON_DEPTH {
            return Err(E::custom(format!("nested deeper than {} levels", limits::JSON_DEPTH)));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

/// A key as it is told: it may be as long as the whole payload, and an answer's header may not.
fn shortened(key: &str) -> std::borrow::Cow<'_, str> {
    const CHARS: usize = 64;
    match key.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &key[..end]).into(),
        None => key.into(),
    }
}

fn no_nul<E: serde::de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("contains NUL (\\u0000), which cannot be stored; remove it"));
    }
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        no_nul(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while seq.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            no_nul(&key)?;
            map.next_value_seed(inside)?;
            if let Some(twice) = seen.replace(key) {
                return Err(A::Error::custom(format!("key `{}` is given twice", shortened(&twice))));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
