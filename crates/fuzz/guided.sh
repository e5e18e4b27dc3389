#!/bin/sh
# Fuzzes each target (or those named) under LLVM's libFuzzer for TASK_FUZZ_SECONDS seconds.
#
# Coverage comes from the compiler's own passes, so that no nightly toolchain and no cargo-fuzz is
# needed; a C++ compiler is, for libFuzzer itself. What reaches new code is collected under
# target/guided and used by the next run; what failed is put into corpus/, to be committed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
host=$(rustc -vV | sed -n 's/^host: //p')
out=${CARGO_TARGET_DIR:-target}/guided
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=on -Ccodegen-units=1"
# With a target named, build scripts and macros are left as they are.
cargo build --quiet --locked --release --target "$host" --target-dir "$out" \
    -p task-fuzz --bin guided --features guided
failed=
for folder in "$here"/corpus/*/; do
    name=$(basename "$folder")
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    mkdir -p "$out/corpus/$name"
    echo "== $name"
    # The first folder takes what is new; the longest input and time are those that count as a fault.
    TASK_FUZZ_TARGET=$name "$out/$host/release/guided" "$out/corpus/$name" "$folder" \
        -artifact_prefix="$folder" -max_total_time="${TASK_FUZZ_SECONDS:-10}" -max_len=65536 -timeout=10 \
        -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 || failed="$failed $name"
done
[ -z "$failed" ] || { echo "failed:$failed; the inputs are in crates/fuzz/corpus"; exit 1; }
