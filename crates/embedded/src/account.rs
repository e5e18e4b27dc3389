//! Which operating-system user runs the server: this one, or for root, which Postgres refuses,
//! `postgres` or `nobody`.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, User, chown};

use crate::Error;

/// The accounts root may step down to, best first.
const STEP_DOWN: [&str; 2] = ["postgres", "nobody"];

/// The user that runs the server, and the one that may use its socket.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Name of the user that runs the server.
    pub(crate) name: String,
    /// Name of the user of this process.
    pub(crate) own_name: String,
    uid: Uid,
    gid: Gid,
    steps_down: bool,
}

impl Account {
    /// Decides for this process. A cluster that exists keeps its owner, so that installing a
    /// package that brings the user `postgres` does not lock the data away.
    pub(crate) fn choose(cluster: Option<&Metadata>) -> Result<Self, Error> {
        let own = look_up(Uid::effective())?.ok_or_else(|| {
            // PostgreSQL itself would fail later with a worse message.
            Error::NoAccount(format!(
                "user id {} has no name on this system (an entry in /etc/passwd), and PostgreSQL \
                 does not run without one",
                Uid::effective()
            ))
        })?;
        if !own.uid.is_root() {
            return Ok(Self::of(&own, own.name.clone(), false));
        }
        if let Some(owner) = cluster.map(|found| Uid::from_raw(found.uid())).filter(|uid| !uid.is_root())
            && let Some(owner) = look_up(owner)?
        {
            return Ok(Self::of(&owner, own.name, true));
        }
        for name in STEP_DOWN {
            let user = User::from_name(name)
                .map_err(|errno| Error::io(format!("look up user {name}"))(errno.into()))?;
            if let Some(user) = user {
                return Ok(Self::of(&user, own.name, true));
            }
        }
        Err(Error::NoAccount(
            "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to \
             run it: create one with `useradd --system postgres`"
                .into(),
        ))
    }

    fn of(user: &User, own_name: String, steps_down: bool) -> Self {
        Self { name: user.name.clone(), own_name, uid: user.uid, gid: user.gid, steps_down }
    }

    /// Makes a command run as this user. Rust drops the supplementary groups of root with it.
    pub(crate) fn apply(&self, command: &mut Command) {
        if self.steps_down {
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
    }

    /// Gives a file or directory to this user.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        if !self.steps_down {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(|errno| Error::io(format!("give {} to {}", path.display(), self.name))(errno.into()))
    }

    /// The mode of a directory that only holds what others must enter, not list.
    pub(crate) fn passage_mode(&self) -> u32 {
        if self.steps_down { 0o711 } else { 0o700 }
    }

    /// Checks that this user may enter `dir` and all above it.
    ///
    /// Looks at the classic permission bits alone: an access-control list that grants more is not
    /// seen, which errs on the side of a clear message.
    pub(crate) fn check_reach(&self, dir: &Path) -> Result<(), Error> {
        if !self.steps_down {
            return Ok(());
        }
        let dir = dir.canonicalize().map_err(Error::io(format!("resolve {}", dir.display())))?;
        let mut above: Vec<&Path> = dir.ancestors().collect();
        above.reverse();
        for dir in above {
            let found = dir.metadata().map_err(Error::io(format!("look at {}", dir.display())))?;
            let bit = if found.uid() == self.uid.as_raw() {
                0o100
            } else if found.gid() == self.gid.as_raw() {
                0o010
            } else {
                0o001
            };
            if found.mode() & bit == 0 {
                return Err(Error::Unreachable { user: self.name.clone(), dir: dir.to_owned() });
            }
        }
        Ok(())
    }
}

fn look_up(uid: Uid) -> Result<Option<User>, Error> {
    User::from_uid(uid).map_err(|errno| Error::io(format!("look up user id {uid}"))(errno.into()))
}
