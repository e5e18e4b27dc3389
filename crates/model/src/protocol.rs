//! The model as the checker sees it: what may happen in a state, and what must hold.

use stateright::{Model, Property};
use task_domain::Status;

use crate::action::Action;
use crate::heal::heals;
use crate::property;
use crate::state::{Held, Left, State, Statement, TASKS, Worker};
use crate::step::{Steps, number};
use crate::twin::Twin;

/// Claims, renewals, records, losses and takings back between two workers, a server and a database.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// What keeps it finite.
    pub bounds: Bounds,
    /// The seeded bug, if any.
    pub twin: Option<Twin>,
}

/// What keeps the model finite.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Crashes, pauses and lost answers, cancels, retries by hand, sign-offs and put-backs.
    pub left: Left,
    /// Registrations of all workers together.
    pub sessions: usize,
    /// Claims of one registration.
    pub claims: u8,
    /// Tasks in one worker's hands.
    pub slots: usize,
    /// How many of the workers there are.
    pub workers: usize,
    /// Whether the only faults are deaths of workers.
    pub only_deaths: bool,
    /// Whether workers come only once those before them are known to be gone, run what they have without end,
    /// and die only while they wait for nothing: what else may happen then, shorter lives show as well.
    pub one_by_one: bool,
}

impl Protocol {
    fn steps(&self) -> Steps {
        Steps { twin: self.twin }
    }

    fn of_worker(&self, state: &State, w: usize, worker: &Worker, actions: &mut Vec<Action>) {
        let Some(session) = worker.session else {
            // Workers are alike: the second one registers after the first.
            let after_all = !self.bounds.one_by_one || state.sessions.iter().all(|s| s.ended);
            let in_turn = (w == 0 || !state.sessions.is_empty()) && after_all;
            if state.sessions.len() < self.bounds.sessions && in_turn {
                actions.push(Action::Register(w));
            }
            return;
        };
        let deaths = state.left.faults > 0;
        let faults = deaths && !self.bounds.only_deaths;
        let idle = worker.waiting.is_none();
        if idle && worker.claims < self.bounds.claims && worker.held.len() < self.bounds.slots {
            actions.push(Action::Claim(w));
        }
        if faults && !idle {
            actions.push(Action::ClaimAnswerLost(w));
        }
        if deaths && (idle || !self.bounds.one_by_one) {
            actions.push(Action::Crash(w));
        }
        if faults && state.is_live(session) {
            actions.push(Action::StandsStill(w));
        }
        if state.left.operations > 0 {
            actions.push(Action::SignOff(w));
        }
        let ended = state.has_ended(session);
        let lost = |h: &Held| {
            h.decision.is_none()
                && state.rows[h.task].holder.is_none_or(|holder| holder.claim != h.fence.claim)
        };
        if ended || !state.is_live(session) || worker.slept || worker.held.iter().any(lost) {
            actions.push(Action::Renew(w));
        }
        for held in &worker.held {
            let task = held.task;
            if held.decision.is_none() && self.bounds.one_by_one {
                continue;
            }
            if held.decision.is_none() {
                let endings = Steps::endings(state, task, held.fence);
                actions.extend(endings.into_iter().map(|decision| Action::AttemptEnds {
                    worker: w,
                    task,
                    decision,
                }));
                continue;
            }
            // Before it has renewed, it is only told to do so.
            if ended || state.is_live(session) || self.twin == Some(Twin::ExpiredMayRecord) {
                actions.push(Action::Record { worker: w, task });
            }
            if faults && !held.doubt {
                actions.push(Action::RecordAnswerLost { worker: w, task });
            }
        }
    }

    fn of_statement(&self, state: &State, statement: Statement, actions: &mut Vec<Action>) {
        match statement {
            Statement::Claim { claim, locked: Some(_), .. } => actions.push(Action::ClaimCommits(claim)),
            Statement::Claim { session, claim, locked: None, .. } => {
                let may = |task: &usize| self.steps().may_choose(state, session, *task);
                let tasks: Vec<usize> = (0..TASKS).filter(may).collect();
                if tasks.is_empty() {
                    actions.push(Action::ClaimFindsNothing(claim));
                }
                actions.extend(tasks.into_iter().map(|task| Action::ClaimRuns { claim, task }));
            }
            Statement::Record { .. } => actions.push(Action::LateRecord(number(statement))),
        }
    }

