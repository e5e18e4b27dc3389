//! Whatever stands in a config file: no panic, and no end of memory.

use std::fmt::Write as _;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8]) -> Result<File> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    File::read(file.path())
}

/// Lines that are nearly those of a config file.
fn lines() -> impl Strategy<Value = String> {
    let key = "(address|log_level|output|color|deadline|serve|  concurrency|  types|  queues|  poll_interval|  connections|    default|      url|[a-z&*!? ]{0,6})";
    let value = r#"(http://h:1|3s|json|auto|[0-9]{1,20}|\[a, b\]|\{a: 1\}|"\\x00"|\|2|>-|&a|\*a|!!str 1|null|~|[\[{]{1,40}|[^\n]{0,8})"#;
    let line = (key, value).prop_map(|(key, value)| format!("{key}: {value}\n"));
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn any_file_is_answered(text in prop_oneof![lines(), lines(), any::<String>()]) {
        match read(text.as_bytes()) {
            Ok(file) => drop(Settings::merge(&Global { address: None, log_level: None, output: None, color: None, deadline: None, config: None }, file)),
            Err(error) => {
                let told = error.to_string();
                prop_assert!(told.starts_with("config file "), "{}", told);
                prop_assert!(told.len() < 8 << 10, "{} bytes", told.len());
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }
}

#[test]
fn a_file_that_grows_when_it_is_read_is_refused() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        let ten = format!("*{before},").repeat(10);
        writeln!(bomb, "{name}: &{name} [{ten}]").unwrap();
    }
    read(bomb.as_bytes()).unwrap_err();
    read(format!("serve: {}", "[".repeat(200_000)).as_bytes()).unwrap_err();
    read(format!("serve: {}", "{a: ".repeat(50_000)).as_bytes()).unwrap_err();
    read(b"address: \xff\xfe").unwrap_err();
}
