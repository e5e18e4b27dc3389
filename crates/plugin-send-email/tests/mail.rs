//! What arrives at a real SMTP server.

mod common;

use common::{attempt, plugin, send, settings, sink};
use serde_json::json;
use task_plugin_send_email::{Credentials, Security, Settings};
use task_smtp_sink::{Encryption, Message, SmtpSink};

/// The only message that arrived.
fn only(sink: &SmtpSink) -> Message {
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    messages[0].clone()
}

#[tokio::test]
async fn a_task_as_the_command_line_makes_it_arrives() {
    let sink = sink().await;
    let plugin = plugin(&settings(&sink));
    let result = send(&plugin, &json!({"to": "a@example.com", "subject": "Weekly Update"})).await.unwrap();
    let message = only(&sink);
    assert_eq!(message.sender(), "shop@example.com");
    assert_eq!(message.recipients(), ["a@example.com"]);
    assert_eq!(message.subject().as_deref(), Some("Weekly Update"));
    assert_eq!(message.header("From").as_deref(), Some("Shop <shop@example.com>"));
    assert_eq!(message.body().trim(), "");
    assert!(message.header("Date").is_some());
    assert_eq!(result["message_id"], json!("<task-12-1@example.com>"));
    assert_eq!(result["recipients"], json!(["a@example.com"]));
    assert!(result["response"].as_str().unwrap().starts_with("250 "), "{result}");
}

#[tokio::test]
async fn every_field_arrives_and_bcc_stays_hidden() {
    let sink = sink().await;
    let plugin = plugin(&Settings { may_choose_from: true, ..settings(&sink) });
    let parameters = json!({
        "to": ["Ann <a@example.com>", "b@example.com"],
        "cc": "c@example.com, a@example.com",
        "bcc": "secret@example.com",
        "from": "Me <me@example.org>",
        "reply_to": "answers@example.org",
        "subject": "Grüße \u{1F980} an alle",
        "body": "plain ä\n.\nend",
        "html": "<p>html ä</p>",
    });
    send(&plugin, &parameters).await.unwrap();
    let message = only(&sink);
    assert_eq!(message.sender(), "me@example.org");
    assert_eq!(
        message.recipients(),
        ["a@example.com", "b@example.com", "c@example.com", "secret@example.com"]
    );
    assert_eq!(message.to().as_deref(), Some("Ann <a@example.com>, b@example.com"));
    assert_eq!(message.header("Cc").as_deref(), Some("c@example.com, a@example.com"));
    assert_eq!(message.header("Reply-To").as_deref(), Some("answers@example.org"));
    assert_eq!(message.subject().as_deref(), Some("Grüße \u{1F980} an alle"));
    let text = String::from_utf8_lossy(message.content()).into_owned();
    assert!(!text.contains("secret@") && !text.to_lowercase().contains("bcc"), "{text}");
    assert!(message.header("Content-Type").unwrap().starts_with("multipart/alternative"));
    assert!(text.contains("text/plain") && text.contains("text/html"), "{text}");
    let (plain, html) = (text.find("plain =C3=A4").unwrap(), text.find("<p>html =C3=A4</p>").unwrap());
    assert!(plain < html);
}

#[tokio::test]
async fn plain_text_and_html_alone_are_sent_as_they_are() {
    let sink = sink().await;
    let plugin = plugin(&settings(&sink));
    send(&plugin, &json!({"to": "a@example.com", "body": "one\n.\n..two\n"})).await.unwrap();
    send(&plugin, &json!({"to": "a@example.com", "html": "<b>hi</b>"})).await.unwrap();
    let messages = sink.messages();
    assert!(messages[0].header("Content-Type").unwrap().starts_with("text/plain"));
    assert_eq!(messages[0].body().trim_end(), "one\r\n.\r\n..two");
    assert!(messages[1].header("Content-Type").unwrap().starts_with("text/html"));
    assert_eq!(messages[1].body().trim_end(), "<b>hi</b>");
}

#[tokio::test]
async fn a_duplicate_can_be_told_from_the_next_attempt() {
    let sink = sink().await;
    let plugin = plugin(&Settings { message_id_domain: Some("eu.shop.example".into()), ..settings(&sink) });
    let parameters = json!({"to": "a@example.com"});
    for number in [1, 1, 2] {
        attempt(&plugin, number, &parameters).await.unwrap();
    }
    let ids: Vec<_> = sink.messages().iter().map(|message| message.message_id().unwrap()).collect();
    assert_eq!(
        ids,
        ["<task-12-1@eu.shop.example>", "<task-12-1@eu.shop.example>", "<task-12-2@eu.shop.example>"]
    );
    let last = &sink.messages()[2];
    assert_eq!(last.header("X-Task-Id").as_deref(), Some("12"));
    assert_eq!(last.header("X-Task-Attempt").as_deref(), Some("2"));
    // One connection served all three.
    assert_eq!(sink.counters().borrow().connections, 1);
}

#[tokio::test]
async fn starttls_and_login_protect_the_mail() {
    let login = task_smtp_sink::Credentials { user: "me@example.com".into(), password: "p:/@%w".into() };
    let sink = SmtpSink::start(task_smtp_sink::Settings {
        encryption: Encryption::Required,
        credentials: Some(login),
        ..task_smtp_sink::Settings::default()
    })
    .await
    .unwrap();
    let url = format!("smtp://me%40example.com:p:%2F@%25w@127.0.0.1:{}?tls=required", sink.addr().port());
    let settings = Settings {
        root_certificate_pem: sink.certificate_pem().map(str::to_owned),
        ..Settings::from_url(&url).unwrap()
    };
    assert_eq!(settings.security, Security::StartTls);
    send(&plugin(&settings), &json!({"to": "a@example.com"})).await.unwrap();
    let message = only(&sink);
    assert!(message.is_encrypted());
    assert_eq!(message.user(), Some("me@example.com"));
}

#[tokio::test]
async fn a_password_is_sent_in_the_clear_only_on_this_machine() {
    let login = task_smtp_sink::Credentials { user: "me".into(), password: "hunter2".into() };
    let sink = SmtpSink::start(task_smtp_sink::Settings {
        credentials: Some(login),
        ..task_smtp_sink::Settings::default()
    })
    .await
    .unwrap();
    let credentials = Some(Credentials { user: "me".into(), password: "hunter2".into() });
    let settings = Settings { credentials, ..settings(&sink) };
    send(&plugin(&settings), &json!({"to": "a@example.com"})).await.unwrap();
    assert_eq!(only(&sink).user(), Some("me"));
}
