//! `task create`: submits one task, and follows it where it is asked to.

use std::time::Duration;

use jiff::Timestamp;
use task_client::v1;
use task_proto::{from_wire, to_wire};

use super::{Context, follow, watch};
use crate::exit::{Exit, Failure, Result};
use crate::out::{talk, warn};
use crate::parse::{self, Parameter};
use crate::render;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: task-cli task create \"Send Newsletter\" --type send_email -p to=a@example.com -p subject=\"Weekly Update\"

A parameter's value is JSON where it is valid JSON (a number, true, false, null, an object, an array, a \
quoted string), and text otherwise: -p n=3 is a number, -p 'n=\"3\"' and -p n=three are texts. \
-p key:=json takes JSON only.")]
pub(crate) struct Args {
    /// What people call it: 1 to 255 characters
    name: String,
    /// Its type, which names the plugin that runs it
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: String,
    /// A parameter, as key=value; may be given several times, also beside --payload
    #[arg(short, long = "parameter", value_name = "KEY=VALUE", value_parser = parse::parameter)]
    parameters: Vec<Parameter>,
    /// Parameters as a JSON object, or @file, or - for standard input; those of -p are added
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    payload: Option<String>,
    /// Retries after the first attempt, 0 to 1,000 [default: 3]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse::number::<u32>(0..=1_000))]
    retries: Option<u32>,
    /// -100 to 100, higher runs first
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true,
        value_parser = parse::number::<i32>(-100..=100))]
    priority: i32,
    /// The queue it waits in
    #[arg(long, value_name = "QUEUE", default_value = "default")]
    queue: String,
    /// Not to start before: a time (RFC 3339) or a duration from now, such as 10m
    #[arg(long, value_name = "WHEN", value_parser = parse::ahead, allow_hyphen_values = true)]
    run_at: Option<Timestamp>,
    /// Deadline of each attempt, 1ms to 7d [default: the worker's]
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, allow_hyphen_values = true)]
    timeout: Option<Duration>,
    /// Longest wait before the first retry; doubles with each [default: the worker's]
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, allow_hyphen_values = true)]
    initial_backoff: Option<Duration>,
    /// Longest wait before any retry [default: the worker's]
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, allow_hyphen_values = true)]
    max_backoff: Option<Duration>,
    /// A note of your own, as name=value; may be given several times
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = parse::label)]
    labels: Vec<(String, String)>,
    /// Your own name for this create: the same key again makes no second task
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Wait until it has ended, then show it; the exit code tells how it ended
    #[arg(long)]
    wait: bool,
    /// Show each of its changes until it has ended; the exit code tells how it ended
    #[arg(long, conflicts_with = "wait")]
    watch: bool,
}

impl Args {
    /// What is asked for, checked as the server would.
    fn spec(self) -> Result<v1::TaskSpec> {
        parse::unique("--label", self.labels.iter().map(|(name, _)| name.as_str()))
            .map_err(Failure::Usage)?;
        for (flag, text) in
            [("--queue", Some(&self.queue)), ("--idempotency-key", self.idempotency_key.as_ref())]
        {
            if text.is_some_and(String::is_empty) {
                return Err(Failure::Usage(format!(
                    "{flag} must not be empty; leave it out or give a value"
                )));
            }
        }
        let backoff = self.initial_backoff.or(self.max_backoff).map(|_| v1::RetryPolicy {
            initial_backoff: self.initial_backoff.map(to_wire::duration),
            max_backoff: self.max_backoff.map(to_wire::duration),
        });
        let spec = v1::TaskSpec {
            name: self.name,
            r#type: self.kind,
            payload: parse::payload(self.payload.as_deref(), &self.parameters)?,
            retries: self.retries,
            retry_policy: backoff,
            priority: self.priority,
            queue: self.queue,
            run_at: self.run_at.map(to_wire::timestamp),
            timeout: self.timeout.map(to_wire::duration),
            labels: self.labels.into_iter().collect(),
            idempotency_key: self.idempotency_key.unwrap_or_default(),
        };
        from_wire::new_task(spec.clone(), Timestamp::now())?;
        Ok(spec)
    }
}

pub(super) async fn run(mut context: Context, args: Args) -> Result<Exit> {
    let (wait, follows) = (args.wait, args.watch);
    let spec = args.spec()?;
    let name = render::text::clean(&spec.name, false);
    let answer = context.client.create(spec).await?;
    for warning in &answer.warnings {
        warn(render::text::clean(warning, false));
    }
    let told = if answer.created {
        format!("Created task {}: {name}", answer.id)
    } else {
        format!("Task {} was created with this key before", answer.id)
    };
    if follows {
        talk(told);
        return watch::some(context, &[answer.id]).await;
    }
    if wait {
        talk(told);
        let ends = follow::to_the_end(&context.client, &[answer.id], |_| Ok(())).await?;
        let task = context.client.get(answer.id).await?;
        context.out.answer(&task, |task, _| render::task::show(task))?;
        return Ok(follow::exit(&ends));
    }
    context.out.answer(&answer, |_, _| told)?;
    Ok(Exit::Done)
}
