//! `task cancel` and `task retry`.

use super::service::Service;

#[test]
fn tasks_are_cancelled_and_retried() {
    let service = Service::start();
    let (a, b) = (service.create("a"), service.create("b"));
    let table = service.cli(&["task", "cancel", "--id", &a, "--id", &b, "--reason", "a test"]);
    assert_eq!(table.is_well().stdout.matches("CANCELLED").count(), 2, "{table:?}");
    let again = service.cli(&["task", "retry", &a, "-o", "json"]);
    assert_eq!(again.is_well().json()["task"]["status"], "STATUS_PENDING");
    let yaml = service.cli(&["task", "retry", &b, "-o", "yaml"]).is_well().stdout.clone();
    assert!(yaml.contains("status: STATUS_PENDING"), "{yaml}");
    let both = service.cli(&["task", "cancel", &a, &b, "-o", "json"]);
    let documents =
        serde_json::Deserializer::from_str(&both.is_well().stdout).into_iter::<serde_json::Value>();
    assert_eq!(documents.map(Result::unwrap).count(), 2);
}

#[test]
fn what_is_refused_says_why_and_keeps_nobody_else_from_it() {
    let service = Service::start();
    let (a, b) = (service.create("a"), service.create("b"));
    service.cli(&["task", "retry", &a]).fails(1, "PENDING");
    let some = service.cli(&["task", "cancel", &a, "999", &b]);
    some.fails(4, "999");
    assert_eq!(some.stdout.matches("CANCELLED").count(), 2, "{some:?}");
    service.cli(&["task", "cancel", &a]).fails(1, "CANCELLED");
    service.cli(&["task", "cancel", "--reason", "none"]).fails(2, "no task is named");
    service.cli(&["task", "cancel"]).fails(2, "give --id N");
}

#[test]
fn all_that_meet_a_filter_are_meant_once_that_is_agreed_to() {
    let service = Service::start();
    for name in ["one", "two", "other"] {
        service.create(name);
    }
    // Nobody is there to agree.
    let asked = service.cli(&["task", "cancel", "--name", "o", "--status", "pending"]);
    asked.fails(2, "3 tasks meet the filter: --yes to cancel them");
    service.cli(&["task", "cancel", "--name", "nothing like it"]).is_well();
    let some = service.cli(&["task", "cancel", "--name", "t", "--yes", "-o", "json"]).is_well().json();
    assert_eq!((&some["matched"], &some["done"]), (&"2".into(), &true.into()), "two, other");
    let retried = service.cli(&["task", "retry", "--status", "cancelled", "--yes"]);
    assert!(retried.is_well().stdout.contains("retry: 2 tasks"), "{retried:?}");
    let all = service.cli(&["task", "cancel", "--all", "--yes"]);
    assert!(all.is_well().stdout.contains("cancel: 3 tasks"), "{all:?}");
    service.cli(&["task", "retry", "--all", "--id", "1"]).fails(2, "either ids or filters");
    service.cli(&["task", "retry", "--status", "running", "--yes"]).fails(2, "ended");
}

#[test]
fn the_past_the_types_and_what_is_wrong_are_shown() {
    let service = Service::start();
    service.create("one");
    let stats = service.cli(&["task", "stats"]);
    let total = stats.is_well().stdout.lines().find(|line| line.starts_with("TOTAL")).unwrap().to_owned();
    assert_eq!(total.split_whitespace().nth(1), Some("1"), "{stats:?}");
    let week = service.cli(&["task", "stats", "--window", "7d", "-o", "json"]).is_well().json();
    assert_eq!(week["points"].as_array().map(Vec::len), Some(168));
    service.cli(&["task", "stats", "--window", "1s"]).fails(2, "window");
    service.cli(&["task", "errors"]).is_well();
    let types = service.cli(&["types"]);
    assert!(types.is_well().stdout.starts_with("TYPE"), "{types:?}");
}
