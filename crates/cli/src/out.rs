//! Standard output in the form asked for, and talk on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Stdout, Write};

use anstream::{AutoStream, ColorChoice};

use crate::args::{Color, Format};
use crate::render::message::{self, Message};

/// Where data goes.
pub(crate) struct Out {
    stream: AutoStream<Stdout>,
    format: Format,
    documents: u64,
}

impl Out {
    /// Standard output; the choice of colours holds for standard error too.
    pub(crate) fn new(format: Format, color: Color) -> Self {
        match color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
        Self { stream: AutoStream::auto(io::stdout()), format, documents: 0 }
    }

    /// Whether people read it: then it is text, else documents.
    pub(crate) fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// Whether colours get through.
    pub(crate) fn has_color(&self) -> bool {
        self.stream.current_choice() != ColorChoice::Never
    }

    /// Writes text for people.
    pub(crate) fn text(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.stream, "{text}")?;
        self.stream.flush()
    }

    /// Writes an answer: as `table` shows it, or as a document.
    pub(crate) fn answer<M: Message>(
        &mut self,
        answer: &M,
        table: impl FnOnce(&M, bool) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => self.text(table(answer, self.has_color()).trim_end()),
            Format::Json => self.raw(&message::json(answer)?),
            Format::Yaml => self.yaml(&message::yaml(answer)?),
        }
    }

    /// Writes a result of this program's own, which is no answer of the service.
    pub(crate) fn report<T: serde::Serialize>(
        &mut self,
        report: &T,
        table: impl FnOnce(&T, bool) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => self.text(table(report, self.has_color()).trim_end()),
            Format::Json => self.raw(&serde_json::to_string_pretty(report)?),
            Format::Yaml => self.yaml(&serde_saphyr::to_string(report).map_err(io::Error::other)?),
        }
    }

    /// Writes one event of a stream: a line, in every form but YAML.
    pub(crate) fn event<M: Message>(&mut self, event: &M, line: impl FnOnce(&M) -> String) -> io::Result<()> {
        match self.format {
            Format::Table => self.text(line(event)),
            Format::Json => self.raw(&message::json_line(event)?),
            Format::Yaml => self.yaml(&message::yaml(event)?),
        }
    }

    fn yaml(&mut self, document: &str) -> io::Result<()> {
        self.documents += 1;
        if self.documents > 1 {
            self.raw("---")?;
        }
        self.raw(document.trim_end())
    }

    /// Writes past the colour filter, which documents have no use for.
    fn raw(&mut self, text: &str) -> io::Result<()> {
        let mut stdout = self.stream.as_inner().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }
}

/// Says something on standard error. That nobody may read it any more is no reason to stop.
pub(crate) fn talk(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says what should be known although the command goes on.
pub(crate) fn warn(text: impl Display) {
    use owo_colors::OwoColorize;
    talk(format_args!("{} {text}", "warning:".yellow().bold()));
}

/// Whether people see standard error.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}
