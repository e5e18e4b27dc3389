//! What a claim is answered: a row for each task where few are expected, and else rows of columns, one for
//! all but large payloads: a row each costs the worker more than to start the task.

use std::sync::LazyLock;

use jiff_sqlx::Timestamp;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Row, Type};
use task_domain::{Name, Payload, Retries};

use crate::parts::{FEW, without};
use crate::watermark::Place;

/// How a claim is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Rows,
    Columns,
}

impl Form {
    /// For a claim that is expected to get so many tasks.
    pub(super) fn of(tasks: usize) -> Self {
        if tasks < FEW { Self::Rows } else { Self::Columns }
    }

    /// `claim.sql` with what it needs for that. Where few are expected, all are looked up.
    pub(super) fn text(self) -> &'static str {
        static ROWS: LazyLock<String> = LazyLock::new(|| without(WHOLE, &["many"]));
        static COLUMNS: LazyLock<String> = LazyLock::new(|| without(WHOLE, &["few"]));
        const WHOLE: &str = include_str!("../../queries/claim/claim.sql");
        match self {
            Self::Rows => &ROWS,
            Self::Columns => &COLUMNS,
        }
    }
}

/// The answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) found: Vec<Found>,
    /// When it was given, by the database's clock.
    pub(super) at: Option<jiff::Timestamp>,
    /// The transaction that was to come next.
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

/// What most tasks have alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) attempt: i32,
    pub(super) failures: i32,
    pub(super) retries: i32,
    pub(super) timeout_ms: Option<i64>,
    pub(super) backoff_initial_ms: Option<i64>,
    pub(super) backoff_max_ms: Option<i64>,
}

impl Default for Own {
    /// A first attempt of a task that asked for nothing special. `claim.sql` leaves these out of its columns.
    fn default() -> Self {
        let retries = Retries::default().get().cast_signed();
        Self {
            attempt: 1,
            failures: 0,
            retries,
            timeout_ms: None,
            backoff_initial_ms: None,
            backoff_max_ms: None,
        }
    }
}

impl Answer {
    /// Reads it. Its last row, which has no task, is about the claim itself.
    pub(super) fn read(form: Form, rows: &[PgRow]) -> Self {
        let Some((last, rows)) = rows.split_last() else { return Self::default() };
        let at = |n| Some(last.get::<Timestamp, _>(n).to_jiff());
        match form {
            Form::Rows => Self {
                found: rows.iter().map(of_row).collect(),
                newest_lane: last.get(1),
                at: at(2),
                has_lease: last.get::<i32, _>(3) != 0,
                next: last.get(6),
            },
            Form::Columns => Self {
                found: rows.iter().flat_map(of_columns).collect(),
                newest_lane: last.get(12),
                at: at(13),
                has_lease: last.get(14),
                next: last.get(15),
            },
        }
    }
}

fn of_row(row: &PgRow) -> Found {
    Found {
        lane: row.get(1),
        place: Place { at: row.get::<Timestamp, _>(2).to_jiff(), task: row.get(0) },
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
    }
}

/// All columns have one order: the rows' as they came to the aggregates, of which none sorts.
fn of_columns(row: &PgRow) -> Vec<Found> {
    let tasks: Vec<i64> = row.get(0);
    let lanes: Vec<i32> = row.get(1);
    let times: Vec<Timestamp> = row.get(2);
    let names: Vec<Stored<Name>> = row.get(3);
    let payloads: Vec<Stored<Payload>> = row.get(4);
    let lengths = [lanes.len(), times.len(), names.len(), payloads.len()];
    assert_eq!(lengths, [tasks.len(); 4], "a claim's columns are as long as each other");
    let mut owners = owners(row).into_iter().peekable();
    let places = tasks.into_iter().zip(times).map(|(task, at)| Place { at: at.to_jiff(), task });
    let found = places.zip(lanes).zip(names.into_iter().zip(payloads)).map(
        |((place, lane), (Stored(name), Stored(payload)))| {
            let own = owners.next_if(|(owner, _)| *owner == place.task).map(|(_, own)| own);
            Found { lane, place, name, payload, own: own.unwrap_or_default() }
        },
    );
    let found = found.collect();
    assert_eq!(owners.next(), None, "a claim's columns are in one order");
    found
}

/// The tasks that are not like most.
fn owners(row: &PgRow) -> Vec<(i64, Own)> {
    let Some(tasks) = row.get::<Option<Vec<i64>>, _>(5) else { return Vec::new() };
    let whole = |n| -> Vec<i32> { row.get(n) };
    let span = |n| -> Vec<Option<i64>> { row.get(n) };
    let (attempts, failures, retries) = (whole(6), whole(7), whole(8));
    let (timeouts, initials, maxima) = (span(9), span(10), span(11));
    let own = |n: usize| Own {
        attempt: attempts[n],
        failures: failures[n],
        retries: retries[n],
        timeout_ms: timeouts[n],
        backoff_initial_ms: initials[n],
        backoff_max_ms: maxima[n],
    };
    tasks.into_iter().enumerate().map(|(n, task)| (task, own(n))).collect()
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
