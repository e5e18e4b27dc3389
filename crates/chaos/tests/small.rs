//! The cases at small scale, from a fixed seed, by the binaries of this build: all but F4, F10 and F11.
#![allow(missing_docs, reason = "the names of the tests say it")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

use task_chaos::{ALL, Options, Programs, Scale};

/// What the cases are drawn from.
const SEED: u64 = 20_260_101;

/// The binaries under test. `cargo test` for one package alone does not build another's.
fn programs() -> Programs {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    let build = || {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let packages = ["build", "--quiet", "--locked", "-p", "task-server", "-p", "task-cli"];
        let built = Command::new(cargo).args(packages).status();
        assert!(built.unwrap().success(), "the binaries do not build");
        let folder = Path::new(env!("CARGO_BIN_EXE_task-chaos")).parent().unwrap();
        Programs::in_folder(folder).unwrap()
    };
    BUILT.get_or_init(build).clone()
}

fn holds(id: &str) {
    let case = ALL.iter().find(|case| case.id == id).unwrap();
    let options = Options {
        scale: Scale::Small,
        seed: SEED,
        rounds: None,
        seconds: None,
        jobs: 2,
        programs: programs(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _room = room();
    let report = runtime.block_on(task_chaos::run(case, &options));
    println!("{report}");
    assert!(report.holds(), "{id}: {:#?}", report.violations);
}

/// Two at a time: each is half a dozen processes.
fn room() -> std::sync::MutexGuard<'static, ()> {
    static ROOM: [Mutex<()>; 2] = [const { Mutex::new(()) }; 2];
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let place = NEXT.fetch_add(1, Relaxed) % ROOM.len();
    ROOM[place].lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn f1_workers_are_killed() {
    holds("F1");
}

#[test]
fn f3_postgres_is_killed() {
    holds("F3");
}

#[test]
fn f5_workers_are_stopped_past_their_leases() {
    holds("F5");
}

#[test]
fn f7_workers_are_cut_off() {
    holds("F7");
}

#[test]
fn f8_a_server_is_cut_off_while_tasks_are_watched() {
    holds("F8");
}

#[test]
fn f12_a_standby_takes_over() {
    holds("F12");
}

#[test]
fn f15_a_snapshot_is_held() {
    holds("F15");
}

#[test]
fn f16_no_notify_gets_through() {
    holds("F16");
}

#[test]
fn f23_watches_are_read_slowly_or_not_at_all() {
    holds("F23");
}

#[test]
fn f24_processes_are_told_to_stop() {
    holds("F24");
}

#[test]
fn f28_tasks_are_cancelled_while_they_move() {
    holds("F28");
}

#[test]
fn f30_a_transaction_pooler_stands_between() {
    holds("F30");
}
