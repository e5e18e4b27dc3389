//! The `task-server` binary.

fn main() {}
