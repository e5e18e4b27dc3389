//! Every path that a page of documentation names is there: whoever follows the page must not get lost.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::{repository, verdict};

/// A page's words before the path of a file that its reader is about to make.
const TO_BE_MADE: &str = "Put this into `";

pub(crate) fn run() -> Result<()> {
    let root = repository::root();
    let mut wrong = Vec::new();
    for page in repository::tracked_files()? {
        if page.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(root.join(&page))?;
            wrong.extend(check(&root, &page, &text));
        }
    }
    verdict("documentation must name only paths that are there", &wrong)
}

/// The paths that `page` names and that do not exist.
fn check(root: &Path, page: &Path, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut is_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        let mut tell = |path: &str| wrong.push(format!("{}:{}: {path}", page.display(), number + 1));
        let folder = root.join(page).parent().map(Path::to_owned).unwrap_or_default();
        for link in links(line).filter(|link| !folder.join(link).exists()) {
            tell(link);
        }
        let makes = line.contains(TO_BE_MADE);
        for path in paths(root, line) {
            let is_there = if makes { has_module(root, path) } else { root.join(path).exists() };
            if !is_there {
                tell(path);
            }
        }
    }
    wrong
}

/// The targets of links to files.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|file| !file.is_empty() && !file.contains(':'))
}

/// What stands in backticks and begins with one of the repository's own folders.
fn paths<'a>(root: &Path, line: &'a str) -> impl Iterator<Item = &'a str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(move |text| {
        let is_pattern = text.contains(|c: char| c.is_whitespace() || "<>*{}$:".contains(c));
        // `plugin-NAME`: a word in capitals stands for any.
        let is_form = text
            .split(['/', '-', '.'])
            .any(|part| part.len() > 2 && part.chars().all(|c| c.is_ascii_uppercase()) && part != "README");
        let folder = text.split_once('/').map(|(folder, _)| folder).filter(|folder| !folder.is_empty());
        !is_pattern && !is_form && folder.is_some_and(|folder| root.join(folder).is_dir())
    })
}

/// Whether a file at `path` would belong to a module that is there.
fn has_module(root: &Path, path: &str) -> bool {
    let folder = root.join(path).parent().map(Path::to_owned).unwrap_or_default();
    folder.with_extension("rs").is_file() || folder.join("mod.rs").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        check(&repository::root(), Path::new("docs/page.md"), text)
    }

    #[test]
    fn finds_paths_that_are_not_there() {
        assert_eq!(wrong("\nsee `crates/cli/src/plugins.rs`"), ["docs/page.md:2: crates/cli/src/plugins.rs"]);
        assert_eq!(wrong("[this](../crates/none.md#part)"), ["docs/page.md:1: ../crates/none.md"]);
        let made = wrong("Put this into `crates/cli/src/plugins/mine.rs`:");
        assert_eq!(made, ["docs/page.md:1: crates/cli/src/plugins/mine.rs"]);
    }

    #[test]
    fn leaves_others_alone() {
        for fine in [
            "`crates/cli` and [the map](../crates/README.md#map)",
            "Put this into `crates/cli/src/commands/plugins/mine.rs`:",
            "`crates/plugin-NAME`, `crates/store/queries/<noun>/<verb>.sql`, `target/debug/*`",
            "[outside](https://example.com/none), [below](#none), `run/of/the/mill`, `a`/`b`",
            "```\n`crates/none`\n```",
        ] {
            assert_eq!(wrong(fine), Vec::<String>::new(), "{fine}");
        }
    }
}
