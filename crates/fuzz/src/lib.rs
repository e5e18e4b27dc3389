//! Throws mutated input at everything that reads input from outside.
//!
//! A target is a plain function from bytes to a [`Verdict`], in a file of its own under `targets`.
//! It panics where something does not hold that must: what is accepted keeps the limits, can be
//! stored and is the same after it was written and read again; what is refused names its field in
//! a few words and tells no secret.
//!
//! The same targets run three ways: `cargo test` replays `corpus/` and adds a few thousand mutated
//! inputs, the same each time; the `task-fuzz` program goes on with others for as long as it is
//! told; and `guided` lets LLVM's libFuzzer choose them by the code that they reach. `make fuzz`
//! runs the last two. An input that failed is kept in `corpus/<target>/`: commit it with the mend.

pub mod corpus;
pub mod engine;
pub mod hold;
pub mod mutate;
pub mod targets;

/// What a target made of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Accepted,
    /// It was answered with an error.
    Refused,
}

/// Something that reads input from outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Names it, and its folder in `corpus/`.
    pub name: &'static str,
    /// Reads an input, and panics where something does not hold that must.
    pub run: fn(&[u8]) -> Verdict,
    /// Pieces of text that mean something to it, for the mutations.
    pub words: &'static [&'static str],
    /// Lowest share of mutated inputs that must be accepted, in percent, so that the code behind
    /// the first check is reached.
    pub accepted: u8,
}
