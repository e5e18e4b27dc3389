//! The gRPC facade of the Task Service: it checks a request, calls a port and converts the answer.
//!
//! One port serves gRPC, gRPC-Web, the health service, `/metrics`, `/healthz`, `/readyz` and a
//! page for browsers. A call comes in by `serve`, passes `ways` and, if it is not plain gRPC, [`router`] (what answers
//! where), then `measure` (counted, bounded, panics caught) and one file of `service`; watches live in `watch`, around one subscription to
//! the store for all of them. What the server keeps running beside its calls is in `readiness` and
//! `maintain`. [`Server`] starts and stops it all.

pub mod backend;
pub mod metrics;
pub mod options;
pub mod router;
pub mod server;

mod deadline;
mod fleet;
mod http;
mod incoming;
mod maintain;
mod measure;
mod readiness;
mod serve;
mod service;
mod watch;
mod ways;

pub use backend::{Backend, Pace};
pub use options::Options;
pub use server::{Error, Server};
