//! Turns JSON arguments into values of the types that the query wants.
//!
//! The server has said which type each `$n` has. Text types take a text as it is; for every other
//! type the server itself reads the text form (`$1::text::date`), in one extra statement, and the
//! binary value that comes back is bound to the query. So each type that Postgres knows works,
//! extensions' own included, with Postgres's own words when a value does not fit.

use std::fmt::Write as _;

use serde_json::value::RawValue;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgTypeInfo, PgTypeKind};
use sqlx::{Arguments as _, AssertSqlSafe, Postgres, Row, Type, TypeInfo, ValueRef};

use crate::Connection;
use crate::failure::{Failed, Stage};

/// A value in the binary form of its type, as the server wrote it.
pub(crate) struct Raw {
    pub(crate) kind: PgTypeInfo,
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Type<Postgres> for Raw {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(_: &PgTypeInfo) -> bool {
        true
    }
}

impl Encode<'_, Postgres> for Raw {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.kind.clone())
    }
}

/// Makes the arguments of a query whose parameters have these types.
pub(crate) async fn bind(
    postgres: &mut PgConnection,
    args: &[Box<RawValue>],
    kinds: &[PgTypeInfo],
    settings: &Connection,
) -> Result<PgArguments, Failed> {
    if args.len() != kinds.len() {
        return Err(Failed::ours(format!(
            "the query has {} parameters ($1, $2, ...) and `args` has {} values",
            kinds.len(),
            args.len()
        )));
    }
    let mut values = Vec::with_capacity(args.len());
    for (number, (arg, kind)) in (1..).zip(args.iter().zip(kinds)) {
        let text = text_for(arg, kind).map_err(|problem| {
            Failed::ours(format!("argument {number} does not fit its type {}: {problem}", shown(kind)))
        })?;
        values.push(Raw { kind: kind.clone(), bytes: text.map(String::into_bytes) });
    }
    convert(postgres, &mut values).await.map_err(|error| Failed::new(&error, Stage::Arguments, settings))?;
    let mut arguments = PgArguments::default();
    for value in values {
        arguments
            .add(value)
            .map_err(|error| Failed::new(&sqlx::Error::Encode(error), Stage::Arguments, settings))?;
    }
    Ok(arguments)
}

/// Has the server read the text form of every value whose type is no text.
async fn convert(postgres: &mut PgConnection, values: &mut [Raw]) -> Result<(), sqlx::Error> {
    let mut sql = String::from("SELECT ");
    let mut texts = PgArguments::default();
    let mut open: Vec<&mut Raw> =
        values.iter_mut().filter(|value| value.bytes.is_some() && !is_text(&value.kind)).collect();
    if open.is_empty() {
        return Ok(());
    }
    for (number, value) in (1..).zip(&open) {
        let comma = if number > 1 { ", " } else { "" };
        // The name comes from the server's catalog, quoted where it must be.
        write!(sql, "{comma}${number}::text::{}", value.kind.name()).expect("a string takes all");
        let text = value.bytes.clone().unwrap_or_default();
        let text = String::from_utf8(text).map_err(|error| sqlx::Error::Encode(error.into()))?;
        texts.add(text).map_err(sqlx::Error::Encode)?;
    }
    let row = sqlx::query_with(AssertSqlSafe(sql), texts).persistent(false).fetch_one(postgres).await?;
    for (index, value) in open.iter_mut().enumerate() {
        let raw = row.try_get_raw(index)?;
        value.bytes =
            if raw.is_null() { None } else { Some(raw.as_bytes().map_err(sqlx::Error::Decode)?.to_vec()) };
    }
    Ok(())
}

/// Types whose binary form is their text.
fn is_text(kind: &PgTypeInfo) -> bool {
    matches!(kind.name(), "TEXT" | "VARCHAR" | "CHAR" | "NAME")
}

/// How a type is called in what people read.
pub(crate) fn shown(kind: &PgTypeInfo) -> String {
    match kind.kind() {
        // The driver writes what it knows by itself in capitals.
        PgTypeKind::Simple | PgTypeKind::Array(_) | PgTypeKind::Range(_) | PgTypeKind::Pseudo
            if kind.name().chars().all(|c| !c.is_ascii_lowercase()) =>
        {
            kind.name().to_ascii_lowercase()
        }
        _ => kind.name().to_owned(),
    }
}

/// The text form of a JSON value, for a type; `None` for NULL.
fn text_for(arg: &RawValue, kind: &PgTypeInfo) -> Result<Option<String>, &'static str> {
    let json = arg.get();
    if json == "null" {
        return Ok(None);
    }
    match kind.kind() {
        PgTypeKind::Domain(base) => return text_for(arg, base),
        PgTypeKind::Array(element) if json.starts_with('[') => return array(arg, element).map(Some),
        _ if matches!(kind.name(), "JSON" | "JSONB") => return Ok(Some(json.to_owned())),
        _ => {}
    }
    match json.as_bytes()[0] {
        b'"' => serde_json::from_str(json).map(Some).map_err(|_| "it is no valid text"),
        b'[' => Err("a JSON array fits only an array type or json"),
        b'{' => Err("a JSON object fits only json; write other types as text"),
        // Numbers keep their digits; true and false are words that Postgres knows.
        _ => Ok(Some(json.to_owned())),
    }
}

/// Writes `{"a",NULL,{...}}`: Postgres manual, section 8.15.2.
fn array(arg: &RawValue, element: &PgTypeInfo) -> Result<String, &'static str> {
    let items: Vec<Box<RawValue>> = serde_json::from_str(arg.get()).map_err(|_| "it is no valid array")?;
    let mut text = String::from("{");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let is_json = matches!(element.name(), "JSON" | "JSONB");
        if item.get().starts_with('[') && !is_json {
            text.push_str(&array(item, element)?);
            continue;
        }
        match text_for(item, element)? {
            None => text.push_str("NULL"),
            Some(item) => {
                let escaped = item.replace('\\', "\\\\").replace('"', "\\\"");
                write!(text, "\"{escaped}\"").expect("a string takes all");
            }
        }
    }
    text.push('}');
    Ok(text)
}
