//! Misbehaviour on demand.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use common::{Client, until};
use task_smtp_sink::{Fault, Reply, Settings, SmtpSink};

async fn sink() -> SmtpSink {
    SmtpSink::start(Settings::default()).await.expect("it starts")
}

#[tokio::test]
async fn refuses_as_often_as_told() {
    let sink = sink().await;
    sink.inject(&Fault::RefuseRecipient(Reply::temporary(451, "4.2.1 busy")), 2);
    sink.inject(&Fault::RefuseRecipient(Reply::permanent(550, "5.1.1 nobody")), 1);
    sink.inject(&Fault::RefuseMessage(Reply::permanent(554, "5.7.1 no")), 1);
    let mut client = Client::greeted(sink.addr()).await;
    client.say("MAIL FROM:<a@b>", "250").await;
    client.say("RCPT TO:<a@b>", "451 4.2.1 busy\r\n").await;
    client.say("RCPT TO:<a@b>", "451").await;
    client.say("RCPT TO:<a@b>", "550 5.1.1 nobody\r\n").await;
    client.say("RCPT TO:<a@b>", "250").await;
    client.say("DATA", "354").await;
    client.say("x\r\n.", "554 5.7.1 no\r\n").await;
    client.mail("x", "250").await;
    assert_eq!(sink.messages().len(), 1);
    let counters = *sink.counters().borrow();
    assert_eq!((counters.refused_recipients, counters.refused_messages), (3, 1));
}

#[tokio::test]
async fn drops_in_the_middle_or_before_the_answer() {
    let sink = sink().await;
    sink.inject(&Fault::DropInData, 1);
    let mut client = Client::greeted(sink.addr()).await;
    client.begin().await;
    client.send("half a mess").await;
    client.closed().await;
    assert_eq!(sink.messages().len(), 0);

    sink.inject(&Fault::DropAfterData, 1);
    let mut client = Client::greeted(sink.addr()).await;
    client.begin().await;
    client.send("x\r\n.\r\n").await;
    client.closed().await;
    assert_eq!(sink.messages().len(), 1, "kept, though nobody was told");
}

#[tokio::test]
async fn hangs_until_released() {
    let sink = sink().await;
    sink.inject(&Fault::Hang, 2);
    let mut first = Client::greeted(sink.addr()).await;
    first.begin().await;
    first.send("x\r\n.\r\n").await;
    let mut second = Client::greeted(sink.addr()).await;
    second.begin().await;
    second.send("x\r\n.\r\n").await;
    until(sink.counters(), |counters| counters.hanging == 2).await;
    assert_eq!(sink.messages().len(), 0);

    sink.release();
    assert!(first.reply().await.starts_with("250"));
    assert!(second.reply().await.starts_with("250"));
    assert_eq!(sink.messages().len(), 2);

    // One that hangs does not keep the sink from stopping.
    sink.inject(&Fault::Hang, 1);
    first.begin().await;
    first.send("x\r\n.\r\n").await;
    until(sink.counters(), |counters| counters.hanging == 1).await;
    let counters = sink.counters();
    sink.stop().await;
    first.closed().await;
    assert_eq!(counters.borrow().hanging, 0);
}

#[tokio::test]
async fn behaves_again() {
    let sink = sink().await;
    sink.inject(&Fault::DropInData, 5);
    sink.behave();
    Client::greeted(sink.addr()).await.mail("x", "250").await;
}