    fn of_time_and_server(&self, state: &State, actions: &mut Vec<Action>) {
        for (n, session) in state.sessions.iter().enumerate() {
            let n = u8::try_from(n).unwrap_or(u8::MAX);
            // While the server has watched all along, a worker that is there renews in time.
            let kept_alive = state.is_owned(n) && state.watched;
            if !session.ended && !session.ran_out && !kept_alive {
                actions.push(Action::LeaseRunsOut(n));
            }
        }
        let late = |w: &Worker| w.session.is_some_and(|s| !state.is_live(s) && !state.has_ended(s));
        if !state.watched && !state.workers.iter().any(late) {
            actions.push(Action::Watched);
        }
        let judges = state.watched || self.twin == Some(Twin::SweepAfterRestart);
        if judges && state.sessions.iter().any(|s| s.ran_out && !s.ended) {
            actions.push(Action::Sweep);
        }
        let left_behind = |task: usize| {
            !state.is_locked(task) && state.rows[task].holder.is_some_and(|h| state.has_ended(h.session))
        };
        if (0..TASKS).any(left_behind) || !state.marked.is_empty() {
            actions.push(Action::Reclaim);
        }
    }

    fn of_database(&self, state: &State, actions: &mut Vec<Action>) {
        if state.left.faults > 0 && !self.bounds.only_deaths {
            actions.extend((0..=state.unflushed.len()).map(|kept| Action::DatabaseCrashes { kept }));
        }
    }

    fn of_operators(&self, state: &State, actions: &mut Vec<Action>) {
        if state.left.operations == 0 {
            return;
        }
        for task in 0..TASKS {
            let status = state.rows[task].status;
            let cancels =
                status.may_cancel() || self.twin == Some(Twin::CancelTerminal) && status != Status::Cancelled;
            if cancels && !state.is_locked(task) {
                actions.push(Action::Cancel(task));
            }
            if status.may_retry_by_hand() {
                actions.push(Action::RetryByHand(task));
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::start(self.bounds.left)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // What comes after a broken property says nothing more.
        if state.broken.is_some() {
            return;
        }
        for (w, worker) in state.workers.iter().enumerate().take(self.bounds.workers) {
            self.of_worker(state, w, worker, actions);
        }
        for statement in &state.flight {
            self.of_statement(state, *statement, actions);
        }
        self.of_time_and_server(state, actions);
        self.of_database(state, actions);
        self.of_operators(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        self.steps().take(&mut next, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        /// What steps note when they break it.
        macro_rules! noted {
            ($name:expr) => {
                Property::always($name, |_: &Self, state: &State| state.broken != Some($name))
            };
        }
        vec![
            noted!(property::LEGAL),
            noted!(property::GAPLESS),
            noted!(property::ABSORBING),
            noted!(property::ONE_LEASE),
            noted!(property::LIVE_CLAIM),
            noted!(property::FENCED),
            noted!(property::TAKEN_FROM_THE_LOST),
            noted!(property::RESTART_IS_FREE),
            noted!(property::TRUE_VERDICT),
            Property::always(property::QUARANTINE, |_: &Self, state: &State| {
                property::killers_are_stopped(state)
            }),
            Property::always(property::BENEFIT_OF_DOUBT, |_: &Self, state: &State| {
                property::bystanders_go_on(state)
            }),
            Property::always(property::ATTEMPTS, |_: &Self, state: &State| {
                property::only_failures_cost_attempts(state)
            }),
            Property::always(property::NOTHING_LOST, |model: &Self, state: &State| {
                state.broken.is_some() || heals(model.steps(), state)
            }),
            Property::sometimes(property::STALE_TRIED, |_: &Self, state: &State| state.seen.stale),
            Property::sometimes(property::QUARANTINED, |_: &Self, state: &State| state.seen.quarantined),
            Property::sometimes(property::SUSPECTED, |_: &Self, state: &State| {
                state.seen.lost.iter().flatten().any(|suspects| *suspects > 1)
            }),
        ]
    }
}
