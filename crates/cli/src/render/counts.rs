//! How many tasks stand where, as a table.

use comfy_table::Cell;
use task_client::v1;
use task_domain::Status;

use super::status;
use super::table::Table;
use super::text::clean;

/// A row for each status; below it a row for each type, where there are several.
pub(crate) fn show(answer: &v1::GetStatusCountsResponse, color: bool) -> String {
    let mut table = Table::new(&["STATUS", "COUNT#"], color);
    for count in &answer.counts {
        table.row(vec![status::cell(count.status), Cell::new(count.count)]);
    }
    let total: u64 = answer.counts.iter().map(|c| c.count).sum();
    table.row(vec![Cell::new("TOTAL"), Cell::new(total)]);
    let mut shown = table.show();
    if answer.types.len() > 1 {
        shown.push_str("\n\n");
        shown.push_str(&by_type(&answer.types, color));
    }
    shown
}

fn by_type(types: &[v1::TypeCounts], color: bool) -> String {
    let headings: Vec<String> = Status::ALL.iter().map(|s| format!("{s}#")).collect();
    let headings: Vec<&str> = std::iter::once("TYPE").chain(headings.iter().map(String::as_str)).collect();
    let mut table = Table::new(&headings, color);
    for kind in types {
        let of = |wanted: Status| {
            let count = kind.counts.iter().find(|c| status::read(c.status) == Some(wanted));
            Cell::new(count.map_or(0, |c| c.count))
        };
        let cells = std::iter::once(Cell::new(clean(&kind.r#type, false))).chain(Status::ALL.map(of));
        table.row(cells.collect());
    }
    table.show()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_apart_where_there_are_several() {
        let count = |status: v1::Status, count| v1::StatusCount { status: status.into(), count };
        let kind = |name: &str, counts| v1::TypeCounts { r#type: name.into(), counts };
        let mut answer = v1::GetStatusCountsResponse {
            counts: vec![count(v1::Status::Pending, 2), count(v1::Status::Failed, 40)],
            types: vec![kind("a", vec![count(v1::Status::Pending, 2)])],
        };
        let shown = show(&answer, false);
        assert!(shown.lines().any(|l| l.starts_with("TOTAL") && l.ends_with(" 42")), "{shown}");
        assert!(!shown.contains("TYPE"));
        answer.types.push(kind("b", vec![count(v1::Status::Failed, 40)]));
        let shown = show(&answer, false);
        let last = shown.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(last, ["b", "0", "0", "0", "0", "40", "0"]);
    }
}
