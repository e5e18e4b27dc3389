//! Checks over a whole database that hold at any moment, whatever has happened to it.

use std::fmt;

use sqlx::PgPool;
use task_domain::status::TRANSITIONS;

/// Each check lists what is wrong, one sentence a row, at most ten.
const CHECKS: [&str; 6] = [
    include_str!("oracle/place.sql"),
    include_str!("oracle/stranger.sql"),
    include_str!("oracle/copy.sql"),
    include_str!("oracle/versions.sql"),
    include_str!("oracle/newest.sql"),
    include_str!("oracle/counts.sql"),
];

/// Needs the state table, as two arrays.
const STEPS: &str = include_str!("oracle/steps.sql");

/// What is wrong with a database, one sentence each.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrong(pub Vec<String>);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database contradicts itself:")?;
        self.0.iter().try_for_each(|sentence| write!(f, "\n- {sentence}"))
    }
}

/// The same as [`Display`](fmt::Display), so that `expect` shows the sentences.
impl fmt::Debug for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Wrong {}

/// Checks that a database is consistent, seen in one snapshot:
///
/// - each task stands in exactly one relation, which repeats its lane and creation faithfully;
/// - its history counts 1, 2, 3, … without a gap, and every step is in the state table of
///   [`task_domain::status`];
/// - the newest history row tells where it stands;
/// - nothing speaks of a task that does not exist;
/// - the status counts equal what counting gives.
///
/// Every change is one transaction, so this holds while the service runs as well.
///
/// # Errors
/// All that is wrong, at most ten sentences for each check.
///
/// # Panics
/// If the database cannot be asked.
pub async fn oracle(pool: &PgPool) -> Result<(), Wrong> {
    let asked = ask(pool).await;
    let wrong = asked.unwrap_or_else(|error| panic!("the oracle cannot ask the database: {error}"));
    if wrong.is_empty() { Ok(()) } else { Err(Wrong(wrong)) }
}

async fn ask(pool: &PgPool) -> sqlx::Result<Vec<String>> {
    let mut snapshot = pool.begin_with("begin isolation level repeatable read read only").await?;
    // Whole tables are compared. After a crash there are no statistics of them for a while, and a loop over both
    // takes hours.
    sqlx::raw_sql("set local enable_nestloop = off").execute(&mut *snapshot).await?;
    let mut wrong = Vec::new();
    for check in CHECKS {
        wrong.extend(sqlx::query_scalar::<_, String>(check).fetch_all(&mut *snapshot).await?);
    }
    let before: Vec<i16> =
        TRANSITIONS.iter().map(|(from, _, _)| from.map_or(-1, task_domain::Status::code)).collect();
    let after: Vec<i16> = TRANSITIONS.iter().map(|(_, to, _)| to.code()).collect();
    let steps = sqlx::query_scalar(STEPS).bind(before).bind(after);
    wrong.extend(steps.fetch_all(&mut *snapshot).await?);
    snapshot.commit().await?;
    Ok(wrong)
}
