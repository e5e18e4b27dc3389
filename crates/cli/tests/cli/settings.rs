//! Where settings come from, and what is said when nobody or somebody else answers.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::service::{bare, command, run};

#[test]
fn a_server_that_is_down_ends_with_code_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    // Each one waits a moment for the server to come up: all at once, then.
    std::thread::scope(|scope| {
        for args in [
            &["task", "list"][..],
            &["task", "get", "1"],
            &["task", "status"],
            &["task", "watch"],
            &["task", "watch", "1"],
            &["task", "cancel", "1", "2"],
            &["task", "create", "n", "--type", "t"],
            &["task", "create", "n", "--type", "t", "--wait"],
            &["history", "1"],
            &["workers"],
            &["end2end", "-n", "2"],
        ] {
            let address = &address;
            scope.spawn(move || {
                let done = run(command(address, args), None);
                done.fails(3, "is the server running?");
                assert!(done.stderr.contains(address), "{done:?}");
                assert_eq!(done.stdout, "", "{args:?}");
            });
        }
    });
}

#[test]
fn something_else_on_the_port_ends_with_code_3_and_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    for args in [&["task", "list"][..], &["task", "watch"], &["task", "watch", "1"], &["end2end"]] {
        run(command(&address, args), None).fails(3, "something else than the task service");
    }
}

#[test]
fn addresses_that_cannot_be_used_are_usage_errors() {
    for address in ["https://localhost:1", "ftp://x", "http://h/path", "http://h:99999"] {
        run(bare(&["task", "list", "--address", address]), None).fails(2, "is not an address");
    }
}

#[test]
fn flag_goes_before_environment_before_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.yaml");
    std::fs::write(&file, "address: http://127.0.0.1:3\n").unwrap();
    let file = file.to_str().unwrap();
    let asked = |args: &[&str], env: Option<&str>| {
        let mut command = bare(&[&["task", "list", "--config", file], args].concat());
        command.envs(env.map(|address| ("TASK_ADDRESS", address)));
        run(command, None).stderr
    };
    assert!(asked(&[], None).contains("http://127.0.0.1:3"));
    assert!(asked(&[], Some("http://127.0.0.1:4")).contains("http://127.0.0.1:4"));
    assert!(asked(&["--address", "127.0.0.1:5"], Some("http://127.0.0.1:4")).contains("http://127.0.0.1:5"));
    let home = bare(&["task", "list"]).env("HOME", dir.path()).output().unwrap();
    assert!(
        String::from_utf8(home.stderr).unwrap().contains("http://127.0.0.1:8080") || home.status.success()
    );
}

#[test]
fn the_file_in_its_usual_place_is_read() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(".config/task-cli");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("config.yaml"), "address: http://127.0.0.1:3\n").unwrap();
    let mut command = bare(&["task", "list"]);
    command.env("HOME", home.path());
    run(command, None).fails(3, "http://127.0.0.1:3");
}

#[test]
fn a_wrong_config_file_is_a_usage_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.yaml");
    std::fs::write(&file, "adress: http://127.0.0.1:3\n").unwrap();
    run(bare(&["task", "list", "--config", file.to_str().unwrap()]), None).fails(2, "adress");
    std::fs::write(&file, "serve:\n  database_url: [postgres://u:hunter2@h/d\n").unwrap();
    let done = run(bare(&["task", "list", "--config", file.to_str().unwrap()]), None);
    done.fails(2, "line 2, column 17: give a single value");
    assert!(!done.stderr.contains("hunter2"), "{done:?}");
    run(bare(&["task", "list", "--config", "/no/such/file"]), None).fails(2, "/no/such/file");
}
