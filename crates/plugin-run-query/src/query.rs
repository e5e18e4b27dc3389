//! Runs one statement in a transaction that has begun, and reads rows up to the caps.

use futures::TryStreamExt as _;
use sqlx::postgres::{PgColumn, PgConnection, PgRow};
use sqlx::{Column as _, Either, Executor as _, Row as _, SqlSafeStr as _, Statement as _, ValueRef as _};

use crate::answer::Answer;
use crate::cell::{self, Cell};
use crate::failure::{Failed, Stage};
use crate::parameters::Request;
use crate::{Connection, arguments};

/// Bytes counted for a value besides its own: quotes, colon, comma.
const AROUND_VALUE: usize = 6;

/// What was read of an answer.
#[derive(Default)]
pub(crate) struct Read {
    columns: Vec<PgColumn>,
    rows: Vec<Vec<Cell>>,
    truncated: bool,
    affected: u64,
    /// Whether the server has more to say, so that the session cannot be asked anything else.
    pub(crate) unread: bool,
}

/// Runs the query and reads its rows.
pub(crate) async fn read(
    postgres: &mut PgConnection,
    request: &Request,
    settings: &Connection,
) -> Result<Read, Failed> {
    let failed = |error: sqlx::Error| Failed::new(&error, Stage::Query, settings);
    // The text is the user's own, on purpose: what it may do is limited by role and transaction.
    let sql = sqlx::AssertSqlSafe(request.query.clone()).into_sql_str();
    let statement = (&mut *postgres).prepare(sql).await.map_err(failed)?;
    let kinds = match statement.parameters() {
        Some(Either::Left(kinds)) => kinds.to_vec(),
        _ => Vec::new(),
    };
    let arguments = arguments::bind(postgres, &request.args, &kinds, settings).await?;
    let mut read = Read { columns: statement.columns().to_vec(), ..Read::default() };
    let mut bytes = 0;
    let mut answers = postgres.fetch_many(statement.query_with(arguments));
    while let Some(answer) = answers.try_next().await.map_err(failed)? {
        match answer {
            Either::Left(done) => read.affected += done.rows_affected(),
            Either::Right(_) if read.truncated => {}
            Either::Right(row) => {
                bytes += size(&row, &read.columns).map_err(failed)?;
                read.truncated = read.rows.len() == settings.max_rows || bytes > settings.max_bytes;
                if !read.truncated {
                    read.rows.push(cells(&row).map_err(failed)?);
                } else if settings.read_only {
                    read.unread = true;
                    break;
                }
                // A write goes on to its end: cutting it off would undo it.
            }
        }
    }
    Ok(read)
}

/// Makes the result of what was read; `postgres` need not be the session that it came from.
pub(crate) async fn answer(
    postgres: &mut PgConnection,
    read: Read,
    settings: &Connection,
) -> Result<Answer, Failed> {
    let rows = cell::finish(postgres, &read.columns, read.rows)
        .await
        .map_err(|error| Failed::new(&error, Stage::Cells, settings))?;
    let affected = (!settings.read_only).then_some(read.affected);
    Answer::new(&read.columns, &rows, settings.max_bytes, read.truncated, affected)
        .map_err(|error| Failed::ours(error.to_string()))
}

/// About how many bytes of JSON a row becomes.
fn size(row: &PgRow, columns: &[PgColumn]) -> Result<usize, sqlx::Error> {
    let mut bytes = 0;
    for (index, column) in columns.iter().enumerate() {
        let value = row.try_get_raw(index)?;
        let own = if value.is_null() { 4 } else { value.as_bytes().map_err(sqlx::Error::Decode)?.len() };
        bytes += own + column.name().len() + AROUND_VALUE;
    }
    Ok(bytes)
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            let bytes = if value.is_null() { None } else { Some(value.as_bytes()) };
            let bytes = bytes.transpose().map_err(sqlx::Error::Decode)?;
            Ok(cell::read(&value.type_info(), bytes))
        })
        .collect()
}
