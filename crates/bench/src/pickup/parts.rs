//! Where the time of pickups goes, by the database's clock, which is this machine's.

use std::collections::HashMap;

use anyhow::Result;

use super::Pickup;
use super::noting::KIND;
use crate::postgres::Postgres;
use crate::report::{Bar, Figure, Report, Unit};
use crate::statistics::percentile;

/// The parts, in their order. A statement's own time is that of its start; the claim's is told in its middle.
const PARTS: [&str; 3] = ["call to insert", "insert to claim", "claim to start"];

/// Tells the parts of these pickups, under that name; their tasks are the newest that have
/// their numbers as names.
pub(super) async fn tell(
    report: &mut Report,
    postgres: &Postgres,
    name: &str,
    pickups: &[Pickup],
) -> Result<()> {
    let mut connection = postgres.connect().await?;
    let rows: Vec<(String, f64, f64)> = sqlx::query_as(
        "select t.name, extract(epoch from t.created_at)::float8 * 1000, \
         extract(epoch from h.created_at)::float8 * 1000 \
         from task t join task_lane l on l.id = t.lane_id and l.type = $1 \
         join task_history h on h.task_id = t.id and h.version = 2 order by t.id",
    )
    .bind(KIND)
    .fetch_all(&mut connection)
    .await?;
    let moments: HashMap<_, _> =
        rows.into_iter().map(|(name, inserted, claimed)| (name, (inserted, claimed))).collect();
    let mut times: [Vec<f64>; PARTS.len()] = Default::default();
    for pickup in pickups {
        let Some(&(inserted, claimed)) = moments.get(&pickup.task.to_string()) else { continue };
        let moments = [pickup.sent, inserted, claimed, pickup.sent + pickup.took];
        for (part, pair) in times.iter_mut().zip(moments.windows(2)) {
            part.push(pair[1] - pair[0]);
        }
    }
    for (part, times) in PARTS.iter().zip(&times) {
        for (percent, share) in [("p50", 0.5), ("p99", 0.99)] {
            let name = format!("{name}, {part}, {percent}");
            let figure = Figure::new(4, name, Unit::Milliseconds, Bar::None);
            report.note(&figure, percentile(times, share));
        }
    }
    Ok(())
}
