//! A small database beside the queue's, for queries to play with.

use task_embedded::Running;
use uuid::Uuid;

use crate::Error;

/// Name of the database, and of the role that may read it and do nothing else.
const DATABASE: &str = "demo";
const ROLE: &str = "demo_reader";

/// Made-up rows and what the role may do; can be run again.
const CONTENT: &str = include_str!("demo.sql");

/// Makes the database and the role where they are missing, and returns the role's address. Its
/// password is new each time, since nobody needs to remember it.
pub(crate) async fn set_up(postgres: &Running) -> Result<String, Error> {
    let password = Uuid::new_v4().simple().to_string();
    postgres.create_database_if_missing(DATABASE).await?;
    postgres.create_role(ROLE, &password).await?;
    postgres.execute(DATABASE, CONTENT).await?;
    Ok(postgres.url_as(ROLE, &password, DATABASE))
}
