//! Faults that are put in on purpose, so that the tests can be tested: `cargo run -p xtask -- mutants`
//! builds with the feature `seeded-bugs`, names one fault at a time, and expects a test to fail.

/// Names the fault, in builds that can have one.
pub const VARIABLE: &str = "TASK_SEEDED_BUG";

/// Whether this fault is put in. Never, but in a build with the feature.
#[cfg(not(feature = "seeded-bugs"))]
#[inline]
pub const fn bug(_: &str) -> bool {
    false
}

/// Whether this fault is put in.
#[cfg(feature = "seeded-bugs")]
pub fn bug(name: &str) -> bool {
    static NAMED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var(VARIABLE).ok());
    NAMED.as_deref() == Some(name)
}
