//! Watches: one subscription to the store for the whole server, told on to all who watch.
//!
//! ```text
//! store ── feed ──┬── registry ── by id: marks the task dirty ── the watch reads on (lookup, batched)
//!                 └── backlog ──── fan-out: reads once for all ── by filter: bounded queue, or a resync
//! ```
//! A watch of named tasks holds no changes, only how far it has read, so it can neither miss one
//! nor grow; it reads what it has not shown whenever it is told that there is more. A watch by
//! filter is told changes as they come and says so where some were left out. A change costs one
//! look-up by task id, however many watches stand idle.

mod backlog;
mod by_filter;
mod by_id;
mod fan_out;
mod feed;
mod hub;
mod lookup;
mod message;
mod registry;

pub(crate) use hub::Hub;
pub(crate) use message::size_of;

#[cfg(test)]
mod tests;
