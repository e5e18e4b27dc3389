//! Lockfiles name only the public default registries: an address that works on one machine alone
//! would break every other clone, and a dependency fetched from a repository escapes review.

use std::fs;

use anyhow::{Context, Result};

use crate::{repository, verdict};

/// A lockfile's name, the marker before an address in it, and the one address that is allowed.
const RULES: [(&str, &str, &str); 2] = [
    ("Cargo.lock", "source = \"", "registry+https://github.com/rust-lang/crates.io-index\""),
    ("package-lock.json", "\"resolved\": \"", "https://registry.npmjs.org/"),
];

pub(crate) fn run() -> Result<()> {
    let mut wrong = Vec::new();
    for file in repository::tracked_files()? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = || fs::read_to_string(repository::root().join(&file));
        if RULES.iter().any(|(lockfile, ..)| *lockfile == name) {
            let text = text().with_context(|| format!("cannot read {}", file.display()))?;
            wrong.extend(check(&name, &text).into_iter().map(|fault| format!("{}: {fault}", file.display())));
        }
    }
    verdict("lockfiles must name only the public registries", &wrong)
}

/// The lines of a lockfile with another address.
fn check(name: &str, text: &str) -> Vec<String> {
    let rules = RULES.iter().filter(|(lockfile, ..)| *lockfile == name);
    rules
        .flat_map(|(_, marker, allowed)| {
            text.lines().enumerate().filter_map(move |(index, line)| {
                let (_, address) = line.split_once(marker)?;
                let fine = address.starts_with(allowed);
                (!fine).then(|| format!("line {}: {}", index + 1, line.trim()))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_public_registries() {
        let cargo =
            "[[package]]\nname = \"a\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(check("Cargo.lock", cargo), Vec::<String>::new());
        let npm = "\"resolved\": \"https://registry.npmjs.org/a/-/a-1.0.0.tgz\",\n";
        assert_eq!(check("package-lock.json", npm), Vec::<String>::new());
    }

    #[test]
    fn refuses_any_other_address() {
        for source in [
            "registry+https://mirror.example/index",
            "git+https://github.com/rust-lang/crates.io-index",
            "registry+https://github.com/rust-lang/crates.io-index.example/",
        ] {
            let cargo = format!("\nsource = \"{source}\"\n");
            assert_eq!(check("Cargo.lock", &cargo), [format!("line 2: source = \"{source}\"")]);
        }
        let npm = "  \"resolved\": \"http://10.0.0.1/a-1.0.0.tgz\",\n";
        assert_eq!(check("package-lock.json", npm).len(), 1);
    }
}
