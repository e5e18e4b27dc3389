//! The calls that look at the whole: statistics, types, errors, problems.

use std::collections::BTreeMap;

use jiff::Timestamp;
use task_domain::ports::{Counts, Survey};
use task_domain::{Head, Invalid, Kind, Status as TaskStatus, Tally, Window};
use task_proto::status::from_invalid;
use task_proto::{from_wire, to_wire, v1};
use tonic::Status;

use super::{problems, refuse};
use crate::Backend;

/// Most groups of errors at a time, and how many where nothing is said.
const GROUPS: u32 = 1_000;
const GROUPS_DEFAULT: u32 = 20;

/// What happened over time.
pub(crate) async fn stats<B: Backend>(
    backend: B,
    request: v1::GetStatsRequest,
) -> Result<v1::GetStatsResponse, Status> {
    let check = || {
        let window = from_wire::window(request.window, Window::default())?;
        Ok((window, from_wire::kinds(request.types)?, from_wire::queues(request.queues)?))
    };
    let (window, kinds, queues) = check().map_err(|e: Invalid| from_invalid(&e))?;
    let (stats, counts, heads) =
        tokio::try_join!(backend.stats(window, &kinds, &queues), backend.counts(&kinds), backend.heads())
            .map_err(|e| refuse(&e))?;
    let mut total = Tally::default();
    for (_, tally) in &stats.points {
        total.merge(tally);
    }
    let start = stats.points.first().map(|(start, _)| *start);
    let mut types: BTreeMap<Kind, v1::TypeStats> = BTreeMap::new();
    for (kind, tally) in &stats.kinds {
        types.insert(kind.clone(), of_type(kind, tally));
    }
    for (kind, counts) in &counts {
        let of = |status| counts.get(&status).copied().unwrap_or_default();
        let waiting = of(TaskStatus::Pending) + of(TaskStatus::Retrying);
        let running = of(TaskStatus::Running);
        if waiting + running > 0 || types.contains_key(kind) {
            let stats = types.entry(kind.clone()).or_insert_with(|| of_type(kind, &Tally::default()));
            (stats.waiting, stats.running) = (waiting, running);
        }
    }
    for head in heads.iter().filter(|head| queues.is_empty() || queues.contains(&head.lane.queue)) {
        if let Some(stats) = types.get_mut(&head.lane.kind) {
            note_oldest(stats, head);
        }
    }
    Ok(v1::GetStatsResponse {
        step: Some(to_wire::duration(window.step())),
        points: stats.points.iter().map(|(start, tally)| point(Some(*start), tally)).collect(),
        total: Some(point(start, &total)),
        types: types.into_values().collect(),
    })
}

fn of_type(kind: &Kind, tally: &Tally) -> v1::TypeStats {
    let point = point(None, tally);
    v1::TypeStats {
        r#type: kind.to_string(),
        activity: point.activity,
        waited: point.waited,
        ran: point.ran,
        ..v1::TypeStats::default()
    }
}

fn note_oldest(stats: &mut v1::TypeStats, head: &Head) {
    let since = to_wire::timestamp(head.since);
    let before = stats.oldest_since.as_ref().map(|at| (at.seconds, at.nanos));
    if before.is_none_or(|before| (since.seconds, since.nanos) < before) {
        stats.oldest_id = head.task.get();
        stats.oldest_since = Some(since);
    }
}

fn point(start: Option<Timestamp>, tally: &Tally) -> v1::StatsPoint {
    v1::StatsPoint {
        start: start.map(to_wire::timestamp),
        activity: Some(tally.activity.into()),
        waited: Some((&tally.waited).into()),
        ran: Some((&tally.ran).into()),
    }
}

/// The types.
pub(crate) async fn types<B: Backend>(backend: B) -> Result<v1::ListTypesResponse, Status> {
    let (kinds, workers) =
        tokio::try_join!(Survey::kinds(&backend), backend.workers()).map_err(|e| refuse(&e))?;
    let told = |info: task_domain::KindInfo| {
        let run = workers.iter().filter(|w| !w.draining && w.info.kinds.contains(&info.kind));
        v1::TaskType {
            workers: u32::try_from(run.clone().count()).unwrap_or(u32::MAX),
            slots: run.map(|w| w.info.slots).fold(0, u32::saturating_add),
            r#type: info.kind.to_string(),
            description: info.description.unwrap_or_default(),
            parameters_schema: info.parameters_schema.unwrap_or_default(),
        }
    };
    Ok(v1::ListTypesResponse { types: kinds.into_iter().map(told).collect() })
}

/// The errors, grouped.
pub(crate) async fn errors<B: Backend>(
    backend: B,
    request: v1::ListErrorsRequest,
) -> Result<v1::ListErrorsResponse, Status> {
    let check = || {
        let window = from_wire::window(request.window, Window::day())?;
        let limit = match request.limit {
            0 => GROUPS_DEFAULT,
            given @ 1..=GROUPS => given,
            given => return Err(Invalid::new("limit", format!("must be from 1 to {GROUPS}, not {given}"))),
        };
        Ok((window, from_wire::kinds(request.types)?, limit))
    };
    let (window, kinds, limit) = check().map_err(|e: Invalid| from_invalid(&e))?;
    let since = window.first_hour(Timestamp::now());
    let groups = backend.errors(since, &kinds, limit).await.map_err(|e| refuse(&e))?;
    Ok(v1::ListErrorsResponse { groups: groups.into_iter().map(Into::into).collect() })
}

/// What is wrong now.
pub(crate) async fn problems<B: Backend>(backend: B) -> Result<v1::ListProblemsResponse, Status> {
    let (heads, workers, counts, stats, losses) = tokio::try_join!(
        backend.heads(),
        backend.workers(),
        backend.counts(&[]),
        backend.stats(Window::default(), &[], &[]),
        backend.losses(problems::LATELY),
    )
    .map_err(|e| refuse(&e))?;
    let seen = problems::Seen {
        now: Timestamp::now(),
        heads: &heads,
        workers: &workers,
        waiting: waiting(&counts),
        points: &stats.points,
        losses,
    };
    Ok(v1::ListProblemsResponse { problems: problems::find(&seen) })
}

fn waiting(counts: &Counts) -> u64 {
    counts.values().filter_map(|of| of.get(&TaskStatus::Pending)).sum()
}
