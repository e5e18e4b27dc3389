//! One of the two databases, filled, with a server and a claimer on it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff_sqlx::ToSqlx;
use sqlx::{AssertSqlSafe, PgConnection};
use task_domain::ports::Claim;
use task_domain::{Kind, Retries, WorkerInfo};
use task_proto::v1::task_service_client::TaskServiceClient;
use task_store::{Claimer, Session, SessionSettings};
use tokio::time::Instant;
use tonic::transport::Channel;

use super::questions::Question;
use crate::postgres::Postgres;
use crate::processes::Process;
use crate::scene::client;

/// Tasks put in by one statement.
const PIECE: u64 = 200_000;

pub(super) struct Side {
    postgres: Postgres,
    server: Process,
    client: TaskServiceClient<Channel>,
    session: Session,
    claimer: Claimer,
}

impl Side {
    /// Fills the database so that `waiting` tasks wait, and starts a server on it.
    pub(super) async fn start(postgres: Postgres, waiting: u64) -> Result<Self> {
        postgres.fresh().await?;
        fill(&mut postgres.connect().await?, waiting).await?;
        let (server, url) = Process::server(&postgres.url()).await?;
        let client = client(&url)?;
        let info = WorkerInfo {
            name: "claims".into(),
            host: "host".into(),
            version: "bench".into(),
            kinds: ["simulate", "send", "query", "call"].map(Kind::from_store).to_vec(),
            queues: Vec::new(),
            slots: 10_000,
        };
        // Nobody renews it, so that nothing but claims and questions is measured.
        let options = SessionSettings { lease_time: Duration::from_hours(1), ..Default::default() };
        let session = Session::open(postgres.settings()?, info, options).await?;
        let mut claimer = session.claimer();
        claimer.claim(10).await?;
        Ok(Self { postgres, server, client, session, claimer })
    }

    /// Claims once; how long it took, in milliseconds.
    pub(super) async fn claim(&mut self, tasks: usize) -> Result<f64> {
        let begun = Instant::now();
        let claimed = self.claimer.claim(tasks).await?;
        ensure!(claimed.len() == tasks, "only {} of {tasks} tasks were claimed", claimed.len());
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }

    /// Asks once; how long it took, in milliseconds.
    pub(super) async fn ask(&mut self, question: &Question) -> Result<f64> {
        let begun = Instant::now();
        question.ask(&mut self.client).await?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }

    /// Buffers that the claim statement reads or writes for each of 100 tasks, by EXPLAIN.
    pub(super) async fn buffers(&self) -> Result<f64> {
        let mut connection = self.postgres.connect().await?;
        sqlx::raw_sql(
            "set jit = off; set enable_seqscan = off; set enable_hashjoin = off; \
             set enable_mergejoin = off; set enable_material = off; begin",
        )
        .execute(&mut connection)
        .await?;
        let explain = format!("explain (analyze, buffers, format json) {}", task_store::claim_statement(8));
        let mut plan = serde_json::Value::Null;
        // The second time, what the first one had to read is at hand.
        for _ in 0..2 {
            plan = sqlx::query_scalar(AssertSqlSafe(explain.clone()))
                .bind(self.session.id().get())
                .bind((1..=8).collect::<Vec<i32>>())
                .bind(vec![0; 8])
                .bind(vec![jiff::Timestamp::UNIX_EPOCH.to_sqlx(); 8])
                .bind(vec![0_i64; 8])
                .bind(100_i64)
                .bind(1_i64)
                .bind(50_000_i64)
                .bind(None::<i64>)
                .bind(Retries::default().get().cast_signed())
                .fetch_one(&mut connection)
                .await
                .context("the claim statement cannot be explained")?;
        }
        sqlx::raw_sql("rollback").execute(&mut connection).await?;
        let top = &plan[0]["Plan"];
        let blocks = |what: &str| top[what].as_f64().unwrap_or_default();
        let parts = top["Plans"].as_array().into_iter().flatten();
        let gone = parts.into_iter().find(|part| part["Subplan Name"] == "CTE gone");
        let claimed = gone.and_then(|gone| gone["Actual Rows"].as_f64());
        ensure!(claimed == Some(100.0), "the explained claim got no 100 tasks");
        Ok((blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")) / 100.0)
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.server.stop().await
    }
}

async fn fill(connection: &mut PgConnection, waiting: u64) -> Result<()> {
    sqlx::query(include_str!("lanes.sql")).execute(&mut *connection).await?;
    // Of 20 tasks, 16 wait.
    let all = waiting * 20 / 16;
    let mut from = 1;
    while from <= all {
        let until = (from + PIECE - 1).min(all);
        sqlx::query(include_str!("fill.sql"))
            .bind(from.cast_signed())
            .bind(until.cast_signed())
            .execute(&mut *connection)
            .await?;
        from = until + 1;
    }
    sqlx::query(include_str!("statistics.sql")).execute(&mut *connection).await?;
    sqlx::query("select setval('task_id_seq', $1)").bind(all.cast_signed()).execute(&mut *connection).await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut *connection).await?;
    sqlx::raw_sql("checkpoint").execute(connection).await?;
    Ok(())
}
