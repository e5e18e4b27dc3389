//! What people ask: counts, a task, a page by each filter, and what happened over time.

use anyhow::Result;
use jiff::Timestamp;
use task_proto::v1;
use task_proto::v1::task_service_client::TaskServiceClient;
use tonic::transport::Channel;

/// A question with the name it is told under.
pub(super) enum Question {
    Counts,
    Get,
    List(&'static str, v1::TaskFilter),
    Count(&'static str, v1::TaskFilter),
    /// Over so many seconds.
    Stats(&'static str, i64),
    Errors,
}

impl Question {
    /// Each of them once.
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Self::Counts, Self::Get];
        let lists = [
            ("list, no filter", v1::TaskFilter::default()),
            ("list, PENDING", of(v1::Status::Pending)),
            ("list, RUNNING", of(v1::Status::Running)),
            ("list, RETRYING", of(v1::Status::Retrying)),
            ("list, SUCCEEDED", of(v1::Status::Succeeded)),
            ("list, FAILED", of(v1::Status::Failed)),
            ("list, CANCELLED", of(v1::Status::Cancelled)),
            ("list, a type", v1::TaskFilter { types: vec!["send".into()], ..Default::default() }),
            ("list, a type, FAILED", v1::TaskFilter { types: vec!["send".into()], ..of(v1::Status::Failed) }),
            ("list, a queue", v1::TaskFilter { queues: vec!["slow".into()], ..Default::default() }),
            ("list, a priority", v1::TaskFilter { priority: Some(0), ..Default::default() }),
            ("list, a name, found", v1::TaskFilter { name_contains: "99".into(), ..Default::default() }),
            (
                "list, a name, not there",
                v1::TaskFilter { name_contains: "nobody".into(), ..Default::default() },
            ),
            ("list, a time", v1::TaskFilter { created_until: Some(time()), ..Default::default() }),
            (
                "list, a text, found",
                v1::TaskFilter { payload_contains: "small".into(), ..Default::default() },
            ),
            (
                "list, a text, not there",
                v1::TaskFilter { payload_contains: "nothing".into(), ..Default::default() },
            ),
        ];
        all.extend(lists.into_iter().map(|(name, filter)| Self::List(name, filter)));
        let counts = [
            (
                "count, a type, FAILED",
                v1::TaskFilter { types: vec!["send".into()], ..of(v1::Status::Failed) },
            ),
            ("count, a name", v1::TaskFilter { name_contains: "99".into(), ..Default::default() }),
        ];
        all.extend(counts.into_iter().map(|(name, filter)| Self::Count(name, filter)));
        all.extend([
            Self::Stats("stats, an hour", 3_600),
            Self::Stats("stats, a week", 7 * 86_400),
            Self::Errors,
        ]);
        all
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Counts => "status counts",
            Self::Get => "get",
            Self::List(name, _) | Self::Count(name, _) | Self::Stats(name, _) => name,
            Self::Errors => "errors",
        }
    }

    pub(super) async fn ask(&self, client: &mut TaskServiceClient<Channel>) -> Result<()> {
        match self {
            Self::Counts => {
                client.get_status_counts(v1::GetStatusCountsRequest::default()).await?;
            }
            Self::Get => {
                // Some task of those that both databases have.
                let id = 1 + i64::from(rand::random::<u16>() % 10_000);
                client.get_task(v1::GetTaskRequest { id }).await?;
            }
            Self::List(_, filter) => {
                let filter = Some(filter.clone());
                client.list_tasks(v1::ListTasksRequest { filter, ..Default::default() }).await?;
            }
            Self::Count(_, filter) => {
                client.count_tasks(v1::CountTasksRequest { filter: Some(filter.clone()) }).await?;
            }
            Self::Stats(_, seconds) => {
                let window = Some(unlike_others(*seconds));
                client.get_stats(v1::GetStatsRequest { window, ..Default::default() }).await?;
            }
            Self::Errors => {
                let window = Some(unlike_others(86_400));
                client.list_errors(v1::ListErrorsRequest { window, ..Default::default() }).await?;
            }
        }
        Ok(())
    }
}

fn of(status: v1::Status) -> v1::TaskFilter {
    v1::TaskFilter { statuses: vec![status.into()], ..Default::default() }
}

/// So many seconds, and a hair more: the server would give the answer to the same question again.
fn unlike_others(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: rand::random_range(1..1_000_000_000) }
}

/// Half a day ago: behind the creation of the first tasks.
fn time() -> prost_types::Timestamp {
    let seconds = Timestamp::now().as_second() - 43_200;
    prost_types::Timestamp { seconds, nanos: 0 }
}
