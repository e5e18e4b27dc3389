//! `task watch`: by id and by filter, over a restart of the server.

use super::service::Service;

#[test]
fn a_task_is_followed_from_its_start_to_its_end() {
    let service = Service::start();
    let id = service.create("a");
    let mut watch = service.spawn(&["task", "watch", "--id", &id]);
    watch.hears("PENDING");
    service.cli(&["task", "cancel", &id, "--reason", "not needed"]).is_well();
    let done = watch.end();
    assert_eq!(done.code, 1, "a cancelled task is no success: {done:?}");
    let lines: Vec<_> = done.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{done:?}");
    assert!(lines[1].contains("CANCELLED") && lines[1].contains("not needed"), "{done:?}");
    service.cli(&["task", "watch", "--id", "999"]).fails(4, "999");
}

#[test]
fn a_watch_by_id_survives_a_restart_of_the_server() {
    let mut service = Service::start();
    let id = service.create("a");
    let mut watch = service.spawn(&["task", "watch", &id, "-o", "json"]);
    watch.hears("STATUS_PENDING");
    service.stop();
    watch.hears("reconnecting");
    service.start_again();
    watch.hears("Connected again.");
    service.cli(&["task", "cancel", &id]).is_well();
    let done = watch.end();
    assert_eq!(done.code, 1);
    let versions: Vec<i64> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|event| event["change"]["entry"]["version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions, [1, 2], "each once: {done:?}");
}

#[test]
fn all_tasks_are_followed_over_a_restart() {
    let mut service = Service::start();
    let mut watch = service.spawn(&["task", "watch", "--type", "simulate"]);
    // The watch is in place at some time after the start: create until it tells.
    let ids = std::thread::scope(|scope| {
        let create =
            scope.spawn(|| (0..20).map(|n| service.create(&format!("early {n}"))).collect::<Vec<_>>());
        watch.hears("PENDING");
        create.join().unwrap()
    });
    service.stop();
    watch.hears("reconnecting");
    service.start_again();
    watch.hears("Connected again.");
    watch.hears("Left out some changes");
    service.cli(&["task", "create", "other", "-t", "other"]).is_well();
    service.cli(&["task", "cancel", &ids[0]]).is_well();
    let line = watch.hears("CANCELLED");
    assert!(line.contains("simulate  early 0"), "{line}");
}

#[test]
fn a_new_task_is_followed_at_once() {
    let service = Service::start();
    let mut watch = service.spawn(&["task", "create", "a", "-t", "simulate", "--watch"]);
    watch.hears("Created task 1");
    watch.hears("PENDING");
    let mut wait = service.spawn(&["task", "create", "b", "-t", "simulate", "--wait", "-o", "json"]);
    wait.hears("Created task 2");
    service.cli(&["task", "cancel", "1", "2"]).is_well();
    let watched = watch.end();
    assert_eq!(watched.code, 1);
    assert!(watched.stdout.contains("CANCELLED"), "{watched:?}");
    let waited = wait.end();
    assert_eq!(waited.code, 1);
    assert_eq!(waited.json()["task"]["summary"]["status"], "STATUS_CANCELLED");
}

#[test]
fn yaml_events_are_documents() {
    let service = Service::start();
    let id = service.create("a");
    service.cli(&["task", "cancel", &id]).is_well();
    let done = service.cli(&["task", "watch", &id, "-o", "yaml"]);
    assert_eq!(done.code, 1);
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(&done.stdout).unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1]["change"]["entry"]["status"], "STATUS_CANCELLED");
}
