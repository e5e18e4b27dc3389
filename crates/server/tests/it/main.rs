//! The server by a real client over a real socket, on the real store and a real Postgres.
//!
//! Every test has two threads: dropping a database blocks one of them, and a connection of the store
//! that is just being made on the other would otherwise hold up the drop.

mod bad_input;
mod binary;
mod calls;
mod deadline;
mod http;
mod lifecycle;
mod noise;
mod outage;
mod poison;
mod support;
mod survey;
mod watch;
mod watch_under_stress;
