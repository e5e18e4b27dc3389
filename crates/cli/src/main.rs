//! The `task-cli` binary.

fn main() {}
