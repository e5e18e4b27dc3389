//! Logging and Prometheus set-up.
