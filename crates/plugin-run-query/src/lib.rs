//! The built-in plugin that runs SQL on a named connection.
//!
//! Read the files in the order a query meets them: `parameters` says what was asked for, `lane`
//! gives a session on the named connection, `apart` makes sure that it is not the queue's own
//! database, `arguments` turns JSON into values of the types the query wants, `query` runs it
//! within its caps, `cell` and `answer` turn what came back into JSON, and `failure` decides
//! whether another attempt may help.
//!
//! # What keeps the database safe
//! - Only connections that the operator named can be used, each with a login role of its own. A
//!   connection that leads to the task queue's own database, or whose role could act as the
//!   queue's, is refused.
//! - The text goes to the server by the extended protocol, which takes one statement; arguments
//!   travel apart from it.
//! - Unless the operator allows writes, the statement runs in a READ ONLY transaction that is
//!   rolled back, which also takes back what such a transaction can still do, such as NOTIFY.
//! - Time is limited by the server and again from outside; rows and bytes are counted while they
//!   are read. After each task the session is reset, or closed if anything about it is in doubt.
//!
//! A READ ONLY transaction is no sandbox: it can read whatever the role may read and call any
//! function it may call. Give the role no more than its queries need.

mod answer;
mod apart;
mod arguments;
mod cell;
mod error;
mod failure;
mod lane;
mod parameters;
mod query;
mod settings;

use std::collections::BTreeMap;

use task_plugin::{About, Context, Outcome, Parameters, Plugin};

use crate::apart::Queue;
use crate::lane::Lane;
use crate::parameters::Request;

pub use error::Error;
pub use settings::{Connection, Settings};

/// The type under which this plugin is known.
pub const KIND: &str = "run_query";

/// Runs one SQL statement and gives back its rows.
///
/// | parameter | meaning | default |
/// |---|---|---|
/// | `query` | one SQL statement, with `$1`, `$2`... where arguments go | (required) |
/// | `connection` | the name of a configured connection | `default` |
/// | `args` | a JSON array with one value for each `$n`; also as text that holds such an array | `[]` |
///
/// An argument becomes whatever type the query wants at its place: `"2024-02-29"` a date, `[1, 2]`
/// an array, any JSON value a `json`. A JSON `null` is SQL's NULL.
///
/// The result is an object with `columns` (each with `name` and `type`), `rows` (one object each),
/// `row_count` and `truncated` (whether the row or byte cap cut rows off); on a connection that may
/// write also `rows_affected`. A column name that comes twice gets `_2` added. Values:
///
/// | Postgres | JSON |
/// |---|---|
/// | integers | number; beyond 2^53 a string, since many readers lose digits there |
/// | `numeric` | string, with all its digits |
/// | `real`, `double precision` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
/// | `timestamptz` | string, RFC 3339, in UTC (the session's time zone) |
/// | `bytea` | string, base64 |
/// | `json`, `jsonb` | the value itself; as a string if it cannot be stored (nested too deep, a key twice) |
/// | arrays, composite types | array, object |
/// | everything else | string, as Postgres writes it |
///
/// A few catalog types have no binary form and anonymous records cannot be read back: cast such a
/// column to `text`. One value is read whole before its size is seen.
#[derive(Debug)]
pub struct RunQuery {
    lanes: BTreeMap<String, Lane>,
    queue: Queue,
}

impl RunQuery {
    /// Checks the settings; connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Settings`] naming the connection and what is wrong with it.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let lanes = settings
            .connections
            .into_iter()
            .map(|(name, connection)| Ok((name.clone(), Lane::new(name, connection)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Self { lanes, queue: Queue::new(&settings.queue_urls)? })
    }

    /// Connects once to every connection, so that a wrong one shows at the start of a worker. Each
    /// task is held to the same rules, whether or not this was called.
    ///
    /// # Errors
    /// [`Error::Refused`] for a connection that touches the queue, [`Error::Unreachable`] for one
    /// that cannot be used now.
    pub async fn check(&self) -> Result<(), Error> {
        for lane in self.lanes.values() {
            lane.connect(&self.queue).await?;
        }
        Ok(())
    }

    /// The lane that a task asked for.
    fn lane(&self, name: &str) -> Result<&Lane, task_plugin::Error> {
        self.lanes.get(name).ok_or_else(|| {
            let known: Vec<_> = self.lanes.keys().map(|name| format!("`{name}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            task_plugin::Error::give_up(format!("no connection is named `{name}`; this worker has: {known}"))
        })
    }
}

impl Plugin for RunQuery {
    async fn run(&self, _: Context, parameters: Parameters) -> Result<Outcome, task_plugin::Error> {
        let request = Request::read(&parameters)?;
        let lane = self.lane(&request.connection)?;
        let answer = lane.run(&self.queue, &request).await?;
        Ok(Outcome::Done(Some(answer)))
    }

    fn about(&self) -> About {
        About {
            description: Some(
                "Runs one SQL statement on a database, read-only unless the connection allows more",
            ),
            parameters_schema: Some(include_str!("parameters.schema.json")),
        }
    }
}
