//! The binary, against a real server on a real Postgres.

mod actions;
mod create;
mod ends;
mod output;
mod service;
mod settings;
mod usage;
mod watch;
