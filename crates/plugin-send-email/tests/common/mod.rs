//! A real SMTP server, and the plugin as a worker meets it.
#![allow(dead_code, reason = "each test program uses its own part")]

use serde_json::Value;
use task_domain::{Claimed, Epoch, Kind, Lease, Name, Payload, Retries, TaskId};
use task_plugin::{Context, Error, Outcome, Parameters, Registry, Retry, Signal};
use task_plugin_send_email::{KIND, Security, SendEmail, Settings};
use task_smtp_sink::SmtpSink;

/// A sink that takes everything.
pub(crate) async fn sink() -> SmtpSink {
    SmtpSink::start(task_smtp_sink::Settings::default()).await.expect("a free port")
}

/// Settings for a sink, without TLS.
pub(crate) fn settings(sink: &SmtpSink) -> Settings {
    Settings {
        port: sink.addr().port(),
        security: Security::None,
        from: "Shop <shop@example.com>".into(),
        ..Settings::new(sink.addr().ip().to_string())
    }
}

/// The plugin with these settings.
pub(crate) fn plugin(settings: &Settings) -> Registry {
    Registry::new().with(KIND, SendEmail::new(settings).expect("good settings"))
}

/// Runs attempt number `attempt` of task 12.
pub(crate) async fn attempt(registry: &Registry, attempt: u32, parameters: &Value) -> Result<Value, Error> {
    let claimed = Claimed {
        lease: Lease { task: TaskId::new(12).unwrap(), attempt, epoch: Epoch::from_store(1) },
        name: Name::new("mail").unwrap(),
        kind: Kind::new(KIND).unwrap(),
        payload: Payload::new(&parameters.to_string()).unwrap(),
        retries: Retries::default(),
        failures: attempt - 1,
        backoff: None,
        timeout: None,
    };
    let context = Context::new(&claimed, None, Signal::default());
    match registry.run(&claimed.kind, context, Parameters::new(claimed.payload)).unwrap().await? {
        Outcome::Done(Some(result)) => Ok(serde_json::from_str(result.as_str()).unwrap()),
        other => panic!("no result: {other:?}"),
    }
}

/// Runs the first attempt.
pub(crate) async fn send(registry: &Registry, parameters: &Value) -> Result<Value, Error> {
    attempt(registry, 1, parameters).await
}

/// Runs an attempt that must fail, for good or for now.
pub(crate) async fn fails(registry: &Registry, parameters: &Value, retry: Retry) -> String {
    let error = send(registry, parameters).await.expect_err("must fail");
    assert_eq!(error.retry_hint(), retry, "{error}");
    error.message().to_owned()
}
