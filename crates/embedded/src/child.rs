//! A child process that cannot outlive this one.
//!
//! The kernel can signal a child when its parent dies (`PR_SET_PDEATHSIG`), but "parent" means
//! the *thread* that forked it. So each child gets a thread of its own, which forks it and then
//! does nothing but wait for it: the thread ends after its child, or when the whole process does.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::sync::watch;

use crate::{Error, processes};

/// How often a waiting thread looks again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A started process; dropping this leaves it running.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pid: i32,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Child {
    /// Starts a command, in a process group of its own: Ctrl-C in a terminal must reach the
    /// supervisor alone, which then stops its workers before its database.
    pub(crate) fn start(mut command: Command, at_parents_death: Signal) -> Result<Self, Error> {
        let doing = format!("start {}", command.get_program().display());
        command.process_group(0);
        end_with_parent(&mut command, at_parents_death);
        let (started, answer) = mpsc::sync_channel(1);
        let (ended, exit) = watch::channel(None);
        thread::Builder::new()
            .name("postgres-parent".into())
            .spawn(move || match command.spawn() {
                Ok(mut child) => {
                    let _ = started.send(Ok(child.id()));
                    let status = child.wait().expect("a child that nobody else waits for");
                    ended.send_replace(Some(status));
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })
            .map_err(Error::io("start a thread"))?;
        let pid = answer.recv().expect("the thread answers before it ends").map_err(Error::io(doing))?;
        let pid = i32::try_from(pid).expect("process ids are positive and fit");
        Ok(Self { pid, exit })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(crate) fn exit(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Sends a signal, unless it has ended: its number may belong to another process by then.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.exit().is_none() {
            processes::signal(self.pid, signal);
        }
    }

    /// Blocks until it ends, at most for `limit`.
    pub(crate) fn wait_blocking(&self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.exit() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Waits until it ends. Cancel safe.
    pub(crate) async fn wait(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.expect("the thread tells the end before it ends");
        status.expect("waited for it")
    }
}

/// Asks the kernel to signal the child when this process dies.
#[cfg(target_os = "linux")]
fn end_with_parent(command: &mut Command, signal: Signal) {
    use nix::sys::prctl::set_pdeathsig;
    use nix::unistd::{getpid, getppid};

    let parent = getpid();
    let in_child = move || {
        set_pdeathsig(signal)?;
        // The parent may have died before the line above; then no signal will come any more.
        if getppid() != parent {
            return Err(std::io::ErrorKind::NotConnected.into());
        }
        Ok(())
    };
    #[expect(
        unsafe_code,
        reason = "the closure runs between fork and exec, where only async-signal-safe calls are \
                  sound: it makes the system calls prctl and getppid, takes no lock and allocates \
                  nothing (both error values are plain numbers)"
    )]
    // SAFETY: see the reason above. It runs after the change of user, which would reset the signal.
    unsafe {
        command.pre_exec(in_child);
    }
}

/// Other systems have no such call: an orphan is found by the next start through its pid file.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_command: &mut Command, _signal: Signal) {}
