//! Messages of the interface as JSON and YAML, complete and always in the same form.
//!
//! The form is the canonical JSON of Protocol Buffers, fields with default values included. One
//! thing is made easier to use: `payload` and `result`, which travel as JSON text, are embedded as
//! the JSON that they are (`null` where there is none). This is done here and nowhere else.

use std::io;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use task_client::v1;

use super::object::Object;
use super::pretty;

/// A message with its name in the interface's description.
pub(crate) trait Message: prost::Message {
    const NAME: &'static str;
}

macro_rules! named {
    ($($name:ident),*) => {
        $(impl Message for v1::$name {
            const NAME: &'static str = concat!("task.v1.", stringify!($name));
        })*
    };
}

named!(
    BulkProgress,
    CreateTaskResponse,
    GetStatsResponse,
    ListErrorsResponse,
    ListTypesResponse,
    GetTaskResponse,
    ListTasksResponse,
    GetTaskHistoryResponse,
    GetStatusCountsResponse,
    ListWorkersResponse,
    CancelTaskResponse,
    RetryTaskResponse,
    WatchTasksResponse
);

/// A message as JSON on one line.
pub(crate) fn json_line<M: Message>(message: &M) -> io::Result<String> {
    let tree = Tree::of(message)?;
    Ok(serde_json::to_string(&Json(&tree))?)
}

/// A message as indented JSON.
pub(crate) fn json<M: Message>(message: &M) -> io::Result<String> {
    Ok(pretty::indent(&json_line(message)?))
}

/// A message as one YAML document.
pub(crate) fn yaml<M: Message>(message: &M) -> io::Result<String> {
    serde_saphyr::to_string(&Yaml(&Tree::of(message)?)).map_err(io::Error::other)
}

/// JSON with its keys in the order of the interface and its leaves to the letter.
#[derive(Debug)]
enum Tree {
    Map(Object<Tree>),
    List(Vec<Tree>),
    /// A text, number, true, false or null, as JSON text.
    Leaf(Box<RawValue>),
}

impl Tree {
    fn of<M: Message>(message: &M) -> io::Result<Self> {
        static POOL: LazyLock<Option<DescriptorPool>> =
            LazyLock::new(|| DescriptorPool::decode(task_proto::DESCRIPTORS).ok());
        let described = POOL.as_ref().and_then(|pool| pool.get_message_by_name(M::NAME));
        let described = described.ok_or_else(|| io::Error::other(format!("{} is not described", M::NAME)))?;
        let dynamic = DynamicMessage::decode(described, message.encode_to_vec().as_slice());
        let dynamic = dynamic.map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        let options = SerializeOptions::new().skip_default_fields(false);
        dynamic.serialize_with_options(&mut serde_json::Serializer::new(&mut bytes), &options)?;
        let mut tree = Self::parse(&serde_json::from_slice::<Box<RawValue>>(&bytes)?)?;
        tree.embed()?;
        Ok(tree)
    }

    fn parse(raw: &RawValue) -> io::Result<Self> {
        Ok(match raw.get().as_bytes().first() {
            Some(b'{') => {
                let object: Object<&RawValue> = serde_json::from_str(raw.get())?;
                let pairs = object.0.into_iter().map(|(key, value)| Ok((key, Self::parse(value)?)));
                Self::Map(Object(pairs.collect::<io::Result<_>>()?))
            }
            Some(b'[') => {
                let list: Vec<&RawValue> = serde_json::from_str(raw.get())?;
                Self::List(list.into_iter().map(Self::parse).collect::<io::Result<_>>()?)
            }
            _ => Self::Leaf(raw.to_owned()),
        })
    }

