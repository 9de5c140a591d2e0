#!/usr/bin/env bash
# Runs the Autobahn cases 1 to 7, 9 and 10 against the echo of the example `faults`, with kosoku, which plays the client.
# Cases 12 and 13 are of compression, which is not negotiated. Fails if any case fails.
#
#     tests/websocket/kosoku.sh [CASE ...]          # all of them, or those that are named, such as '1.*' 7.3.1
#
# Needs Python 3.10 or newer, and the network once, to install kosoku into a folder of its own: KOSOKU_VENV, by default
# target/kosoku. The report is in target/kosoku-report.
set -euo pipefail

cd "$(dirname "$0")/../.."
venv=${KOSOKU_VENV:-target/kosoku}
report=target/kosoku-report
cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=('1.*' '2.*' '3.*' '4.*' '5.*' '6.*' '7.*' '9.*' '10.*')

[ -x "$venv/bin/kosoku" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet kosoku; }
cargo build --quiet --package pulsar-examples --example faults
target=${CARGO_TARGET_DIR:-target}

scratch=$(mktemp -d)
# The cases send messages of 16 MiB, and 4 MiB in pieces of 64 bytes.
"$target/debug/examples/faults" serve --workers 0 --bind 127.0.0.1:0 \
    --websocket-max-message 32MiB --websocket-max-frame 32MiB --websocket-max-fragments 100000 \
    >"$scratch/out" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT
for _ in $(seq 100); do
    address=$(grep -o '127\.0\.0\.1:[0-9]*' "$scratch/out" | head -n 1) && break
    kill -0 "$server" 2>/dev/null || { cat "$scratch/out"; exit 1; }
    sleep 0.1
done
: "${address:?faults does not say where it listens}"

include=()
for case in "${cases[@]}"; do include+=(-i "$case"); done
rm -rf "$report"
# Its exit code is 1 if a case fails.
"$venv/bin/kosoku" "${include[@]}" -o "$report" "$address/ws"
