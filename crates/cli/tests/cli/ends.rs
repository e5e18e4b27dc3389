//! Tasks that end: with a worker, waiting commands tell how, and a run from end to end adds up.

use task_plugin::Registry;
use task_plugin_send_email::SendEmail;
use task_plugin_simulate::Simulate;
use task_smtp_sink::SmtpSink;

use super::service::{LONG, RUNTIME, Service};

fn working() -> Service {
    let mut service = Service::start();
    service.work(Registry::new().with("simulate", Simulate));
    service
}

#[test]
fn a_task_that_succeeds_ends_a_waiting_command_well() {
    let service = working();
    let done = service.cli(&["task", "create", "a", "-t", "simulate", "-p", "result_size=10", "--watch"]);
    done.is_well();
    let statuses: Vec<_> = done.stdout.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(statuses, ["PENDING", "RUNNING", "SUCCEEDED"], "{done:?}");
    assert!(done.stdout.lines().last().unwrap().starts_with("Result: \""), "{done:?}");
    assert!(!done.stderr.contains("warning"), "a worker runs it: {done:?}");

    let waited = service.cli(&[
        "task",
        "create",
        "b",
        "-t",
        "simulate",
        "-p",
        "result_size=10",
        "--wait",
        "-o",
        "json",
    ]);
    let task = &waited.is_well().json()["task"];
    assert_eq!(task["summary"]["status"], "STATUS_SUCCEEDED");
    assert_eq!(task["result"].as_str().unwrap().len(), 8, "embedded as JSON, ten bytes with its quotes");

    let watched = service.cli(&["task", "watch", "1", "2", "-o", "json"]);
    assert_eq!(watched.is_well().stdout.lines().count(), 6, "{watched:?}");
    let history = service.cli(&["history", "2", "-o", "json"]).json();
    assert!(history["entries"][2]["result"].is_string(), "{history}");
    let table = service.cli(&["history", "2"]).is_well().stdout.clone();
    assert!(table.contains("result: \""), "{table}");
}

#[test]
fn a_task_that_fails_ends_a_waiting_command_with_code_1() {
    let service = working();
    let fails =
        ["-p", "fail_attempts=9", "--retries", "1", "--initial-backoff", "1ms", "--max-backoff", "1ms"];
    let create = ["task", "create", "a", "-t", "simulate"];
    let done = service.cli(&[&create[..], &fails, &["--watch"]].concat());
    assert_eq!(done.code, 1, "{done:?}");
    let statuses: Vec<_> = done.stdout.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(statuses, ["PENDING", "RUNNING", "RETRYING", "RUNNING", "FAILED"], "{done:?}");
    let done = service.cli(&[&create[..], &fails, &["--wait"]].concat());
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("Status         FAILED"), "{done:?}");
    assert!(done.stdout.contains("Attempt        2 of 2"), "{done:?}");
}

#[test]
fn workers_are_shown() {
    let service = working();
    let table = service.cli(&["workers"]).is_well().stdout.clone();
    assert!(table.contains("simulate") && table.contains("0/100") && table.contains("active"), "{table}");
    let json = service.cli(&["worker", "list", "-o", "json"]).json();
    assert_eq!(json["workers"][0]["types"], serde_json::json!(["simulate"]));
}

#[test]
fn a_run_from_end_to_end_adds_up() {
    let sink = RUNTIME.block_on(SmtpSink::start(task_smtp_sink::Settings::default())).unwrap();
    let mail = SendEmail::new(
        &task_plugin_send_email::Settings::from_url(&format!("smtp://{}", sink.addr())).unwrap(),
    )
    .unwrap();
    let mut service = Service::start();
    service.work(Registry::new().with("simulate", Simulate).with("send_email", mail));
    // More than one batch, and no full one at the end.
    let done = service.cli(&[
        "end2end",
        "-n",
        "1203",
        "--types",
        "simulate,send_email",
        "--recipient",
        "b@example.com",
        "-o",
        "json",
    ]);
    let report = done.is_well().json();
    assert_eq!(report["fullSuccess"], true);
    for (field, count) in
        [("tasks", 1203), ("created", 1203), ("succeeded", 1203), ("failed", 0), ("lost", 0)]
    {
        assert_eq!(report[field], count, "{field}: {report}");
    }
    assert_eq!((&report["duplicates"], &report["missing"]), (&0.into(), &0.into()));
    for field in ["createToStartMs", "createToEndMs"] {
        let at = |quantile: &str| report[field][quantile].as_f64().unwrap();
        assert!(0.0 < at("p50") && at("p50") <= at("p95") && at("p99") <= at("max"), "{report}");
    }
    assert!(report["throughputPerSecond"].as_f64().unwrap() > 0.0);
    let mails = sink.messages();
    assert_eq!(mails.len(), 601);
    assert_eq!(mails[0].recipients(), ["b@example.com"]);
}

#[test]
fn a_run_that_nobody_works_on_is_lost_and_says_so() {
    let service = Service::start();
    let done = service.cli(&["end2end", "-n", "3", "--timeout", "1s"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("warning:") && done.stderr.contains("run_query"), "{done:?}");
    for line in ["NOT a full success", "Created          3\n", "Lost             3 (3 PENDING)\n"] {
        assert!(done.stdout.contains(line), "no `{line}` in {done:?}");
    }
}

#[test]
fn a_run_that_is_stopped_cancels_what_is_left() {
    let service = Service::start();
    service.create("another's");
    let mut run = service.spawn(&["end2end", "-n", "3", "--types", "simulate"]);
    run.hears("waiting already and may run first: 1");
    let open = ["task", "list", "--name", "end2end", "--status", "pending", "-o", "json"];
    let are_there = || service.cli(&open).json()["tasks"].as_array().unwrap().len() == 3;
    let end = std::time::Instant::now() + LONG;
    while !are_there() {
        assert!(std::time::Instant::now() < end, "the tasks are not created");
    }
    run.signal(nix::sys::signal::Signal::SIGINT);
    run.hears("Stopping: cancelling what has not ended");
    let done = run.end();
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("3 cancelled."), "{done:?}");
    assert_eq!(service.cli(&open).json()["tasks"], serde_json::json!([]));
    let others = service.cli(&["task", "status", "-o", "json"]).json();
    assert_eq!(others["counts"][0]["count"], "1", "nobody else's: {others}");
}

#[test]
fn a_run_with_failures_counts_them() {
    // Nobody listens where the mail should go.
    let mail = task_plugin_send_email::Settings::from_url("smtp://127.0.0.1:1").unwrap();
    let mut service = Service::start();
    service
        .work(Registry::new().with("send_email", SendEmail::new(&mail).unwrap()).with("simulate", Simulate));
    let done = service.cli(&[
        "end2end",
        "-n",
        "4",
        "--types",
        "simulate,send_email",
        "--timeout",
        "2s",
        "-o",
        "json",
    ]);
    assert_eq!(done.code, 1, "{done:?}");
    let report = done.json();
    assert_eq!(report["succeeded"], 2, "{report}");
    // How far the retries come in two seconds is left to chance.
    assert_eq!(report["failed"].as_u64().unwrap() + report["lost"].as_u64().unwrap(), 2, "{report}");
}
