//! What tests share: a database per test, builders, the state oracle.
