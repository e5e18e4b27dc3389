//! Any line is a command or a refusal that is one line.

use proptest::prelude::*;

use super::Command;

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        r#"(MAIL FROM|mail from|RCPT TO|rcpt to):( )?<?[a-z"\\>@é ]{0,12}>?( (SIZE|size|BODY)=?[0-9x]{0,22})?"#,
        "(EHLO|HELO|DATA|AUTH|NOOP|VRFY|STARTTLS|QUIT|RSET)( )?[A-Za-z= ]{0,12}",
        "\\PC{0,40}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_line_is_answered(line in line()) {
        match Command::parse(&line) {
            Ok(Command::Rcpt { recipient }) => prop_assert!(!recipient.is_empty() && line.contains(recipient)),
            Ok(Command::Mail { sender, size }) => {
                let path = format!("<{sender}>");
                prop_assert!(line.contains(&path));
                prop_assert!(size.is_none_or(|size| line.contains('=') && size.to_string().len() <= line.len()));
            }
            Ok(_) => {}
            Err(reply) => prop_assert!(reply.starts_with('5') && !reply.contains(['\r', '\n']), "{}", reply),
        }
    }

    #[test]
    fn a_quoted_recipient_is_taken_whole(local in "[a-z>\" \\\\]{1,12}") {
        let quoted = local.replace('\\', "\\\\").replace('"', "\\\"");
        let recipient = format!("\"{quoted}\"@example.com");
        let line = format!("RCPT TO:<{recipient}> X=>");
        prop_assert_eq!(Command::parse(&line), Ok(Command::Rcpt { recipient: &recipient }));
    }
}
