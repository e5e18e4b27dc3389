//! Line 9: what watches cost, and how soon they tell.

mod firehose;
mod idle;

pub(crate) use firehose::lines as firehose_lines;
pub(crate) use idle::lines;
