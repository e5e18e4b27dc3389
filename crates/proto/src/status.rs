//! The one map from errors to gRPC codes.

use task_domain::Invalid;
use task_domain::ports::Error;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The code that an error ends a call with.
pub fn code(error: &Error) -> Code {
    match error {
        Error::Invalid(_) | Error::Unstorable(_) => Code::InvalidArgument,
        Error::NotFound(_) => Code::NotFound,
        Error::Refused { .. } => Code::FailedPrecondition,
        Error::KeyReused { .. } => Code::AlreadyExists,
        Error::LeaseLost | Error::LeaseRanOut => Code::Aborted,
        Error::Unavailable(_) => Code::Unavailable,
        Error::Internal(_) => Code::Internal,
    }
}

/// What the caller is told: never SQL, hosts or another's payload.
pub fn message(error: &Error) -> String {
    match error {
        Error::Unavailable(_) => "the database cannot be reached just now; try again".to_owned(),
        Error::Unstorable(_) => "a value cannot be stored; the service's log has the details".to_owned(),
        Error::Internal(_) => "something went wrong in the service; its log has the details".to_owned(),
        told => told.to_string(),
    }
}

/// The status that an error ends a call with.
pub fn from_error(error: &Error) -> Status {
    match error {
        Error::Invalid(invalid) => from_invalid(invalid),
        other => Status::new(code(other), message(other)),
    }
}

/// The status that a refused request ends with, with the field also as `google.rpc.BadRequest`.
pub fn from_invalid(invalid: &Invalid) -> Status {
    let details = ErrorDetails::with_bad_request_violation(&invalid.field, &invalid.problem);
    Status::with_error_details(Code::InvalidArgument, invalid.to_string(), details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_travels_with_the_status() {
        let status = from_error(&Error::Invalid(Invalid::new("name", "must not be empty")));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "name: must not be empty");
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "name");
    }

    #[test]
    fn inner_errors_are_not_told() {
        let status = from_error(&Error::Internal("password=hunter2".into()));
        assert!(!status.message().contains("hunter2"));
    }
}
