//! Runs a target on its corpus and on mutations of it.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::mutate::mutate;
use crate::{Target, Verdict, corpus};

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// So many mutated inputs.
    Runs(u64),
    /// So much time.
    Elapsed(Duration),
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Inputs of the corpus.
    pub replayed: u64,
    /// Mutated inputs.
    pub mutated: u64,
    /// Mutated inputs that were accepted.
    pub accepted: u64,
    /// Longest time for one input.
    pub slowest: Duration,
}

/// Why a run ended before its time.
#[derive(Debug)]
pub enum Error {
    /// An input showed that something does not hold. The panic has been printed.
    Found(PathBuf),
    /// The corpus cannot be read or written.
    Corpus(io::Error),
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.accepted * 100 / self.mutated.max(1);
        let Self { replayed, mutated, slowest, .. } = self;
        write!(f, "{replayed} kept, {mutated} mutated, {share} % accepted, slowest {slowest:?}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(path) => write!(f, "failed on the input in {}", path.display()),
            Self::Corpus(error) => write!(f, "cannot use the corpus: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Replays the corpus and goes on with mutations of it; the same ones for the same seed.
///
/// # Errors
/// [`Error::Found`] for the first input that fails, which is kept.
pub fn run(target: &Target, seed: u64, until: Until) -> Result<Summary, Error> {
    let kept = corpus::read(target.name).map_err(Error::Corpus)?;
    let mut summary = Summary::default();
    for (_, input) in &kept {
        one(target, input, &mut summary)?;
        summary.replayed += 1;
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let begun = Instant::now();
    loop {
        let done = match until {
            Until::Runs(runs) => summary.mutated >= runs,
            Until::Elapsed(time) => begun.elapsed() >= time,
        };
        if done {
            return Ok(summary);
        }
        let input = next(&mut rng, &kept, target.words);
        let verdict = one(target, &input, &mut summary)?;
        summary.mutated += 1;
        summary.accepted += u64::from(verdict == Verdict::Accepted);
    }
}

/// Mostly a mutated input of the corpus, now and then noise.
fn next(rng: &mut StdRng, kept: &[(String, Vec<u8>)], words: &[&str]) -> Vec<u8> {
    if kept.is_empty() || rng.random_ratio(1, 32) {
        let length = rng.random_range(0..512);
        return (0..length).map(|_| rng.random()).collect();
    }
    let [base, other] = [(); 2].map(|()| &kept[rng.random_range(0..kept.len())].1);
    mutate(rng, base, other, words)
}

fn one(target: &Target, input: &[u8], summary: &mut Summary) -> Result<Verdict, Error> {
    let begun = Instant::now();
    let verdict = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    summary.slowest = summary.slowest.max(begun.elapsed());
    verdict.map_err(|_| match corpus::keep(target.name, input) {
        Ok(path) => Error::Found(path),
        Err(error) => Error::Corpus(error),
    })
}
