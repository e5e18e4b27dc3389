//! No tracked file names a directory that exists on somebody's machine alone: such a path was
//! pasted by mistake, and whoever follows it elsewhere is lost.

use std::{env, fs};

use anyhow::Result;

use crate::{repository, verdict};

/// Where systems keep people's own directories; a name below one of them is somebody's.
const HOMES: [&str; 3] = ["/home/", "/Users/", "/root/"];

pub(crate) fn run() -> Result<()> {
    let root = repository::root();
    let mut own = vec![root.display().to_string()];
    // `/` as a home says nothing, and is in every path.
    own.extend(env::var("HOME").ok().filter(|home| home.len() > 1 && home != "/root"));
    let mut wrong = Vec::new();
    for file in repository::tracked_files()? {
        // What is not text has no path to follow.
        let Ok(text) = fs::read_to_string(root.join(&file)) else { continue };
        wrong.extend(check(&text, &own).into_iter().map(|fault| format!("{}:{fault}", file.display())));
    }
    verdict("tracked files must not name a directory of one machine", &wrong)
}

/// The lines that name one of `own` or somebody's home.
fn check(text: &str, own: &[String]) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| is_private(line, own))
        .map(|(i, line)| format!("{}: {}", i + 1, line.trim()))
        .collect()
}

fn is_private(line: &str, own: &[String]) -> bool {
    let ends =
        |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    // `example/home/x` is a path inside something else.
    let begins = |before: &str| {
        !before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '}'))
    };
    let names_own = own.iter().any(|path| {
        line.match_indices(path).any(|(at, _)| begins(&line[..at]) && ends(&line[at + path.len()..]))
    });
    let names_home = HOMES.iter().any(|home| {
        line.match_indices(home).any(|(at, _)| {
            begins(&line[..at])
                && line[at + home.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        })
    });
    names_own || names_home
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_paths_of_one_machine() {
        let own = ["/srv/task".to_owned()];
        for home in HOMES {
            let line = format!("see {home}alice/task");
            assert_eq!(check(&format!("\n  {line}\n"), &own), [format!("2: {line}")]);
        }
        assert_eq!(check("cd \"/srv/task\"", &own).len(), 1);
        assert_eq!(check("/srv/task/crates", &own).len(), 1);
    }

    #[test]
    fn leaves_others_alone() {
        let own = ["/srv/task".to_owned()];
        for fine in [
            "`/root` is private",
            "/home/$USER",
            "docs/home/page.md",
            "/srv/tasks",
            "a/srv/task",
            "/usr/lib/x",
        ] {
            assert_eq!(check(fine, &own), Vec::<String>::new(), "{fine}");
        }
    }
}
