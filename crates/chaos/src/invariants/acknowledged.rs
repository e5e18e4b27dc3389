//! I1 and I2: what was acknowledged is there, once.

use std::collections::HashMap;

use super::tell;
use crate::evidence::Evidence;
use crate::figures::Outcome;

pub(super) fn judge(outcome: &mut Outcome, evidence: &Evidence) {
    let mut by_key: HashMap<&str, Vec<i64>> = HashMap::new();
    for (id, task) in &evidence.tasks {
        if let Some(key) = &task.key {
            by_key.entry(key).or_default().push(*id);
        }
    }
    let mut twice: Vec<String> = by_key
        .iter()
        .filter(|(_, ids)| ids.len() > 1)
        .map(|(key, ids)| format!("key {key} made the tasks {ids:?}"))
        .collect();
    let mut answered: HashMap<&str, i64> = HashMap::new();
    let mut lost = Vec::new();
    for ack in &evidence.log.acks {
        let first = *answered.entry(&ack.key).or_insert(ack.id);
        if first != ack.id {
            twice.push(format!("key {} was answered with task {first} and with task {}", ack.key, ack.id));
        }
    }
    for (key, id) in &answered {
        let there = evidence.tasks.get(id).is_some_and(|task| task.key.as_deref() == Some(key));
        if !there {
            lost.push(format!("task {id} of key {key} was acknowledged and is not in the database"));
        }
    }
    outcome.totals.acknowledged += answered.len() as u64;
    outcome.totals.lost += lost.len() as u64;
    tell(outcome, "I1", &lost);
    tell(outcome, "I2", &twice);
}
