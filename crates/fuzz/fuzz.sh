#!/bin/sh
# `make fuzz`: the targets, led by coverage where there is a C++ compiler and by chance where not;
# then the properties of what is private to its crate; then a server under noise on a real Postgres.
# Each target, and the server, gets TASK_FUZZ_SECONDS seconds.
set -eu
cd "$(dirname "$0")/../.."
export TASK_FUZZ_SECONDS="${TASK_FUZZ_SECONDS:-10}"
if command -v c++ >/dev/null; then
    crates/fuzz/guided.sh
else
    echo "no C++ compiler: inputs are chosen by chance alone"
    cargo run --quiet --locked --release -p task-fuzz
fi
# A few hundred cases of each property take a second.
export PROPTEST_CASES="${PROPTEST_CASES:-$((TASK_FUZZ_SECONDS * 200))}"
cargo test --quiet --locked --lib -p task-domain -p task-proto -p task-smtp-sink -p task-plugin-send-email \
    -p task-plugin-run-query -p task-plugin-simulate
cargo test --quiet --locked -p task-smtp-sink --test noise
cargo test --quiet --locked -p task-cli --bins properties
cargo run --quiet --locked -p task-testing -- cargo test --quiet --locked -p task-server --test it noise
