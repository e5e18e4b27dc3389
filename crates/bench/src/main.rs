//! Measures the service beside what plain SQL reaches on the same Postgres in the same run.

mod ceiling;
mod drain;
mod life;
mod postgres;
mod processes;
mod scene;
mod submit;

use anyhow::Result;
use clap::Parser;

use postgres::Postgres;
use scene::median;

/// Measures the service beside what plain SQL reaches on the same Postgres in the same run.
#[derive(Parser)]
struct Arguments {
    /// Tasks in each measurement
    #[arg(long, default_value_t = 100_000)]
    tasks: u64,
    /// Runs of each measurement; the middle one counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only these lines, such as drain,submit
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let postgres = Postgres::start().await?;
    let wants = |line: &str| arguments.only.is_empty() || arguments.only.iter().any(|o| o == line);
    let (tasks, runs) = (arguments.tasks, arguments.runs);
    let mut ceilings = Vec::new();
    for _ in 0..runs {
        let c = ceiling::measure(&postgres, tasks).await?;
        println!("ceiling submit {:.0} drain {:.0} life {:.0}", c.submit, c.drain, c.life());
        ceilings.push(c);
        if wants("drain") {
            let d = drain::measure(&postgres, tasks, 1, drain::Start::Full).await?;
            println!("drain {:.0} = {:.2}; cpu {:.1} us", d.rate, d.rate / c.drain, d.cpu_us);
        }
        if wants("drain-empty") {
            let d = drain::measure(&postgres, tasks, 1, drain::Start::Empty).await?;
            println!("drain-empty {:.0} = {:.2}", d.rate, d.rate / c.drain);
        }
        if wants("drain-4") {
            let d = drain::measure(&postgres, tasks, 4, drain::Start::Full).await?;
            println!("drain-4 {:.0} = {:.2}", d.rate, d.rate / c.drain);
        }
        if wants("submit") {
            let s = submit::measure(&postgres, tasks, 250, 4).await?;
            println!("submit-250 {:.0} = {:.2}", s.rate, s.rate / c.submit);
        }
        if wants("unary") {
            let s = submit::measure(&postgres, tasks / 2, 1, 64).await?;
            println!("unary {:.0} = {:.2}; server cpu {:.1}", s.rate, s.rate / c.submit, s.cpu_us);
        }
        if wants("life") {
            let l = life::measure(&postgres, tasks).await?;
            println!(
                "life {:.0} = {:.2}; wal {:.0} B, commits {:.3}, dead {:.1}",
                l.rate,
                l.rate / c.life(),
                l.wal_bytes,
                l.commits,
                l.dead
            );
        }
    }
    println!(
        "median ceiling life {:.0}",
        median(&ceilings.iter().map(ceiling::Ceiling::life).collect::<Vec<_>>())
    );
    postgres.stop().await
}
