//! `task list`: one page of tasks, newest first.

use jiff::Timestamp;
use task_client::v1;
use task_domain::Status;
use task_proto::{from_wire, to_wire};

use super::Context;
use crate::exit::{Exit, Result};
use crate::out::talk;
use crate::{parse, render};

/// Calls after which a search that has found nothing yet asks whether to go on.
const LOOKS: usize = 50;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Page to show, from 1
    #[arg(short = 'n', long = "pageNumber", visible_alias = "page-number", value_name = "N", default_value_t = 1,
        allow_negative_numbers = true, value_parser = parse::number::<u32>(1..=u32::MAX.into()))]
    page_number: u32,
    /// Tasks on a page, 1 to 1,000
    #[arg(short = 'c', long = "pageCount", visible_alias = "page-count", value_name = "N", default_value_t = 30,
        allow_negative_numbers = true, value_parser = parse::number::<u32>(1..=1_000))]
    page_count: u32,
    /// Where the page starts, as the page before has said; quick at any depth
    #[arg(long, value_name = "TOKEN", conflicts_with = "page_number")]
    page_token: Option<String>,
    #[command(flatten)]
    filter: Filter,
}

/// Which tasks are meant: those that meet every condition given.
#[derive(clap::Args, Debug, Default)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// In this status, in any case; may be given several times
    #[arg(long, value_name = "STATUS", value_parser = parse::status, value_delimiter = ',')]
    status: Vec<Status>,
    /// Of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// In this queue; may be given several times
    #[arg(long = "queue", value_name = "QUEUE", value_delimiter = ',')]
    queues: Vec<String>,
    /// With this text in the name, in any case
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// With this text in the payload, in any case
    #[arg(long, value_name = "TEXT")]
    payload: Option<String>,
    /// Of this priority, -100 to 100
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        value_parser = parse::number::<i32>(-100..=100))]
    priority: Option<i32>,
    /// Created at or after: a time (RFC 3339) or a duration ago, such as 2h
    #[arg(long, value_name = "WHEN", value_parser = parse::ago, allow_hyphen_values = true)]
    since: Option<Timestamp>,
    /// Created before: a time (RFC 3339) or a duration ago, such as 2h
    #[arg(long, value_name = "WHEN", value_parser = parse::ago, allow_hyphen_values = true)]
    until: Option<Timestamp>,
}

impl Filter {
    /// The filter on the wire, checked.
    pub(crate) fn to_wire(&self) -> Result<v1::TaskFilter> {
        let filter = v1::TaskFilter {
            statuses: self.status.iter().map(|&s| v1::Status::from(s).into()).collect(),
            types: self.types.clone(),
            queues: self.queues.clone(),
            priority: self.priority,
            name_contains: self.name.clone().unwrap_or_default(),
            payload_contains: self.payload.clone().unwrap_or_default(),
            created_from: self.since.map(to_wire::timestamp),
            created_until: self.until.map(to_wire::timestamp),
        };
        from_wire::filter(filter.clone())?;
        Ok(filter)
    }

    /// Whether it asks for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.to_wire().is_ok_and(|filter| filter == v1::TaskFilter::default())
    }
}

pub(super) async fn run(mut context: Context, args: Args) -> Result<Exit> {
    let page_token = args.page_token.unwrap_or_default();
    let page_number = if page_token.is_empty() { args.page_number } else { 0 };
    from_wire::page(args.page_count, page_number, &page_token)?;
    let mut request = v1::ListTasksRequest {
        filter: Some(args.filter.to_wire()?),
        page_size: args.page_count,
        page_number,
        page_token,
    };
    let mut answer = context.client.list(request.clone()).await?;
    // A rare filter takes more looks than the service gives to one call: then a page is empty and
    // names the place to go on from.
    for _ in 1..LOOKS {
        if !answer.tasks.is_empty() || answer.next_page_token.is_empty() {
            break;
        }
        request.page_number = 0;
        request.page_token = std::mem::take(&mut answer.next_page_token);
        answer = context.client.list(request.clone()).await?;
    }
    if !context.out.is_table() {
        context.out.answer(&answer, |_, _| String::new())?;
        return Ok(Exit::Done);
    }
    if answer.tasks.is_empty() && !answer.next_page_token.is_empty() {
        let token = &answer.next_page_token;
        talk(format_args!("None among the newest tasks; to look further back: --page-token {token}"));
        return Ok(Exit::Done);
    }
    if answer.tasks.is_empty() {
        talk(if args.page_number > 1 || !args.filter.is_empty() {
            "No such tasks here."
        } else {
            "No tasks yet."
        });
    } else {
        context.out.answer(&answer, |answer, color| render::tasks::show(&answer.tasks, color))?;
    }
    if !answer.next_page_token.is_empty() {
        talk(format_args!("More: --page-token {}", answer.next_page_token));
    }
    Ok(Exit::Done)
}