    /// Puts the JSON that `payload` and `result` hold as text in its place.
    fn embed(&mut self) -> io::Result<()> {
        match self {
            Self::Map(object) => {
                for (key, value) in &mut object.0 {
                    match (key.as_str(), &*value) {
                        // Labels are the submitter's own: a key of theirs may have any name.
                        ("labels", _) => {}
                        ("payload" | "result", Self::Leaf(text)) => {
                            let text: String = serde_json::from_str(text.get())?;
                            let text = if text.is_empty() { "null" } else { &text };
                            *value = Self::parse(&serde_json::from_str::<Box<RawValue>>(text)?)?;
                        }
                        _ => value.embed()?,
                    }
                }
                Ok(())
            }
            Self::List(list) => list.iter_mut().try_for_each(Self::embed),
            Self::Leaf(_) => Ok(()),
        }
    }
}

/// Writes leaves to the letter, which only `serde_json` can.
struct Json<'a>(&'a Tree);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Tree::Map(object) => serializer.collect_map(object.0.iter().map(|(k, v)| (k, Json(v)))),
            Tree::List(list) => serializer.collect_seq(list.iter().map(Json)),
            Tree::Leaf(raw) => raw.serialize(serializer),
        }
    }
}

/// Writes leaves as their values; of numbers beyond 64 bits, YAML keeps what a double holds.
struct Yaml<'a>(&'a Tree);

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Tree::Map(object) => serializer.collect_map(object.0.iter().map(|(k, v)| (k, Yaml(v)))),
            Tree::List(list) => serializer.collect_seq(list.iter().map(Yaml)),
            Tree::Leaf(raw) => serde_json::from_str::<serde_json::Value>(raw.get())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> v1::GetTaskResponse {
        let summary = v1::TaskSummary {
            id: 9_007_199_254_740_993,
            name: "Weekly ☕".into(),
            status: v1::Status::Succeeded.into(),
            created_at: Some(prost_types::Timestamp { seconds: 1, nanos: 500_000_000 }),
            ..Default::default()
        };
        let task = v1::Task {
            summary: Some(summary),
            payload: r#"{"z": 1.50, "a": 12345678901234567890123}"#.into(),
            labels: [("result".to_owned(), "007".to_owned())].into(),
            ..Default::default()
        };
        v1::GetTaskResponse { task: Some(task) }
    }

    #[test]
    fn json_is_canonical_and_keeps_order_and_digits() {
        let json = json_line(&answer()).unwrap();
        for part in [
            r#"{"task":{"summary":{"id":"9007199254740993","name":"Weekly ☕","#,
            r#""status":"STATUS_SUCCEEDED""#,
            r#""attempt":0"#,
            r#""createdAt":"1970-01-01T00:00:01.500Z""#,
            r#""payload":{"z":1.50,"a":12345678901234567890123}"#,
            r#""labels":{"result":"007"}"#,
            r#""result":null"#,
        ] {
            assert!(json.contains(part), "{part} in {json}");
        }
        assert!(!json.contains('\n'));
        assert_eq!(super::json(&answer()).unwrap().lines().next(), Some("{"));
    }

    #[test]
    fn yaml_says_the_same() {
        let yaml = yaml(&answer()).unwrap();
        let read: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(read["task"]["summary"]["id"], "9007199254740993");
        assert_eq!(read["task"]["labels"]["result"], "007");
        assert_eq!(read["task"]["payload"]["z"], 1.5);
        assert!(read["task"]["result"].is_null());
    }

    #[test]
    fn every_named_message_is_described() {
        assert!(json_line(&v1::CreateTaskResponse::default()).is_ok());
        assert!(json_line(&v1::ListTasksResponse::default()).is_ok());
        assert!(json_line(&v1::GetTaskHistoryResponse::default()).is_ok());
        assert!(json_line(&v1::GetStatusCountsResponse::default()).is_ok());
        assert!(json_line(&v1::ListWorkersResponse::default()).is_ok());
        assert!(json_line(&v1::CancelTaskResponse::default()).is_ok());
        assert!(json_line(&v1::RetryTaskResponse::default()).is_ok());
        assert!(json_line(&v1::WatchTasksResponse::default()).is_ok());
    }
}
