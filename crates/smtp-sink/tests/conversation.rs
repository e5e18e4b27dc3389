//! The protocol, spoken by hand.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use common::{Client, until};
use task_smtp_sink::{Credentials, Encryption, Settings, SmtpSink};
use tokio::net::TcpListener;

async fn sink() -> SmtpSink {
    SmtpSink::start(Settings::default()).await.expect("it starts")
}

#[tokio::test]
async fn a_message_arrives_as_sent() {
    let sink = sink().await;
    let mut client = Client::greeted(sink.addr()).await;
    client.say("MAIL FROM:<from@example.com> BODY=8BITMIME", "250").await;
    client.say("RCPT TO:<one@example.com>", "250").await;
    client.say("rcpt to:<two@example.com>", "250").await;
    client.say("DATA", "354").await;
    let content = "Subject: Hi\r\n\r\n..two dots\r\n..\r\nbare\n.\r\nend: \u{fc}\r\n.";
    client.say(content, "250").await;
    client.say("QUIT", "221").await;
    client.closed().await;

    let messages = sink.messages();
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message.number(), 1);
    assert_eq!(message.sender(), "from@example.com");
    assert_eq!(message.recipients(), ["one@example.com", "two@example.com"]);
    assert_eq!(message.subject().as_deref(), Some("Hi"));
    // Dots unstuffed; the dot after a bare line feed neither ended the message nor was lost.
    assert_eq!(message.body(), ".two dots\r\n.\r\nbare\n.\r\nend: \u{fc}\r\n");
    assert!(!message.is_encrypted());
    sink.stop().await;
}

#[tokio::test]
async fn several_messages_in_one_pipelined_breath() {
    let sink = sink().await;
    let mut client = Client::greeted(sink.addr()).await;
    let one = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n";
    client.send(format!("{one}{one}NOOP\r\n")).await;
    for expected in ["250", "250", "354", "250", "250", "250", "354", "250", "250"] {
        let reply = client.reply().await;
        assert!(reply.starts_with(expected), "{reply}");
    }
    until(sink.received(), |&count| count == 2).await;
    assert_eq!(sink.messages().len(), 2);
}

#[tokio::test]
async fn the_order_of_commands_is_kept() {
    let sink = sink().await;
    let mut client = Client::connect(sink.addr()).await;
    client.say("MAIL FROM:<a@b>", "503").await;
    client.say("HELO me", "250 localhost").await;
    client.say("RCPT TO:<a@b>", "503").await;
    client.say("DATA", "503").await;
    client.say("MAIL FROM:<a@b>", "250").await;
    client.say("MAIL FROM:<a@b>", "503").await;
    client.say("DATA", "503").await;
    client.say("RCPT TO:<a@b>", "250").await;
    client.say("RSET", "250").await;
    client.say("DATA", "503").await;
    client.say("VRFY a", "252").await;
    client.say("STARTTLS", "502").await;
    client.say("AUTH PLAIN AGEAYg==", "502").await;
    client.say("BDAT 1", "500").await;
    client.say(&"x".repeat(30_000), "500").await;
    client.send(b"NOOP \xff\r\n").await;
    assert!(client.reply().await.starts_with("500"));
    client.mail("still fine", "250").await;
    assert_eq!(sink.messages()[0].body(), "");
}

#[tokio::test]
async fn sizes_are_bounded() {
    let settings = Settings { max_message_bytes: 100_000, max_recipients: 2, ..Settings::default() };
    let sink = SmtpSink::start(settings).await.expect("it starts");
    let mut client = Client::connect(sink.addr()).await;
    assert!(client.say("EHLO test", "250").await.contains("SIZE 100000\r\n"));
    client.say("MAIL FROM:<a@b> SIZE=100001", "552").await;
    client.say("MAIL FROM:<a@b> SIZE=100000", "250").await;
    client.say("RCPT TO:<a@b>", "250").await;
    client.say("RCPT TO:<a@b>", "250").await;
    client.say("RCPT TO:<a@b>", "452").await;
    client.say("RSET", "250").await;
    // One line of the largest size, cut by the reader between CR and LF; then one byte more.
    client.mail(&"x".repeat(100_000 - 2), "250").await;
    client.mail(&"x".repeat(100_000 - 1), "552").await;
    client.mail(&"x".repeat(64 * 1024 - 1), "250").await;
    client.mail(&format!("{}\r\n..", "x".repeat(64 * 1024 - 1)), "250").await;
    let sizes: Vec<usize> = sink.messages().iter().map(|message| message.content().len()).collect();
    assert_eq!(sizes, [100_000, 64 * 1024 + 1, 64 * 1024 + 4]);
    assert_eq!(sink.counters().borrow().refused_messages, 1);
    assert_eq!(sink.counters().borrow().refused_recipients, 1);
}

