//! `dev`: everything in one process, for trying it out and for development.

use std::collections::BTreeMap;
use std::path::PathBuf;

use task_standalone::{Error, OnMail, Options, start};

use super::{plugins, signals};
use crate::exit::{Exit, Failure, Result};
use crate::out::{Out, talk};
use crate::parse;
use crate::render::text::clean;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Starts a Postgres that is installed on this machine, with its data in the folder given, beside it a small demo \
database as the default connection of `run_query`, and a mail server that shows what `send_email` sends and \
delivers nothing. All of it listens on this machine only and ends with this process; tasks that run get 5 s then.")]
pub(crate) struct Args {
    /// Folder for the data, kept between runs [default: one of your home directory]
    #[arg(long, env = "TASK_DATA_DIR", value_name = "DIR", conflicts_with = "database_url")]
    data_dir: Option<PathBuf>,
    /// Where the server listens; port 0 takes a free one
    #[arg(long, env = "TASK_LISTEN", value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// A database to use instead of a Postgres of its own, as postgres://user:password@host:port/database
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// How many tasks to run at a time, 1 to 10,000
    #[arg(short = 'c', long, env = "TASK_CONCURRENCY", value_name = "N", default_value_t = 100,
        allow_negative_numbers = true, value_parser = parse::number::<u16>(1..=10_000))]
    concurrency: u16,
    #[command(flatten)]
    plugins: plugins::Plugins,
}

pub(super) async fn run(args: Args, mut out: Out) -> Result<Exit> {
    let mut setup = plugins::Setup::read(args.plugins, None, BTreeMap::new())?;
    let stop = signals::stop("what runs may finish")?;
    let data_dir = match (args.data_dir, &args.database_url) {
        (dir, Some(_)) => dir,
        (Some(dir), None) => Some(dir),
        (None, None) => Some(task_standalone::default_data_dir().map_err(failure)?),
    };
    let options = Options {
        data_dir: data_dir.clone(),
        database_url: args.database_url,
        listen: args.listen,
        slots: args.concurrency.into(),
        on_mail: OnMail::new(|mail| {
            let subject = clean(mail.subject.as_deref().unwrap_or_default(), false);
            talk(format_args!("Mail to {}: {subject}", clean(&mail.to.join(", "), false)));
        }),
        ..Options::default()
    };
    talk("Starting ...");
    let starting = start(options, |services| {
        setup.or_smtp_url(|| format!("smtp://{}", services.mail));
        if let Some(url) = &services.demo_url {
            setup.or_connection(url);
        }
        setup.registry(&services.queue_url).map_err(|failure| failure.to_string().into())
    });
    // Told to stop before it is up: what was started ends with this process.
    let running = tokio::select! {
        started = starting => started.map_err(failure)?,
        () = stop.cancelled() => return Ok(Exit::Failed),
    };
    out.text(format_args!("The task service is up: http://{}", running.address()))?;
    match &data_dir {
        Some(dir) => talk(format_args!("Its data is kept in {}; ctrl-c stops it.", dir.display())),
        None => talk("Ctrl-c stops it."),
    }
    running.run(stop).await.map_err(failure)?;
    talk("Stopped.");
    Ok(Exit::Done)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Address(invalid) => invalid.into(),
        Error::NoDataDir(_) => Failure::Usage(error.to_string()),
        error => Failure::Other(error.into()),
    }
}
