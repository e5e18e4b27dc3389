//! All targets.

mod database_url;
mod filter;
mod json;
mod numbers;
mod outcome;
mod payload;
mod requests;
mod spec;
mod text;
mod token;

use crate::Target;

/// Every target, by name.
pub const ALL: &[Target] = &[
    database_url::TARGET,
    filter::TARGET,
    json::TARGET,
    numbers::TARGET,
    outcome::TARGET,
    payload::TARGET,
    requests::TARGET,
    spec::TARGET,
    text::TARGET,
    token::TARGET,
];

/// The target of this name.
pub fn named(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
