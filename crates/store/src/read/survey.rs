//! Answers questions about the whole, from what was kept as work was recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use task_domain::ports::{Result, Survey};
use task_domain::{
    ErrorGroup, Head, Kind, KindInfo, Load, Losses, Queue, Stats, Tally, TaskId, Window, WorkerId,
};

use super::know;
use crate::Store;
use crate::error::from_sqlx;
use crate::row::{count, status};

/// Status number of what comes before a creation.
const NOTHING: i16 = -1;
/// Numbers of the two histograms.
const WAITED: i16 = 0;

type Moved = (Option<Stored>, Option<i32>, i16, i16, i64);
type Took = (Option<Stored>, Option<i32>, i16, i16, i64);
type Failed = (String, String, String, i64, Stored, Stored, i64);

impl Survey for Store {
    async fn stats(&self, window: Window, kinds: &[Kind], queues: &[Queue]) -> Result<Stats> {
        let mut connection = self.ask().await?;
        let now: Stored =
            sqlx::query_scalar("select now()").fetch_one(&mut *connection).await.map_err(from_sqlx)?;
        let starts = window.starts(now.to_jiff());
        let from = starts.first().copied().unwrap_or(Timestamp::UNIX_EPOCH).to_sqlx();
        let lanes = if kinds.is_empty() && queues.is_empty() {
            None
        } else {
            self.lanes().refresh(&mut connection).await.map_err(from_sqlx)?;
            let pass = self.lanes().matching(|lane| {
                (kinds.is_empty() || kinds.contains(&lane.kind))
                    && (queues.is_empty() || queues.contains(&lane.queue))
            });
            Some(pass.into_iter().map(|(id, _)| id).collect::<Vec<_>>())
        };
        let moved: Vec<Moved> = sqlx::query_as(include_str!("../../queries/stats/activity.sql"))
            .bind(window.step_minutes())
            .bind(from)
            .bind(&lanes)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let took: Vec<Took> = sqlx::query_as(include_str!("../../queries/stats/durations.sql"))
            .bind(window.step_minutes())
            .bind(from)
            .bind(&lanes)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let met = moved.iter().filter_map(|row| row.1).chain(took.iter().filter_map(|row| row.1));
        know(&mut connection, self.lanes(), met).await.map_err(from_sqlx)?;
        let mut of = Tallies {
            points: starts.into_iter().map(|start| (start, Tally::default())).collect(),
            kinds: BTreeMap::new(),
            store: self,
        };
        for (start, lane, before, after, n) in moved {
            let Some(tally) = of.tally(start, lane) else { continue };
            let before = (before != NOTHING).then(|| status(before)).transpose().map_err(from_sqlx)?;
            tally.activity.add(before, status(after).map_err(from_sqlx)?, n.unsigned_abs());
        }
        for (start, lane, what, bucket, n) in took {
            let Some(tally) = of.tally(start, lane) else { continue };
            let durations = if what == WAITED { &mut tally.waited } else { &mut tally.ran };
            durations.add(bucket.unsigned_abs(), n.unsigned_abs());
        }
        Ok(Stats { points: of.points.into_iter().collect(), kinds: of.kinds })
    }

    async fn errors(&self, since: Timestamp, kinds: &[Kind], limit: u32) -> Result<Vec<ErrorGroup>> {
        let rows: Vec<Failed> = sqlx::query_as(include_str!("../../queries/stats/errors.sql"))
            .bind(since.to_sqlx())
            .bind(kinds.iter().map(ToString::to_string).collect::<Vec<_>>())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.ask().await?)
            .await
            .map_err(from_sqlx)?;
        let group = |(kind, pattern, example, n, first, last, task): Failed| ErrorGroup {
            kind: Kind::from_store(kind),
            pattern,
            example,
            count: n.unsigned_abs(),
            first_at: first.to_jiff(),
            last_at: last.to_jiff(),
            last_task: TaskId::from_store(task),
        };
        Ok(rows.into_iter().map(group).collect())
    }

    async fn kinds(&self) -> Result<Vec<KindInfo>> {
        let rows: Vec<(String, Option<String>, Option<String>)> =
            sqlx::query_as(include_str!("../../queries/stats/types.sql"))
                .fetch_all(&mut *self.ask().await?)
                .await
                .map_err(from_sqlx)?;
        let info = |(kind, description, parameters_schema)| KindInfo {
            kind: Kind::from_store(kind),
            description,
            parameters_schema,
        };
        Ok(rows.into_iter().map(info).collect())
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        let mut connection = self.ask().await?;
        self.lanes().refresh(&mut connection).await.map_err(from_sqlx)?;
        let lanes: Vec<i32> = self.lanes().matching(|_| true).into_iter().map(|(id, _)| id).collect();
        let bounds = self.heads_seen().bounds(&lanes);
        let rows: Vec<(i32, Stored, i64)> = sqlx::query_as(include_str!("../../queries/stats/heads.sql"))
            .bind(&lanes)
            .bind(bounds)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let seen = rows.iter().map(|(lane, since, _)| (*lane, since.to_jiff()));
        self.heads_seen().note(seen);
        let head = |(lane, since, task): (i32, Stored, i64)| {
            Some(Head {
                lane: self.lanes().lane(lane)?,
                task: TaskId::from_store(task),
                since: since.to_jiff(),
            })
        };
        Ok(rows.into_iter().filter_map(head).collect())
    }

    async fn load(&self, since: Timestamp, workers: &[WorkerId]) -> Result<BTreeMap<WorkerId, Vec<Load>>> {
        let rows: Vec<(i64, Stored, f64, i32)> =
            sqlx::query_as(include_str!("../../queries/worker/load.sql"))
                .bind(since.to_sqlx())
                .bind(workers.iter().map(|w| w.get()).collect::<Vec<_>>())
                .fetch_all(&mut *self.ask().await?)
                .await
                .map_err(from_sqlx)?;
        let mut load: BTreeMap<WorkerId, Vec<Load>> = BTreeMap::new();
        for (worker, start, busy, busy_max) in rows {
            let minute = Load { start: start.to_jiff(), busy, busy_max: count(busy_max) };
            load.entry(WorkerId::from_store(worker)).or_default().push(minute);
        }
        Ok(load)
    }

    async fn losses(&self, within: Duration) -> Result<Losses> {
        let (workers, stale): (i64, i64) = sqlx::query_as(include_str!("../../queries/stats/losses.sql"))
            .bind(within.as_secs_f64())
            .fetch_one(&mut *self.ask().await?)
            .await
            .map_err(from_sqlx)?;
        Ok(Losses { workers: workers.unsigned_abs(), stale_writes: stale.unsigned_abs() })
    }
}

/// Where rows are counted: each is one of a step or one of a lane.
struct Tallies<'a> {
    points: BTreeMap<Timestamp, Tally>,
    kinds: BTreeMap<Kind, Tally>,
    store: &'a Store,
}

impl Tallies<'_> {
    fn tally(&mut self, start: Option<Stored>, lane: Option<i32>) -> Option<&mut Tally> {
        match (start, lane) {
            (Some(start), _) => self.points.get_mut(&start.to_jiff()),
            (None, Some(lane)) => Some(self.kinds.entry(self.store.lanes().lane(lane)?.kind).or_default()),
            (None, None) => None,
        }
    }
}
