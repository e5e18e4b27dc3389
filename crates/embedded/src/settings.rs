//! What the caller wants: where the data lives, how safe it is, and how big the server may get.

use std::path::PathBuf;
use std::time::Duration;

use crate::Error;

/// What a crash of the machine may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it is acknowledged.
    #[default]
    Full,
    /// `fsync` is off: a crash of the *machine* may spoil the data, a crash of Postgres alone
    /// loses no commit, since `synchronous_commit` stays on. Only for ephemeral data.
    UntilMachineCrash,
}

/// How a local Postgres is to be run. Start from [`Settings::kept`] or [`Settings::ephemeral`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the data is kept between runs; `None` for a temporary directory that is removed with
    /// the server.
    pub data_dir: Option<PathBuf>,
    /// The directory in which temporary directories (ephemeral data, and the socket of a data
    /// directory with a long path) are made. Default `/tmp`.
    pub temp_root: PathBuf,
    /// The directory with `postgres`, `initdb` and `psql`; `None` searches the machine.
    pub bin_dir: Option<PathBuf>,
    /// TCP port on 127.0.0.1; 0 picks a free one, which stays the same over
    /// [`restart`](crate::Running::restart). Default 0.
    pub port: u16,
    /// Name of the superuser. Default `postgres`. Taken when the data is first created; keep it
    /// the same for later runs.
    pub superuser: String,
    /// Most connections at once. Default 100.
    pub max_connections: u32,
    /// `shared_buffers` in MiB. Default 128.
    pub shared_buffers_mib: u32,
    /// What a crash of the machine may cost. Default [`Durability::Full`].
    pub durability: Durability,
    /// More server parameters, as for `postgres -c name=value`. Those that carry a promise of
    /// this crate (addresses, sockets, authentication, fsync) are refused.
    pub parameters: Vec<(String, String)>,
    /// How long a start may take, recovery after a crash included. Default 60 seconds.
    pub start_timeout: Duration,
    /// How long a stop may take before it is an error. Default 60 seconds.
    pub stop_timeout: Duration,
}

impl Settings {
    /// Data that stays in `data_dir` between runs. The directory is made if it is missing.
    pub fn kept(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: Some(data_dir.into()), ..Self::ephemeral() }
    }

    /// Data in a temporary directory that goes away with the server.
    pub fn ephemeral() -> Self {
        Self {
            data_dir: None,
            temp_root: PathBuf::from("/tmp"),
            bin_dir: None,
            port: 0,
            superuser: "postgres".into(),
            max_connections: 100,
            shared_buffers_mib: 128,
            durability: Durability::Full,
            parameters: Vec::new(),
            start_timeout: Duration::from_mins(1),
            stop_timeout: Duration::from_mins(1),
        }
    }

    /// Uses the server in this directory instead of searching.
    #[must_use]
    pub fn bin_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.bin_dir = Some(dir.into());
        self
    }

    /// Listens on this TCP port; 0 picks a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Chooses what a crash of the machine may cost.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Allows this many connections at once.
    #[must_use]
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// Adds a server parameter, as for `postgres -c name=value`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Refuses what would break a promise, before anything is touched.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |text: String| Err(Error::Settings(text));
        if self.data_dir.is_some() && self.durability != Durability::Full {
            return refuse("fsync may be off only for ephemeral data, not for a kept data directory".into());
        }
        if self.superuser.is_empty()
            || self.superuser.starts_with("pg_")
            || !self.superuser.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            return refuse(format!(
                "superuser `{}` must be lower-case letters, digits and `_`, and not begin with `pg_`",
                self.superuser
            ));
        }
        if self.max_connections == 0 || self.shared_buffers_mib == 0 {
            return refuse("max_connections and shared_buffers must be at least 1".into());
        }
        for (name, value) in &self.parameters {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.') {
                return refuse(format!("`{name}` is not the name of a server parameter"));
            }
            if value.contains('\0') {
                return refuse(format!("the value of `{name}` contains a NUL character"));
            }
            if OWNED.contains(&name.to_ascii_lowercase().as_str()) {
                return refuse(format!(
                    "the server parameter `{name}` is set by the supervisor and cannot be changed"
                ));
            }
        }
        Ok(())
    }

    /// The `name=value` arguments for `postgres -c`, the caller's own last.
    pub(crate) fn server_parameters(&self) -> Vec<String> {
        let mut parameters = vec![
            format!("max_connections={}", self.max_connections),
            format!("shared_buffers={}MB", self.shared_buffers_mib),
            "password_encryption=scram-sha-256".into(),
            "log_destination=stderr".into(),
            "logging_collector=off".into(),
            "log_timezone=UTC".into(),
            "timezone=UTC".into(),
        ];
        match self.durability {
            // Said aloud, so that nothing in a configuration file of the data can turn it off.
            Durability::Full => {
                parameters.extend(["fsync=on".into(), "full_page_writes=on".into()]);
            }
            Durability::UntilMachineCrash => {
                parameters.extend(["fsync=off".into(), "full_page_writes=off".into()]);
            }
        }
        parameters.extend(self.parameters.iter().map(|(name, value)| format!("{name}={value}")));
        parameters
    }
}

/// Parameters that carry a promise: who can connect, where, and what a commit means.
const OWNED: [&str; 16] = [
    "config_file",
    "data_directory",
    "external_pid_file",
    "fsync",
    "full_page_writes",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "log_destination",
    "logging_collector",
    "password_encryption",
    "port",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
    "max_connections",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_data_cannot_lose_fsync() {
        let kept = Settings::kept("/nowhere").durability(Durability::UntilMachineCrash);
        assert!(matches!(kept.check(), Err(Error::Settings(_))));
        let ephemeral = Settings::ephemeral().durability(Durability::UntilMachineCrash);
        ephemeral.check().expect("allowed for ephemeral data");
    }

    #[test]
    fn promised_parameters_cannot_be_overridden() {
        for name in ["fsync", "listen_addresses", "HBA_FILE", "a b", ""] {
            let settings = Settings::ephemeral().parameter(name, "x");
            assert!(matches!(settings.check(), Err(Error::Settings(_))), "{name}");
        }
        Settings::ephemeral().parameter("work_mem", "8MB").check().expect("an ordinary parameter");
    }

    #[test]
    fn odd_superusers_are_refused() {
        for name in ["", "pg_x", "a\"b", "A", "a b"] {
            let mut settings = Settings::ephemeral();
            settings.superuser = name.into();
            assert!(matches!(settings.check(), Err(Error::Settings(_))), "{name}");
        }
    }
}
