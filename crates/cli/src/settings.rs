//! Settings from four places: flag before environment before config file before default.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use task_client::{Client, Options};

use crate::args::{Color, Format, Global};
use crate::commands::serve;
use crate::exit::{Failure, Result};
use crate::parse;

/// Time to wait for a server that is not there: people want to know soon, scripts that start a
/// server and then use it need a moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// What every command needs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) address: String,
    /// Where somebody chose one; else the command does.
    pub(crate) log_level: Option<String>,
    pub(crate) output: Format,
    pub(crate) color: Color,
    pub(crate) deadline: Duration,
    /// The config file's section for `serve`.
    pub(crate) serve: serve::File,
}

/// The config file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    address: Option<String>,
    log_level: Option<String>,
    output: Option<Format>,
    color: Option<Color>,
    deadline: Option<String>,
    #[serde(default)]
    serve: serve::File,
}

impl Settings {
    /// Reads the config file and puts flags and environment, which clap has joined, before it.
    pub(crate) fn read(global: &Global) -> Result<Self> {
        let file = match &global.config {
            Some(path) => File::read(path)?,
            None => match default_path().filter(|path| path.exists()) {
                Some(path) => File::read(&path)?,
                None => File::default(),
            },
        };
        Self::merge(global, file)
    }

    fn merge(global: &Global, file: File) -> Result<Self> {
        let deadline = file.deadline.map(|text| parse::some_time(&text)).transpose();
        let deadline =
            deadline.map_err(|problem| Failure::Usage(format!("config file: deadline: {problem}")))?;
        let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        Ok(Self {
            address: given(&global.address).or(file.address).unwrap_or("http://127.0.0.1:8080".to_owned()),
            log_level: given(&global.log_level).or(file.log_level),
            output: global.output.or(file.output).unwrap_or_default(),
            color: global.color.or(file.color).unwrap_or_default(),
            deadline: global.deadline.or(deadline).unwrap_or(Duration::from_secs(10)),
            serve: file.serve,
        })
    }

    /// A client of the service.
    pub(crate) fn client(&self) -> Result<Client> {
        let options = Options::default().deadline(self.deadline).patience(PATIENCE);
        Ok(Client::new(&self.address, options)?)
    }
}

impl File {
    fn read(path: &Path) -> Result<Self> {
        let wrong = |problem: &dyn std::fmt::Display| {
            Failure::Usage(format!("config file {}: {problem}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(&text).map_err(|e| wrong(&told::told(&e)))
    }
}

fn default_path() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let config = std::env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    Some(config.or_else(home)?.join("task-cli/config.yaml"))
}

mod told;

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> Global {
        Global { address: None, log_level: None, output: None, color: None, deadline: None, config: None }
    }

    #[test]
    fn flag_goes_before_file_before_default() {
        let file = || -> File {
            serde_saphyr::from_str("address: http://file:1\noutput: yaml\ndeadline: 3s\n").unwrap()
        };
        let settings = Settings::merge(&flags(), file()).unwrap();
        assert_eq!(settings.address, "http://file:1");
        assert_eq!(settings.output, Format::Yaml);
        assert_eq!(settings.deadline, Duration::from_secs(3));
        assert_eq!(settings.log_level, None);
        let flags = Global { address: Some("flag:2".into()), output: Some(Format::Json), ..flags() };
        let settings = Settings::merge(&flags, file()).unwrap();
        assert_eq!((settings.address.as_str(), settings.output), ("flag:2", Format::Json));
        let settings = Settings::merge(&self::flags(), File::default()).unwrap();
        assert_eq!(settings.address, "http://127.0.0.1:8080");
    }

    #[test]
    fn a_wrong_file_is_refused() {
        assert!(serde_saphyr::from_str::<File>("adress: x\n").is_err(), "unknown fields are told");
        let wrong = File { deadline: Some("soon".into()), ..File::default() };
        assert!(matches!(Settings::merge(&flags(), wrong), Err(Failure::Usage(m)) if m.contains("soon")));
    }
}
