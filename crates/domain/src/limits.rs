//! Every limit on what may be asked for, in one place. The interface's comments repeat them.

use std::time::Duration;

/// Longest task name, in characters.
pub const NAME_CHARS: usize = 255;
/// Longest type name, in characters.
pub const KIND_CHARS: usize = 100;
/// Longest queue name, in characters.
pub const QUEUE_CHARS: usize = 100;
/// Largest payload, in bytes of JSON text: 1 MiB.
pub const PAYLOAD_BYTES: usize = 1 << 20;
/// Deepest nesting of a payload or a result; `{}` has depth 1.
pub const JSON_DEPTH: usize = 64;
/// Largest result, in bytes of JSON text: 256 KiB.
pub const RESULT_BYTES: usize = 256 << 10;
/// Longest stored error or detail, in bytes; longer ones are cut.
pub const DETAILS_BYTES: usize = 16 << 10;
/// Most tasks in one batch create.
pub const BATCH_TASKS: usize = 1_000;
/// Most retries a task may ask for.
pub const RETRIES: u32 = 1_000;
/// Lowest and highest priority; higher runs first.
pub const PRIORITY: std::ops::RangeInclusive<i32> = -100..=100;
/// Longest idempotency key, in characters.
pub const KEY_CHARS: usize = 255;
/// Most labels on one task.
pub const LABELS: usize = 32;
/// Longest label name, in characters.
pub const LABEL_NAME_CHARS: usize = 63;
/// Longest label value, in characters.
pub const LABEL_VALUE_CHARS: usize = 255;
/// Most lanes: combinations of queue, type and priority that tasks have had, ever. Every process keeps all
/// of them in memory, and a worker's claim looks at each one that it serves.
pub const LANES: usize = 10_000;
/// Most tasks on one list page.
pub const PAGE_SIZE: u32 = 1_000;
/// Deepest row that page numbers reach; a cursor goes further.
pub const PAGE_NUMBER_ROWS: u64 = 10_000;
/// Most tasks one watch may name.
pub const WATCH_TASKS: usize = 1_000;
/// Shortest and longest deadline of an attempt.
pub const TIMEOUT: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(168);
/// Shortest and longest backoff that a task may ask for.
pub const BACKOFF: std::ops::RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(168);
/// Furthest `run_at`, from the moment of the request: ten years.
pub const RUN_AT_AHEAD: Duration = Duration::from_hours(87600);
/// Longest time for which a plugin may put a task back: as far as a task's own `run_at` may be.
pub const SNOOZE: Duration = RUN_AT_AHEAD;
/// Workers that a task may lose: with the last of them it is held to be their killer and set FAILED,
/// unless others were lost as often beside it.
pub const CRASHES: u32 = 3;
