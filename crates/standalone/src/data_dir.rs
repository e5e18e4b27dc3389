//! Where data is kept when nobody says where.

use std::env;
use std::path::{Path, PathBuf};

use task_embedded::check_data_dir;

use crate::Error;

/// The name of the folder.
const FOLDER: &str = "task-service";

/// Where the system keeps data that belongs to nobody's home.
const SYSTEM: &str = "/var/lib";

/// A folder in the user's data directory (`XDG_DATA_HOME`, or else below `HOME`); for root, whose
/// home the Postgres of another user cannot enter, below `/var/lib`. Makes nothing.
///
/// Reads the environment: to be called by a binary, at its top.
///
/// # Errors
/// [`Error::NoDataDir`] if neither is known or can be used.
pub fn default_data_dir() -> Result<PathBuf, Error> {
    let of = |name: &str| env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    choose(of("XDG_DATA_HOME"), of("HOME"), Path::new(SYSTEM))
}

fn choose(data_home: Option<PathBuf>, home: Option<PathBuf>, system: &Path) -> Result<PathBuf, Error> {
    let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    let own = data_home.or_else(|| home.map(|home| home.join(below))).map(|dir| dir.join(FOLDER));
    let why = match own {
        None => "HOME is not set".to_owned(),
        Some(own) => match check_data_dir(&own) {
            Ok(()) => return Ok(own),
            Err(error) => error.to_string(),
        },
    };
    let system = system.join(FOLDER);
    // Only root may make a folder there, and only root needs it.
    let usable = system.is_dir() || system.parent().is_some_and(is_writable);
    if usable && check_data_dir(&system).is_ok() { Ok(system) } else { Err(Error::NoDataDir(why)) }
}

/// Whether this process may make a folder in `dir`, found out by trying.
fn is_writable(dir: &Path) -> bool {
    let probe = dir.join(format!(".{FOLDER}-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&probe).and_then(|()| std::fs::remove_dir(&probe)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_place_that_can_be_used_is_chosen() {
        let root = tempfile::tempdir().unwrap();
        let open = |dir: &Path| set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
        open(root.path());
        let dir = |name: &str| {
            let dir = root.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            open(&dir);
            dir
        };
        let (data_home, home, system) = (dir("data"), dir("home"), dir("system"));
        let folder = |dir: &Path| dir.join(FOLDER);

        let chosen = choose(Some(data_home.clone()), Some(home.clone()), &system).unwrap();
        assert_eq!(chosen, folder(&data_home));
        let below = choose(None, Some(home.clone()), &system).unwrap();
        assert!(below.starts_with(&home) && below.ends_with(FOLDER), "{}", below.display());
        assert_eq!(choose(None, None, &system).unwrap(), folder(&system));

        let nowhere = choose(None, None, &root.path().join("missing")).unwrap_err();
        assert!(nowhere.to_string().contains("--data-dir"), "{nowhere}");

        // Only root steps down to another user, who then cannot enter a private home.
        if nix::unistd::Uid::effective().is_root() {
            set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
            assert_eq!(choose(None, Some(home), &system).unwrap(), folder(&system));
        }
    }
}
