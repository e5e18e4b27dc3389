//! The parameters of a task, read only when a plugin asks for them.

use serde::de::DeserializeOwned;
use task_domain::Payload;

use crate::Error;

/// A task's payload: a JSON object, in text until it is read.
#[derive(Clone, Debug)]
pub struct Parameters(Payload);

impl Parameters {
    /// Wraps a payload.
    pub fn new(payload: Payload) -> Self {
        Self(payload)
    }

    /// Reads the parameters into a type of the plugin's own.
    ///
    /// # Errors
    /// A final [`Error`] that says which parameter is missing or wrong: no retry mends it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.0.as_str())
            .map_err(|e| Error::give_up(format!("the parameters are not what this type needs: {e}")))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Retry;

    #[derive(Debug, serde::Deserialize)]
    struct Greeting {
        to: String,
    }

    #[test]
    fn missing_parameters_are_named_and_final() {
        let parameters = |text| Parameters::new(Payload::new(text).unwrap());
        assert_eq!(parameters(r#"{"to":"you"}"#).read::<Greeting>().unwrap().to, "you");
        let error = parameters("{}").read::<Greeting>().unwrap_err();
        assert_eq!(error.retry_hint(), Retry::IsUseless);
        assert!(error.message().contains("`to`"), "{error}");
    }
}
