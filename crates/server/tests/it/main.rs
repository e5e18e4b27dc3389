//! The server by a real client over a real socket, on the real store and a real Postgres.

mod bad_input;
mod binary;
mod calls;
mod http;
mod lifecycle;
mod outage;
mod support;
mod watch;
mod watch_under_stress;
