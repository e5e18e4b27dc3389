//! `dev`: everything in one process.

use nix::sys::signal::Signal;

use super::service::{Talk, bare, command, run};

#[test]
fn wrong_options_say_what_to_change() {
    let dev = |args: &[&str]| run(bare(&[&["dev"], args].concat()), None);
    dev(&["--concurrency", "0"]).fails(2, "--concurrency");
    dev(&["--data-dir", "/x", "--database-url", "postgres://h/d"]).fails(2, "cannot be used with");
    dev(&["--database-url", "mysql://h/d"]).fails(2, "is no Postgres URL");
    dev(&["--connection", "x"]).fails(2, "write name=postgres://");
}

#[test]
fn one_command_brings_up_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut dev = bare(&["dev", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
    dev.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let mut dev = Talk::new(dev);
    let up = dev.hears("The task service is up: ");
    let address = up.rsplit(' ').next().unwrap();
    let cli = |args: &[&str]| run(command(address, args), None);

    // Half queries on the demo database, half mails to the mail server beside it.
    let report = cli(&["end2end", "-n", "20", "-o", "json"]);
    assert_eq!(report.is_well().json()["fullSuccess"], true);
    dev.hears("Mail to end2end@example.com: Test run");
    let query = ["-p", "query=select current_database()::text as name"];
    let named =
        cli(&[&["task", "create", "q", "-t", "run_query", "--wait", "-o", "json"], &query[..]].concat());
    assert_eq!(named.is_well().json()["task"]["result"]["rows"][0]["name"], "demo");

    // Has the server listen as well.
    cli(&["task", "create", "seen", "-t", "simulate", "--watch"]).is_well();

    let taken = run(
        {
            let mut other = bare(&["dev", "--listen", address.trim_start_matches("http://"), "--data-dir"]);
            other.arg(dir.path().join("other")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
            other
        },
        None,
    );
    taken.fails(1, "it is in use");

    dev.signal(Signal::SIGTERM);
    dev.hears("Stopped.");
    let ended = dev.end();
    assert_eq!(ended.code, 0);
    let (_, end) = ended.stderr.split_once("Stopping: ").expect("it says that it stops");
    assert!(!end.contains(" WARN "), "nothing went wrong: {end}");
}
