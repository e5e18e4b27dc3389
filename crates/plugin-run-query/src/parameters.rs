//! What a task asks for.

use serde::Deserialize;
use serde_json::value::RawValue;
use task_plugin::{Error, Parameters};

/// A checked request. The arguments stay JSON text, so that a number keeps all its digits.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) query: String,
    pub(crate) connection: String,
    pub(crate) args: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    query: String,
    connection: Option<String>,
    args: Option<Box<RawValue>>,
}

impl Request {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// A final one, since no retry mends a parameter.
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, Error> {
        let written: Written = parameters.read()?;
        if written.query.trim().is_empty() {
            return Err(Error::give_up("parameter `query` must be one SQL statement, not empty"));
        }
        let args = written.args.as_deref().map_or(Ok(Vec::new()), arguments)?;
        Ok(Self {
            query: written.query,
            connection: written.connection.unwrap_or_else(|| "default".to_owned()),
            args,
        })
    }
}

/// A command line may only have text, so an array in a text counts as an array.
fn arguments(args: &RawValue) -> Result<Vec<Box<RawValue>>, Error> {
    let text = serde_json::from_str::<String>(args.get());
    let array = text.as_deref().unwrap_or(args.get());
    serde_json::from_str(array).map_err(|_| {
        Error::give_up("parameter `args` must be a JSON array with one value for each $n, such as [1, \"a\"]")
    })
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use task_domain::Payload;
    use task_plugin::Retry;

    use super::*;

    fn read(text: &str) -> Result<Request, Error> {
        Request::read(&Parameters::new(Payload::new(text).unwrap()))
    }

    fn args(text: &str) -> Vec<String> {
        read(text).unwrap().args.iter().map(|arg| arg.get().to_owned()).collect()
    }

    #[test]
    fn a_query_is_enough() {
        let request = read(r#"{"query":"select 1"}"#).unwrap();
        assert_eq!((request.query.as_str(), request.connection.as_str()), ("select 1", "default"));
        assert!(request.args.is_empty());
    }

    #[test]
    fn arguments_keep_their_digits_and_may_come_as_text() {
        let expected = ["12345678901234567890.123", "\"a\"", "null", "[1,2]"];
        assert_eq!(args(r#"{"query":"x","args":[12345678901234567890.123, "a", null, [1,2]]}"#), expected);
        assert_eq!(
            args(r#"{"query":"x","args":"[12345678901234567890.123, \"a\", null, [1,2]]"}"#),
            expected
        );
    }

    #[test]
    fn mistakes_are_final_and_name_their_parameter() {
        for (text, name) in [
            ("{}", "query"),
            (r#"{"query":"  "}"#, "query"),
            (r#"{"query":1}"#, "string"),
            (r#"{"query":"x","args":{"a":1}}"#, "args"),
            (r#"{"query":"x","args":"1, 2"}"#, "args"),
            (r#"{"query":"x","args":5}"#, "args"),
            (r#"{"query":"x","conection":"a"}"#, "conection"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.retry_hint(), Retry::IsUseless, "{text}");
            assert!(error.message().contains(name), "{text}: {error}");
        }
    }
}
