//! How a server is set up.

use std::time::Duration;

use task_telemetry::Recorder;

/// Settings of a [`Server`](crate::Server).
#[derive(Clone, Debug)]
pub struct Options {
    /// Host and port to listen on; port 0 takes a free one. Default: `127.0.0.1:8080`.
    pub listen: String,
    /// Whether to bring the database's schema up to date first. Default: true.
    pub migrate: bool,
    /// Whether to serve reflection, which tells any caller the whole interface. Default: false.
    pub reflection: bool,
    /// Pages at these origins may call over gRPC-Web, beside those that the server itself serves.
    /// Default: `http://localhost:3000` and `http://127.0.0.1:3000`.
    pub web_origins: Vec<String>,
    /// How long calls may take to finish once the server is told to stop. Default: 10 s.
    pub shutdown_grace: Duration,
    /// Longest time for one call, watches apart; a caller's shorter deadline holds. Default: 30 s.
    pub request_timeout: Duration,
    /// Calls served at a time, watches apart; more wait their turn. Default: 1,024.
    pub max_calls: usize,
    /// Watches open at a time; more are refused. Default: 20,000.
    pub max_watches: usize,
    /// Connections open at a time; more wait in the listen queue. Default: 10,000.
    pub max_connections: usize,
    /// How long a new connection may take to say which HTTP it speaks. Default: 10 s.
    pub opening_timeout: Duration,
    /// Calls and watches at a time on one connection. Default: 1,000.
    pub max_streams: u32,
    /// Age at which a connection is asked to make way for a new one, so that clients spread over
    /// several servers; what runs on it goes on. Default: 1 hour.
    pub connection_age: Duration,
    /// What `/metrics` renders; without one it answers 404. Default: none.
    pub recorder: Option<Recorder>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            migrate: true,
            reflection: false,
            web_origins: vec!["http://localhost:3000".to_owned(), "http://127.0.0.1:3000".to_owned()],
            shutdown_grace: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            max_calls: 1_024,
            max_watches: 20_000,
            max_connections: 10_000,
            opening_timeout: Duration::from_secs(10),
            max_streams: 1_000,
            connection_age: Duration::from_hours(1),
            recorder: None,
        }
    }
}
