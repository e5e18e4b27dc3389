//! Where the time of a pickup goes, by the database's clock, which is this machine's.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::noting::KIND;
use crate::postgres::Postgres;
use crate::report::{Bar, Figure, Report, Unit};
use crate::statistics::percentile;

/// The parts, in their order. A statement's own time is that of its start; the claim's is told in its middle.
const PARTS: [&str; 3] = ["call to insert", "insert to claim", "claim to start"];

/// A task's call and start, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) sent: f64,
    pub(super) started: f64,
}

/// The present, in milliseconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// Tells the parts of these pickups, which are named by their numbers.
pub(super) async fn tell(report: &mut Report, postgres: &Postgres, ends: &[(u64, Ends)]) -> Result<()> {
    let mut connection = postgres.connect().await?;
    let rows: Vec<(String, f64, f64)> = sqlx::query_as(
        "select t.name, extract(epoch from t.created_at)::float8 * 1000, \
         extract(epoch from h.created_at)::float8 * 1000 \
         from task t join task_lane l on l.id = t.lane_id and l.type = $1 \
         join task_history h on h.task_id = t.id and h.version = 2",
    )
    .bind(KIND)
    .fetch_all(&mut connection)
    .await?;
    let mut times: [Vec<f64>; PARTS.len()] = Default::default();
    for (name, inserted, claimed) in rows {
        let Some((_, ends)) = ends.iter().find(|(number, _)| number.to_string() == name) else { continue };
        let moments = [ends.sent, inserted, claimed, ends.started];
        for (part, pair) in times.iter_mut().zip(moments.windows(2)) {
            part.push(pair[1] - pair[0]);
        }
    }
    for (part, times) in PARTS.iter().zip(&times) {
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let figure = Figure::new(4, format!("of it, {part}, {name}"), Unit::Milliseconds, Bar::None);
            report.note(&figure, percentile(times, share));
        }
    }
    Ok(())
}
