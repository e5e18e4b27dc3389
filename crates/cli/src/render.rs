//! Answers as people and programs read them.

pub(crate) mod change;
pub(crate) mod counts;
pub(crate) mod history;
pub(crate) mod message;
pub(crate) mod object;
pub(crate) mod pretty;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod task;
pub(crate) mod tasks;
pub(crate) mod text;
pub(crate) mod when;
pub(crate) mod workers;
