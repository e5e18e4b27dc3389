//! Which of its forms a claim has.

use std::sync::LazyLock;

use crate::parts::{FEW, with};

/// A form of `claim.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Whether it is answered by columns, and what lies together is scanned. Else it is answered by a row for each task,
    /// and all are looked up.
    pub(super) many: bool,
    /// Whether there are several lanes, to be brought into an order first.
    pub(super) lanes: bool,
}

impl Form {
    /// For a claim that is expected to get so many tasks, from so many lanes.
    pub(super) fn of(tasks: usize, lanes: usize) -> Self {
        Self { many: tasks >= FEW, lanes: lanes > 1 }
    }

    /// `claim.sql` with what it needs for that.
    pub(super) fn text(self) -> &'static str {
        static TEXTS: LazyLock<[String; 4]> =
            LazyLock::new(|| std::array::from_fn(|n| Form { many: n & 1 > 0, lanes: n & 2 > 0 }.write()));
        &TEXTS[usize::from(self.many) | usize::from(self.lanes) << 1]
    }

    fn write(self) -> String {
        let parts = [("few", !self.many), ("many", self.many), ("lanes", self.lanes)];
        with(include_str!("../../queries/claim/claim.sql"), &parts)
    }
}