#[tokio::test]
async fn only_the_last_messages_are_kept() {
    let settings = Settings { keep_messages: 3, keep_bytes: 50, ..Settings::default() };
    let sink = SmtpSink::start(settings).await.expect("it starts");
    let mut client = Client::greeted(sink.addr()).await;
    for _ in 0..5 {
        client.mail("x", "250").await;
    }
    let numbers =
        |sink: &SmtpSink| sink.messages().iter().map(task_smtp_sink::Message::number).collect::<Vec<_>>();
    assert_eq!(numbers(&sink), [3, 4, 5]);
    client.mail(&"x".repeat(45), "250").await;
    assert_eq!(numbers(&sink), [5, 6], "by bytes");
    client.mail(&"x".repeat(60), "250").await;
    assert_eq!(numbers(&sink), [0; 0], "one larger than all the room is counted, not kept");
    assert_eq!(sink.counters().borrow().messages, 7);
    assert_eq!(*sink.received().borrow(), 7);
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away() {
    let sink =
        SmtpSink::start(Settings { max_connections: 1, ..Settings::default() }).await.expect("it starts");
    let mut first = Client::greeted(sink.addr()).await;
    let stream = tokio::net::TcpStream::connect(sink.addr()).await.expect("it listens");
    let mut second = Client(tokio::io::BufReader::new(stream));
    assert!(second.reply().await.starts_with("421"));
    second.closed().await;
    first.mail("still here", "250").await;
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing() {
    let sink = sink().await;
    let mut client = Client::greeted(sink.addr()).await;
    client.begin().await;
    client.send("half a mess").await;
    drop(client);
    Client::greeted(sink.addr()).await.mail("whole", "250").await;
    assert_eq!(sink.messages().len(), 1);
    assert_eq!(sink.counters().borrow().connections, 2);
}

#[tokio::test]
async fn logins() {
    let credentials = Credentials { user: "user".into(), password: "secret".into() };
    assert!(!format!("{credentials:?}").contains("secret"));
    let settings = Settings { credentials: Some(credentials), ..Settings::default() };
    let sink = SmtpSink::start(settings).await.expect("it starts");
    let mut client = Client::connect(sink.addr()).await;
    assert!(client.say("EHLO test", "250").await.contains("AUTH PLAIN LOGIN"));
    client.say("MAIL FROM:<a@b>", "530").await;
    client.say("AUTH CRAM-MD5", "504").await;
    client.say("AUTH PLAIN !!!", "501").await;
    client.say("AUTH PLAIN dXNlcg==", "501").await;
    client.say("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    client.say("*", "501").await;
    // NUL user NUL wrong
    client.say("AUTH PLAIN AHVzZXIAd3Jvbmc=", "535").await;
    client.say("AUTH PLAIN", "334").await;
    client.say("AHVzZXIAc2VjcmV0", "235").await;
    client.say("AUTH PLAIN AHVzZXIAc2VjcmV0", "503").await;
    client.mail("let in", "250").await;
    assert_eq!(sink.messages()[0].user(), Some("user"));

    let mut client = Client::greeted(sink.addr()).await;
    client.say("AUTH LOGIN dXNlcg==", "334 UGFzc3dvcmQ6").await;
    client.say("c2VjcmV0", "235").await;
    client.mail("let in", "250").await;

    let mut client = Client::greeted(sink.addr()).await;
    for _ in 0..3 {
        client.say("AUTH PLAIN AHVzZXIAd3Jvbmc=", "535").await;
    }
    client.closed().await;
    assert_eq!(sink.counters().borrow().refused_logins, 4);
}

#[tokio::test]
async fn encryption_can_be_required() {
    let settings = Settings {
        encryption: Encryption::Required,
        credentials: Some(Credentials { user: "u".into(), password: "p".into() }),
        ..Settings::default()
    };
    let sink = SmtpSink::start(settings).await.expect("it starts");
    assert!(sink.certificate_pem().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    let mut client = Client::connect(sink.addr()).await;
    let offered = client.say("EHLO test", "250").await;
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH"), "{offered}");
    client.say("MAIL FROM:<a@b>", "530").await;
    client.say("AUTH PLAIN AHUAcA==", "538").await;
}

#[tokio::test]
async fn stopping_cuts_off_and_frees_the_port() {
    let sink = sink().await;
    let addr = sink.addr();
    let client = Client::greeted(addr).await;
    sink.stop().await;
    client.closed().await;
    TcpListener::bind(addr).await.expect("the port is free");

    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let listen = taken.local_addr().expect("an address");
    let Err(error) = SmtpSink::start(Settings { listen, ..Settings::default() }).await else {
        panic!("the port is taken")
    };
    assert!(error.is_retryable() && error.to_string().contains(&listen.to_string()), "{error}");
}
