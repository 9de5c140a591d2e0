#!/usr/bin/env bash
# Number 23: a worker that the kernel kills because memory is exhausted. Needs root and control groups of either version, and shows what the log says:
# the cause has to be "out of memory", and the worker has to be replaced. Run from the workspace: bash tests/arbiter/by_hand/out_of_memory.sh
set -euo pipefail
cargo build --example faults
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    group=/sys/fs/cgroup/pulsar-faults
    mkdir "$group"
    echo 200M > "$group/memory.max"
    echo 0 > "$group/memory.swap.max" 2> /dev/null || true
elif [ -d /sys/fs/cgroup/memory ]; then
    group=/sys/fs/cgroup/memory/pulsar-faults
    mkdir "$group"
    echo 200M > "$group/memory.limit_in_bytes"
else
    echo 'there are no control groups'
    exit 1
fi
log=$(mktemp)
bash -c 'echo $$ > "$1/cgroup.procs"; exec target/debug/examples/faults -b 127.0.0.1:0 --workers 2' sh "$group" 2> "$log" &
pid=$!
trap 'kill -TERM $pid 2> /dev/null; wait $pid; rmdir "$group"; rm -f "$log"' EXIT
until address=$(sed -nE 's|.* listening on (http://.*)$|\1|p' "$log") && [ -n "$address" ]; do
    kill -0 $pid || { cat "$log"; exit 1; }
    sleep 0.1
done
curl -sS -m 20 "$address/leak/400" || echo 'the worker is gone, as it should be'
until grep -qi 'out of memory' "$log"; do kill -0 $pid; sleep 0.1; done
grep -i 'out of memory' "$log"
curl -sSf --retry 20 --retry-connrefused "$address/whoami"
echo
