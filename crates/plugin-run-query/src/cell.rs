//! Turns values into JSON.
//!
//! Common types are read here. The rest go back to the server in their binary form, which writes
//! them with its own `to_json`: no type is told wrongly for want of code here.

use std::fmt::Write as _;

use serde_json::value::{RawValue, to_raw_value};
use sqlx::postgres::{PgArguments, PgColumn, PgConnection, PgTypeInfo};
use sqlx::{Arguments as _, AssertSqlSafe, Column, Row, TypeInfo};
use task_domain::TaskResult;

use crate::arguments::Raw;

/// A value as it was read: JSON already, or for the server to write.
pub(crate) enum Cell {
    /// Ready.
    Json(Box<RawValue>),
    /// Bytes in the binary form of the column's type.
    Odd(Vec<u8>),
}

/// JSON readers that use a double for every number keep these exactly.
const EXACT: std::ops::RangeInclusive<i64> = -((1 << 53) - 1)..=(1 << 53) - 1;
/// Values per statement; the protocol takes 65,535.
const BATCH: usize = 30_000;
/// `null`, written once.
fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| null())
}

/// Reads a value of this type; `None` stands for NULL.
pub(crate) fn read(kind: &PgTypeInfo, bytes: Option<&[u8]>) -> Cell {
    let Some(bytes) = bytes else { return Cell::Json(null()) };
    known(kind, bytes).map_or_else(|| Cell::Odd(bytes.to_vec()), Cell::Json)
}

/// Types whose binary form is plain: network byte order, or text.
fn known(kind: &PgTypeInfo, bytes: &[u8]) -> Option<Box<RawValue>> {
    Some(match kind.name() {
        "BOOL" => json(&(bytes == [1])),
        "INT2" => json(&i16::from_be_bytes(bytes.try_into().ok()?)),
        "INT4" => json(&i32::from_be_bytes(bytes.try_into().ok()?)),
        "OID" => json(&u32::from_be_bytes(bytes.try_into().ok()?)),
        "INT8" => {
            let number = i64::from_be_bytes(bytes.try_into().ok()?);
            if EXACT.contains(&number) { json(&number) } else { json(&number.to_string()) }
        }
        "FLOAT4" => {
            let number = f32::from_be_bytes(bytes.try_into().ok()?);
            if number.is_finite() { json(&number) } else { json(not_finite(number.into())) }
        }
        "FLOAT8" => {
            let number = f64::from_be_bytes(bytes.try_into().ok()?);
            if number.is_finite() { json(&number) } else { json(not_finite(number)) }
        }
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => json(std::str::from_utf8(bytes).ok()?),
        "UUID" => json(&uuid::Uuid::from_slice(bytes).ok()?.to_string()),
        "JSON" => nested(std::str::from_utf8(bytes).ok()?),
        // A version number comes first.
        "JSONB" => nested(std::str::from_utf8(bytes.strip_prefix(&[1])?).ok()?),
        "VOID" => null(),
        _ => return None,
    })
}

fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// JSON from the database, as itself if a result can hold it (it stands three levels deep there),
/// otherwise as a string.
fn nested(text: &str) -> Box<RawValue> {
    let storable = TaskResult::new(&format!("[[[{text}]]]")).is_ok();
    let raw = storable.then(|| RawValue::from_string(text.to_owned()).ok()).flatten();
    raw.unwrap_or_else(|| json(text))
}

/// Has the server write all odd values, and puts them where they belong.
pub(crate) async fn finish(
    postgres: &mut PgConnection,
    columns: &[PgColumn],
    mut rows: Vec<Vec<Cell>>,
) -> Result<Vec<Vec<Box<RawValue>>>, sqlx::Error> {
    for (index, column) in columns.iter().enumerate() {
        let mut odd: Vec<&mut Cell> =
            rows.iter_mut().map(|row| &mut row[index]).filter(|cell| matches!(cell, Cell::Odd(_))).collect();
        for batch in odd.chunks_mut(BATCH) {
            write(postgres, column.type_info(), batch).await?;
        }
    }
    let ready = |cell| match cell {
        Cell::Json(json) => json,
        Cell::Odd(_) => null(),
    };
    Ok(rows.into_iter().map(|row| row.into_iter().map(ready).collect()).collect())
}

/// Has the server write values of one type.
async fn write(
    postgres: &mut PgConnection,
    kind: &PgTypeInfo,
    cells: &mut [&mut Cell],
) -> Result<(), sqlx::Error> {
    let value = match kind.name() {
        // As text, so that no reader loses digits.
        "NUMERIC" => "v::text",
        "NUMERIC[]" => "v::text[]",
        "BYTEA" => "pg_catalog.translate(pg_catalog.encode(v, 'base64'), E'\\n', '')",
        _ => "v",
    };
    let mut sql = format!("SELECT pg_catalog.to_json({value})::text FROM (VALUES ");
    let mut arguments = PgArguments::default();
    for (number, cell) in (1..).zip(cells.iter()) {
        let comma = if number > 1 { ", " } else { "" };
        write!(sql, "{comma}({number}, ${number})").expect("a string takes all");
        let bytes = match &**cell {
            Cell::Odd(bytes) => Some(bytes.clone()),
            Cell::Json(_) => None,
        };
        arguments.add(Raw { kind: kind.clone(), bytes }).map_err(sqlx::Error::Encode)?;
    }
    sql.push_str(") AS t (n, v) ORDER BY n");
    let texts = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(false).fetch_all(postgres).await?;
    for (cell, row) in cells.iter_mut().zip(&texts) {
        **cell = Cell::Json(nested(row.try_get(0)?));
    }
    Ok(())
}
