//! The built-in plugin that sends mail by SMTP.
//!
//! Read the files in the order a mail meets them: `parameters` says what was asked for and checks
//! it, `compose` writes the message, `line` gives an open connection to the server, and `failure`
//! decides whether another attempt may help.
//!
//! # Duplicates
//! A worker can be lost after the server took a mail and before that was recorded; the next
//! attempt sends it again. Each mail says which task and attempt it comes from (`X-Task-Id`,
//! `X-Task-Attempt`), and its `Message-ID` is made of both: the same attempt started twice gives
//! the same ID, which most mail systems deliver once.

mod address_url;
mod compose;
mod error;
mod failure;
mod line;
mod parameters;
mod settings;

use serde::Serialize;
use task_plugin::{About, Context, Outcome, Parameters, Plugin};

use crate::compose::Origin;
use crate::line::Line;
use crate::parameters::Mail;
use crate::settings::Rules;

pub use error::Error;
pub use settings::{Credentials, Security, Settings};

/// The type under which this plugin is known.
pub const KIND: &str = "send_email";

/// Sends one mail.
///
/// | parameter | meaning | default |
/// |---|---|---|
/// | `to` | one or more addresses, `"a@example.com, Bo <b@example.com>"` or a list of such texts | (required) |
/// | `cc`, `bcc` | the same | none |
/// | `subject` | one line | empty |
/// | `body` | plain text | empty |
/// | `html` | the same for mail readers that show HTML; with `body`, both are sent as alternatives | none |
/// | `from` | one address, if the operator lets tasks choose | the operator's |
/// | `reply_to` | one address | none |
///
/// Any other parameter is refused by its name, and so is a control character in an address or the
/// subject. A refusal by the server with a 4xx code, and any trouble with the connection or the
/// login, is retried; a refusal of the mail with a 5xx code is final. If the server refuses one
/// recipient, nobody gets the mail.
///
/// The result is an object with `message_id`, `recipients` (all that the server accepted) and
/// `response`, the server's last words.
#[derive(Debug)]
pub struct SendEmail {
    rules: Rules,
    line: Line,
}

#[derive(Serialize)]
struct Sent<'a> {
    message_id: &'a str,
    recipients: Vec<String>,
    response: String,
}

impl SendEmail {
    /// Checks the settings; connects to nothing yet.
    ///
    /// # Errors
    /// [`Error`] saying which setting to change.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { rules: Rules::new(settings)?, line: Line::new(settings)? })
    }
}

impl Plugin for SendEmail {
    async fn run(&self, context: Context, parameters: Parameters) -> Result<Outcome, task_plugin::Error> {
        let mail = Mail::read(&parameters, &self.rules)?;
        let origin = Origin::new(&context, self.rules.id_domain(&mail.from));
        let message = compose::compose(&mail, &origin)?;
        let response = self.line.send(&message).await?;
        let lines: Vec<_> = response.message().collect();
        Outcome::done(&Sent {
            message_id: &origin.message_id,
            recipients: message.envelope().to().iter().map(ToString::to_string).collect(),
            response: format!("{} {}", response.code(), lines.join(" ")),
        })
    }

    fn about(&self) -> About {
        About {
            description: Some("Sends a mail by SMTP"),
            parameters_schema: Some(include_str!("parameters.schema.json")),
        }
    }
}
