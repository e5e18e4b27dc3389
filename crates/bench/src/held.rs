//! Line 3, held: whole lives at full speed for minutes, second by second.

mod full_speed;

use anyhow::Result;

use crate::bench::Bench;
use crate::ceiling;
use crate::report::{Bar, Figure, Unit};
use crate::statistics::{first_quarter, last_quarter, mean};

pub(crate) use full_speed::FullSpeed;

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let time = bench.sizes.life;
    let ceiling = ceiling::held(&bench.postgres, time).await?;
    bench.postgres.fresh().await?;
    let lives = FullSpeed::start(&bench.postgres).await?.run(time).await?;
    let name = format!("whole lives held for {} s", time.as_secs());
    let figure = Figure::new(3, name, Unit::PerSecond, Bar::AtLeast(0.7));
    bench.report.share(&figure, mean(&lives), mean(&ceiling), "ceiling held");
    // What checkpoints cost, the ceiling pays too; a tenth is noise.
    let kept = |rates: &[f64]| 100.0 * last_quarter(rates) / first_quarter(rates);
    let name = "speed kept, last quarter of the first";
    let figure = Figure::new(3, name, Unit::Percent, Bar::AtLeast(0.9));
    bench.report.share(&figure, kept(&lives), kept(&ceiling), "ceiling's");
    Ok(())
}
