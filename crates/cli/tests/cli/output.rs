//! Every showing command in every format.

use std::io::Read;
use std::process::Stdio;

use super::service::{Service, command};

#[test]
fn one_task_in_every_format() {
    let service = Service::start();
    let id = service.create("Weekly ☕");
    let table = service.cli(&["task", "get", &id]).is_well().stdout.clone();
    for line in [
        "Name           Weekly ☕\n",
        "Status         PENDING\n",
        "Attempt        0 of 4\n",
        "Payload        {}\n",
    ] {
        assert!(table.contains(line), "no `{line}` in {table}");
    }
    assert!(!table.contains('\u{1b}'), "no colours without a terminal");
    let json = service.cli(&["task", "get", &id, "-o", "json"]).json();
    assert_eq!(json["task"]["summary"]["name"], "Weekly ☕");
    assert_eq!(json["task"]["summary"]["id"], id);
    assert!(json["task"]["result"].is_null());
    let yaml = service.cli(&["task", "get", &id, "-o", "yaml"]).is_well().stdout.clone();
    let yaml: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(json, yaml, "the same in both");
    service.cli(&["task", "get", "--id", "999"]).fails(4, "999");
}

#[test]
fn lists_have_pages_filters_and_aliases() {
    let service = Service::start();
    for n in 1..=5 {
        service.create(&format!("task {n}"));
    }
    service
        .cli(&["task", "create", "Other", "-t", "send_email", "--queue", "mail", "--priority", "5"])
        .is_well();
    let ids = |args: &[&str]| -> Vec<String> {
        let all = [&["task", "list", "-o", "json"], args].concat();
        let json = service.cli(&all).is_well().json();
        json["tasks"].as_array().unwrap().iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["6", "5", "4", "3", "2", "1"]);
    assert_eq!(ids(&["--pageNumber", "2", "--pageCount", "2"]), ["4", "3"]);
    assert_eq!(ids(&["-n", "3", "-c", "2"]), ["2", "1"]);
    assert_eq!(ids(&["-n", "9", "-c", "2"]), [""; 0]);
    let token = service.cli(&["task", "list", "-c", "4", "-o", "json"]).json()["nextPageToken"].clone();
    assert_eq!(ids(&["--page-token", token.as_str().unwrap()]), ["2", "1"]);
    assert_eq!(ids(&["--type", "send_email"]), ["6"]);
    assert_eq!(ids(&["--queue", "mail,none"]), ["6"]);
    assert_eq!(ids(&["--priority", "5"]), ["6"]);
    assert_eq!(ids(&["--name", "TASK 3"]), ["3"]);
    assert_eq!(ids(&["--since", "1h", "--until", "2100-01-01T00:00:00Z"]).len(), 6);
    assert_eq!(ids(&["--until", "1h"]), [""; 0]);
    service.cli(&["task", "cancel", "1"]).is_well();
    assert_eq!(ids(&["--status", "cancelled"]), ["1"]);
    assert_eq!(ids(&["--status", "Cancelled", "--status", "PENDING"]).len(), 6);

    let table = service.cli(&["task", "l"]);
    let lines: Vec<_> = table.is_well().stdout.lines().collect();
    assert_eq!(lines.len(), 7, "{table:?}");
    assert!(lines[0].trim_start().starts_with("ID  NAME"), "{}", lines[0]);
    assert!(lines[1].contains("send_email") && lines[1].contains("0/4"), "{}", lines[1]);
    assert!(!table.stdout.contains('\u{1b}'));
    let first = service.cli(&["task", "list", "-c", "2"]);
    assert!(first.stderr.contains("More: --page-token "), "{first:?}");
    let coloured = service.cli(&["task", "list", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
    let plain = service.cli(&["task", "list", "--color", "never"]);
    assert!(!plain.stdout.contains('\u{1b}'));
    let none = service.cli(&["task", "list", "--name", "no such"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
    assert!(none.stderr.contains("No such tasks"));
}

#[test]
fn counts_by_status_and_type() {
    let service = Service::start();
    service.create("a");
    service.create("b");
    service.cli(&["task", "create", "c", "-t", "send_email"]).is_well();
    service.cli(&["task", "cancel", "1"]).is_well();
    for name in ["status", "s", "stat"] {
        let table = service.cli(&["task", name]).is_well().stdout.clone();
        let words: Vec<Vec<_>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
        assert!(words.contains(&vec!["PENDING", "2"]), "{table}");
        assert!(words.contains(&vec!["CANCELLED", "1"]), "{table}");
        assert!(words.contains(&vec!["RUNNING", "0"]), "{table}");
        assert!(words.contains(&vec!["TOTAL", "3"]), "{table}");
        assert!(words.contains(&vec!["send_email", "1", "0", "0", "0", "0", "0"]), "{table}");
    }
    let json = service.cli(&["task", "status", "--type", "simulate", "-o", "json"]).json();
    assert_eq!(json["counts"][0], serde_json::json!({"status": "STATUS_PENDING", "count": "1"}));
    assert_eq!(json["counts"].as_array().unwrap().len(), 6);
    let yaml = service.cli(&["task", "status", "-o", "yaml"]).stdout;
    assert!(yaml.starts_with("counts:"), "{yaml}");
}

#[test]
fn a_history_in_every_format() {
    let service = Service::start();
    let id = service.create("a");
    service.cli(&["task", "cancel", &id, "--reason", "not needed"]).is_well();
    for args in [["history", "--id"].as_slice(), &["task", "history", "--id"], &["history"]] {
        let table = service.cli(&[args, &[&id]].concat());
        let lines: Vec<_> = table.is_well().stdout.lines().collect();
        assert_eq!(lines.len(), 3, "{table:?}");
        assert!(lines[1].contains("PENDING") && lines[2].contains("CANCELLED"), "{table:?}");
        assert!(lines[2].contains("not needed"), "{table:?}");
    }
    let json = service.cli(&["history", "--id", &id, "-o", "json"]).json();
    let entries = json["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!((&entries[1]["version"], &entries[1]["status"]), (&2.into(), &"STATUS_CANCELLED".into()));
    let after = service.cli(&["history", "--id", &id, "--after", "1", "-o", "yaml"]).is_well().stdout.clone();
    assert!(after.contains("STATUS_CANCELLED") && !after.contains("STATUS_PENDING"), "{after}");
    service.cli(&["history", "--id", "999"]).fails(4, "999");
}

#[test]
fn no_worker_is_said_so() {
    let service = Service::start();
    for args in [&["worker", "list"][..], &["workers"], &["worker"]] {
        let done = service.cli(args);
        assert!(done.is_well().stderr.contains("No worker is running"), "{done:?}");
        assert_eq!(done.stdout, "");
    }
    assert_eq!(service.cli(&["workers", "-o", "json"]).json(), serde_json::json!({"workers": []}));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let service = Service::start();
    service.cli_reading(
        &["task", "create", "n", "-t", "simulate", "--payload", "-"],
        &format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 19)),
    );
    let mut child = command(&service.address(), &["task", "get", "1", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Reads a little of half a megabyte, far more than a pipe holds, and goes.
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(stderr, "");
}
