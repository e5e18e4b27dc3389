//! Line 5: more workers never make it slower.

use anyhow::Result;

use crate::bench::Bench;
use crate::drain::{Start, measure};
use crate::report::{Bar, Figure, Unit};

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let tasks = bench.sizes.tasks;
    let one = measure(&bench.postgres, tasks, 1, Start::Full).await?;
    let four = measure(&bench.postgres, tasks, 4, Start::Full).await?;
    let figure = Figure::new(5, "drain by 4 workers", Unit::PerSecond, Bar::AtLeast(0.95));
    bench.report.share(&figure, four.rate, one.rate, "one worker");
    Ok(())
}
