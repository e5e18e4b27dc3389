//! Puts the dashboard into the binary: what `make dashboard` has built, or else a plain page that says
//! how to. Node is not needed to build the server.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the dashboard's own build puts its files, seen from this crate.
const BUILT: &str = "../../dashboard/dist";

/// Shown where there is none.
const PLAIN: &str = "src/http/plain";

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where"));
    let (built, plain) = (here.join(BUILT), here.join(PLAIN));
    // Cargo takes a folder that is not there for changed, every time: watch the one above it.
    let watched = built.ancestors().find(|dir| dir.is_dir()).expect("the root is there");
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed={PLAIN}");
    println!("cargo::rerun-if-changed=build.rs");
    let root = if built.join("index.html").is_file() { built } else { plain };

    let mut paths = Vec::new();
    list(&root, &mut paths)?;
    paths.sort();
    let mut table = "&[\n".to_owned();
    for path in paths.iter().filter(|path| !is_encoded(path)) {
        let name = text(path.strip_prefix(&root).expect("listed below it"));
        let mut hasher = DefaultHasher::new();
        fs::read(path)?.hash(&mut hasher);
        let encoded = |extension: &str| {
            let encoded = format!("{}.{extension}", text(path));
            if Path::new(&encoded).is_file() {
                format!("Some({})", include(&encoded))
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            table,
            "File {{ path: {:?}, hash: \"{:016x}\", plain: {}, br: {}, gzip: {} }},",
            format!("/{name}"),
            hasher.finish(),
            include(text(path)),
            encoded("br"),
            encoded("gz"),
        )
        .expect("a string takes all");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    fs::write(out.join("files.rs"), table)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn include(path: &str) -> String {
    format!("include_bytes!({path:?})")
}

fn list(dir: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// Whether it is the compressed form of the file beside it.
fn is_encoded(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "br" || e == "gz") && path.with_extension("").is_file()
}
