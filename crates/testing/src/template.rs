//! Migrates once for each server, into a template from which test databases are copied.

use std::hash::{DefaultHasher, Hash, Hasher};

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::Mutex;

use crate::server::Server;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Names the lock that keeps two test processes from making the template at once.
const LOCK: i64 = 0x7461_736b_7465_7374;

/// Addresses of servers whose template this process has seen.
static SEEN: Mutex<Vec<String>> = Mutex::const_new(Vec::new());

/// Makes sure that the template is there, and returns its name.
pub(crate) async fn ensure(server: &Server) -> sqlx::Result<String> {
    let name = name();
    let url = server.url(&name);
    let mut seen = SEEN.lock().await;
    if !seen.contains(&url) {
        let mut admin = PgConnection::connect(&server.url("postgres")).await?;
        sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut admin).await?;
        make_if_missing(&mut admin, &name, &url).await?;
        // Gives the lock back, too.
        admin.close().await?;
        seen.push(url);
    }
    Ok(name)
}

/// Carries a hash of the migrations, so that changed ones make another template on a server that
/// lives longer than one run.
fn name() -> String {
    let mut hash = DefaultHasher::new();
    for migration in MIGRATIONS.iter() {
        (migration.version, &migration.checksum).hash(&mut hash);
    }
    format!("task_template_{:016x}", hash.finish())
}

async fn make_if_missing(admin: &mut PgConnection, name: &str, url: &str) -> sqlx::Result<()> {
    // Marked as a template last, so that one without the mark was left half made.
    let made: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1 and datistemplate)")
            .bind(name)
            .fetch_one(&mut *admin)
            .await?;
    if made {
        return Ok(());
    }
    for statement in
        [format!("drop database if exists {name} with (force)"), format!("create database {name}")]
    {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *admin).await?;
    }
    let mut inside = PgConnection::connect(url).await?;
    MIGRATIONS.run_direct(None, &mut inside, false).await?;
    inside.close().await?;
    let mark = format!("alter database {name} is_template true");
    sqlx::raw_sql(AssertSqlSafe(mark)).execute(&mut *admin).await?;
    Ok(())
}
