//! Who gets in, who does not, and what may be created.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use common::{query, quick, reachable_dir, run};
use task_embedded::{Error, Settings, Shutdown, check_data_dir, start};

#[tokio::test]
async fn only_the_password_opens_tcp() {
    let postgres = start(quick()).await.expect("it starts");
    let url = postgres.url("postgres");
    assert_eq!(query(&postgres, &url, "SELECT current_user").as_deref(), Ok("postgres"));

    let wrong = postgres.url_as("postgres", "guess", "postgres");
    let error = query(&postgres, &wrong, "SELECT 1").expect_err("a wrong password");
    assert!(error.contains("password authentication failed"), "{error}");
    let none = format!("postgres://postgres@127.0.0.1:{}/postgres", postgres.port());
    let error = query(&postgres, &none, "SELECT 1").expect_err("no password");
    assert!(error.contains("no password supplied"), "{error}");

    let file = fs::metadata(postgres.data_dir().join("password")).expect("the password file");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let log = fs::metadata(postgres.log_path()).expect("the log");
    assert_eq!(log.permissions().mode() & 0o777, 0o600);
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn the_socket_opens_for_the_own_user_alone() {
    let postgres = start(quick()).await.expect("it starts");
    let url = postgres.socket_url("postgres");
    assert_eq!(query(&postgres, &url, "SELECT current_user").as_deref(), Ok("postgres"));

    // Another user can only be tried by root; then the server's own user counts as another.
    let cluster = fs::metadata(postgres.data_dir().join("cluster")).expect("the cluster");
    let own = fs::metadata(postgres.data_dir()).expect("the data directory").uid();
    if own == 0 {
        let mut psql = Command::new(postgres.binaries().dir().join("psql"));
        psql.args(["-XwqtA", "-d", &url, "-c", "SELECT 1"]).uid(cluster.uid()).current_dir("/");
        let error = run(&mut psql).expect_err("not the user that started it");
        assert!(error.contains("Peer authentication failed"), "{error}");
        let mut psql = Command::new(postgres.binaries().dir().join("psql"));
        psql.args(["-XwqtA", "-d", &url, "-c", "SELECT 1"]).uid(65_533).current_dir("/");
        let error = run(&mut psql).expect_err("a stranger");
        assert!(error.contains("Permission denied"), "{error}");
    }
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn a_lost_password_file_is_made_anew() {
    let dir = reachable_dir();
    let settings = Settings::kept(dir.path().join("data"));
    let postgres = start(settings.clone()).await.expect("it starts");
    let before = postgres.url("postgres");
    let file = postgres.data_dir().join("password");
    postgres.stop(Shutdown::Fast).await.expect("it stops");
    fs::remove_file(file).expect("it is lost");

    let postgres = start(settings).await.expect("it starts");
    assert_ne!(postgres.url("postgres"), before);
    assert_eq!(query(&postgres, &postgres.url("postgres"), "SELECT 1").as_deref(), Ok("1"));
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn databases_and_roles_are_created_once() {
    let postgres = start(quick()).await.expect("it starts");
    let name = "it's \"odd\" \\ ü";
    let all = tokio::join!(
        postgres.create_database_if_missing(name),
        postgres.create_database_if_missing(name),
        postgres.create_database_if_missing(name),
    );
    assert!(matches!(all, (Ok(()), Ok(()), Ok(()))), "{all:?}");
    let current = query(&postgres, &postgres.url(name), "SELECT current_database()");
    assert_eq!(current.as_deref(), Ok(name));

    postgres.create_role("reader's", "a'b\\c").await.expect("a role");
    postgres.create_role("reader's", "new / @ word").await.expect("the same role");
    let url = postgres.url_as("reader's", "new / @ word", name);
    assert_eq!(query(&postgres, &url, "SELECT current_user").as_deref(), Ok("reader's"));
    let error = query(&postgres, &url, "CREATE ROLE other").expect_err("an ordinary role");
    assert!(error.contains("permission denied"), "{error}");
    query(&postgres, &postgres.url_as("reader's", "a'b\\c", name), "SELECT 1").expect_err("the old password");

    assert!(matches!(postgres.create_database_if_missing("").await, Err(Error::Settings(_))));
    let error = postgres.execute("postgres", "SELECT nonsense").await.expect_err("no such column");
    assert!(error.to_string().contains("nonsense"), "{error}");
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

#[tokio::test]
async fn root_is_told_of_a_directory_the_server_cannot_enter() {
    let private = reachable_dir();
    fs::set_permissions(private.path(), fs::Permissions::from_mode(0o700)).expect("a private directory");
    let data = private.path().join("below/data");
    if fs::metadata(private.path()).expect("it exists").uid() != 0 {
        check_data_dir(&data).expect("no change of user, no obstacle");
        return;
    }
    for error in [
        check_data_dir(&data).expect_err("private"),
        start(Settings::kept(&data)).await.expect_err("private"),
    ] {
        assert!(matches!(&error, Error::Unreachable { dir, .. } if dir == private.path()), "{error}");
        assert!(error.to_string().contains("/var/lib/task"), "{error}");
    }
}
