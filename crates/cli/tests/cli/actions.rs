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
