//! The payload from `--payload` and `--parameter`.

use std::io::Read;

use serde_json::value::RawValue;
use task_domain::{Invalid, Payload};

use super::Parameter;
use crate::exit::{Failure, Result};
use crate::render::object::Object;

/// The payload's JSON text: what `source` gives (JSON, `@file`, or `-` for standard input), with the
/// parameters behind it.
pub(crate) fn payload(source: Option<&str>, parameters: &[Parameter]) -> Result<String> {
    super::unique("--parameter", parameters.iter().map(|p| p.key.as_str())).map_err(Failure::Usage)?;
    let text = source.map(read).transpose()?;
    if let Some(text) = &text
        && text.trim().is_empty()
    {
        let what = if source == Some("-") { "--payload -: standard input" } else { "--payload" };
        let told = format!(
            "{what} is empty; give a JSON object such as {{\"to\": \"a@example.com\"}}, or leave it out"
        );
        return Err(Failure::Usage(told));
    }
    let text = text.unwrap_or_default();
    // Checked before it is joined, so that an error's line and column are those of the source.
    let text = Payload::new(&text).map_err(explained)?.as_str().to_owned();
    if parameters.is_empty() {
        return Ok(text);
    }
    let mut object: Object<Box<RawValue>> = serde_json::from_str(&text).map_err(anyhow::Error::from)?;
    for parameter in parameters {
        if object.0.iter().any(|(key, _)| *key == parameter.key) {
            let told = format!("--parameter: key `{}` is in --payload already; give it once", parameter.key);
            return Err(Failure::Usage(told));
        }
        object.0.push((parameter.key.clone(), parameter.json.clone()));
    }
    let text = serde_json::to_string(&object).map_err(anyhow::Error::from)?;
    Ok(Payload::new(&text)?.as_str().to_owned())
}

/// Says more of an error whose words few know.
fn explained(mut invalid: Invalid) -> Invalid {
    if ["surrogate", "end of hex escape"].iter().any(|words| invalid.problem.contains(words)) {
        invalid
            .problem
            .push_str("; a \\u escape is half a character: write the character itself, or both its halves");
    }
    invalid
}

fn read(source: &str) -> Result<String> {
    let bytes = match source.strip_prefix('@') {
        Some(path) => {
            std::fs::read(path).map_err(|e| Failure::Usage(format!("--payload: file `{path}`: {e}")))?
        }
        None if source == "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes)?;
            bytes
        }
        None => return Ok(source.to_owned()),
    };
    String::from_utf8(bytes).map_err(|e| Failure::Usage(format!("--payload: is not UTF-8 text: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parameter;

    fn joined(source: Option<&str>, parameters: &[&str]) -> std::result::Result<String, String> {
        let parameters: Vec<_> = parameters.iter().map(|p| parameter(p).unwrap()).collect();
        payload(source, &parameters).map_err(|e| match e {
            Failure::Usage(told) => told,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn parameters_follow_the_payload_in_order() {
        assert_eq!(joined(None, &[]).unwrap(), "{}");
        assert_eq!(joined(None, &["z=1", "a=x y"]).unwrap(), r#"{"z":1,"a":"x y"}"#);
        assert_eq!(joined(Some(r#"{"n": 1.50}"#), &[]).unwrap(), r#"{"n": 1.50}"#);
        assert_eq!(joined(Some(r#"{"n": 1.50}"#), &["a=1"]).unwrap(), r#"{"n":1.50,"a":1}"#);
    }

    #[test]
    fn files_are_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"{\"a\": 1}\n").unwrap();
        let source = format!("@{}", file.path().display());
        assert_eq!(joined(Some(&source), &[]).unwrap(), "{\"a\": 1}");
        assert!(joined(Some("@/no/such/file"), &[]).unwrap_err().contains("/no/such/file"));
    }

    #[test]
    fn bad_payloads_say_what_to_change() {
        assert!(joined(None, &["a=1", "a=2"]).unwrap_err().contains("`a` is given twice"));
        assert!(joined(Some(r#"{"a":1}"#), &["a=2"]).unwrap_err().contains("`a` is in --payload already"));
        assert!(joined(Some("[1]"), &[]).unwrap_err().contains("JSON object"));
        assert!(joined(Some("{nope}"), &[]).unwrap_err().contains("not acceptable JSON"));
        assert!(joined(Some(r#"{"a":"\u0000"}"#), &[]).unwrap_err().contains("NUL"));
        assert!(joined(Some(r#"{"a":"\ud800"}"#), &[]).unwrap_err().contains("payload"));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64));
        assert!(joined(Some(&deep), &[]).unwrap_err().contains("64 levels"));
        let value = "x".repeat((1 << 20) - 8);
        assert_eq!(joined(None, &[&format!("a={value}")]).unwrap().len(), 1 << 20);
        assert!(joined(None, &[&format!("a={value}x")]).unwrap_err().contains("1048577 bytes"));
    }
}
