//! The binary, against a real server on a real Postgres.

mod actions;
mod count_lines;
mod create;
mod dev;
mod ends;
mod output;
mod plugin_page;
mod processes;
mod serve;
mod service;
mod settings;
mod usage;
mod watch;
