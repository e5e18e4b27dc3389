//! The statements for a stretch of tasks, put together from the conditions given.

use jiff_sqlx::{Timestamp, ToSqlx};
use sqlx::{Postgres, QueryBuilder};
use task_domain::{Filter, Position, Status};

use crate::lane::Lanes;

/// Which stretch of tasks to read.
pub(super) struct Stretch {
    /// Only tasks after this place, in the order of pages.
    pub(super) after: Option<Position>,
    /// At most so many.
    pub(super) rows: usize,
}

/// Reads the tasks of a stretch as rows of `SummaryRow`. Nothing, if no task can meet the filter.
pub(super) fn summaries(filter: &Filter, lanes: &Lanes, stretch: &Stretch) -> Option<QueryBuilder<Postgres>> {
    let mut sql = page(filter, lanes, stretch)?;
    sql.push(
        "select t.id, t.created_at, t.lane_id, t.retries, t.name, \
         h.version, h.attempt, h.status, h.worker_id, h.created_at as updated_at, h.run_at \
         from page p join task t on t.id = p.task_id \
         cross join lateral (select * from task_history h where h.task_id = t.id order by h.version desc limit 1) h \
         order by p.created_at desc, p.task_id desc",
    );
    Some(sql)
}

/// Reads of each task of a stretch what a search has to see: its place, its name, and whether its payload holds what is
/// looked for.
pub(super) fn texts(filter: &Filter, lanes: &Lanes, stretch: &Stretch) -> Option<QueryBuilder<Postgres>> {
    let mut sql = page(filter, lanes, stretch)?;
    sql.push("select t.created_at, t.id, t.name, ");
    match &filter.payload_contains {
        Some(part) => {
            sql.push("position(lower(").push_bind(part.clone()).push(") in lower(t.payload)) > 0");
        }
        None => {
            sql.push("true");
        }
    }
    sql.push(" from page p join task t on t.id = p.task_id order by p.created_at desc, p.task_id desc");
    Some(sql)
}

/// The start of both: the stretch's tasks as `page`.
fn page(filter: &Filter, lanes: &Lanes, stretch: &Stretch) -> Option<QueryBuilder<Postgres>> {
    let mut sql = QueryBuilder::new("with page as materialized (select * from (");
    let by_lane = !filter.kinds.is_empty() || !filter.queues.is_empty() || filter.priority.is_some();
    if by_lane || !filter.statuses.is_empty() {
        let lanes = lanes.matching(|lane| {
            (filter.kinds.is_empty() || filter.kinds.contains(&lane.kind))
                && (filter.queues.is_empty() || filter.queues.contains(&lane.queue))
                && filter.priority.is_none_or(|p| p == lane.priority)
        });
        let lanes: Vec<i32> = lanes.into_iter().map(|(id, _)| id).collect();
        if lanes.is_empty() {
            return None;
        }
        let mut first = true;
        for relation in relations(&filter.statuses, by_lane) {
            if !std::mem::take(&mut first) {
                sql.push(" union all ");
            }
            relation.push(&mut sql, &lanes, filter, stretch);
        }
    } else {
        sql.push("select id as task_id, created_at from task t where true");
        push_bounds(&mut sql, filter, stretch, "created_at", "id");
        push_end(&mut sql, stretch, "created_at", "id");
    }
    sql.push(") r order by created_at desc, task_id desc limit ").push_bind(rows(stretch));
    sql.push(") ");
    Some(sql)
}

/// One relation that holds some of the tasks, with the index that has the page's order.
enum Relation {
    /// Lane by lane, in line by their creation.
    Fresh,
    /// Lane by lane, put back in line later.
    PutBack { status: Status },
    /// Lane by lane and status by status.
    Delayed { status: Status },
    /// As small as the fleet has slots: read whole.
    Running,
    /// Lane by lane and status by status.
    FinishedByLane { status: Status },
    /// Status by status, over all lanes: has an index for those that did not succeed, so that a success costs less.
    Finished { status: Status },
}

