//! One file for each case.

mod cancel_races;
mod cut_server;
mod cut_workers;
mod failover;
mod graceful_stop;
mod kill_postgres;
mod kill_worker;
mod no_connections;
mod no_notify;
mod pause_worker;
mod pinned_snapshot;
mod slow_database;
mod slow_watch;
mod terminate_sessions;
mod transaction_pooler;

use crate::Case;

/// Every case, in the order of their names.
pub const ALL: &[Case] = &[
    kill_worker::CASE,
    kill_postgres::CASE,
    terminate_sessions::CASE,
    pause_worker::CASE,
    cut_workers::CASE,
    cut_server::CASE,
    slow_database::CASE,
    no_connections::CASE,
    failover::CASE,
    pinned_snapshot::CASE,
    no_notify::CASE,
    slow_watch::CASE,
    graceful_stop::CASE,
    cancel_races::CASE,
    transaction_pooler::CASE,
];
