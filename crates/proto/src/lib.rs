//! Generated from `proto/`: messages and services, with conversions to and from the domain.
//!
//! Conversions from the wire check every limit, so that nothing unchecked passes this crate.
//! [`status::from_error`] is the one map from errors to gRPC codes.

pub mod codec;
pub mod from_wire;
pub mod status;
pub mod to_wire;

/// Version 1 of the interface, as generated.
#[allow(missing_docs, clippy::pedantic, clippy::large_enum_variant, unreachable_pub)]
pub mod v1 {
    tonic::include_proto!("task.v1");
    include!(concat!(env!("OUT_DIR"), "/client/task.v1.rs"));
}

/// The interface's own description, for reflection and for printing messages.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Largest message that either side takes, in bytes: 16 MiB.
///
/// A batch of 1,000 tasks fits unless their payloads are large; then it has to be split.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
