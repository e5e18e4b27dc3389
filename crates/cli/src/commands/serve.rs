//! `serve`: runs a worker until it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use task_domain::{Kind, Queue};
use task_worker::{Database, Error, Options};

use super::{plugins, signals};
use crate::exit::{Exit, Failure, Result};
use crate::out::talk;
use crate::parse;
use crate::settings::Settings;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Runs until it gets SIGTERM or SIGINT (ctrl-c): then it takes no more tasks, gives those that run the grace \
period, and puts the rest back, which costs them no attempt. A second signal ends it at once.

Each option may also stand in the config file under `serve:`, such as
  serve:
    concurrency: 50
    smtp_url: smtp://127.0.0.1:1025?from=tasks@example.com
    connections:
      default: {url: \"postgres://reader:secret@127.0.0.1:5432/shop\", max_rows: 100}")]
pub(crate) struct Args {
    /// The service's database, as postgres://user:password@host:port/database; of several hosts,
    /// separated by commas, the one that takes writes is used
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// A pooler stands between that keeps no sessions, such as pgbouncer in transaction mode: work
    /// without prepared statements, session settings and LISTEN
    #[arg(long, env = "TASK_POOLED")]
    pooled: bool,
    /// Neither send nor hear hints by NOTIFY and LISTEN: work by polling alone
    #[arg(long, env = "TASK_NO_NOTIFY")]
    no_notify: bool,
    /// How many tasks to run at a time, 1 to 10,000 [default: 100]
    #[arg(short = 'c', long, env = "TASK_CONCURRENCY", value_name = "N", allow_negative_numbers = true,
        value_parser = parse::number::<u16>(1..=10_000))]
    concurrency: Option<u16>,
    /// Types to run, such as `run_query,send_email` [default: all that are set up]
    #[arg(long, env = "TASK_TYPES", value_name = "TYPES", value_delimiter = ',')]
    types: Vec<String>,
    /// Queues to serve, such as a,b [default: all]
    #[arg(long, env = "TASK_QUEUES", value_name = "QUEUES", value_delimiter = ',')]
    queues: Vec<String>,
    /// Its name, for people [default: host name and process id]
    #[arg(long, env = "TASK_WORKER_NAME", value_name = "NAME")]
    name: Option<String>,
    /// Time that running tasks get once it is told to stop [default: 30s]
    #[arg(long, env = "TASK_DRAIN_GRACE", value_name = "DURATION", value_parser = parse::duration,
        allow_hyphen_values = true)]
    drain_grace: Option<Duration>,
    /// Time between two looks for work where no hint comes, 10ms to 1m [default: 1s]
    #[arg(long, env = "TASK_POLL_INTERVAL", value_name = "DURATION", value_parser = parse::duration,
        allow_hyphen_values = true)]
    poll_interval: Option<Duration>,
    /// How long its tasks are left to it when it is not heard of, 1s to 1h [default: 15s]
    #[arg(long, env = "TASK_LEASE_TIME", value_name = "DURATION", value_parser = parse::duration,
        allow_hyphen_values = true)]
    lease_time: Option<Duration>,
    #[command(flatten)]
    plugins: plugins::Plugins,
}

/// The section `serve` of the config file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    database_url: Option<String>,
    pooled: bool,
    no_notify: bool,
    concurrency: Option<u16>,
    types: Vec<String>,
    queues: Vec<String>,
    name: Option<String>,
    drain_grace: Option<String>,
    poll_interval: Option<String>,
    lease_time: Option<String>,
    smtp_url: Option<String>,
    connections: BTreeMap<String, plugins::FileConnection>,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<Exit> {
    let file = settings.serve.clone();
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let database_url = given(args.database_url).or(file.database_url).ok_or_else(|| {
        let told = "no database is given; use --database-url or DATABASE_URL, such as \
                    postgres://user:password@127.0.0.1:5432/tasks";
        Failure::Usage(told.to_owned())
    })?;
    let mut database = Database::new(&database_url)?;
    database.pooled = args.pooled || file.pooled;
    database.notify = !(args.no_notify || file.no_notify);
    let place = database.describe();
    let mut options = Options::new(database);
    if let Some(slots) = args.concurrency.or(file.concurrency) {
        options.slots = slots.into();
    }
    let first = |flags: Vec<String>, file: Vec<String>| if flags.is_empty() { file } else { flags };
    options.kinds = words("--types", first(args.types, file.types), Kind::new)?;
    options.queues = words("--queues", first(args.queues, file.queues), Queue::new)?;
    if let Some(name) = args.name.or(file.name) {
        options.name = name;
    }
    if let Some(grace) = args.drain_grace.map_or_else(|| in_file("drain_grace", file.drain_grace), ok)? {
        options.grace = grace;
    }
    if let Some(poll) = args.poll_interval.map_or_else(|| in_file("poll_interval", file.poll_interval), ok)? {
        options.poll = poll;
    }
    if let Some(lease) = args.lease_time.map_or_else(|| in_file("lease_time", file.lease_time), ok)? {
        options.lease_time = lease;
    }
    options.check().map_err(|e| flagged(&format!("--{}", e.field), &e))?;
    let setup = plugins::Setup::read(args.plugins, file.smtp_url, file.connections)?;
    let plugins = setup.registry(&database_url)?;
    setup.check(&database_url).await?;

    let stop = signals::stop("what runs may finish")?;
    let (name, slots) = (options.name.clone(), options.slots);
    let kinds = if options.kinds.is_empty() { plugins.kinds() } else { options.kinds.clone() };
    let kinds = kinds.iter().map(Kind::as_str).collect::<Vec<_>>().join(", ");
    talk(format_args!("Worker {name} connects to {place} ..."));
    let ready =
        move |id| talk(format_args!("Worker {id} is ready: {slots} tasks at a time, of types {kinds}."));
    match task_worker::run(options, plugins, Arc::new(ready), stop).await {
        Ok(()) => {}
        Err(Error::Invalid(invalid)) => return Err(invalid.into()),
        Err(Error::UnknownKind(unknown)) => return Err(Failure::Usage(format!("--types: {unknown}"))),
        Err(error) => return Err(Failure::Other(error.into())),
    }
    talk("Worker stopped.");
    Ok(Exit::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "stands beside a function that can fail")]
fn ok(span: Duration) -> Result<Option<Duration>> {
    Ok(Some(span))
}

fn in_file(key: &str, text: Option<String>) -> Result<Option<Duration>> {
    let read = text.map(|text| parse::duration(&text)).transpose();
    read.map_err(|problem| Failure::Usage(format!("config file: serve.{key}: {problem}")))
}

fn flagged(flag: &str, invalid: &task_domain::Invalid) -> Failure {
    Failure::Usage(format!("{flag}: {}", invalid.problem))
}

fn words<T>(
    flag: &str,
    texts: Vec<String>,
    read: impl Fn(String) -> std::result::Result<T, task_domain::Invalid>,
) -> Result<Vec<T>> {
    // An empty environment variable stands for none.
    let texts = texts.into_iter().filter(|t| !t.is_empty());
    texts.map(|text| read(text).map_err(|e| flagged(flag, &e))).collect()
}
