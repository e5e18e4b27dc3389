//! Line 5: more workers never make it slower.

use anyhow::Result;

use crate::bench::Bench;
use crate::drain::{Drain, Start, measure};
use crate::report::{Bar, Figure, Unit};
use crate::scene::TURNS;
use crate::statistics::mean;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let (mut one, mut four) = (Vec::new(), Vec::new());
    for are_four in TURNS {
        let (drains, workers) = if are_four { (&mut four, 4) } else { (&mut one, 1) };
        drains.push(measure(&bench.postgres, bench.sizes.tasks, workers, Start::Full).await?);
    }
    let of =
        |drains: &[Drain], figure: fn(&Drain) -> f64| mean(&drains.iter().map(figure).collect::<Vec<_>>());
    let rate = |drains| of(drains, |drain| drain.rate);
    let figure = Figure::new(5, "drain by 4 workers", Unit::PerSecond, Bar::AtLeast(0.95));
    bench.report.share(&figure, rate(&four), rate(&one), "one worker");
    for (workers, drains) in [(1, &one), (4, &four)] {
        let claim = of(drains, |drain| drain.at_a_time.0);
        let record = of(drains, |drain| drain.at_a_time.1);
        for (what, tasks) in [("claim", claim), ("record", record)] {
            let name = format!("tasks in a {what}, {workers} draining");
            bench.report.note(&Figure::new(5, name, Unit::Count, Bar::None), tasks);
        }
    }
    Ok(())
}
