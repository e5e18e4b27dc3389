//! `serve`: a worker as a process of its own.

use nix::sys::signal::Signal;
use task_smtp_sink::SmtpSink;

use super::service::{Done, RUNTIME, Service, Talk, bare, run};

fn serve(args: &[&str]) -> Done {
    run(bare(&[&["serve"], args].concat()), None)
}

#[test]
fn wrong_options_say_what_to_change() {
    let url = "postgres://u:hunter2@127.0.0.1:1/d";
    serve(&[]).fails(2, "use --database-url or DATABASE_URL");
    serve(&["--database-url", ""]).fails(2, "use --database-url or DATABASE_URL");
    serve(&["--database-url", "mysql://x"]).fails(2, "database-url: is no Postgres URL");
    let wrong = |args: &[&str], words: &str| {
        let done = serve(&[&["--database-url", url], args].concat());
        done.fails(2, words);
        assert!(!done.stderr.contains("hunter2"), "no password is told: {done:?}");
    };
    for n in ["0", "-1", "10001", "99999999999", "x"] {
        wrong(&["--concurrency", n], "--concurrency");
    }
    wrong(&["--drain-grace", "-1s"], "--drain-grace");
    wrong(&["--poll-interval", "0"], "--poll-interval: must be from 10 ms to 1 min");
    wrong(&["--name", "a\nb"], "name: needs 1 to 255 characters");
    wrong(&["--types", "a b"], "--types: contains ` `");
    wrong(&["--queues", "a b"], "--queues: contains ` `");
    wrong(&["--types", "no_such_type"], "no plugin runs type `no_such_type`; there are: simulate");
    wrong(&["--smtp-url", "http://x"], "--smtp-url: the mail server's address");
    wrong(&["--connection", "postgres://x"], "write name=postgres://");
    wrong(&["--connection", "a=postgres://h/x postgres://u:hunter2@h/d"], "number 2 has no name");
    wrong(&["--connection", "=postgres://u:hunter2@h/d"], "TASK_CONNECTIONS: number 1 has no name");
    wrong(&["postgres://u:hunter2@h/d"], "unexpected argument 'postgres://***@h/d'");
    wrong(&["--connection", "a=postgres://h/x", "--connection", "a=postgres://h/x"], "given twice");
}

#[test]
fn a_database_that_is_away_is_said_so() {
    // Nobody listens on port 1.
    let mut worker = Talk::new(bare(&["serve", "--database-url", "postgres://u:hunter2@127.0.0.1:1/d"]));
    let told = worker.hears("waiting for database `d` at 127.0.0.1:1");
    assert!(told.contains("WARN") && !told.contains("hunter2"), "{told}");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().code, 0);
}

#[test]
fn no_parameter_of_a_url_is_logged() {
    let url = "postgres://127.0.0.1:1/d?sslpassword=hunter2&ter2@h";
    let mut worker = Talk::new(bare(&["serve", "--database-url", url]));
    for words in ["`sslpassword`", "parameter 2", "waiting for database `d` at 127.0.0.1:1"] {
        let told = worker.hears(words);
        assert!(!told.contains("ter2"), "{told}");
    }
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().code, 0);
}

#[test]
fn a_worker_runs_tasks_until_it_is_told_to_stop() {
    let sink = RUNTIME.block_on(SmtpSink::start(task_smtp_sink::Settings::default())).unwrap();
    let service = Service::start();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    let file = format!("serve:\n  smtp_url: smtp://{}\n  concurrency: 7\n  name: from-file\n", sink.addr());
    std::fs::write(&config, file).unwrap();
    let mut worker = service.spawn(&[
        "serve",
        "--database-url",
        &service.database_url(),
        "--config",
        config.to_str().unwrap(),
    ]);
    let ready = worker.hears("is ready");
    assert!(ready.contains("7 tasks at a time, of types send_email, simulate"), "{ready}");
    let workers = service.cli(&["workers"]).is_well().stdout.clone();
    assert!(workers.contains("from-file") && workers.contains("0/7"), "{workers}");

    let mail = ["-p", "to=a@example.com", "-p", "subject=Weekly Update"];
    let sent = service.cli(&[&["task", "create", "Mail", "-t", "send_email", "--wait"], &mail[..]].concat());
    assert!(sent.is_well().stdout.contains("SUCCEEDED"), "{sent:?}");
    assert_eq!(sink.messages()[0].subject().as_deref(), Some("Weekly Update"));

    // What runs at a stop is given back without the loss of an attempt.
    let mut long =
        service.spawn(&["task", "create", "long", "-t", "simulate", "-p", "duration=1h", "--watch"]);
    long.hears("RUNNING");
    worker.signal(Signal::SIGTERM);
    worker.hears("Stopping");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().code, 130, "the second signal ends it at once");
}

#[test]
fn a_stopped_worker_gives_its_tasks_back() {
    let service = Service::start();
    let args = ["serve", "--database-url", &service.database_url(), "--drain-grace", "0"];
    let mut worker = service.spawn(&args);
    worker.hears("is ready");
    let mut long =
        service.spawn(&["task", "create", "long", "-t", "simulate", "-p", "duration=1h", "--watch"]);
    long.hears("RUNNING");
    worker.signal(Signal::SIGINT);
    worker.hears("Stopping");
    let done = worker.end();
    assert_eq!(done.code, 0, "{done:?}");
    let back = long.hears("PENDING");
    assert!(back.contains("0/4") || back.contains("1/4"), "{back}");
    assert!(service.cli(&["workers"]).stderr.contains("No worker is running"));
}
