//! What has broken other task queues, in each place where a client can put it: one code for each
//! class, nothing stored of what is refused, and what is stored comes back to the letter.

use std::collections::BTreeMap;

use task_domain::{Decision, TaskResult, limits};
use task_proto::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Client, Site, channel, spec};

fn nested(depth: usize) -> String {
    format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
}

fn of_bytes(bytes: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8))
}

/// Every class, as a payload, and whether it is taken.
fn payloads() -> Vec<(&'static str, String, bool)> {
    let kib = 1 << 10;
    vec![
        ("empty", String::new(), true),
        ("spaces", " \n\t".to_owned(), true),
        ("bare NUL", "{\"a\":\"\0\"}".to_owned(), false),
        ("escaped NUL", r#"{"a":"\u0000"}"#.to_owned(), false),
        ("NUL in a key", r#"{"\u0000":1}"#.to_owned(), false),
        ("text that looks like NUL", r#"{"a":"\\u0000"}"#.to_owned(), true),
        ("first half of a character", r#"{"a":"\ud83d"}"#.to_owned(), false),
        ("second half of a character", r#"{"a":"\ude00"}"#.to_owned(), false),
        ("both halves", r#"{"a":"\ud83d\ude00"}"#.to_owned(), true),
        ("depth 64", nested(64), true),
        ("depth 65", nested(65), false),
        ("depth 129", nested(129), false),
        ("depth 5,000", nested(5_000), false),
        ("depth 500,000", nested(500_000), false),
        ("1 byte", "1".to_owned(), false),
        ("1 KiB", of_bytes(kib), true),
        ("1 MiB", of_bytes(kib * kib), true),
        ("1 MiB and 1 byte", of_bytes(kib * kib + 1), false),
        ("5 MiB", of_bytes(5 * kib * kib), false),
        ("large integer", format!(r#"{{"a":{}}}"#, "9".repeat(300)), true),
        ("2^64", r#"{"a":18446744073709551616,"b":-9223372036854775809}"#.to_owned(), true),
        ("1e131072", r#"{"a":1e131072}"#.to_owned(), false),
        ("1e-131072", r#"{"a":1e-131072}"#.to_owned(), true),
        ("NaN", r#"{"a":NaN}"#.to_owned(), false),
        ("a key twice", r#"{"a":1,"a":2}"#.to_owned(), false),
        ("a key twice, once escaped", r#"{"a":1,"\u0061":2}"#.to_owned(), false),
        ("a long key twice", format!(r#"{{"{0}":1,"{0}":2}}"#, "k".repeat(100_000)), false),
        ("byte order mark", "\u{feff}{}".to_owned(), false),
        ("two values", "{} {}".to_owned(), false),
        ("list", "[1]".to_owned(), false),
        ("null", "null".to_owned(), false),
        ("cut off", r#"{"a":"#.to_owned(), false),
    ]
}

/// Every class, as a text in one line, and whether such a text is taken anywhere.
fn texts() -> Vec<(&'static str, String, bool)> {
    vec![
        ("NUL", "a\0b".to_owned(), false),
        ("new line", "a\nb".to_owned(), false),
        ("escape", "a\x1b[31mb".to_owned(), false),
        ("C1", "a\u{85}b".to_owned(), false),
        ("private use", "a\u{e000}\u{10ffff}b".to_owned(), true),
        ("right to left", "a\u{202e}b".to_owned(), true),
        ("combining", "e\u{301}".repeat(20), true),
        ("5 MiB", "x".repeat(5 << 20), false),
        ("number", "1e131072".to_owned(), true),
        ("SQL", "'; drop table task; --".to_owned(), true),
    ]
}

async fn try_create(client: &mut Client, task: v1::TaskSpec) -> Result<i64, Status> {
    let request = v1::CreateTaskRequest { task: Some(task) };
    client.create_task(request).await.map(|created| created.into_inner().id)
}

/// One code, the field's name, a short sentence.
#[track_caller]
fn refused<T: std::fmt::Debug>(class: &str, answer: Result<T, Status>, field: &str) {
    let status = answer.expect_err(class);
    assert_eq!(status.code(), Code::InvalidArgument, "{class} as {field}: {status:?}");
    let violations = status.get_details_bad_request().expect(class).field_violations;
    assert!(violations[0].field.starts_with(field), "{class} as {field}: {violations:?}");
    assert!(status.message().len() <= 1_024, "{class} as {field}: {} bytes", status.message().len());
}

async fn stored(client: &mut Client) -> usize {
    client
        .list_tasks(v1::ListTasksRequest { page_size: 1_000, ..Default::default() })
        .await
        .unwrap()
        .into_inner()
        .tasks
        .len()
}

async fn task(client: &mut Client, id: i64) -> v1::Task {
    client.get_task(v1::GetTaskRequest { id }).await.unwrap().into_inner().task.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_payload() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let mut good = 0;
    for (class, payload, fits) in payloads() {
        let answer = try_create(&mut client, v1::TaskSpec { payload: payload.clone(), ..spec("t") }).await;
        if !fits {
            refused(class, answer, "payload");
            continue;
        }
        good += 1;
        let id = answer.unwrap_or_else(|status| panic!("{class}: {status:?}"));
        let expected = if payload.trim().is_empty() { "{}" } else { &payload };
        assert_eq!(task(&mut client, id).await.payload, expected, "{class}");
    }
    assert_eq!(stored(&mut client).await, good, "nothing is stored of what is refused");
    // In one batch, each gets its own answer.
    let batch = |all: &[(&str, String, bool)]| v1::CreateTasksRequest {
        tasks: all
            .iter()
            .map(|(_, payload, _)| v1::TaskSpec { payload: payload.clone(), ..spec("t") })
            .collect(),
    };
    let small: Vec<_> = payloads().into_iter().filter(|(_, payload, _)| payload.len() < 1 << 19).collect();
    let results = client.create_tasks(batch(&small)).await.unwrap().into_inner().results;
    for ((class, _, fits), result) in small.iter().zip(results) {
        match result.result.unwrap() {
            v1::create_task_result::Result::Task(_) => assert!(fits, "{class}"),
            v1::create_task_result::Result::Error(error) => {
                assert!(!fits && error.field == "payload", "{class}: {error:?}");
                assert_eq!(Code::from(error.code), Code::InvalidArgument, "{class}");
                assert!(error.message.len() <= 1_024, "{class}: {} bytes", error.message.len());
            }
        }
    }
    let mut worker = site.worker(&["t"]).await;
    let waiting = stored(&mut client).await;
    worker.succeed(waiting).await;
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_name_key_label_type_queue_and_reason() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let mut good = 0;
    for (class, text, fits) in texts() {
        let label = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let cases = [
            ("name", v1::TaskSpec { name: text.clone(), ..spec("t") }),
            ("idempotency_key", v1::TaskSpec { idempotency_key: text.clone(), ..spec("t") }),
            ("labels", v1::TaskSpec { labels: label(&text, "x"), ..spec("t") }),
            ("labels", v1::TaskSpec { labels: label("x", &text), ..spec("t") }),
        ];
        for (field, wanted) in cases {
            match try_create(&mut client, wanted.clone()).await {
                Ok(id) => {
                    assert!(fits, "{class} as {field}");
                    good += 1;
                    let task = task(&mut client, id).await;
                    assert_eq!(task.summary.unwrap().name, wanted.name, "{class}");
                    assert_eq!(
                        (task.labels, task.idempotency_key),
                        (wanted.labels, wanted.idempotency_key),
                        "{class}"
                    );
                }
                refusal => {
                    assert!(!fits, "{class} as {field}: {refusal:?}");
                    refused(class, refusal, field);
                }
            }
        }
        // A type or a queue is a word: none of these is one, but for the number.
        for (field, wanted) in
            [("type", spec(&text)), ("queue", v1::TaskSpec { queue: text.clone(), ..spec("t") })]
        {
            let answer = try_create(&mut client, wanted).await;
            if class == "number" {
                answer.unwrap();
                good += 1;
            } else {
                refused(class, answer, field);
            }
        }
        let id = try_create(&mut client, spec("t")).await.unwrap();
        good += 1;
        let cancelled = client.cancel_task(v1::CancelTaskRequest { id, reason: text.clone() }).await;
        if fits {
            cancelled.unwrap();
            assert_eq!(task(&mut client, id).await.details, text, "{class}");
        } else {
            refused(class, cancelled, "reason");
        }
        let filter = v1::TaskFilter { name_contains: text.clone(), ..Default::default() };
        let listed =
            client.list_tasks(v1::ListTasksRequest { filter: Some(filter), ..Default::default() }).await;
        if fits {
            let names = listed.unwrap().into_inner().tasks.into_iter().map(|task| task.name);
            assert!(names.eq([text]), "{class}");
        } else {
            refused(class, listed, "filter.name_contains");
        }
    }
    assert_eq!(stored(&mut client).await, good);
    site.end().await.unwrap();
}

/// The messages of the interface with bytes where it has text.
#[derive(Clone, PartialEq, prost::Message)]
struct RawCreate {
    #[prost(message, optional, tag = "1")]
    task: Option<RawSpec>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RawSpec {
    #[prost(bytes = "vec", tag = "1")]
    name: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    kind: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    payload: Vec<u8>,
}

/// The same with a number where the task belongs.
#[derive(Clone, PartialEq, prost::Message)]
struct Misshapen {
    #[prost(uint64, tag = "1")]
    task: u64,
}

/// Refused as the message is taken apart, before the service sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_bytes_that_are_no_text() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let mut native = tonic::client::Grpc::new(channel(site.address).await);
    for wrong in [&b"\xff\xfe"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"{\"a\":\"\xe9\"}"] {
        for place in 0..3 {
            let mut raw = RawSpec { name: b"n".to_vec(), kind: b"t".to_vec(), payload: Vec::new() };
            let field = [&mut raw.name, &mut raw.kind, &mut raw.payload].into_iter().nth(place).unwrap();
            *field = wrong.to_vec();
            native.ready().await.unwrap();
            let codec = tonic_prost::ProstCodec::<RawCreate, v1::CreateTaskResponse>::new();
            let path = "/task.v1.TaskService/CreateTask".parse().unwrap();
            let answer = native.unary(tonic::Request::new(RawCreate { task: Some(raw) }), path, codec).await;
            refused("no text", answer, "request");
        }
    }
    native.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<Misshapen, v1::CreateTaskResponse>::new();
    let path = "/task.v1.TaskService/CreateTask".parse().unwrap();
    let answer = native.unary(tonic::Request::new(Misshapen { task: 7 }), path, codec).await;
    refused("a number for a message", answer, "request");
    assert_eq!(stored(&mut client).await, 0);
    site.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_number() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let extremes =
        [(i64::MIN, 0), (i64::MIN, i32::MIN), (i64::MAX, i32::MAX), (0, i32::MIN), (-1, 0), (1, -1)];
    for (seconds, nanos) in extremes {
        let span = Some(prost_types::Duration { seconds, nanos });
        let at = Some(prost_types::Timestamp { seconds, nanos });
        let policy = |initial_backoff, max_backoff| Some(v1::RetryPolicy { initial_backoff, max_backoff });
        let cases = [
            ("timeout", v1::TaskSpec { timeout: span, ..spec("t") }),
            ("retry_policy.initial_backoff", v1::TaskSpec { retry_policy: policy(span, None), ..spec("t") }),
            ("retry_policy.max_backoff", v1::TaskSpec { retry_policy: policy(None, span), ..spec("t") }),
        ];
        for (field, task) in cases {
            refused(&format!("{seconds} s {nanos} ns"), try_create(&mut client, task).await, field);
        }
        if seconds.unsigned_abs() > 1 || nanos < 0 {
            let task = v1::TaskSpec { run_at: at, ..spec("t") };
            refused("a time", try_create(&mut client, task).await, "run_at");
            let filter = v1::TaskFilter { created_from: at, ..Default::default() };
            let request = v1::ListTasksRequest { filter: Some(filter), ..Default::default() };
            refused("a time", client.list_tasks(request).await, "filter.created_from");
        }
    }
    for token in
        ["v1.-377705116800000000.1", "v1.9223372036854775807.1", "v1.1.-1", "v1.1.99999999999999999999"]
    {
        let request = v1::ListTasksRequest { page_token: token.to_owned(), ..Default::default() };
        refused(token, client.list_tasks(request).await, "page_token");
    }
    let filter = v1::TaskFilter { statuses: vec![1; 5_000_000], ..Default::default() };
    let request = v1::ListTasksRequest { filter: Some(filter), ..Default::default() };
    refused("5 million statuses", client.list_tasks(request).await, "filter.statuses");
    assert_eq!(stored(&mut client).await, 0);
    site.end().await.unwrap();
}

/// What workers stored, right or not, is told as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_result_or_an_error() {
    let site = Site::start().await;
    let mut client = site.client().await;
    let mut worker = site.worker(&["t"]).await;
    let small = |text: &&str| TaskResult::new(text).unwrap();
    let sound =
        ["1", "null", r#""""#, r#"{"a":1}"#, "18446744073709551616", r#""\ud83d\ude00""#].iter().map(small);
    let full = format!("\"{}\"", "x".repeat(limits::RESULT_BYTES - 2));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    // The last two no plugin can make by the rules.
    let odd = [
        TaskResult::new(&full).unwrap(),
        TaskResult::from_store(&deep),
        TaskResult::from_store("{\"a\":1,\"a\":2"),
    ];
    for result in sound.chain(odd) {
        let id = try_create(&mut client, spec("t")).await.unwrap();
        let claimed = worker.claim(1).await;
        worker.record(&claimed, &Decision::Succeed(Some(result.clone()))).await;
        assert_eq!(task(&mut client, id).await.result, result.as_str());
    }
    for (class, error, _) in texts().into_iter().filter(|(class, _, _)| *class != "NUL") {
        let id = try_create(&mut client, spec("t")).await.unwrap();
        let claimed = worker.claim(1).await;
        worker.record(&claimed, &Decision::Fail { error: error.clone() }).await;
        assert_eq!(task(&mut client, id).await.details, error, "{class}");
        let request = v1::GetTaskHistoryRequest { task_id: id, ..Default::default() };
        let history = client.get_task_history(request).await.unwrap().into_inner().entries;
        assert_eq!(history.last().unwrap().details, error, "{class}");
    }
    site.end().await.unwrap();
}
