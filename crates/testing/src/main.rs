//! Runs a command with one Postgres for all the test programs it starts:
//! `cargo run -p task-testing -- cargo test`.

use std::env;
use std::process::ExitCode;

use task_testing::{SERVER_VARIABLE, own_cluster};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let mut command = env::args_os().skip(1);
    let Some(program) = command.next() else {
        eprintln!("usage: task-testing COMMAND [ARGUMENT...]");
        return ExitCode::from(2);
    };
    let cluster = own_cluster().await;
    let url = cluster.postgres.url("postgres");
    let child = Command::new(&program).args(command).env(SERVER_VARIABLE, url).kill_on_drop(true).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("error: cannot run {}: {error}", program.display());
            return ExitCode::from(127);
        }
    };
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt()).expect("a signal that can be caught"),
        signal(SignalKind::terminate()).expect("a signal that can be caught"),
    );
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            // A terminal sends it to the command as well, whose end is waited for.
            _ = interrupt.recv() => {}
            // Ends the command, too: it is killed when dropped.
            _ = terminate.recv() => return ExitCode::from(143),
        }
    };
    let code = status.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}
