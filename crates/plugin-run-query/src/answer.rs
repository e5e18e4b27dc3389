//! The result of a query: columns, rows, and whether any are missing.

use std::collections::HashSet;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use sqlx::Column;
use sqlx::postgres::PgColumn;
use task_domain::TaskResult;
use task_plugin::Error;

use crate::arguments::shown;

/// What a query gave.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    columns: Vec<Named>,
    rows: Vec<Box<RawValue>>,
    row_count: usize,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_affected: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// One row as an object, its keys in the order of the columns.
struct Object<'a>(&'a [Named], &'a [Box<RawValue>]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (column, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(&column.name, value)?;
        }
        map.end()
    }
}

impl Answer {
    /// Puts rows together until `max_bytes` of JSON are full.
    pub(crate) fn new(
        columns: &[PgColumn],
        values: &[Vec<Box<RawValue>>],
        max_bytes: usize,
        truncated: bool,
        rows_affected: Option<u64>,
    ) -> Result<Self, serde_json::Error> {
        let columns = named(columns);
        let mut rows = Vec::with_capacity(values.len());
        let mut bytes = 0;
        for row in values {
            let row = to_raw_value(&Object(&columns, row))?;
            bytes += row.get().len() + 1;
            if bytes > max_bytes {
                break;
            }
            rows.push(row);
        }
        let truncated = truncated || rows.len() < values.len();
        Ok(Self { columns, row_count: rows.len(), rows, truncated, rows_affected })
    }

    /// The result to store.
    pub(crate) fn into_result(self) -> Result<TaskResult, Error> {
        let text = serde_json::to_string(&self).map_err(|e| Error::give_up(e.to_string()))?;
        TaskResult::new(&text).map_err(|e| Error::give_up(format!("the rows cannot be stored: {e}")))
    }
}

/// Column names, each of them once: a JSON object cannot hold the same key twice.
fn named(columns: &[PgColumn]) -> Vec<Named> {
    let mut taken: HashSet<String> = HashSet::new();
    let taken_later: HashSet<&str> = columns.iter().map(Column::name).collect();
    let unique = |column: &PgColumn| {
        let mut name = column.name().to_owned();
        let mut number = 2;
        while taken.contains(&name) || (number > 2 && taken_later.contains(name.as_str())) {
            name = format!("{}_{number}", column.name());
            number += 1;
        }
        taken.insert(name.clone());
        Named { name, kind: shown(column.type_info()) }
    };
    columns.iter().map(unique).collect()
}
