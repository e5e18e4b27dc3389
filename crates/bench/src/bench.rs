//! What every section works with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::arguments::Sizes;
use crate::ceiling::{self, Ceiling};
use crate::postgres::Postgres;
use crate::report::Report;
use crate::statistics::median;

/// A ceiling that is younger is as good as one measured now.
const FRESH: Duration = Duration::from_secs(3);

/// The Postgres, the sizes, and the figures so far.
pub(crate) struct Bench {
    pub(crate) postgres: Postgres,
    pub(crate) sizes: Sizes,
    pub(crate) report: Report,
    about: BTreeMap<&'static str, String>,
    json: PathBuf,
    ceilings: Vec<Ceiling>,
    /// When the newest of them was measured.
    ceiling_at: Option<Instant>,
}

impl Bench {
    pub(crate) async fn start(sizes: Sizes, json: PathBuf) -> Result<Self> {
        let postgres = Postgres::start().await?;
        let mut connection = postgres.connect().await?;
        let version: String =
            sqlx::query_scalar("select current_setting('server_version')").fetch_one(&mut connection).await?;
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let about = BTreeMap::from([
            ("at", jiff::Timestamp::now().to_string()),
            ("postgres", version),
            ("cores", cores.to_string()),
            ("load_before", load()),
        ]);
        println!("Postgres {}, {} cores, load {}", about["postgres"], about["cores"], about["load_before"]);
        let report = Report::default();
        // A path that cannot be written is told now, not after half an hour.
        report.write(&json, sizes, &about)?;
        Ok(Self { postgres, sizes, report, about, json, ceilings: Vec::new(), ceiling_at: None })
    }

    /// Runs a section. One that fails is told, and the others still run.
    pub(crate) async fn section(
        &mut self,
        line: u8,
        name: &str,
        measure: impl AsyncFnOnce(&mut Self) -> Result<()>,
    ) {
        println!("{name} (line {line})");
        let begun = Instant::now();
        if let Err(error) = measure(self).await {
            self.report.failed(line, name, &error);
        }
        println!("  took {:.0} s; load {}", begun.elapsed().as_secs_f64(), load());
        if let Err(error) = self.report.write(&self.json, self.sizes, &self.about) {
            println!("  {error:#}; the table still comes at the end");
        }
    }

    /// The ceiling, to begin with. Taken before and after what is held against it, since the speed
    /// of most machines changes from minute to minute; what the section before ended with will do.
    pub(crate) async fn ceiling_before(&mut self) -> Result<Ceiling> {
        let fresh = self.ceiling_at.is_some_and(|at| at.elapsed() < FRESH);
        match self.ceilings.last() {
            Some(ceiling) if fresh => Ok(*ceiling),
            _ => self.ceiling().await,
        }
    }

    /// Measures the ceiling now.
    pub(crate) async fn ceiling(&mut self) -> Result<Ceiling> {
        let ceiling = ceiling::measure(&self.postgres, self.sizes.ceiling).await?;
        println!(
            "  ceiling: submit {:.0}/s, drain {:.0}/s, life {:.0}/s",
            ceiling.submit,
            ceiling.drain,
            ceiling.life()
        );
        self.ceilings.push(ceiling);
        self.ceiling_at = Some(Instant::now());
        Ok(ceiling)
    }

    /// Prints the table and stops the Postgres.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let part = |of: fn(&Ceiling) -> f64| median(&self.ceilings.iter().map(of).collect::<Vec<_>>());
        let (submit, drain, life) = (part(|c| c.submit), part(|c| c.drain), part(Ceiling::life));
        self.report.print();
        if !self.ceilings.is_empty() {
            println!(
                "ceiling, median of {}: submit {submit:.0}/s, drain {drain:.0}/s, life {life:.0}/s",
                self.ceilings.len()
            );
            self.about.insert("ceiling_submit", format!("{submit:.0}"));
            self.about.insert("ceiling_drain", format!("{drain:.0}"));
            self.about.insert("ceiling_life", format!("{life:.0}"));
        }
        self.about.insert("load_after", load());
        let busy = |load: &str| load.parse::<f64>().is_ok_and(|load| load > 1.0);
        if busy(&self.about["load_before"]) {
            println!(
                "BUSY: others used this machine before the run (load {} on {} cores); times are worth little",
                self.about["load_before"], self.about["cores"]
            );
        }
        self.report.write(&self.json, self.sizes, &self.about)?;
        println!("figures: {}", self.json.display());
        self.postgres.stop().await
    }
}

/// How busy the machine is, as its one-minute load.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
