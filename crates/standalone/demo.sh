#!/bin/sh
# Shows the service at work: starts everything in one process, runs a few tasks, and leaves it up.
# usage: demo.sh TASK_CLI; DEMO_LISTEN=HOST:PORT listens elsewhere than on 127.0.0.1:8080
set -eu

cli=$1
listen=${DEMO_LISTEN:-127.0.0.1:8080}
said=$(mktemp)
service=

# Ctrl-C in a terminal reaches the service as well, which then stops in order: only wait for it.
# Any other end must tell it.
finish() {
    trap '' INT TERM
    [ -z "$service" ] || { kill -TERM "$service" 2>/dev/null || true; wait "$service" || true; }
    rm -f "$said"
}
trap finish EXIT
trap 'exit 143' TERM
trap 'wait "$service" || true; service=; exit 130' INT

run() {
    printf '\n$ task-cli %s\n' "$shown"
    "$cli" --address "$address" "$@"
}

"$cli" dev --listen "$listen" >"$said" &
service=$!
until address=$(sed -n 's/^The task service is up: //p' "$said") && [ -n "$address" ]; do
    # It has said on standard error what is wrong.
    kill -0 "$service" 2>/dev/null || { wait "$service" || exit $?; exit 1; }
    sleep 0.2
done

shown='task create "Send Newsletter" --type send_email -p to=a@example.com -p subject="Weekly Update" --watch'
run task create "Send Newsletter" --type send_email -p to=a@example.com -p subject="Weekly Update" --watch

shown='task create "Open orders" --type run_query -p query="select count(*), sum(total) from orders where status = '"'open'"'" --watch'
run task create "Open orders" --type run_query -p query="select count(*), sum(total) from orders where status = 'open'" --watch

shown='task create "Works the second time" --type simulate -p duration=500ms -p fail_attempts=1 --watch'
run task create "Works the second time" --type simulate -p duration=500ms -p fail_attempts=1 --watch

shown='task create "Never works" --type simulate -p failure_probability=1 --retries 1 --watch    # ends as FAILED'
run task create "Never works" --type simulate -p failure_probability=1 --retries 1 --watch || [ $? -eq 1 ]

shown='task list'
run task list
shown='task status'
run task status

cat <<TEXT

The service is up at $address, with metrics at $address/metrics.
Try it from another terminal (make build-cli gives ./bin/task-cli):
  ./bin/task-cli --address $address task watch
  ./bin/task-cli --address $address end2end -n 100
Ctrl-C stops everything.
TEXT
wait "$service"
service=
