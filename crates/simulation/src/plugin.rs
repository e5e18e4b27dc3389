//! A plugin that does anything a plugin may do.

use std::time::Duration;

use rand::RngExt;
use task_plugin::{Context, Error, Outcome, Parameters, Plugin};

use crate::gate::Gate;
use crate::link::Database;
use crate::world::World;

/// The type whose attempts kill their worker.
pub const KILLER: &str = "killer";
/// The type whose attempts do anything else.
pub const WORK: &str = "work";
/// What a panic on purpose says.
pub const PANIC: &str = "a plugin panics on purpose";

/// Does what chance says.
pub struct Script {
    /// For its choices, and to write down what it does.
    pub world: World,
    /// The process that it runs in.
    pub gate: Gate,
    /// Whether it kills its process.
    pub kills: bool,
}

impl Plugin for Script {
    async fn run(&self, context: Context, _: Parameters) -> Result<Outcome, Error> {
        let lease = context.lease();
        let database = &self.world.database;
        database
            .note(|| format!("task {} starts, attempt {}, claim {}", lease.task, lease.attempt, lease.epoch));
        self.world.started(lease);
        if self.kills {
            self.gate.kill();
            self.gate.pass().await;
        }
        let outcome = self.act(database, &context).await;
        // A dead process does nothing more, one that stands still later.
        self.gate.pass().await;
        outcome
    }
}

impl Script {
    async fn act(&self, database: &Database, context: &Context) -> Result<Outcome, Error> {
        let dice = database.open().chance.random_range(0..100);
        let wait = async |most| tokio::time::sleep(database.span(most)).await;
        match dice {
            0..35 => {}
            35..60 => wait(Duration::from_secs(3)).await,
            60..65 => wait(Duration::from_secs(25)).await,
            65..76 => {
                wait(Duration::from_secs(1)).await;
                return Err(Error::retry("it did not work"));
            }
            76..79 => return Err(Error::give_up("it never will")),
            79..85 => return Ok(Outcome::Snooze(database.span(Duration::from_secs(5)))),
            85..88 => return Ok(Outcome::Snooze(Duration::ZERO)),
            88..92 => panic!("{PANIC}"),
            92..96 => std::future::pending().await,
            _ => {
                // Tidies up when it is stopped, and takes its time.
                context.cancelled().await;
                wait(Duration::from_secs(1)).await;
                return Err(Error::retry("it was stopped"));
            }
        }
        Outcome::done(&context.lease().epoch.get())
    }
}
