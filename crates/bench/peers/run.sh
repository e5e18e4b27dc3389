#!/bin/sh
# Measures the peers on a Postgres that is there: ./run.sh DATABASE_URL [TASKS]
#
# Prints one line of JSON for each figure on standard output. A peer whose toolchain is missing is
# one line with "not_run" and why. Also read: ONLY (drain,life,pickup,held), RUNS (3), SAMPLES (200),
# HELD (60 seconds), PEERS ("river graphile").
set -eu
cd "$(dirname "$0")"

url=${1:?the URL of a Postgres is missing}
tasks=${2:-100000}
only=${ONLY:-drain,life,pickup,held}
runs=${RUNS:-3}
samples=${SAMPLES:-200}
held=${HELD:-60}

not_run() {
    printf '{"peer":"%s","not_run":"%s"}\n' "$1" "$2"
}

river() {
    if ! command -v go >/dev/null; then
        not_run river "go is not installed"
        return
    fi
    folder=$(mktemp -d)
    if (cd river && go build -o "$folder/river" .) >&2; then
        "$folder/river" -only "$only" -tasks "$tasks" -runs "$runs" -samples "$samples" \
            -held "${held}s" "$url" ||
            not_run river "it failed, see above"
    else
        not_run river "it cannot be built; does the Go module proxy answer?"
    fi
    rm -rf "$folder"
}

# Graphile Worker asks for Node.js 22.18; where that of the system is older, the one that npm
# brought along is used.
node_of() {
    for node in "$(command -v node || true)" node_modules/node-linux-*/bin/node; do
        if [ -x "$node" ] && "$node" -e '
            const [major, minor] = process.versions.node.split(".").map(Number);
            process.exit(major > 22 || (major === 22 && minor >= 18) ? 0 : 1)'; then
            echo "$node"
            return
        fi
    done
}

graphile() {
    if ! command -v npm >/dev/null; then
        not_run graphile "npm is not installed"
        return
    fi
    cd graphile
    # Again only if what is wanted has changed.
    if cmp -s package-lock.json node_modules/.installed ||
        { npm ci --silent --no-audit --no-fund >&2 && cp package-lock.json node_modules/.installed; }; then
        node=$(node_of)
        if [ -z "$node" ]; then
            not_run graphile "Node.js is older than 22.18"
        else
            "$node" main.mjs --only "$only" --tasks "$tasks" --runs "$runs" --samples "$samples" \
                --held "$held" "$url" ||
                not_run graphile "it failed, see above"
        fi
    else
        not_run graphile "npm cannot install it; does the registry answer?"
    fi
    cd ..
}

for peer in ${PEERS:-river graphile}; do
    case $peer in
        river | graphile) "$peer" ;;
        *) not_run "$peer" "there is no such peer here" ;;
    esac
done
