//! The queue's database: in a Postgres of our own, or the one that was given.

use task_embedded::{Durability, Running, Settings};

use crate::{Error, Options, demo};

/// Name of the queue's database in a Postgres of our own.
const QUEUE: &str = "tasks";

/// Most connections at once: server, worker and plugins share it, and a few are left for people.
const CONNECTIONS: u32 = 200;

/// A database that can be connected to.
pub(crate) struct Database {
    /// The Postgres to be kept running, where it is our own.
    pub(crate) postgres: Option<Running>,
    /// Address of the queue's database.
    pub(crate) queue_url: String,
    /// Address of the demo database, for a role that may only read it.
    pub(crate) demo_url: Option<String>,
}

impl Database {
    /// Starts a Postgres with both databases, unless one was given.
    pub(crate) async fn open(options: &Options) -> Result<Self, Error> {
        if let Some(url) = &options.database_url {
            return Ok(Self { postgres: None, queue_url: url.clone(), demo_url: None });
        }
        let mut settings = match &options.data_dir {
            Some(dir) => Settings::kept(dir),
            None => Settings::ephemeral().durability(Durability::UntilMachineCrash),
        }
        .max_connections(CONNECTIONS);
        settings.bin_dir.clone_from(&options.postgres_dir);
        let postgres = task_embedded::start(settings).await?;
        postgres.create_database_if_missing(QUEUE).await?;
        // Whoever may log in to this Postgres need not be let into the queue.
        postgres.execute(QUEUE, &format!("revoke all on database {QUEUE} from public")).await?;
        let demo_url = demo::set_up(&postgres).await?;
        tracing::info!(
            dir = %postgres.data_dir().display(),
            port = postgres.port(),
            version = postgres.binaries().major(),
            "PostgreSQL is ready"
        );
        Ok(Self { queue_url: postgres.url(QUEUE), demo_url: Some(demo_url), postgres: Some(postgres) })
    }
}
