#!/usr/bin/env bash
# How long a clean debug build of the smallest program takes, and how many crates it has: bash tests/bench/hello_build.sh
set -euo pipefail
pulsar=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../pulsar" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<TOML
[package]
name = "hello"
edition = "2024"

[dependencies]
pulsar = { path = "$pulsar" }
TOML
cat > "$folder/src/main.rs" <<'RUST'
#[pulsar::get("/hello/<name>")]
async fn hello(name: &str) -> String {
    format!("Hello, {name}!\n")
}

pulsar::main!();
RUST
cp "$pulsar/../Cargo.lock" "$folder"
cd "$folder"
export CARGO_TARGET_DIR=$folder/target
cargo fetch --quiet
# What has to be fetched is there before the clock runs.
TIMEFORMAT='clean debug build of a hello program: %R s, %U s of processor time'
time cargo build --quiet
crates=$(cargo tree --edges normal,build --prefix none --format '{p}' | sed 's/ (.*//' | sort -u | grep -vc '^hello ')
echo "crates with default features: $crates; processors: $(nproc)"
