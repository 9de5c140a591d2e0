#!/usr/bin/env bash
# Number 37: the clock of the wall steps by a day and back. Needs libfaketime (the package `faketime`). No worker may be killed: the
# pids before and after have to be the same. Run from the workspace: bash tests/arbiter/by_hand/clock_step.sh
set -euo pipefail
cargo build --example faults
library=$(find /usr/lib -name 'libfaketimeMT.so.1' | head -n 1)
[ -n "$library" ] || { echo 'libfaketime is missing'; exit 1; }
clock=$(mktemp)
log=$(mktemp)
echo '+0' > "$clock"
# The monotonic clock goes on as it is: that is what steps of the other one are to be told from.
LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$clock FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 \
    target/debug/examples/faults -b 127.0.0.1:0 --workers 3 --timeout 2 2> "$log" &
pid=$!
trap 'kill -TERM $pid; wait $pid || true; rm -f "$clock" "$log"' EXIT
until grep -q 'listening on' "$log"; do kill -0 $pid; sleep 0.1; done
workers() { cat /proc/$pid/task/*/children; }
sleep 2
before=$(workers)
for step in '+1d' '-1d' '+0'; do
    echo "$step" > "$clock"
    sleep 5
    [ "$(workers)" = "$before" ] || { echo "after $step: $before became $(workers)"; cat "$log"; exit 1; }
    echo "after $step: $before"
done
