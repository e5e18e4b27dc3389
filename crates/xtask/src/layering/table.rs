//! The table of `crates/README.md`, as rules.

use anyhow::{Result, bail, ensure};

/// The heading that the table is known by.
const HEADING: &str = "| crate | owns | must never import |";

/// The clause of a crate that is no part of the product.
const ONLY_IN_TESTS: &str = "used only as a dev-dependency";

/// Each crate's row: a name, or a pattern with `*`, and what is in its last column.
#[derive(Debug)]
pub(crate) struct Table(Vec<(String, Vec<Rule>)>);

/// One clause of the last column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `` `a`, `b-*` ``: these.
    Never(Vec<String>),
    /// `` any sibling `` or `` any sibling but `a`, `b` ``: no crate of the workspace but these.
    NoSiblingBut(Vec<String>),
    /// `` used only as a dev-dependency `` or `` used only as a dev-dependency and by `a` ``: tests alone
    /// may import it, and crates that do nothing but test.
    OnlyInTestsAndBy(Vec<String>),
    /// `imported by nobody`.
    ImportedByNobody,
}

impl Rule {
    /// Whether it forbids its crate to import `name`.
    pub(crate) fn forbids(&self, name: &str, is_sibling: bool) -> bool {
        match self {
            Self::Never(names) => names.iter().any(|pattern| matches(pattern, name)),
            Self::NoSiblingBut(names) => is_sibling && !names.iter().any(|pattern| matches(pattern, name)),
            Self::OnlyInTestsAndBy(_) | Self::ImportedByNobody => false,
        }
    }

    /// Whether it forbids `importer` to import its crate.
    pub(crate) fn is_closed_to(&self, importer: &str) -> bool {
        match self {
            Self::OnlyInTestsAndBy(names) => !names.iter().any(|pattern| matches(pattern, importer)),
            Self::ImportedByNobody => true,
            Self::Never(_) | Self::NoSiblingBut(_) => false,
        }
    }

    fn names(&self) -> &[String] {
        match self {
            Self::Never(names) | Self::NoSiblingBut(names) | Self::OnlyInTestsAndBy(names) => names,
            Self::ImportedByNobody => &[],
        }
    }

    fn read(clause: &str) -> Result<Self> {
        Ok(match clause {
            ONLY_IN_TESTS => Self::OnlyInTestsAndBy(Vec::new()),
            "imported by nobody" => Self::ImportedByNobody,
            "any sibling" => Self::NoSiblingBut(Vec::new()),
            _ => {
                let importers =
                    clause.strip_prefix(ONLY_IN_TESTS).and_then(|rest| rest.strip_prefix(" and by "));
                match (importers, clause.strip_prefix("any sibling but ")) {
                    (Some(names), _) => Self::OnlyInTestsAndBy(read_names(names)?),
                    (None, Some(names)) => Self::NoSiblingBut(read_names(names)?),
                    (None, None) => Self::Never(read_names(clause)?),
                }
            }
        })
    }
}

impl Table {
    /// Finds the table in the page.
    pub(crate) fn read(page: &str) -> Result<Self> {
        let mut lines = page.lines().skip_while(|line| line.trim() != HEADING);
        ensure!(lines.next().is_some(), "there is no table with the heading `{HEADING}`");
        let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(read_row);
        Ok(Self(rows.collect::<Result<_>>()?))
    }

    /// The rules of a crate: those of the row of its name, or else of a pattern that fits.
    pub(crate) fn rules(&self, name: &str) -> Option<&[Rule]> {
        let exact = self.0.iter().find(|(row, _)| row == name);
        exact.or_else(|| self.0.iter().find(|(row, _)| matches(row, name))).map(|(_, rules)| rules.as_slice())
    }

    /// The names and patterns of the first column.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(row, _)| row.as_str())
    }

    /// Every name in the last column, with the row it stands in.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(row, rules)| {
            rules.iter().flat_map(Rule::names).map(move |name| (row.as_str(), name.as_str()))
        })
    }
}

/// Whether a name fits a pattern, in which a `*` at the end stands for anything.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

fn read_row(line: &str) -> Result<(String, Vec<Rule>)> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [name, owns, never] = cells[..] else {
        bail!("a row must have three cells, without `|` inside one: {line}");
    };
    let name = read_name(name)?;
    ensure!(!owns.is_empty(), "the row of `{name}` does not say what the crate owns");
    let rules = never.split(';').map(|clause| Rule::read(clause.trim())).collect::<Result<_>>();
    Ok((name.clone(), rules.map_err(|error| error.context(format!("the row of `{name}`")))?))
}

fn read_names(text: &str) -> Result<Vec<String>> {
    text.split(',').map(|name| read_name(name.trim())).collect()
}

fn read_name(text: &str) -> Result<String> {
    match text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(name) if !name.is_empty() && !name.contains('`') => Ok(name.to_owned()),
        _ => bail!(
            "`{text}` cannot be read: names stand in backticks, with commas between them; clauses end with `;`"
        ),
    }
}
