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
/// Claims that are timed, and tasks in each.
const CLAIMS: usize = 500;
const CLAIM: usize = 10;
/// Rounds of questions that do not count, and how many do at least.
const COLD: usize = 10;
const LEAST: usize = 6;

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
    let (mut few, mut lots) = (Vec::new(), Vec::new());
    for round in 0..CLAIMS {
        // Who comes second meets warmer processor caches: they take turns at that too.
        if round % 2 == 0 {
            few.push(small.claim(CLAIM).await?);
            lots.push(large.claim(CLAIM).await?);
        } else {
            lots.push(large.claim(CLAIM).await?);
            few.push(small.claim(CLAIM).await?);
        }
    }
    tell(bench, "claim", &few, &lots);
    for question in Question::all() {
        let (mut few, mut lots) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        // The first rounds meet cold caches and new plans. Some searches take seconds each.
        for _ in 0..COLD {
            small.ask(&question).await?;
            large.ask(&question).await?;
            if begun.elapsed() > bench.sizes.asking {
                break;
            }
        }
        while few.len() < LEAST || (few.len() < bench.sizes.asked && begun.elapsed() < bench.sizes.asking) {
            few.push(small.ask(&question).await?);
            lots.push(large.ask(&question).await?);
        }
        tell(bench, question.name(), &few, &lots);
    }
    small.stop().await?;
    large.stop().await
}

fn tell(bench: &mut Bench, what: &str, few: &[f64], lots: &[f64]) {
    for (name, share, bar) in [("p50", 0.5, Bar::None), ("p99", 0.99, Bar::AtMost(1.2))] {
        let figure = Figure::new(6, format!("{what}, {name}"), Unit::Milliseconds, bar);
        bench.report.share(&figure, percentile(lots, share), percentile(few, share), "10,000's");
    }
}
