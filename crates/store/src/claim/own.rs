//! What a claim tells of those tasks that are not like most.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Type};
use task_domain::Retries;

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

/// The tasks that are not like most: an array with a row of numbers for each.
#[derive(Default)]
pub(super) struct Owners(pub(super) Vec<(i64, Own)>);

impl Type<Postgres> for Owners {
    fn type_info() -> PgTypeInfo {
        <i64 as PgHasArrayType>::array_type_info()
    }
}

impl Decode<'_, Postgres> for Owners {
    /// As Postgres sends an array of two dimensions: how many there are, a flag, the type, each dimension's length and first
    /// index, and then each number after its length in bytes, of which less than none says that it is null.
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let mut bytes = Bytes(value.as_bytes()?);
        let [dimensions, _flag, _type, rows, _first, columns, _index] = bytes.integers()?;
        if (dimensions, columns) != (2, 7) {
            return Err("not an array of rows of seven numbers".into());
        }
        let row = |_| {
            let row: [Option<i64>; 7] = bytes.numbers()?;
            let [Some(task), Some(attempt), Some(failures), Some(retries), ..] = row else {
                return Err("a number is missing".into());
            };
            let [.., timeout_ms, backoff_initial_ms, backoff_max_ms] = row;
            let [attempt, failures, retries] =
                [attempt.try_into()?, failures.try_into()?, retries.try_into()?];
            Ok((task, Own { attempt, failures, retries, timeout_ms, backoff_initial_ms, backoff_max_ms }))
        };
        (0..rows).map(row).collect::<Result<_, BoxDynError>>().map(Self)
    }
}

/// What is left of a value.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], BoxDynError> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or("the array ends too early")?;
        self.0 = rest;
        Ok(*chunk)
    }

    fn integers<const N: usize>(&mut self) -> Result<[i32; N], BoxDynError> {
        let mut taken = [0; N];
        for each in &mut taken {
            *each = i32::from_be_bytes(self.chunk()?);
        }
        Ok(taken)
    }

    fn numbers<const N: usize>(&mut self) -> Result<[Option<i64>; N], BoxDynError> {
        let mut numbers = [None; N];
        for each in &mut numbers {
            *each = match self.integers()? {
                [length] if length < 0 => None,
                _ => Some(i64::from_be_bytes(self.chunk()?)),
            };
        }
        Ok(numbers)
    }
}
