//! Notes each execution in a file, for those who check afterwards what was run, how often and by whom.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use task_plugin::{About, Context, Error, Outcome, Parameters, Plugin};

use crate::Simulate;

/// [`Simulate`] with a journal: one line when an execution starts, one when it ends by itself, as
/// `start TASK ATTEMPT EPOCH MICROSECONDS` or `end …`, the time since 1970 by this machine's clock. An
/// execution that was cut off has no second line.
///
/// A task without a `result_size` gets the fence it ran under as its result, so that whoever reads the
/// two together can tell which execution was the one that counted.
#[derive(Clone, Debug)]
pub struct Journaled {
    journal: Arc<File>,
}

#[derive(Serialize)]
struct Fence {
    attempt: u32,
    epoch: i64,
}

impl Journaled {
    /// Appends to this file, which is made where it is missing.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let journal = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { journal: Arc::new(journal) })
    }

    /// One short write to a file opened for appending: lines of several executions do not mix, and
    /// what was written outlives the process.
    fn note(&self, word: &str, context: &Context) -> io::Result<()> {
        let lease = context.lease();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let line = format!("{word} {} {} {} {now}\n", lease.task, lease.attempt, lease.epoch.get());
        (&*self.journal).write_all(line.as_bytes())
    }
}

impl Plugin for Journaled {
    async fn run(&self, context: Context, parameters: Parameters) -> Result<Outcome, Error> {
        let lease = context.lease();
        self.note("start", &context)?;
        let outcome = Simulate.run(context.clone(), parameters).await;
        self.note("end", &context)?;
        match outcome? {
            Outcome::Done(None) => Outcome::done(&Fence { attempt: lease.attempt, epoch: lease.epoch.get() }),
            other => Ok(other),
        }
    }

    fn about(&self) -> About {
        Simulate.about()
    }
}
