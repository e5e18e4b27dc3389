//! Joins the parts into a whole.

use std::net::SocketAddr;
use std::sync::Arc;

use task_embedded::Shutdown;
use task_plugin::Registry;
use task_server::Server;
use task_smtp_sink::SmtpSink;
use task_store::{Settings, Store, migrate};
use task_telemetry::prometheus;
use tokio::sync::Notify;

use crate::database::Database;
use crate::keep::keep;
use crate::part::Part;
use crate::{Error, OnMail, Options, Running, mail};

/// What runs here that plugins may use, or must keep away from.
#[derive(Clone)]
pub struct LocalServices {
    /// Address of the queue's own database, which no query may reach.
    pub queue_url: String,
    /// Address of a small database for queries, for a role that may only read it; none if the
    /// queue's database was given.
    pub demo_url: Option<String>,
    /// Where mail is taken, by SMTP in the clear and without a login.
    pub mail: SocketAddr,
}

// The addresses hold passwords.
impl std::fmt::Debug for LocalServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalServices").field("mail", &self.mail).finish_non_exhaustive()
    }
}

/// The plugins, or why they cannot be set up.
pub type PluginsResult = Result<Registry, Box<dyn std::error::Error + Send + Sync>>;

/// Starts everything, and returns when the worker is ready for tasks.
///
/// # Errors
/// [`Error`], saying which part cannot start; what was started is stopped again.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn start(
    options: Options,
    plugins: impl FnOnce(&LocalServices) -> PluginsResult,
) -> Result<Running, Error> {
    // The database first: everything else stands on it.
    let mut database = Database::open(&options).await?;
    // Data that goes away is not worth a last checkpoint.
    let shutdown = if options.data_dir.is_some() { Shutdown::Fast } else { Shutdown::Immediate };
    let prepared = match prepare(options, plugins, &database).await {
        Ok(prepared) => prepared,
        Err(error) => {
            if let Some(postgres) = database.postgres.take() {
                // The first error tells more than one that follows.
                let _ = postgres.stop(shutdown).await;
            }
            return Err(error);
        }
    };
    let Prepared { services, sink, on_mail, server, worker, plugins } = prepared;
    let address = server.local_addr();
    let registered = Arc::new(Notify::new());
    let ready: task_worker::Ready = {
        let registered = Arc::clone(&registered);
        Arc::new(move |_| registered.notify_one())
    };

    // From here on each part runs by itself.
    let postgres = database.postgres.map(|postgres| Part::start(|stop| keep(postgres, shutdown, stop)));
    let mail = Part::start(|stop| mail::follow(sink, on_mail, stop));
    let server = Part::start(|stop| async move { Ok(server.run(stop).await?) });
    let worker = Part::start(|stop| async move { Ok(task_worker::run(worker, plugins, ready, stop).await?) });

    let mut running = Running { address, services, worker, server, mail, postgres };
    tokio::select! {
        () = registered.notified() => Ok(running),
        ended = running.ended() => {
            let stopped = running.stop().await;
            Err(ended.and(stopped).err().unwrap_or(Error::Stopped))
        }
    }
}

/// Everything that can be wrong, done before anything runs.
struct Prepared {
    services: LocalServices,
    sink: SmtpSink,
    on_mail: OnMail,
    server: Server<Store>,
    worker: task_worker::Options,
    plugins: Registry,
}

async fn prepare(
    options: Options,
    plugins: impl FnOnce(&LocalServices) -> PluginsResult,
    database: &Database,
) -> Result<Prepared, Error> {
    let settings = Settings::new(&database.queue_url)?;
    // Before the worker, which expects the tables to be there.
    for step in migrate::run(&settings).await.map_err(Error::Schema)? {
        tracing::info!(step, "migrated");
    }
    let histograms = [task_server::metrics::HISTOGRAMS, task_worker::HISTOGRAMS].concat();
    let server = task_server::Options {
        listen: options.listen,
        reflection: true,
        recorder: Some(prometheus::install(&histograms)?),
        ..Default::default()
    };
    let server = Server::bind(server, Store::new(settings.clone())).await?;
    let sink = task_smtp_sink::Settings { listen: options.mail_listen, ..Default::default() };
    let sink = SmtpSink::start(sink).await?;
    let services = LocalServices {
        queue_url: database.queue_url.clone(),
        demo_url: database.demo_url.clone(),
        mail: sink.addr(),
    };
    let plugins = plugins(&services).map_err(Error::Plugins)?;
    let worker = task_worker::Options {
        name: format!("dev-{}", std::process::id()),
        slots: options.slots,
        grace: options.grace,
        ..task_worker::Options::new(settings)
    };
    Ok(Prepared { services, sink, on_mail: options.on_mail, server, worker, plugins })
}
