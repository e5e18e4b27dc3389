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
    for (workers, drain) in [(1, one), (4, four)] {
        for (what, tasks) in [("claim", drain.at_a_time.0), ("record", drain.at_a_time.1)] {
            let name = format!("tasks in a {what}, {workers} draining");
            bench.report.note(&Figure::new(5, name, Unit::Count, Bar::None), tasks);
        }
    }
    Ok(())
}
