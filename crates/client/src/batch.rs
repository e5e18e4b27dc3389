//! Cuts many tasks into calls that fit.

use prost::Message;
use task_domain::limits::BATCH_TASKS;
use task_proto::{MAX_MESSAGE_BYTES, v1};

/// Room for the rest of a message, and for keys that the client adds.
const MOST_BYTES: usize = MAX_MESSAGE_BYTES - (1 << 20);

/// Cuts tasks into batches for [`Client::create_batch`](crate::Client::create_batch): at most `most`
/// tasks (and never more than 1,000), and never more bytes than a message may have.
///
/// Takes one batch from `tasks` at a time, so a long iterator is never held as a whole.
pub fn batches(
    tasks: impl IntoIterator<Item = v1::TaskSpec>,
    most: usize,
) -> impl Iterator<Item = Vec<v1::TaskSpec>> {
    let most = most.clamp(1, BATCH_TASKS);
    let mut tasks = tasks.into_iter();
    let mut next = tasks.next();
    std::iter::from_fn(move || {
        let first = next.take()?;
        let mut bytes = size(&first);
        let mut batch = vec![first];
        for task in tasks.by_ref() {
            bytes += size(&task);
            if batch.len() == most || bytes > MOST_BYTES {
                next = Some(task);
                break;
            }
            batch.push(task);
        }
        Some(batch)
    })
}

/// Bytes of a task in a message, its head and a key included.
fn size(task: &v1::TaskSpec) -> usize {
    task.encoded_len() + 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks(count: usize, payload: usize) -> impl Iterator<Item = v1::TaskSpec> {
        (0..count).map(move |n| v1::TaskSpec {
            name: n.to_string(),
            payload: "x".repeat(payload),
            ..Default::default()
        })
    }

    #[test]
    fn counts_are_kept_and_nothing_is_lost() {
        let sizes: Vec<_> = batches(tasks(2_500, 0), 5_000).map(|b| b.len()).collect();
        assert_eq!(sizes, [1_000, 1_000, 500]);
        let names: Vec<_> = batches(tasks(7, 0), 3).flatten().map(|t| t.name).collect();
        assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6"]);
        assert_eq!(batches(tasks(0, 0), 3).count(), 0);
    }

    #[test]
    fn large_payloads_make_smaller_batches() {
        let all: Vec<_> = batches(tasks(40, 1 << 20), 1_000).collect();
        assert!(all.len() > 1);
        assert_eq!(all.iter().map(Vec::len).sum::<usize>(), 40);
        for tasks in all {
            assert!(v1::CreateTasksRequest { tasks }.encoded_len() < MAX_MESSAGE_BYTES);
        }
    }
}
