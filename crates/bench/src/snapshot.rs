//! Line 7: full speed while somebody holds an old snapshot, and beside much that does not move.

use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::held::FullSpeed;
use crate::postgres::Postgres;
use crate::report::{Bar, Figure, Unit};
use crate::statistics::last_quarter;

/// What is there besides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Burden {
    None,
    /// A repeatable-read transaction that is open all the time.
    Snapshot,
    /// 100,000 tasks that another worker runs for long.
    Running,
    /// A million tasks that are due tomorrow.
    Future,
}

pub(crate) async fn lines(bench: &mut Bench) -> Result<()> {
    let time = bench.sizes.held;
    let last_quarter = format!("last quarter of {} s", time.as_secs());
    let burdens = [
        ("held snapshot", Burden::Snapshot),
        ("100,000 RUNNING", Burden::Running),
        ("1 M due later", Burden::Future),
    ];
    let mut before = full_speed(&bench.postgres, time, Burden::None).await?;
    for (name, burden) in burdens {
        let rate = full_speed(&bench.postgres, time, burden).await?;
        // Right before and after each, since the speed of most machines changes from minute to minute.
        let after = full_speed(&bench.postgres, time, Burden::None).await?;
        let figure = Figure::new(7, format!("{last_quarter}, {name}"), Unit::PerSecond, Bar::AtLeast(0.85));
        bench.report.share(&figure, rate, f64::midpoint(before, after), "without");
        for rate in [before, after] {
            let figure = Figure::new(
                7,
                format!("the same before and after, without {name}"),
                Unit::PerSecond,
                Bar::None,
            );
            bench.report.note(&figure, rate);
        }
        before = after;
    }
    Ok(())
}

/// Whole lives a second in the last quarter of `time`.
async fn full_speed(postgres: &Postgres, time: Duration, burden: Burden) -> Result<f64> {
    postgres.fresh().await?;
    match burden {
        Burden::Running => running(postgres, 100_000).await?,
        Burden::Future => future(postgres, 1_000_000).await?,
        Burden::None | Burden::Snapshot => {}
    }
    let mut holder = postgres.connect().await?;
    if burden == Burden::Snapshot {
        let hold = "begin isolation level repeatable read; select count(*) from task_ready";
        sqlx::raw_sql(hold).execute(&mut holder).await?;
    }
    let rates = FullSpeed::start(postgres).await?.run(time).await?;
    // Had the transaction been cut, nothing would have been held.
    if burden == Burden::Snapshot {
        sqlx::raw_sql("select 1; commit").execute(&mut holder).await?;
    }
    Ok(last_quarter(&rates))
}

async fn running(postgres: &Postgres, tasks: i64) -> Result<()> {
    let mut connection = postgres.connect().await?;
    sqlx::query(include_str!("snapshot/running_worker.sql")).execute(&mut connection).await?;
    sqlx::query(include_str!("snapshot/running.sql")).bind(tasks).execute(&mut connection).await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut connection).await?;
    sqlx::raw_sql("checkpoint").execute(&mut connection).await?;
    Ok(())
}

/// Puts tasks in that are due tomorrow; their ids are 1 to `tasks`.
pub(crate) async fn future(postgres: &Postgres, tasks: i64) -> Result<()> {
    let mut connection = postgres.connect().await?;
    sqlx::query(include_str!("snapshot/lane.sql")).execute(&mut connection).await?;
    sqlx::query(include_str!("snapshot/future.sql")).bind(tasks).execute(&mut connection).await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut connection).await?;
    sqlx::raw_sql("checkpoint").execute(&mut connection).await?;
    Ok(())
}
