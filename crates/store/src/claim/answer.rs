//! What a claim is answered: a row for each task where few are expected, and else one row of columns, with the large
//! payloads in rows of their own: a row each costs the worker more than to start the task.

use std::collections::HashMap;

use jiff_sqlx::Timestamp;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Row, Type};
use task_domain::{Name, Payload};

use super::form::Form;
use super::own::{Own, Owners};
use crate::watermark::Place;

/// The answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) found: Vec<Found>,
    /// When it was given, by the database's clock.
    pub(super) at: Option<jiff::Timestamp>,
    /// The transaction that was to come next, if all were tried.
    pub(super) next: Option<i64>,
    /// The newest lane there was.
    pub(super) newest_lane: Option<i32>,
    /// Whether the worker had a lease.
    pub(super) has_lease: bool,
}

/// A task that was claimed.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) lane: i32,
    pub(super) place: Place,
    pub(super) name: Name,
    pub(super) payload: Payload,
    pub(super) own: Own,
}

impl Answer {
    pub(super) fn read(form: Form, rows: &[PgRow]) -> Self {
        if form.many { Self::of_columns(rows) } else { Self::of_rows(rows) }
    }

    /// The last row, which has no task, is about the claim itself.
    fn of_rows(rows: &[PgRow]) -> Self {
        let Some((last, rows)) = rows.split_last() else { return Self::default() };
        Self {
            found: rows.iter().filter_map(of_row).collect(),
            newest_lane: last.get(1),
            at: Some(last.get::<Timestamp, _>(2).to_jiff()),
            has_lease: last.get::<i32, _>(3) != 0,
            next: last.get(6),
        }
    }

    /// The first row has the columns, and what is about the claim itself.
    fn of_columns(rows: &[PgRow]) -> Self {
        let Some((first, large)) = rows.split_first() else { return Self::default() };
        Self {
            found: of_columns(first, large),
            at: Some(first.get::<Timestamp, _>(6).to_jiff()),
            next: first.get(7),
            newest_lane: first.get(8),
            has_lease: first.get(9),
        }
    }
}

/// The task of a row, if it has one.
pub(super) fn of_row(row: &PgRow) -> Option<Found> {
    Some(Found {
        place: Place { task: row.get::<Option<_>, _>(0)?, at: row.get::<Timestamp, _>(2).to_jiff() },
        lane: row.get(1),
        name: Name::from_store(row.get::<&str, _>(9)),
        payload: Payload::from_store(row.get(10)),
        own: Own {
            attempt: row.get(3),
            failures: row.get(4),
            retries: row.get(5),
            timeout_ms: row.get(6),
            backoff_initial_ms: row.get(7),
            backoff_max_ms: row.get(8),
        },
    })
}

/// All columns have one order: the rows' as they came to the aggregates, of which none sorts.
fn of_columns(row: &PgRow, large: &[PgRow]) -> Vec<Found> {
    // Where nothing was found, there are no columns.
    let Some(tasks) = row.get::<Option<Vec<i64>>, _>(0) else { return Vec::new() };
    let lanes: Vec<i32> = row.get(1);
    let times: Vec<Timestamp> = row.get(2);
    let names: Vec<Stored<Name>> = row.get(3);
    let payloads: Vec<Option<Stored<Payload>>> = row.get(4);
    let lengths = [lanes.len(), times.len(), names.len(), payloads.len()];
    assert_eq!(lengths, [tasks.len(); 4], "a claim's columns are as long as each other");
    let mut owners = row.get::<Option<Owners>, _>(5).unwrap_or_default().0.into_iter().peekable();
    let mut large: HashMap<_, _> = large.iter().map(of_large).collect();
    let places = tasks.into_iter().zip(times).map(|(task, at)| Place { at: at.to_jiff(), task });
    let found = places.zip(lanes).zip(names.into_iter().zip(payloads)).map(
        |((place, lane), (Stored(name), payload))| {
            let own = owners.next_if(|(owner, _)| *owner == place.task).map(|(_, own)| own);
            let payload = match payload {
                Some(Stored(payload)) => payload,
                None => large.remove(&place.task).expect("what is not in its column has a row"),
            };
            Found { lane, place, name, payload, own: own.unwrap_or_default() }
        },
    );
    let found = found.collect();
    assert!(owners.next().is_none(), "a claim's columns are in one order");
    found
}

/// A large payload, with its task.
fn of_large(row: &PgRow) -> (i64, Payload) {
    let (tasks, mut payloads): (Vec<i64>, Vec<Stored<Payload>>) = (row.get(0), row.get(4));
    let Stored(payload) = payloads.swap_remove(0);
    (tasks[0], payload)
}

/// A text on its way into a type of the domain, without a copy on the way.
struct Stored<T>(T);

impl<T> Type<Postgres> for Stored<T> {
    fn type_info() -> PgTypeInfo {
        <&str as Type<Postgres>>::type_info()
    }
}

impl<T> PgHasArrayType for Stored<T> {
    fn array_type_info() -> PgTypeInfo {
        <&str as PgHasArrayType>::array_type_info()
    }
}

impl Decode<'_, Postgres> for Stored<Name> {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(Name::from_store(value.as_str()?)))
    }
}

impl Decode<'_, Postgres> for Stored<Payload> {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(Payload::from_store(value.as_str()?)))
    }
}
