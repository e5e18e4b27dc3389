//! Generates messages and services from `proto/`, without an installed protoc.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());

    let descriptors = protox::compile(["task/v1/task_service.proto"], [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .btree_map(".")
        .build_client(false)
        .codec_path("crate::codec::Requests")
        .compile_fds(descriptors.clone())?;
    // Apart, since one setting of the codec is for both: answers are read by the usual one.
    let client = out.join("client");
    fs::create_dir_all(&client)?;
    tonic_prost_build::configure()
        .build_server(false)
        .extern_path(".task.v1", "crate::v1")
        .out_dir(client)
        .compile_fds(descriptors)?;
    Ok(())
}
