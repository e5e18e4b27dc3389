//! A small SMTP server that keeps what it is sent, for demos and tests.
