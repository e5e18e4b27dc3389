//! Reads for many watches at once: what is asked while one read is under way shares the next one.

use std::collections::BTreeMap;
use std::sync::Arc;

use task_domain::ports::Error;
use task_domain::{HistoryEntry, TaskId, TaskSummary, Version};
use tokio::sync::{mpsc, oneshot};

use crate::Backend;

/// Questions that may wait; whoever comes later waits before asking.
const WAITING: usize = 1_024;
/// Most questions answered by one read.
const AT_A_TIME: usize = 256;
/// A read takes no further question once it is about so many tasks.
const TASKS: usize = 1_000;
/// Most changes in one answer, shared evenly among the tasks: a watch that was away for long, or a task
/// that changed without end, takes several reads.
pub(super) const CHANGES: usize = 4_096;

type Answer<T> = Result<T, Arc<Error>>;
/// What is asked about, and where the answer goes.
type Asked<Q, T> = Vec<(Vec<Q>, oneshot::Sender<Answer<T>>)>;

/// Changes of several tasks.
pub(super) struct Changes {
    /// In the order of task and version.
    pub(super) entries: Vec<HistoryEntry>,
    /// Tasks that may have more of them: ask again.
    pub(super) cut: Vec<TaskId>,
}

enum Question {
    Summaries(Vec<TaskId>, oneshot::Sender<Answer<Vec<TaskSummary>>>),
    Changes(Vec<(TaskId, Version)>, oneshot::Sender<Answer<Changes>>),
}

impl Question {
    fn tasks(&self) -> usize {
        match self {
            Self::Summaries(ids, _) => ids.len(),
            Self::Changes(cursors, _) => cursors.len(),
        }
    }
}

/// Asks the store on behalf of a watch.
#[derive(Clone)]
pub(crate) struct Lookup(mpsc::Sender<Question>);

/// Answers what [`Lookup`]s ask.
pub(crate) struct Answering<B> {
    backend: B,
    questions: mpsc::Receiver<Question>,
}

/// Makes the two ends.
pub(crate) fn lookup<B: Backend>(backend: B) -> (Lookup, Answering<B>) {
    let (ask, questions) = mpsc::channel(WAITING);
    (Lookup(ask), Answering { backend, questions })
}

impl Lookup {
    /// What a list shows of these tasks; unknown ones are left out.
    pub(crate) async fn summaries(&self, ids: Vec<TaskId>) -> Answer<Vec<TaskSummary>> {
        let (answer, answered) = oneshot::channel();
        self.ask(Question::Summaries(ids, answer), answered).await
    }

    /// The changes of these tasks after the versions given, or the first of them.
    pub(super) async fn changes(&self, cursors: Vec<(TaskId, Version)>) -> Answer<Changes> {
        let (answer, answered) = oneshot::channel();
        self.ask(Question::Changes(cursors, answer), answered).await
    }

    async fn ask<T>(&self, question: Question, answered: oneshot::Receiver<Answer<T>>) -> Answer<T> {
        let gone = || Arc::new(Error::Unavailable("the server is stopping".into()));
        self.0.send(question).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl<B: Backend> Answering<B> {
    /// Answers until nobody is left who could ask.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.questions.recv().await {
            let mut tasks = first.tasks();
            let mut questions = vec![first];
            while tasks < TASKS
                && questions.len() < AT_A_TIME
                && let Ok(next) = self.questions.try_recv()
            {
                tasks += next.tasks();
                questions.push(next);
            }
            self.answer(questions).await;
        }
    }

    async fn answer(&self, questions: Vec<Question>) {
        let (mut summaries, mut changes) = (Vec::new(), Vec::new());
        for question in questions {
            match question {
                Question::Summaries(ids, answer) => summaries.push((ids, answer)),
                Question::Changes(cursors, answer) => changes.push((cursors, answer)),
            }
        }
        tokio::join!(self.answer_summaries(summaries), self.answer_changes(changes));
    }

    async fn answer_summaries(&self, questions: Asked<TaskId, Vec<TaskSummary>>) {
        let mut ids: Vec<TaskId> = questions.iter().flat_map(|(ids, _)| ids).copied().collect();
        if ids.is_empty() {
            return;
        }
        ids.sort_unstable();
        ids.dedup();
        let found = self.backend.summaries(&ids).await.map_err(Arc::new);
        let found = found.map(|all| all.into_iter().map(|t| (t.id, t)).collect::<BTreeMap<_, _>>());
        for (ids, answer) in questions {
            let part = found.as_ref().map_err(Arc::clone);
            // Who no longer waits needs no answer.
            let _ = answer.send(part.map(|all| ids.iter().filter_map(|id| all.get(id).cloned()).collect()));
        }
    }

    async fn answer_changes(&self, questions: Asked<(TaskId, Version), Changes>) {
        // Where several watch one task, read from the place furthest back.
        let mut from: BTreeMap<TaskId, Version> = BTreeMap::new();
        for (task, version) in questions.iter().flat_map(|(cursors, _)| cursors) {
            from.entry(*task).and_modify(|v| *v = (*v).min(*version)).or_insert(*version);
        }
        if from.is_empty() {
            return;
        }
        let cursors: Vec<_> = from.into_iter().collect();
        let limit = (CHANGES / cursors.len()).max(1);
        let asked = self.backend.changes_since(&cursors, u32::try_from(limit).unwrap_or(u32::MAX));
        let found = asked.await.map(by_task).map_err(Arc::new);
        for (cursors, answer) in questions {
            let part = found.as_ref().map_err(Arc::clone);
            let _ = answer.send(part.map(|all| {
                let of = |(task, after): &(TaskId, Version)| {
                    let after = *after;
                    all.get(task).into_iter().flatten().filter(move |e| e.version > after).cloned()
                };
                let is_cut = |task: &TaskId| all.get(task).is_some_and(|entries| entries.len() >= limit);
                Changes {
                    entries: cursors.iter().flat_map(of).collect(),
                    cut: cursors.iter().map(|(task, _)| *task).filter(is_cut).collect(),
                }
            }));
        }
    }
}

fn by_task(entries: Vec<HistoryEntry>) -> BTreeMap<TaskId, Vec<HistoryEntry>> {
    let mut all: BTreeMap<TaskId, Vec<HistoryEntry>> = BTreeMap::new();
    for entry in entries {
        all.entry(entry.task).or_default().push(entry);
    }
    all
}
