//! Whatever a client says: the sink answers in its own lines or hangs up, and goes on with others.

mod common;

use common::{Client, until};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use task_smtp_sink::{Credentials, Encryption, Settings, SmtpSink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A line that is nearly a command, or anything.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![
        Just("EHLO me".to_owned()),
        Just("STARTTLS".to_owned()),
        Just("DATA".to_owned()),
        Just(".".to_owned()),
        Just("RSET".to_owned()),
        r"(mail|MAIL) FROM: ?<?[ -~é]{0,20}>?( SIZE=[0-9]{0,25})?",
        r#"RCPT TO: ?<"?[ -~é\\"]{0,20}"?@h>?"#,
        "AUTH (PLAIN|LOGIN|X)( [A-Za-z0-9+/=*]{0,24})?",
        r"Subject: (=\?utf-8\?[bqx]\?[ -~]{0,20}\?=){0,3}",
        "\\PC{0,60}",
    ];
    let end = prop_oneof![8 => Just("\r\n"), 1 => Just("\n"), 1 => Just(""), 1 => Just("\r")];
    prop_oneof![
        9 => (command, end).prop_map(|(text, end)| format!("{text}{end}").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (1usize..30_000).prop_map(|length| vec![b'x'; length]),
    ]
}

/// Says it all at once, then that there is no more, and reads to the end.
async fn say(sink: &SmtpSink, said: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(sink.addr()).await.expect("it listens");
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let talk = async {
        // It may hang up in the middle, which is an answer too.
        let _ = writer.write_all(said).await;
        let _ = writer.shutdown().await;
    };
    let (read, ()) = tokio::join!(reader.read_to_end(&mut answer), talk);
    let _ = read;
    answer
}

#[test]
fn any_conversation_is_answered_and_the_next_one_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings {
        encryption: Encryption::Offered,
        credentials: Some(Credentials { user: "u".into(), password: "hunter2".into() }),
        max_message_bytes: 10_000,
        ..Settings::default()
    };
    for settings in [settings, Settings { max_message_bytes: 10_000, ..Settings::default() }] {
        let honest = settings.credentials.is_none();
        let sink = runtime.block_on(SmtpSink::start(settings)).unwrap();
        let conversation = prop::collection::vec(line(), 0..24).prop_map(|lines| lines.concat());
        TestRunner::new(ProptestConfig::with_source_file(file!()))
            .run(&conversation, |said| {
                let answer = runtime.block_on(say(&sink, &said));
                for line in answer.split_inclusive(|byte| *byte == b'\n') {
                    let whole =
                        line.len() > 3 && line[..3].iter().all(u8::is_ascii_digit) && line.ends_with(b"\r\n");
                    // The answer to STARTTLS is followed by TLS, which ends at once.
                    let tls =
                        answer.windows(3).any(|three| three == b"220" && sink.certificate_pem().is_some());
                    prop_assert!(whole || tls, "{:?}", String::from_utf8_lossy(line));
                }
                prop_assert!(!answer.windows(7).any(|seven| seven == b"hunter2"));
                for message in sink.messages() {
                    prop_assert!(message.content().len() <= 10_000);
                    let _ = (message.subject(), message.message_id(), format!("{message:?}"));
                }
                sink.clear();
                Ok(())
            })
            .unwrap();
        runtime.block_on(async {
            let mut client = Client::greeted(sink.addr()).await;
            if honest {
                let before = *sink.received().borrow();
                client.mail("Subject: hi\r\n\r\nhello", "250").await;
                until(sink.received(), |count| *count == before + 1).await;
            }
            sink.stop().await;
        });
    }
}
