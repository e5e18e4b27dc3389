//! Faults in statements, put in on purpose; see [`task_domain::seeded`].

/// A statement as it stands in its file, unless a fault is named that changes it.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn statement(text: &'static str) -> &'static str {
    text
}

/// A statement, with the fault that is named.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn statement(text: &'static str) -> &'static str {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};

    /// The fault's name, what it takes out of a statement, and what it puts there.
    const BUGS: [(&str, &str, &str); 11] = [
        (
            "record-without-fence",
            "and r.epoch = any(array[i.epoch]) and r.attempt = any(array[i.attempt]) and r.worker_id = $1",
            "",
        ),
        (
            "record-past-the-lease",
            "select lease_until > now() as alive from task_worker where id = $1 and ended_at is null",
            "select true as alive from task_worker where id = $1",
        ),
        (
            "record-without-history",
            "then epoch end\n    from gone",
            "then epoch end\n    from gone where false",
        ),
        (
            "claim-leaves-in-line",
            "delete from task_ready where ctid = any((select places from picked)::tid[])\n    returning *",
            "select * from task_ready where ctid = any((select places from picked)::tid[])",
        ),
        (
            "claim-leaves-in-line",
            "delete from task_ready where ctid = (select place from picked)\n    returning *",
            "select * from task_ready where ctid = (select place from picked)",
        ),
        (
            "reclaim-from-the-living",
            "where not exists (select from task_worker w where w.id = r.worker_id and w.ended_at is null)",
            "where true",
        ),
        (
            "quarantine-never",
            "when suspect and (suspects = 1 or crashes >= 2 * $2) then 4",
            "when false then 4",
        ),
        ("keys-forgotten", "where key_hash is null or id in (select task_id from keyed)", ""),
        ("keys-forgotten", "where id in (select task_id from keyed)", ""),
        (
            "lease-of-the-ended",
            "case when exists (select from task_worker where id = $1 and ended_at is null and lease_until > now()) then",
            "case when true then",
        ),
        ("lease-of-the-ended", "and exists (select from lease)", ""),
    ];
    static CHANGED: LazyLock<Mutex<HashMap<&'static str, &'static str>>> = LazyLock::new(Mutex::default);
    let named = BUGS.iter().find(|(name, from, _)| task_domain::seeded::bug(name) && text.contains(from));
    let Some((_, from, to)) = named else { return text };
    let mut changed = CHANGED.lock().expect("no holder of this lock panics");
    changed.entry(text).or_insert_with(|| text.replace(from, to).leak())
}
