//! Bytes that are nearly HTTP/2 with gRPC in it, or nearly gRPC-Web (RFC 9113, RFC 7541).

use prost::Message;
use rand::RngExt;
use rand::rngs::StdRng;
use task_proto::v1;

use crate::support::spec;

/// What a client of HTTP/2 says first.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const METHODS: [&str; 6] = ["CreateTask", "CreateTasks", "GetTask", "ListTasks", "WatchTasks", "Nothing"];

/// What one client says, from its first byte to its last.
pub(super) fn conversation(rng: &mut StdRng) -> Vec<u8> {
    match rng.random_range(0..8) {
        0 => noise(rng, 4_000),
        1 => [PREFACE, &noise(rng, 4_000)].concat(),
        2 => flood(rng, |rng, said, stream| {
            headers(rng, said, stream, END_HEADERS);
            frame(said, RST_STREAM, 0, stream, &8u32.to_be_bytes());
        }),
        3 => {
            let mut said = begin();
            headers(rng, &mut said, 1, 0);
            for _ in 0..rng.random_range(1..2_000) {
                frame(&mut said, CONTINUATION, 0, 1, &noise(rng, 64));
            }
            said
        }
        4 => flood(rng, |rng, said, _| match rng.random_range(0..3) {
            0 => frame(said, SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]),
            1 => frame(said, PING, 0, 0, &[7; 8]),
            _ => frame(said, WINDOW_UPDATE, 0, 0, &0x7fff_ffffu32.to_be_bytes()),
        }),
        5 => web(rng),
        _ => {
            let mut said = calls(rng);
            mutate(rng, &mut said, PREFACE.len());
            said
        }
    }
}

fn noise(rng: &mut StdRng, most: usize) -> Vec<u8> {
    let length = rng.random_range(0..most);
    (0..length).map(|_| rng.random()).collect()
}

fn frame(said: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
    said.extend_from_slice(&length[1..]);
    said.extend_from_slice(&[kind, flags]);
    said.extend_from_slice(&stream.to_be_bytes());
    said.extend_from_slice(payload);
}

fn begin() -> Vec<u8> {
    let mut said = PREFACE.to_vec();
    frame(&mut said, SETTINGS, 0, 0, b"");
    said
}

fn flood(rng: &mut StdRng, mut one: impl FnMut(&mut StdRng, &mut Vec<u8>, u32)) -> Vec<u8> {
    let mut said = begin();
    for number in 0..rng.random_range(1..1_500) {
        one(rng, &mut said, 2 * number + 1);
    }
    said
}

fn headers(rng: &mut StdRng, said: &mut Vec<u8>, stream: u32, flags: u8) {
    let path = format!("/task.v1.TaskService/{}", METHODS[rng.random_range(0..METHODS.len())]);
    let pairs = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", &path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("grpc-timeout", ["1S", "1n", "99999999H", "x", "-1S", ""][rng.random_range(0..6)]),
    ];
    let mut block = Vec::new();
    for (name, value) in pairs {
        // A literal that is not indexed, in plain letters: each length fits seven bits.
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("a short text"));
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(said, HEADERS, flags, stream, &block);
}

/// A message in gRPC's own frame, whose length may be a lie.
fn message(rng: &mut StdRng) -> Vec<u8> {
    let task = v1::TaskSpec { payload: r#"{"a":1}"#.to_owned(), ..spec("noise") };
    let mut body = v1::CreateTaskRequest { task: Some(task) }.encode_to_vec();
    if rng.random_ratio(1, 2) {
        mutate(rng, &mut body, 0);
    }
    let length = u32::try_from(body.len()).expect("a small message");
    let told = match rng.random_range(0..8) {
        0 => rng.random(),
        1 => 16 << 20,
        2 => length.saturating_sub(1),
        _ => length,
    };
    let compressed = u8::from(rng.random_ratio(1, 8));
    [&[compressed], &told.to_be_bytes()[..], &body].concat()
}

fn calls(rng: &mut StdRng) -> Vec<u8> {
    let mut said = begin();
    for number in 0..rng.random_range(1..6) {
        let stream = 2 * number + 1;
        headers(rng, &mut said, stream, END_HEADERS);
        frame(&mut said, DATA, END_STREAM, stream, &message(rng));
    }
    said
}

/// Over HTTP/1.1, as a browser does.
fn web(rng: &mut StdRng) -> Vec<u8> {
    let body = message(rng);
    let kind = ["application/grpc-web+proto", "application/grpc-web-text", "application/grpc", "text/plain"]
        [rng.random_range(0..4)];
    let length = if rng.random_ratio(1, 4) { rng.random() } else { body.len() as u64 };
    let method = METHODS[rng.random_range(0..METHODS.len())];
    let head = format!(
        "POST /task.v1.TaskService/{method} HTTP/1.1\r\nhost: h\r\norigin: http://localhost:3000\r\n\
         content-type: {kind}\r\nx-grpc-web: 1\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut said = [head.as_bytes(), &body].concat();
    if rng.random_ratio(1, 2) {
        mutate(rng, &mut said, 0);
    }
    said
}

/// Changes some bytes after the first `keep`.
fn mutate(rng: &mut StdRng, bytes: &mut Vec<u8>, keep: usize) {
    for _ in 0..rng.random_range(1..8) {
        let at = rng.random_range(keep.min(bytes.len())..=bytes.len());
        match rng.random_range(0..4) {
            0 if at < bytes.len() => bytes[at] = rng.random(),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => bytes.insert(at, rng.random()),
        }
    }
}
