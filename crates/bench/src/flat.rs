//! Line 6: the same cost with few tasks as with millions, measured by turns on two databases.

mod questions;
mod side;

use anyhow::Result;
use tokio::time::Instant;

use crate::bench::Bench;
use crate::report::{Bar, Figure, Unit};
use crate::statistics::percentile;
use questions::Question;
use side::Side;

/// Tasks that wait in the small database.
const FEW: u64 = 10_000;
/// All is asked so many times over: the slowest one in a hundred of a single time says more about that minute.
const TIMES: u32 = 3;
/// Claims that are timed each time, and tasks in each.
const CLAIMS: usize = 250;
const CLAIM: usize = 10;
/// Rounds of a question that do not count, and how many do at least.
const COLD: usize = 10;
const LEAST: usize = 2;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let many = bench.sizes.waiting;
    let small = bench.postgres.beside("small").await?;
    let large = bench.postgres.beside("large").await?;
    let mut small = Side::start(small, FEW).await?;
    let mut large = Side::start(large, many).await?;
    println!("  {FEW} tasks wait in the one, {many} in the other");

    for (waiting, side) in [(FEW, &mut small), (many, &mut large)] {
        let figure = Figure::new(6, format!("buffers per task claimed, {waiting}"), Unit::Count, Bar::None);
        bench.report.note(&figure, side.buffers().await?);
    }
    for _ in 0..TIMES {
        let mut took = Took::default();
        while took.few.len() < CLAIMS {
            // Boxed: they are large.
            took.by_turns(Box::pin(small.claim(CLAIM)), Box::pin(large.claim(CLAIM))).await?;
        }
        took.tell(bench, "claim");
        for question in Question::all() {
            ask(bench, &question, &mut small, &mut large).await?.tell(bench, question.name());
        }
    }
    small.stop().await?;
    large.stop().await
}

/// Asks both for as long as a question is worth.
async fn ask(bench: &Bench, question: &Question, small: &mut Side, large: &mut Side) -> Result<Took> {
    let begun = Instant::now();
    let worth = bench.sizes.asking / TIMES;
    // The first rounds meet cold caches and new plans. Some searches take seconds each.
    let mut cold = Took::default();
    while cold.few.is_empty() || (cold.few.len() < COLD && begun.elapsed() < worth) {
        cold.by_turns(small.ask(question), large.ask(question)).await?;
    }
    let mut took = Took::default();
    while took.few.len() < LEAST || (took.few.len() < bench.sizes.asked && begun.elapsed() < worth) {
        took.by_turns(small.ask(question), large.ask(question)).await?;
    }
    Ok(took)
}

/// How long the same thing took in both, in milliseconds.
#[derive(Default)]
struct Took {
    few: Vec<f64>,
    lots: Vec<f64>,
}

impl Took {
    /// Who comes second meets warmer processor caches: they take turns at that.
    async fn by_turns(
        &mut self,
        small: impl Future<Output = Result<f64>>,
        large: impl Future<Output = Result<f64>>,
    ) -> Result<()> {
        if self.few.len().is_multiple_of(2) {
            self.few.push(small.await?);
            self.lots.push(large.await?);
        } else {
            self.lots.push(large.await?);
            self.few.push(small.await?);
        }
        Ok(())
    }

    fn tell(&self, bench: &mut Bench, what: &str) {
        for (name, share, bar) in [("p50", 0.5, Bar::None), ("p99", 0.99, Bar::AtMost(1.2))] {
            let figure = Figure::new(6, format!("{what}, {name}"), Unit::Milliseconds, bar);
            let of = |took: &[f64]| percentile(took, share);
            bench.report.share(&figure, of(&self.lots), of(&self.few), "10,000's");
        }
    }
}
