//! Plain HTTP beside gRPC.

pub(crate) mod cors;
mod dashboard;
pub(crate) mod fallback;
mod files;
pub(crate) mod probes;
