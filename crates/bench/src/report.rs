//! The figures as they come in, their medians, and what they are held against.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::arguments::Sizes;
use crate::format::{bar, figure};
use crate::statistics::median;

/// What a figure counts.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Microseconds,
    Bytes,
    Percent,
    Count,
}

/// What a figure has to reach: its share of the reference where it has one, else itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// Only told.
    None,
}

impl Bar {
    fn met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
            Self::None => None,
        }
    }
}

/// What is measured: its line in the list of targets, its name there, and its bar.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    line: u8,
    name: String,
    unit: Unit,
    bar: Bar,
}

impl Figure {
    pub(crate) fn new(line: u8, name: impl Into<String>, unit: Unit, bar: Bar) -> Self {
        Self { line, name: name.into(), unit, bar }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    line: u8,
    name: String,
    unit: Unit,
    bar: Bar,
    /// What the share is of.
    reference: Option<&'static str>,
    values: Vec<f64>,
    shares: Vec<f64>,
    failures: Vec<String>,
}

impl Row {
    fn value(&self) -> f64 {
        median(&self.values)
    }

    fn share(&self) -> Option<f64> {
        self.reference.map(|_| median(&self.shares))
    }

    fn verdict(&self) -> &'static str {
        if !self.failures.is_empty() {
            return "FAILED";
        }
        match self.bar.met(self.share().unwrap_or_else(|| self.value())) {
            Some(true) => "ok",
            Some(false) => "SHORT",
            None => "",
        }
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    fn row(&mut self, figure: &Figure, reference: Option<&'static str>) -> &mut Row {
        let known = self.rows.iter().position(|r| r.line == figure.line && r.name == figure.name);
        let place = known.unwrap_or_else(|| {
            self.rows.push(Row {
                line: figure.line,
                name: figure.name.clone(),
                unit: figure.unit,
                bar: figure.bar,
                reference,
                values: Vec::new(),
                shares: Vec::new(),
                failures: Vec::new(),
            });
            self.rows.len() - 1
        });
        &mut self.rows[place]
    }

    /// Notes a figure that stands for itself.
    pub(crate) fn note(&mut self, what: &Figure, value: f64) {
        let row = self.row(what, None);
        row.values.push(value);
        println!("  {}: {}", row.name, figure(row.unit, value));
    }

    /// Notes a figure that is held against another one, measured in the same minute.
    pub(crate) fn share(&mut self, what: &Figure, value: f64, reference: f64, of: &'static str) {
        let row = self.row(what, Some(of));
        row.values.push(value);
        row.shares.push(value / reference);
        let (unit, name) = (row.unit, &row.name);
        println!(
            "  {name}: {} = {:.2} of {of} {}",
            figure(unit, value),
            value / reference,
            figure(unit, reference)
        );
    }

    /// Notes that a section could not be measured.
    pub(crate) fn failed(&mut self, line: u8, section: &str, error: &anyhow::Error) {
        println!("  {section} FAILED: {error:#}");
        let what = Figure::new(line, format!("section {section}"), Unit::Count, Bar::None);
        self.row(&what, None).failures.push(format!("{error:#}"));
    }

    /// Prints the table; whether every bar was met.
    pub(crate) fn print(&mut self) -> bool {
        self.rows.sort_by_key(|r| r.line);
        println!(
            "\n{:>4}  {:<52} {:>14} {:>24} {:>13} {:>5}  ",
            "line", "what", "median", "share", "bar", "runs"
        );
        for row in &self.rows {
            let share = match (row.share(), row.reference) {
                (Some(share), Some(of)) => format!("{share:.2} of {of}"),
                _ => String::new(),
            };
            let value = if row.values.is_empty() { String::new() } else { figure(row.unit, row.value()) };
            println!(
                "{:>4}  {:<52} {value:>14} {share:>24} {:>13} {:>5}  {}",
                row.line,
                row.name,
                bar(row.bar),
                row.values.len(),
                row.verdict()
            );
            row.failures.iter().for_each(|failure| println!("      {failure}"));
        }
        let count = |verdict| self.rows.iter().filter(|r| r.verdict() == verdict).count();
        println!("\n{} bars met, {} short, {} failed", count("ok"), count("SHORT"), count("FAILED"));
        count("SHORT") + count("FAILED") == 0
    }

    /// Writes what there is so far.
    pub(crate) fn write(&self, path: &Path, sizes: Sizes, about: &BTreeMap<&str, String>) -> Result<()> {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let mut json = serde_json::to_value(row)?;
                json["median"] = row.value().into();
                json["share"] = row.share().into();
                json["verdict"] = row.verdict().into();
                Ok(json)
            })
            .collect::<Result<_>>()?;
        let all = serde_json::json!({ "about": about, "sizes": sizes, "rows": rows });
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_vec_pretty(&all)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
