#!/bin/sh
# Measures the service, River and Graphile Worker by turns and prints them side by side.
#
# TASKS (100000), RUNS (3), SAMPLES (200) and HELD (60 seconds; 0 leaves it out) set the size. Each
# section is measured for all three before the next, RUNS times over, so that they meet the same
# minutes; the middle run counts. The held snapshot is measured once, at the end. Nothing else
# should run. Started by `make bench-peers`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$(cd "$here/../../.." && pwd)/target}
tasks=${TASKS:-100000}
runs=${RUNS:-3}
samples=${SAMPLES:-200}
held=${HELD:-60}

all=$(mktemp -d)
trap 'rm -rf "$all"' EXIT
result=$target/bench-peers.json

# One turn: what the service calls the sections, and what the peers call them.
turn() {
    number=$((number + 1))
    # As many sparse arrivals as the peers get, at about 8 a second and by turns with the floor.
    "$target/release/task-bench" --only "$1" --tasks "$tasks" --runs 1 \
        --pickup-seconds $((samples / 4 + 1)) --held-seconds $((held > 0 ? held : 1)) \
        --json "$all/$number.json" >&2 || echo "the service could not be measured: $1" >&2
    ONLY=$2 RUNS=1 SAMPLES=$samples HELD=$held \
        "$here/postgres.sh" sh -c '"$1/run.sh" "$DATABASE_URL" "$2"' sh "$here" "$tasks" >>"$all/peers.jsonl"
}

number=0
for run in $(seq "$runs"); do
    echo "run $run of $runs" >&2
    turn drain,submit drain
    turn life life
    turn pickup pickup
done
if [ "$held" != 0 ]; then
    turn snapshot held
fi

{
    printf '{"service":['
    separator=
    for file in "$all"/[0-9]*.json; do
        if [ -s "$file" ]; then
            printf '%s' "$separator"
            cat "$file"
            separator=,
        fi
    done
    printf '],"peers":['
    paste -s -d , "$all/peers.jsonl"
    printf ']}\n'
} >"$result"
echo
cat "$all"/*.json "$all/peers.jsonl" | awk -f "$here/table.awk"
echo "figures: $result"
