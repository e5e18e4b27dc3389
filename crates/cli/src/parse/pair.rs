//! `key=value` pairs: parameters and labels.

use serde_json::value::RawValue;

/// One parameter: its key, and its value as JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) key: String,
    pub(crate) json: Box<RawValue>,
}

/// Reads `key=value` or `key:=json`.
///
/// With `=` the value is JSON where it is valid JSON (a number, true, false, null, an object, an
/// array, a quoted string), and text otherwise. With `:=` it has to be JSON.
pub(crate) fn parameter(text: &str) -> Result<Parameter, String> {
    let (key, value) = split(text, "key=value, such as to=a@example.com")?;
    if let Some(key) = key.strip_suffix(':') {
        let json = RawValue::from_string(value.to_owned()).map_err(|e| {
            format!("after := comes JSON, and `{value}` is none ({e}); for text use {key}=...")
        })?;
        return Ok(Parameter { key: named(key)?, json });
    }
    let json = RawValue::from_string(value.to_owned())
        .or_else(|_| serde_json::value::to_raw_value(value))
        .map_err(|e| e.to_string())?;
    Ok(Parameter { key: named(key)?, json })
}

/// Reads the `name=value` of a label.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    named_text(text, "name=value, such as team=billing")
}

/// Reads the `name=url` of a connection. What is wrong is told without the text: it may hold a password.
pub(crate) fn connection(text: &str) -> Result<(String, String), String> {
    named_text(text, "")
        .map_err(|_| "has no name; write name=postgres://user:password@host:port/database".to_owned())
}

fn named_text(text: &str, form: &str) -> Result<(String, String), String> {
    let (name, value) = split(text, form)?;
    Ok((named(name)?, value.to_owned()))
}

fn split<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`; write {form}"))
}

fn named(key: &str) -> Result<String, String> {
    if key.trim().is_empty() {
        return Err("there is no key before the `=`; write key=value".to_owned());
    }
    Ok(key.to_owned())
}

/// Refuses keys that are given twice.
pub(crate) fn unique<'a>(flag: &str, keys: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::HashSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(format!("{flag}: key `{key}` is given twice; give each key once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        parameter(text).unwrap().json.get().to_owned()
    }

    #[test]
    fn values_are_json_where_they_can_be() {
        assert_eq!(json("a=1"), "1");
        assert_eq!(json("a=12345678901234567890123"), "12345678901234567890123");
        assert_eq!(json("a=true"), "true");
        assert_eq!(json("a=null"), "null");
        assert_eq!(json(r#"a={"b": [1]}"#), r#"{"b": [1]}"#);
        assert_eq!(json(r#"a="true""#), r#""true""#);
    }

    #[test]
    fn anything_else_is_text() {
        for text in ["Weekly Update", "007", "", "a=b", "True", "[draft] hello", "\"To be\" or not", "nan"] {
            assert_eq!(json(&format!("a={text}")), serde_json::to_string(text).unwrap());
        }
        assert_eq!(parameter("url=http://h?a=b").unwrap().key, "url");
    }

    #[test]
    fn json_can_be_demanded() {
        assert_eq!(json("a:=[1, 2]"), "[1, 2]");
        assert_eq!(parameter("a:=1").unwrap().key, "a");
        assert!(parameter("a:=hello").unwrap_err().contains("a=..."));
    }

    #[test]
    fn malformed_pairs_say_what_to_change() {
        assert!(parameter("novalue").unwrap_err().contains("key=value"));
        assert!(parameter("=x").unwrap_err().contains("no key"));
        assert!(parameter(":=1").unwrap_err().contains("no key"));
        assert!(label(" =x").is_err());
        for text in ["postgres://me:hunter2@h/d", "=postgres://me:hunter2@h/d"] {
            let told = connection(text).unwrap_err();
            assert!(told.contains("name=postgres://") && !told.contains("hunter2"), "{told}");
        }
        assert!(unique("--label", ["a", "b", "a"].into_iter()).unwrap_err().contains("`a` is given twice"));
        assert!(unique("--label", ["a", "b"].into_iter()).is_ok());
    }
}
