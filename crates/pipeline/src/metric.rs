//! The names of this crate's metrics.

/// Tasks claimed. Counter.
pub const CLAIMED: &str = "task_worker_claimed_total";
/// Claims that failed. Counter.
pub const CLAIM_ERRORS: &str = "task_worker_claim_errors_total";
/// Attempts that ended, by `type` and `outcome`. Counter.
pub const ATTEMPTS: &str = "task_worker_attempts_total";
/// How long plugins ran, by `type`. Histogram.
pub const ATTEMPT_SECONDS: &str = "task_worker_attempt_duration_seconds";
/// Outcomes written. Counter.
pub const RECORDED: &str = "task_worker_recorded_total";
/// Outcomes refused since the lease was no longer held. Counter.
pub const STALE_WRITES: &str = "task_worker_stale_writes_total";
/// Writes of outcomes that failed and were tried again. Counter.
pub const RECORD_ERRORS: &str = "task_worker_record_errors_total";
/// Attempts running. Gauge.
pub const RUNNING: &str = "task_worker_running";
/// Slots. Gauge.
pub const SLOTS: &str = "task_worker_slots";
/// Leases that were lost while their attempt ran. Counter.
pub const LEASES_LOST: &str = "task_worker_leases_lost_total";
