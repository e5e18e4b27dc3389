//! Statistics, errors and types as tables.

use comfy_table::Cell;
use jiff::Timestamp;
use task_client::v1;

use super::table::Table;
use super::text::clean;
use super::when;

/// A row for each type, and one for all.
pub(crate) fn show(answer: &v1::GetStatsResponse, color: bool) -> String {
    let headings = [
        "TYPE",
        "CREATED#",
        "SUCCEEDED#",
        "FAILED#",
        "RETRIED#",
        "WAITING#",
        "RUNNING#",
        "WAIT P50#",
        "WAIT P99#",
        "RUN P50#",
        "RUN P99#",
    ];
    let mut table = Table::new(&headings, color);
    let zero = v1::Activity::default();
    let mut all = (0, 0);
    for kind in &answer.types {
        all = (all.0 + kind.waiting, all.1 + kind.running);
        let now = (kind.waiting, kind.running);
        let activity = kind.activity.as_ref().unwrap_or(&zero);
        table.row(row(&clean(&kind.r#type, false), activity, now, kind.waited.as_ref(), kind.ran.as_ref()));
    }
    if let Some(total) = &answer.total {
        let activity = total.activity.as_ref().unwrap_or(&zero);
        table.row(row("TOTAL", activity, all, total.waited.as_ref(), total.ran.as_ref()));
    }
    table.show()
}

fn row(
    name: &str,
    activity: &v1::Activity,
    now: (u64, u64),
    waited: Option<&v1::Latency>,
    ran: Option<&v1::Latency>,
) -> Vec<Cell> {
    let span = |latency: Option<&v1::Latency>, pick: fn(&v1::Latency) -> Option<&prost_types::Duration>| {
        let known = latency.filter(|latency| latency.count > 0);
        Cell::new(
            known.and_then(|latency| when::wire_duration(pick(latency))).unwrap_or_else(|| "-".to_owned()),
        )
    };
    vec![
        Cell::new(name),
        Cell::new(activity.created),
        Cell::new(activity.succeeded),
        Cell::new(activity.failed),
        Cell::new(activity.retrying),
        Cell::new(now.0),
        Cell::new(now.1),
        span(waited, |l| l.p50.as_ref()),
        span(waited, |l| l.p99.as_ref()),
        span(ran, |l| l.p50.as_ref()),
        span(ran, |l| l.p99.as_ref()),
    ]
}

/// A problem in a line, with what to do about it.
pub(crate) fn problem(problem: &v1::Problem) -> String {
    let grave = problem.severity == i32::from(v1::Severity::Critical);
    let word = if grave { "critical" } else { "warning" };
    format!("{word}: {}\n  {}", clean(&problem.message, false), clean(&problem.advice, false))
}

/// A row for each group of errors.
pub(crate) fn errors(answer: &v1::ListErrorsResponse, color: bool) -> String {
    let now = Timestamp::now();
    let mut table = Table::new(&["COUNT#", "TYPE", "LAST", "TASK#", "ERROR"], color);
    for group in &answer.groups {
        table.tall_row(vec![
            Cell::new(group.count),
            Cell::new(clean(&group.r#type, false)),
            Cell::new(when::relative(group.last_at.as_ref(), now)),
            Cell::new(group.last_task_id),
            Cell::new(clean(&group.example, false)),
        ]);
    }
    table.show()
}

/// A row for each type.
pub(crate) fn types(answer: &v1::ListTypesResponse, color: bool) -> String {
    let mut table = Table::new(&["TYPE", "WORKERS#", "SLOTS#", "PARAMETERS", "DESCRIPTION"], color);
    for kind in &answer.types {
        table.tall_row(vec![
            Cell::new(clean(&kind.r#type, false)),
            Cell::new(kind.workers),
            Cell::new(kind.slots),
            Cell::new(parameters(&kind.parameters_schema)),
            Cell::new(clean(&kind.description, false)),
        ]);
    }
    table.show()
}

/// The names of a schema's parameters, those that must be given marked by a star.
fn parameters(schema: &str) -> String {
    let Ok(schema) = serde_json::from_str::<serde_json::Value>(schema) else { return "-".to_owned() };
    let required = |name: &str| {
        let names = schema["required"].as_array();
        names.is_some_and(|names| names.iter().any(|n| n == name))
    };
    let Some(properties) = schema["properties"].as_object() else { return "-".to_owned() };
    let name = |name: &String| if required(name) { format!("{name}*") } else { name.clone() };
    clean(&properties.keys().map(name).collect::<Vec<_>>().join(", "), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_must_be_given_are_marked() {
        let schema = r#"{"properties":{"to":{},"cc":{}},"required":["to"]}"#;
        assert_eq!(parameters(schema), "cc, to*");
        assert_eq!(parameters(""), "-");
        assert_eq!(parameters("[1]"), "-");
    }

    #[test]
    fn a_type_that_nothing_happened_to_has_no_times() {
        let kind = v1::TypeStats { r#type: "a".into(), waiting: 3, ..Default::default() };
        let answer = v1::GetStatsResponse {
            types: vec![kind],
            total: Some(v1::StatsPoint::default()),
            ..Default::default()
        };
        let shown = show(&answer, false);
        let last = shown.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(last, ["TOTAL", "0", "0", "0", "0", "3", "0", "-", "-", "-", "-"]);
    }
}
