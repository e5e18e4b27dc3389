//! The `task-server` binary.

mod cli;
mod signals;

use std::process::ExitCode;

use clap::CommandFactory;
use task_server::{Server, metrics};
use task_store::migrate::{self, Status};
use task_store::{Settings, Store};
use task_telemetry::{logging, prometheus};

use cli::{Arguments, Command, CommonArguments, MigrateArguments, ServeArguments};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (common, command) = Arguments::read().into_command();
    if let Err(error) = logging::init(&common.log_level, common.log_format) {
        // A wrong option, like any other.
        Arguments::command().error(clap::error::ErrorKind::ValueValidation, error).exit();
    }
    match run(&common, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", logging::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(common: &CommonArguments, command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let settings = common.database()?;
    let done = runtime.block_on(async {
        match command {
            Command::Serve(serve) => run_server(serve, settings).await,
            Command::Migrate(migrate) => run_migrations(&migrate, &settings).await,
        }
    });
    // A connection that hangs must not keep the process from ending.
    runtime.shutdown_background();
    done
}

async fn run_server(arguments: ServeArguments, settings: Settings) -> anyhow::Result<()> {
    let stop = signals::stop()?;
    let recorder = prometheus::install(metrics::HISTOGRAMS)?;
    tracing::info!(database = %settings.describe(), version = env!("CARGO_PKG_VERSION"), "starting");
    let options = arguments.into_options(recorder);
    Server::bind(options, Store::new(settings)).await?.run(stop).await?;
    Ok(())
}

async fn run_migrations(arguments: &MigrateArguments, settings: &Settings) -> anyhow::Result<()> {
    if arguments.dry_run {
        match migrate::status(settings).await? {
            Status::Current => println!("the schema is up to date"),
            Status::Behind(steps) => steps.iter().for_each(|step| println!("would run {step}")),
            Status::Ahead { database, known } => return Err(migrate::ahead(database, known).into()),
        }
        return Ok(());
    }
    let steps = migrate::run(settings).await?;
    if steps.is_empty() {
        println!("the schema is up to date");
    }
    for step in steps {
        println!("ran {step}");
    }
    Ok(())
}
