//! One target under LLVM's libFuzzer, which keeps what reaches new code: see `guided.sh`.
#![no_main]

use std::sync::OnceLock;

use task_fuzz::{Target, targets};

/// The target that `TASK_FUZZ_TARGET` names.
static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn chosen() -> &'static Target {
    let name = std::env::var("TASK_FUZZ_TARGET").unwrap_or_default();
    targets::named(&name).expect("TASK_FUZZ_TARGET names a target")
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    (TARGET.get_or_init(chosen).run)(input);
});
