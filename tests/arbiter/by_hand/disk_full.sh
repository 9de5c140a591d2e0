#!/usr/bin/env bash
# Number 26: a pidfile and an access log on a full disk. Needs root. The first start has to end with 2 and leave no file; the second
# has to serve although its log cannot be written. Run from the workspace: bash tests/arbiter/by_hand/disk_full.sh
set -euo pipefail
cargo build --example faults
folder=$(mktemp -d)
mount -t tmpfs -o size=64k tmpfs "$folder"
pid=
trap '[ -z "$pid" ] || { kill -TERM $pid; wait $pid || true; }; umount "$folder"; rmdir "$folder"' EXIT
dd if=/dev/zero of="$folder/full" bs=1k 2> /dev/null || true
code=0
target/debug/examples/faults -b 127.0.0.1:0 --pidfile "$folder/pid" || code=$?
echo "exit code $code, expected 2"
ls "$folder"
[ "$code" = 2 ] && [ ! -e "$folder/pid" ]
log=$(mktemp)
target/debug/examples/faults -b 127.0.0.1:0 --access-log "$folder/full" 2> "$log" &
pid=$!
until address=$(sed -nE 's|.* listening on (http://.*)$|\1|p' "$log") && [ -n "$address" ]; do
    kill -0 $pid || { cat "$log"; exit 1; }
    sleep 0.1
done
curl -sSf "$address/whoami?[1-200]" > /dev/null
echo 'served 200 requests'
rm -f "$log"
