//! What a refusal means for the task: whether another attempt may help, and what to say.

use lettre::transport::smtp;
use task_plugin::Error;

/// Where in a conversation an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Connecting, TLS, login: nothing in it depends on the task.
    Open,
    /// The mail itself.
    Mail,
}

/// Decides whether another attempt may help. The server's words are kept; the login is not in them,
/// as the client never shows it.
pub(crate) fn of(error: &smtp::Error, stage: Stage, host: &str) -> Error {
    match stage {
        Stage::Open => Error::retry(format!("mail server `{host}` cannot be used: {error}")),
        Stage::Mail if wants_login(error) => {
            Error::retry(format!("mail server `{host}` wants another login: {error}"))
        }
        // 5xx, or a mail that this server has no extension for.
        Stage::Mail if error.is_permanent() || error.is_client() => {
            Error::give_up(format!("mail server `{host}` refuses the mail: {error}"))
        }
        Stage::Mail if error.is_transient() => {
            Error::retry(format!("mail server `{host}` does not take the mail now: {error}"))
        }
        Stage::Mail => Error::retry(format!("the connection to mail server `{host}` failed: {error}")),
    }
}

/// Nobody answers at the mail server's address.
pub(crate) fn unreachable(error: &std::io::Error, host: &str) -> Error {
    Error::retry(format!("mail server `{host}` cannot be used: {error}"))
}

/// 530, 534, 535 and 538 (RFC 4954, section 6): the operator's to mend, not the task's.
fn wants_login(error: &smtp::Error) -> bool {
    error.status().is_some_and(|code| [530, 534, 535, 538].contains(&u16::from(code)))
}