fn relations(statuses: &[Status], by_lane: bool) -> Vec<Relation> {
    let wanted = |s| statuses.is_empty() || statuses.contains(&s);
    let mut relations = Vec::new();
    for status in Status::ALL.into_iter().filter(|s| wanted(*s)) {
        match status {
            Status::Pending | Status::Retrying => {
                if status == Status::Pending {
                    relations.push(Relation::Fresh);
                }
                relations.push(Relation::PutBack { status });
                relations.push(Relation::Delayed { status });
            }
            Status::Running => relations.push(Relation::Running),
            Status::Failed | Status::Cancelled if !by_lane => relations.push(Relation::Finished { status }),
            Status::Succeeded | Status::Failed | Status::Cancelled => {
                relations.push(Relation::FinishedByLane { status });
            }
        }
    }
    relations
}

impl Relation {
    fn push(&self, sql: &mut QueryBuilder<Postgres>, lanes: &[i32], filter: &Filter, stretch: &Stretch) {
        match self {
            Self::Fresh => {
                push_lanes(sql, lanes);
                sql.push("task_ready t where t.lane_id = l.id and t.status = 0 and t.line_at = t.created_at");
                push_bounds(sql, filter, stretch, "line_at", "task_id");
                push_end(sql, stretch, "line_at", "task_id");
                sql.push(") r)");
            }
            Self::PutBack { status } => {
                push_lanes(sql, lanes);
                sql.push("task_ready t where t.lane_id = l.id and t.line_at <> t.created_at");
                sql.push(format!(" and t.status = {}", status.code()));
                push_bounds(sql, filter, stretch, "created_at", "task_id");
                push_end(sql, stretch, "created_at", "task_id");
                sql.push(") r)");
            }
            Self::Delayed { status } => {
                push_lanes(sql, lanes);
                sql.push(format!("task_delayed t where t.lane_id = l.id and t.status = {}", status.code()));
                push_bounds(sql, filter, stretch, "created_at", "task_id");
                push_end(sql, stretch, "created_at", "task_id");
                sql.push(") r)");
            }
            Self::Running => {
                sql.push("(select task_id, created_at from task_running t where t.lane_id = any(");
                sql.push_bind(lanes.to_vec()).push(")");
                push_bounds(sql, filter, stretch, "created_at", "task_id");
                push_end(sql, stretch, "created_at", "task_id");
                sql.push(")");
            }
            Self::FinishedByLane { status } => {
                push_lanes(sql, lanes);
                sql.push(format!("task_finished t where t.lane_id = l.id and t.status = {}", status.code()));
                push_bounds(sql, filter, stretch, "created_at", "task_id");
                push_end(sql, stretch, "created_at", "task_id");
                sql.push(") r)");
            }
            Self::Finished { status } => {
                sql.push(format!(
                    "(select task_id, created_at from task_finished t where t.status = {}",
                    status.code()
                ));
                push_bounds(sql, filter, stretch, "created_at", "task_id");
                push_end(sql, stretch, "created_at", "task_id");
                sql.push(")");
            }
        }
    }
}

fn push_lanes(sql: &mut QueryBuilder<Postgres>, lanes: &[i32]) {
    sql.push("(select r.task_id, r.created_at from unnest(").push_bind(lanes.to_vec());
    sql.push("::integer[]) l(id) cross join lateral (select task_id, created_at from ");
}

/// `at` and `id` are the columns that carry a task's creation and id in the index that is read.
fn push_bounds(sql: &mut QueryBuilder<Postgres>, filter: &Filter, stretch: &Stretch, at: &str, id: &str) {
    if let Some(from) = filter.created_from {
        sql.push(format!(" and t.{at} >= ")).push_bind(from.to_sqlx());
    }
    if let Some(until) = filter.created_until {
        sql.push(format!(" and t.{at} < ")).push_bind(until.to_sqlx());
    }
    if let Some(after) = stretch.after {
        let time: Timestamp = after.created_at.to_sqlx();
        sql.push(format!(" and (t.{at}, t.{id}) < (")).push_bind(time);
        sql.push(", ").push_bind(after.id.get()).push(")");
    }
}

fn push_end(sql: &mut QueryBuilder<Postgres>, stretch: &Stretch, at: &str, id: &str) {
    sql.push(format!(" order by t.{at} desc, t.{id} desc limit ")).push_bind(rows(stretch));
}

fn rows(stretch: &Stretch) -> i64 {
    i64::try_from(stretch.rows).unwrap_or(i64::MAX)
}
