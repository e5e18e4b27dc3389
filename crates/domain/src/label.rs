//! Labels: small notes on a task for its submitters' own use.

use std::collections::BTreeMap;

use crate::{Invalid, limits};

/// At most 32 pairs of a short name and a value, no control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Checks labels that came from outside.
    ///
    /// # Errors
    /// [`Invalid`], naming the label.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Invalid> {
        let labels: BTreeMap<_, _> = pairs.into_iter().collect();
        if labels.len() > limits::LABELS {
            let problem = format!("{} labels; at most {} are allowed", labels.len(), limits::LABELS);
            return Err(Invalid::new("labels", problem));
        }
        for (name, value) in &labels {
            let (names, values) = (limits::LABEL_NAME_CHARS, limits::LABEL_VALUE_CHARS);
            let fits = |text: &str, max| text.chars().count() <= max && !text.contains(char::is_control);
            if name.is_empty() || !fits(name, names) {
                let problem =
                    format!("label names need 1 to {names} characters, none of them control characters");
                return Err(Invalid::new("labels", problem));
            }
            if !fits(value, values) {
                let problem = format!("needs at most {values} characters, none of them control characters");
                return Err(Invalid::new(format!("labels[{name}]"), problem));
            }
        }
        Ok(Self(labels))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs, sorted by name.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<Labels, Invalid> {
        Labels::new([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn sizes_and_controls_are_checked() {
        assert!(one("team", "billing").is_ok());
        assert!(one("", "x").is_err());
        assert!(one(&"n".repeat(64), "x").is_err());
        assert_eq!(one("team", &"v".repeat(256)).unwrap_err().field, "labels[team]");
        assert!(one("team", "a\0").is_err());
        let many = (0..33).map(|n| (n.to_string(), String::new()));
        assert!(Labels::new(many).unwrap_err().problem.contains("33"));
    }
}
