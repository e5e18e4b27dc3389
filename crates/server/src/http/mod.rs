//! Plain HTTP beside gRPC.

pub(crate) mod cors;
pub(crate) mod fallback;
pub(crate) mod probes;
