//! No crate imports what the table of `crates/README.md` forbids it: the table is read from the
//! page itself, so that page and check cannot disagree.
//!
//! Looked at are the direct normal and build dependencies. Dev-dependencies may be looser, since
//! tests reach for the real thing.

mod table;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use self::table::{Rule, Table};
use crate::{repository, verdict};

/// A workspace member as it is: its folder under `crates/` and what it depends on.
#[derive(Clone, Debug, Default)]
struct Member {
    /// Crates it imports (also those needed to build it): a sibling by its folder, another by its
    /// package name.
    imports: Vec<String>,
    /// Those it needs for its tests alone.
    dev: Vec<String>,
}

pub(crate) fn run() -> Result<()> {
    let page = repository::root().join("crates/README.md");
    let text = fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    let table = Table::read(&text)?;
    verdict("crates/README.md and the crates disagree", &check(&table, &members()?))
}

/// All workspace members, by their folder.
fn members() -> Result<BTreeMap<String, Member>> {
    let manifest = repository::root().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    let folders: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .filter_map(|package| {
            let folder = package.manifest_path.parent()?.file_name()?;
            Some((package.name.to_string(), folder.to_owned()))
        })
        .collect();
    let name = |package: &str| folders.get(package).map_or(package, String::as_str).to_owned();
    let members = metadata.packages.iter().map(|package| {
        let mut member = Member::default();
        for dependency in &package.dependencies {
            match dependency.kind {
                DependencyKind::Development => member.dev.push(name(&dependency.name)),
                // Also one of a kind that is not known yet: better too strict.
                _ => member.imports.push(name(&dependency.name)),
            }
        }
        (name(&package.name), member)
    });
    Ok(members.collect())
}

/// What is wrong, one sentence each.
fn check(table: &Table, members: &BTreeMap<String, Member>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, member) in members {
        let Some(rules) = table.rules(name) else {
            wrong.push(format!("`{name}` has no row in the table"));
            continue;
        };
        for import in &member.imports {
            let sibling = members.contains_key(import);
            if rules.iter().any(|rule| rule.forbids(import, sibling)) {
                wrong.push(format!("`{name}` must never import `{import}`"));
            }
            if table.rules(import).is_some_and(|rules| rules.iter().any(|rule| rule.is_closed_to(name))) {
                wrong.push(format!("`{name}` imports `{import}`, which the table keeps out of other crates"));
            }
        }
        for import in &member.dev {
            if table.rules(import).is_some_and(|rules| rules.contains(&Rule::ImportedByNobody)) {
                wrong.push(format!("`{name}` imports `{import}` in its tests, which nobody may"));
            }
        }
    }
    wrong.extend(unknown(table, members));
    wrong.sort();
    wrong
}

/// Names in the table that mean nothing: a crate that was renamed takes its ban with it.
fn unknown(table: &Table, members: &BTreeMap<String, Member>) -> Vec<String> {
    let known = |pattern: &str| {
        let mut all = members
            .iter()
            .flat_map(|(name, member)| std::iter::once(name).chain(&member.imports).chain(&member.dev));
        all.any(|name| table::matches(pattern, name))
    };
    let rows = table.rows().filter(|pattern| !members.keys().any(|name| table::matches(pattern, name)));
    let rows = rows.map(|pattern| format!("the table has a row for `{pattern}`, which is no crate"));
    let bans = table.names().filter(|(_, pattern)| !known(pattern));
    let bans = bans.map(|(row, pattern)| format!("the row of `{row}` names `{pattern}`, which nobody knows"));
    rows.chain(bans).collect()
}

#[cfg(test)]
mod tests;
