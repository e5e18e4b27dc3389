//! Wrong arguments: each ends with code 2 and a sentence that says what to change, without a server.

use super::service::{Done, command, run};

/// Nobody listens here; wrong arguments are found before anybody is asked.
const NOWHERE: &str = "http://127.0.0.1:1";

fn cli(args: &[&str]) -> Done {
    run(command(NOWHERE, args), None)
}

fn create(args: &[&str]) -> Done {
    let mut all = vec!["task", "create", "name", "--type", "simulate"];
    all.extend(args);
    cli(&all)
}

#[test]
fn numbers_out_of_range() {
    for n in ["-1", "1001", "4294967296", "99999999999999999999", "x", "1.5", ""] {
        create(&["--retries", n]).fails(2, "--retries");
    }
    for n in ["-101", "101", "-99999999999", "x"] {
        create(&["--priority", n]).fails(2, "--priority");
        cli(&["task", "list", "--priority", n]).fails(2, "--priority");
    }
    for n in ["0", "-1", "4294967296", "x"] {
        cli(&["task", "list", "--pageNumber", n]).fails(2, "--pageNumber");
        cli(&["task", "l", "-n", n]).fails(2, "--pageNumber");
        cli(&["task", "list", "--pageCount", n]).fails(2, "--pageCount");
    }
    cli(&["task", "list", "-c", "1001"]).fails(2, "at most 1,000");
    cli(&["task", "list", "-n", "4294967295", "-c", "1000"]).fails(2, "--pageNumber");
    for n in ["0", "-1", "9223372036854775808", "x", "1.5", ""] {
        for args in
            [["task", "get"], ["task", "watch"], ["task", "cancel"], ["task", "retry"], ["task", "history"]]
        {
            cli(&[&args[..], &["--id", n]].concat()).fails(2, "--id");
            cli(&[&args[..], &["--", n]].concat()).fails(2, "ID");
        }
        cli(&["history", "--id", n]).fails(2, "--id");
    }
    for n in ["0", "-5", "x", "10000001", "18446744073709551616"] {
        cli(&["end2end", "-n", n]).fails(2, "--num-tasks");
    }
    cli(&["end2end", "-n", "0"]).fails(2, "must be at least 1");
    cli(&["end2end", "-n", "99999999999"]).fails(2, "must be at most 10,000,000");
    cli(&["task", "list", "-c", "abc"]).fails(2, "`abc` is no number");
    cli(&["history", "--id", "1", "--after", "-1"]).fails(2, "--after");
}

#[test]
fn durations_and_times() {
    for d in ["-5s", "10", "soon", "", "99999999999999999999h"] {
        create(&["--timeout", d]).fails(2, "--timeout");
        create(&["--initial-backoff", d]).fails(2, "--initial-backoff");
        create(&["--max-backoff", d]).fails(2, "--max-backoff");
        cli(&["end2end", "--timeout", d]).fails(2, "--timeout");
    }
    create(&["--timeout", "0"]).fails(2, "timeout: must be from 1 ms to 7 days");
    create(&["--timeout", "8d"]).fails(2, "timeout: must be from 1 ms to 7 days");
    create(&["--initial-backoff", "10s", "--max-backoff", "5s"])
        .fails(2, "--max-backoff: must not be shorter than --initial-backoff");
    create(&["--run-at", "99999999999999999999h"]).fails(2, "lies too far away");
    cli(&["task", "list", "--deadline", "0"]).fails(2, "--deadline");
    create(&["--run-at", "tomorrow"]).fails(2, "or a duration such as 10m");
    create(&["--run-at", "90000h"]).fails(2, "ten years");
    cli(&["task", "list", "--since", "yesterday"]).fails(2, "--since");
    cli(&["end2end", "--timeout", "0"]).fails(2, "--timeout");
}

