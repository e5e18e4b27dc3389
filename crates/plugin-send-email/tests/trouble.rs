//! Refusals and broken connections: what is retried, what is final, and what the next mail sees.

mod common;

use std::time::Duration;

use common::{fails, plugin, send, settings, sink};
use serde_json::{Value, json};
use task_plugin::Retry;
use task_plugin_send_email::{Credentials, Security, Settings};
use task_smtp_sink::{Encryption, Fault, Reply, SmtpSink};

fn mail() -> Value {
    json!({"to": "a@example.com, b@example.com", "subject": "Hi", "body": "text"})
}

#[tokio::test]
async fn a_refusal_for_now_is_retried_and_one_for_good_is_final() {
    let sink = sink().await;
    let plugin = plugin(&settings(&sink));
    for (fault, retry, words) in [
        (Fault::RefuseRecipient(Reply::temporary(450, "mailbox busy")), Retry::MayHelp, "450"),
        (Fault::RefuseRecipient(Reply::permanent(550, "no such user")), Retry::IsUseless, "no such user"),
        (Fault::RefuseMessage(Reply::temporary(451, "try later")), Retry::MayHelp, "try later"),
        (Fault::RefuseMessage(Reply::permanent(554, "spam")), Retry::IsUseless, "554"),
    ] {
        sink.inject(&fault, 1);
        let message = fails(&plugin, &mail(), retry).await;
        assert!(message.contains(words), "{message}");
    }
    assert!(sink.messages().is_empty());
    send(&plugin, &mail()).await.unwrap();
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_retried() {
    let sink = sink().await;
    let plugin = plugin(&settings(&sink));
    sink.inject(&Fault::DropInData, 1);
    let large = json!({"to": "a@example.com", "body": "line\n".repeat(100_000)});
    fails(&plugin, &large, Retry::MayHelp).await;
    assert!(sink.messages().is_empty());
    // The server has the mail, and we cannot know: it is sent again, with the same ID.
    sink.inject(&Fault::DropAfterData, 1);
    fails(&plugin, &mail(), Retry::MayHelp).await;
    send(&plugin, &mail()).await.unwrap();
    let ids: Vec<_> = sink.messages().iter().map(|message| message.message_id().unwrap()).collect();
    assert_eq!(ids, ["<task-12-1@example.com>", "<task-12-1@example.com>"]);
}

#[tokio::test]
async fn a_silent_server_is_left_after_the_timeout() {
    let sink = sink().await;
    let plugin = plugin(&Settings { timeout: Duration::from_millis(200), ..settings(&sink) });
    sink.inject(&Fault::Hang, 1);
    let message = fails(&plugin, &mail(), Retry::MayHelp).await;
    assert!(message.contains("within 0.2 s"), "{message}");
}

#[tokio::test]
async fn a_task_dropped_in_the_middle_does_not_touch_the_next_mail() {
    let sink = sink().await;
    let settings = Settings { max_connections: 1, ..settings(&sink) };
    let plugin = plugin(&settings);
    // So that there is a kept connection to spoil.
    send(&plugin, &mail()).await.unwrap();
    sink.inject(&Fault::Hang, 1);
    let parameters = mail();
    let mut counters = sink.counters();
    let hangs = async {
        counters.wait_for(|counters| counters.hanging == 1).await.unwrap();
    };
    tokio::select! {
        result = send(&plugin, &parameters) => panic!("must hang: {result:?}"),
        () = hangs => {}
    }
    let next = json!({"to": "next@example.com", "subject": "Next"});
    send(&plugin, &next).await.unwrap();
    sink.release();
    send(&plugin, &next).await.unwrap();
    let next: Vec<_> =
        sink.messages().into_iter().filter(|message| message.recipients() == ["next@example.com"]).collect();
    assert_eq!(next.len(), 2);
    assert!(next.iter().all(|message| message.subject().as_deref() == Some("Next")));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced_unnoticed() {
    let first = sink().await;
    let addr = first.addr();
    let plugin = plugin(&settings(&first));
    send(&plugin, &mail()).await.unwrap();
    first.stop().await;
    let message = fails(&plugin, &mail(), Retry::MayHelp).await;
    assert!(message.contains("cannot be used"), "{message}");
    let again = task_smtp_sink::Settings { listen: addr, ..task_smtp_sink::Settings::default() };
    let second = SmtpSink::start(again).await.unwrap();
    send(&plugin, &mail()).await.unwrap();
    assert_eq!(second.messages().len(), 1);
}

#[tokio::test]
async fn a_wrong_login_is_retried_and_shows_no_password() {
    let login = task_smtp_sink::Credentials { user: "me".into(), password: "right".into() };
    let sink = SmtpSink::start(task_smtp_sink::Settings {
        credentials: Some(login),
        ..task_smtp_sink::Settings::default()
    })
    .await
    .unwrap();
    let credentials = Some(Credentials { user: "me".into(), password: "hunter2".into() });
    let settings = Settings { credentials, ..settings(&sink) };
    let message = fails(&plugin(&settings), &mail(), Retry::MayHelp).await;
    assert!(message.contains("535") && !message.contains("hunter2"), "{message}");
    assert!(
        !format!("{settings:?} {:?}", task_plugin_send_email::SendEmail::new(&settings)).contains("hunter2")
    );
    // Neither without a login.
    let message = fails(&plugin(&Settings { credentials: None, ..settings }), &mail(), Retry::MayHelp).await;
    assert!(message.contains("530"), "{message}");
}

#[tokio::test]
async fn nothing_is_said_to_a_server_without_the_tls_that_was_asked_for() {
    let plain = sink().await;
    let settings = Settings { security: Security::StartTls, ..settings(&plain) };
    let message = fails(&plugin(&settings), &mail(), Retry::MayHelp).await;
    assert!(message.contains("STARTTLS is not supported"), "{message}");

    let unknown = SmtpSink::start(task_smtp_sink::Settings {
        encryption: Encryption::Offered,
        ..task_smtp_sink::Settings::default()
    })
    .await
    .unwrap();
    let settings = Settings { port: unknown.addr().port(), ..settings };
    let message = fails(&plugin(&settings), &mail(), Retry::MayHelp).await;
    assert!(message.contains("certificate"), "{message}");
    assert!(plain.messages().is_empty() && unknown.messages().is_empty());
}

#[tokio::test]
async fn an_injected_header_never_reaches_the_server() {
    let sink = sink().await;
    let plugin = plugin(&Settings { may_choose_from: true, ..settings(&sink) });
    for parameters in [
        json!({"to": "a@example.com", "subject": "Hi\r\nBcc: evil@example.com"}),
        json!({"to": "a@example.com\r\nBcc: evil@example.com"}),
        json!({"to": "\"a\r\nBcc: evil@example.com\" <a@example.com>"}),
        json!({"to": "a@example.com>\r\nRCPT TO:<evil@example.com"}),
        json!({"to": "a@example.com", "from": "b@example.com\r\nX: y"}),
    ] {
        fails(&plugin, &parameters, Retry::IsUseless).await;
    }
    assert_eq!(sink.counters().borrow().connections, 0);
    // A body may hold lines that look like headers or commands; they stay in the body.
    let body = "\r\n.\r\nMAIL FROM:<evil@example.com>\r\nBcc: evil@example.com\r\n";
    send(&plugin, &json!({"to": "a@example.com", "body": body})).await.unwrap();
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].recipients(), messages[0].header("Bcc")),
        (&["a@example.com".to_owned()][..], None)
    );
}
