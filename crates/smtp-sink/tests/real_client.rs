//! A real mail client: STARTTLS, logins, encoded headers, and what it makes of refusals.
#![allow(missing_docs, reason = "the names of the tests say it")]

mod common;

use std::sync::Arc;

use common::Client;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials as Login;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use task_smtp_sink::{Credentials, Encryption, Fault, Reply, Settings, SmtpSink};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

fn message() -> Message {
    let name = |text: &str| text.parse::<Mailbox>().expect("an address");
    Message::builder()
        .from(name("Sender <from@example.com>"))
        .to(name("Größe <to@example.com>"))
        .cc(name("cc@example.com"))
        .subject("Grüße aus der Ferne, ein langer Betreff, der sicher gefaltet wird: äöüß äöüß äöüß")
        .message_id(Some("<7.1@example.com>".into()))
        .body(String::from(".a line with a dot"))
        .expect("a message")
}

fn client(sink: &SmtpSink) -> lettre::transport::smtp::AsyncSmtpTransportBuilder {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(sink.addr().port())
}

fn trusting(pem: &str) -> TlsParameters {
    let certificate = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
    TlsParameters::builder("localhost".into()).add_root_certificate(certificate).build().expect("parameters")
}

#[tokio::test]
async fn mail_over_tls_with_a_login() {
    let settings = Settings {
        encryption: Encryption::Required,
        credentials: Some(Credentials { user: "user".into(), password: "secret".into() }),
        ..Settings::default()
    };
    let sink = SmtpSink::start(settings).await.expect("it starts");
    let tls = Tls::Required(trusting(sink.certificate_pem().expect("a certificate")));
    let login = |password: &str| Login::new("user".into(), password.into());

    let good = client(&sink).tls(tls.clone()).credentials(login("secret")).build();
    good.send(message()).await.expect("it is taken");
    let messages = sink.messages();
    let [kept] = messages.as_slice() else { panic!("{messages:?}") };
    assert!(kept.is_encrypted());
    assert_eq!(kept.user(), Some("user"));
    assert_eq!(kept.recipients(), ["to@example.com", "cc@example.com"]);
    assert_eq!(kept.message_id().as_deref(), Some("<7.1@example.com>"));
    assert_eq!(kept.to().as_deref(), Some("Größe <to@example.com>"));
    let subject = kept.subject().expect("a subject");
    assert_eq!(subject, "Grüße aus der Ferne, ein langer Betreff, der sicher gefaltet wird: äöüß äöüß äöüß");
    assert_eq!(kept.body(), ".a line with a dot\r\n");

    let wrong = client(&sink).tls(tls).credentials(login("guess")).build();
    let error = wrong.send(message()).await.expect_err("a wrong password");
    assert!(error.is_permanent(), "{error}");
    let plain = client(&sink).build();
    plain.send(message()).await.expect_err("not encrypted");
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test]
async fn a_certificate_of_another_sink_is_not_trusted() {
    let settings = Settings { encryption: Encryption::Offered, ..Settings::default() };
    let sink = SmtpSink::start(settings.clone()).await.expect("it starts");
    let other = SmtpSink::start(settings).await.expect("it starts");
    let tls = Tls::Required(trusting(other.certificate_pem().expect("a certificate")));
    client(&sink).tls(tls).build().send(message()).await.expect_err("another certificate");
    client(&sink).build().send(message()).await.expect("offered, not required");
}

#[tokio::test]
async fn clear_text_sent_ahead_of_tls_is_dropped() {
    let settings = Settings { encryption: Encryption::Offered, ..Settings::default() };
    let sink = SmtpSink::start(settings).await.expect("it starts");
    let mut attacker = Client::greeted(sink.addr()).await;
    attacker.send("STARTTLS\r\nNOOP\r\n").await;
    assert!(attacker.reply().await.starts_with("220"));
    let pem = sink.certificate_pem().expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let stream = attacker.0.into_inner();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake");
    let mut stream = BufReader::new(stream);
    stream.write_all(b"MAIL FROM:<a@b>\r\n").await.expect("sent");
    let mut reply = String::new();
    stream.read_line(&mut reply).await.expect("an answer");
    // To this command, not to NOOP; and the EHLO of before counts no more.
    assert!(reply.starts_with("503"), "{reply}");
}

#[tokio::test]
async fn refusals_tell_the_client_whether_to_try_again() {
    let sink = SmtpSink::start(Settings::default()).await.expect("it starts");
    let client = client(&sink).build();
    sink.inject(&Fault::RefuseRecipient(Reply::temporary(450, "4.2.1 later")), 1);
    let error = client.send(message()).await.expect_err("refused");
    assert!(error.is_transient(), "{error}");
    sink.inject(&Fault::RefuseMessage(Reply::permanent(554, "5.6.0 never")), 1);
    let error = client.send(message()).await.expect_err("refused");
    assert!(error.is_permanent(), "{error}");
    sink.inject(&Fault::DropAfterData, 1);
    let error = client.send(message()).await.expect_err("no answer");
    assert!(!error.is_permanent(), "{error}");
    client.send(message()).await.expect("it behaves again");
    assert_eq!(sink.messages().len(), 2, "the one without an answer, and the last");
}