#[test]
fn parameters_and_labels() {
    create(&["-p", "novalue"]).fails(2, "write key=value");
    create(&["-p", "=x"]).fails(2, "no key before the `=`");
    create(&["-p", "a=1", "--parameter", "a=2"]).fails(2, "key `a` is given twice");
    create(&["-p", "a:=nope"]).fails(2, "after := comes JSON");
    create(&["--payload", r#"{"a":1}"#, "-p", "a=2"]).fails(2, "in --payload already");
    create(&["--label", "novalue"]).fails(2, "write name=value, such as team=billing");
    create(&["--label", "a=1", "--label", "a=2"]).fails(2, "key `a` is given twice");
    create(&["--label", &format!("a={}", "v".repeat(256))]).fails(2, "at most 255");
}

#[test]
fn payloads() {
    create(&["--payload", "{nope"]).fails(2, "payload: is not acceptable JSON");
    create(&["--payload", "[1]"]).fails(2, "must be a JSON object");
    create(&["--payload", r#"{"a":1,"a":2}"#]).fails(2, "key `a` is given twice");
    create(&["--payload", r#"{"a":"\u0000"}"#]).fails(2, "NUL");
    create(&["--payload", r#"{"a":"\ud800"}"#]).fails(2, "half a character");
    create(&["--payload", ""]).fails(2, "--payload is empty");
    run(command(NOWHERE, &["task", "create", "n", "--type", "simulate", "--payload", "-"]), Some(" \n"))
        .fails(2, "standard input is empty");
    create(&["--payload", "@/no/such/file"]).fails(2, "/no/such/file");
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    create(&["--payload", &deep(65)]).fails(2, "64 levels");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat((1 << 20) - 7));
    let done =
        run(command(NOWHERE, &["task", "create", "n", "--type", "simulate", "--payload", "-"]), Some(&large));
    done.fails(2, "has 1048577 bytes; at most 1048576");
}

#[test]
fn names_and_words() {
    cli(&["task", "create", "", "--type", "simulate"]).fails(2, "name: must not be empty");
    cli(&["task", "create", &"n".repeat(256), "--type", "simulate"]).fails(2, "at most 255");
    cli(&["task", "create", "a\nb", "--type", "simulate"]).fails(2, "control character");
    cli(&["task", "create", "n", "--type", "send email"]).fails(2, "type: contains ` `");
    cli(&["task", "create", "n", "--type", ""]).fails(2, "type: must not be empty");
    cli(&["task", "create", "n"]).fails(2, "--type");
    cli(&["task", "create", "--type", "simulate"]).fails(2, "<NAME>");
    create(&["--queue", "a b"]).fails(2, "queue: contains ` `");
    create(&["--queue", ""]).fails(2, "--queue must not be empty");
    create(&["--idempotency-key", ""]).fails(2, "--idempotency-key must not be empty");
    create(&["--idempotency-key", &"k".repeat(256)]).fails(2, "--idempotency-key: has 256 characters");
    cli(&["task", "list", "--type", "a b"]).fails(2, "--type: contains");
    cli(&["task", "status", "--type", "a b"]).fails(2, "--type: contains");
    cli(&["task", "list", "--name", &"n".repeat(256)]).fails(2, "--name: has 256");
    cli(&["task", "cancel", "--id", "1", "--reason", &"r".repeat(256)]).fails(2, "reason");
    cli(&["task", "list", "--page-token", "nonsense"]).fails(2, "--page-token: was not");
}

#[test]
fn choices() {
    cli(&["task", "list", "--status", "done"]).fails(2, "SUCCEEDED");
    cli(&["task", "list", "-o", "xml"]).fails(2, "table, json, yaml");
    cli(&["task", "list", "--color", "blue"]).fails(2, "auto, always, never");
    cli(&["task", "list", "--log-level", "loud=very"]).fails(2, "no log level");
    cli(&["task", "list", "--log-level", "loud"]).fails(2, "`loud` is no log level");
    cli(&["completions", "klingon"]).fails(2, "bash");
    cli(&["task", "explode"]).fails(2, "explode");
    cli(&["status"]).fails(2, "'task status'");
    cli(&["list"]).fails(2, "'task list'");
    cli(&["task", "get"]).fails(2, "ID");
    cli(&["task", "get", "1", "--id", "2"]).fails(2, "cannot be used with");
    cli(&["task", "watch", "--id", "1", "--type", "simulate"]).fails(2, "not both");
    create(&["--wait", "--watch"]).fails(2, "cannot be used with");
    cli(&["task", "list", "--page-token", "t", "-n", "2"]).fails(2, "cannot be used with");
    cli(&[]).fails(2, "Usage");
}

#[test]
fn help_tells_defaults_and_exit_codes() {
    let help = cli(&["--help"]);
    help.is_well();
    for words in [
        "Exit codes:",
        "3  no task service can be reached",
        "http://127.0.0.1:8080",
        "TASK_ADDRESS",
        "canonical JSON",
    ] {
        assert!(help.stdout.contains(words), "no `{words}` in {}", help.stdout);
    }
    let help = cli(&["task", "list", "--help"]);
    for words in ["--pageNumber", "[default: 1]", "--pageCount", "[default: 30]"] {
        assert!(help.stdout.contains(words), "no `{words}` in {}", help.stdout);
    }
    assert!(cli(&["--version"]).is_well().stdout.starts_with("task-cli "));
}

#[test]
fn completions_and_man_pages_are_made() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = cli(&["completions", shell]);
        assert!(done.is_well().stdout.contains("task-cli"), "{shell}");
    }
    let dir = tempfile::tempdir().unwrap();
    cli(&["man", dir.path().join("man").to_str().unwrap()]).is_well();
    let page = std::fs::read_to_string(dir.path().join("man/task-cli-task-create.1")).unwrap();
    assert!(page.contains("parameter"), "{page}");
}
