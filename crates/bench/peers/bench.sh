#!/bin/sh
# Measures the service, River and Graphile Worker one after the other and prints them side by side.
#
# TASKS (100000), RUNS (3), SAMPLES (200) and HELD (60 seconds) set the size; each takes part of the
# machine that the others had, so nothing else should run. Started by `make bench-peers`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$(cd "$here/../../.." && pwd)/target
tasks=${TASKS:-100000}
runs=${RUNS:-3}
samples=${SAMPLES:-200}
held=${HELD:-60}
export RUNS="$runs" SAMPLES="$samples" HELD="$held"

service=$target/bench-service.json
peers=$target/bench-peers.jsonl
result=$target/bench-peers.json
rm -f "$service"

sections=drain,submit,life,pickup
if [ "$held" != 0 ]; then
    sections=$sections,snapshot
fi
# As many sparse arrivals as the peers get, at about 8 a second and by turns with the floor.
"$target/release/task-bench" --only "$sections" --tasks "$tasks" --runs "$runs" \
    --pickup-seconds $((samples / 4 + 1)) --held-seconds $((held > 0 ? held : 1)) --json "$service" >&2 ||
    echo "the service could not be measured" >&2

"$here/postgres.sh" sh -c '"$1/run.sh" "$DATABASE_URL" "$2"' sh "$here" "$tasks" >"$peers"

[ -s "$service" ] || echo null >"$service"
{
    printf '{"service":'
    cat "$service"
    printf ',"peers":['
    paste -s -d , "$peers"
    printf ']}\n'
} >"$result"
echo
awk -f "$here/table.awk" "$service" "$peers"
echo "figures: $result"
