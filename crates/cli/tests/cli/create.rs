//! `task create`: what is asked for is what is stored.

use super::service::Service;

#[test]
fn the_example_of_the_issue_works_as_written() {
    let service = Service::start();
    let done = service.cli(&[
        "task",
        "create",
        "Send Newsletter",
        "--type",
        "send_email",
        "--parameter",
        "to=a@example.com",
        "--parameter",
        "subject=Weekly Update",
    ]);
    done.is_well();
    assert_eq!(done.stdout, "Created task 1: Send Newsletter\n");
    assert!(done.stderr.contains("warning:") && done.stderr.contains("send_email"), "{done:?}");
    let task = service.cli(&["task", "get", "--id", "1", "-o", "json"]).json();
    assert_eq!(
        task["task"]["payload"],
        serde_json::json!({"to": "a@example.com", "subject": "Weekly Update"})
    );
    assert_eq!(task["task"]["summary"]["retries"], 3);
    assert_eq!(task["task"]["summary"]["status"], "STATUS_PENDING");
}

#[test]
fn every_flag_arrives() {
    let service = Service::start();
    let done = service.cli_reading(
        &[
            "task",
            "create",
            "All of it",
            "-t",
            "simulate",
            "--payload",
            "-",
            "-p",
            "n=3",
            "-p",
            "text=three",
            "--retries",
            "0",
            "--priority",
            "-7",
            "--queue",
            "slow",
            "--run-at",
            "1h",
            "--timeout",
            "90s",
            "--initial-backoff",
            "500ms",
            "--max-backoff",
            "1m",
            "--label",
            "team=billing",
            "--idempotency-key",
            "mine",
            "-o",
            "json",
        ],
        r#"{"big": 12345678901234567890123}"#,
    );
    let created = done.is_well().json();
    assert_eq!(created["created"], true);
    let id = created["id"].as_str().unwrap();
    let shown = service.cli(&["task", "get", id, "-o", "json"]);
    assert!(shown.stdout.contains("12345678901234567890123"), "to the letter: {}", shown.stdout);
    let task = &shown.json()["task"];
    assert_eq!((&task["payload"]["n"], &task["payload"]["text"]), (&3.into(), &"three".into()));
    assert_eq!(task["summary"]["retries"], 0);
    assert_eq!(task["summary"]["priority"], -7);
    assert_eq!(task["summary"]["queue"], "slow");
    assert!(task["summary"]["runAt"].is_string());
    assert_eq!(task["timeout"], "90s");
    assert_eq!(task["retryPolicy"]["initialBackoff"], "0.500s");
    assert_eq!(task["retryPolicy"]["maxBackoff"], "60s");
    assert_eq!(task["labels"]["team"], "billing");
    assert_eq!(task["idempotencyKey"], "mine");

    let again = service.cli_reading(
        &[
            "task",
            "create",
            "All of it",
            "-t",
            "simulate",
            "--payload",
            "-",
            "-p",
            "n=3",
            "-p",
            "text=three",
            "--retries",
            "0",
            "--priority",
            "-7",
            "--queue",
            "slow",
            "--timeout",
            "90s",
            "--initial-backoff",
            "500ms",
            "--max-backoff",
            "1m",
            "--label",
            "team=billing",
            "--idempotency-key",
            "mine",
        ],
        r#"{"big": 12345678901234567890123}"#,
    );
    // Another run_at may count as another task; what must not be is a second one.
    assert!(again.stdout.contains("before") || again.code == 1, "{again:?}");
    let other = service.cli(&["task", "create", "Other", "-t", "simulate", "--idempotency-key", "mine"]);
    other.fails(1, "mine");
    let list = service.cli(&["task", "list", "-o", "json"]).json();
    assert_eq!(list["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn the_same_key_again_makes_no_second_task() {
    let service = Service::start();
    let create = || service.cli(&["task", "create", "Once", "-t", "simulate", "--idempotency-key", "k"]);
    assert_eq!(create().is_well().stdout, "Created task 1: Once\n");
    assert_eq!(create().is_well().stdout, "Task 1 was created with this key before\n");
}

#[test]
fn a_payload_of_exactly_1_mib_and_64_levels_is_taken() {
    let service = Service::start();
    let payload = format!("{{\"a\":\"{}\"}}", "x".repeat((1 << 20) - 8));
    service.cli_reading(&["task", "create", "n", "-t", "simulate", "--payload", "-"], &payload).is_well();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("payload.json");
    std::fs::write(&file, format!("{{\"a\":{}{}}}", "[".repeat(63), "]".repeat(63))).unwrap();
    let from = format!("@{}", file.display());
    service.cli(&["task", "create", "n", "-t", "simulate", "--payload", &from]).is_well();
    let yaml = service.cli(&["task", "get", "2", "-o", "yaml"]);
    assert!(yaml.is_well().stdout.contains("payload:"));
}

#[test]
fn a_type_that_nobody_runs_is_warned_of() {
    let service = Service::start();
    let done = service.cli(&["task", "create", "n", "--type", "no_such_type", "-o", "json"]);
    assert!(done.is_well().stderr.contains("no_such_type"), "{done:?}");
    assert!(done.json()["warnings"][0].as_str().unwrap().contains("no_such_type"));
}
