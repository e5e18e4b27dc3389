#!/bin/sh
# `make fuzz`: the targets by chance and, where there is a C++ compiler, led by coverage; then the
# property tests of what is private to its crate; then a server under noise on a real Postgres.
# Each target and each test of the server gets TASK_FUZZ_SECONDS seconds.
set -eu
cd "$(dirname "$0")/../.."
export TASK_FUZZ_SECONDS="${TASK_FUZZ_SECONDS:-10}"
cargo run --quiet --locked --release -p task-fuzz --bin task-fuzz
if command -v c++ >/dev/null; then
    crates/fuzz/guided.sh
else
    echo "no C++ compiler: nothing is led by coverage"
fi
# Some thousand cases of each property take a second.
export PROPTEST_CASES="${PROPTEST_CASES:-$((TASK_FUZZ_SECONDS * 2000))}"
cargo test --quiet --locked -p task-domain -p task-proto -p task-smtp-sink -p task-plugin-send-email \
    -p task-plugin-run-query -p task-plugin-simulate
cargo test --quiet --locked -p task-cli --bins parse settings
cargo run --quiet --locked -p task-testing -- cargo test --quiet --locked -p task-server --test it noise
