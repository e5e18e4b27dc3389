//! The binary, against a real server on a real Postgres.

mod actions;
mod create;
mod dev;
mod ends;
mod output;
mod processes;
mod serve;
mod service;
mod settings;
mod usage;
mod watch;
