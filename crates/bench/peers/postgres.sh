#!/bin/sh
# Runs a command beside a Postgres of its own: ./postgres.sh COMMAND [ARGUMENT...]
#
# The command finds the server in DATABASE_URL. It is set up as `src/postgres.rs` sets up the one
# that the service is measured on: on disk, fsync on, the same memory and WAL for all. It ends, and
# its data goes, with the command.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

find_programs() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(dirname "$(command -v postgres || true)")"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/psql" ]; then
            echo "$folder"
            return
        fi
    done
    echo "no Postgres server with psql is installed: use make bootstrap" >&2
    exit 1
}

# Postgres refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid postgres --regid postgres --clear-groups "$@"
    else
        "$@"
    fi
}

programs=$(find_programs)
# Under /var/tmp: /tmp may be kept in memory, where fsync costs nothing.
folder=$(mktemp -d /var/tmp/bench-peers-XXXXXX)
stop() {
    as_owner "$programs/pg_ctl" --pgdata "$folder/data" --mode fast --silent stop || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 1' INT TERM
if [ "$(id -u)" = 0 ]; then
    chown postgres: "$folder"
fi
cd "$folder"
as_owner "$programs/initdb" --pgdata data --username postgres --auth trust --encoding UTF8 --no-locale >/dev/null
cat >>data/postgresql.conf <<SETTINGS
listen_addresses = '127.0.0.1'
port = ${PORT:-$((20000 + $$ % 20000))}
unix_socket_directories = '$folder'
fsync = on
full_page_writes = on
shared_buffers = 1024MB
max_connections = 400
max_wal_size = 4GB
min_wal_size = 4GB
checkpoint_timeout = 5min
wal_compression = off
timezone = UTC
log_timezone = UTC
SETTINGS
as_owner "$programs/pg_ctl" --pgdata data --log "$folder/log" --wait --silent start
port=$(sed -n 4p data/postmaster.pid)
cd "$OLDPWD"
"$programs/psql" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --file "$here/../src/postgres/wal.sql" \
    "postgres://postgres@127.0.0.1:$port/postgres"
DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres" "$@"
