#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, 60 if none are given, and ends with the first that crashes.
# What it needs, and what to do with a crash, is said in docs/fuzzing.md.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}

# The flags of cargo-fuzz are unstable, and the toolchain is a stable one.
export RUSTC_BOOTSTRAP=1
cargo fuzz build
for target in $(cargo fuzz list); do
    echo "== $target"
    # What is found goes into the first folder, and `fuzz/corpus` stays as it is committed.
    found="fuzz/target/found/$target"
    mkdir -p "$found"
    cargo fuzz run "$target" "$found" "fuzz/corpus/$target" -- \
        "-max_total_time=$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1
done
echo "== no target has crashed"
