//! The arbiter, from outside: programs with workers, and everything that can go wrong with them.
//!
//! Each test injects a fault of the list below into a program that serves, mostly under load, and asserts what its clients, its
//! operator and the kernel see. The doc comment of a test has its numbers. The rule it keeps: no test needs an idle machine;
//! counts and bounds are asserted, and times only where a time is what is promised.
//!
//! | numbers | file |
//! |---|---|
//! | 1 to 6, 20 to 22 | `deaths.rs` |
//! | 7, 8 | `orphans.rs` |
//! | 9 to 14 | `reload.rs` |
//! | 15 to 19 | `stop.rs` |
//! | 24, 25 | `limits.rs` |
//! | 26, 27 | `files.rs` |
//! | 28, 35, 36 | `sockets.rs` |
//! | 29 to 31 | `upgrade.rs` |
//! | 32, 33 | `recycle.rs` |
//! | 34 | `pid1.rs` |
//! | 38, 39 | `control.rs` |
//! | 40 | `many.rs` |
//! | 41 | `privileges.rs` |
//! | 42 | `chaos.rs` |
//!
//! `development.rs` has `--reload`. `messages.rs` has hooks, periodic tasks and messages between workers.
//! `tls.rs` has certificates, and what becomes of them. `spread.rs` counts who serves which connection. `figures.rs` measures the start and what an idle program costs; `top.rs` looks at a program in a terminal.
//!
//! What cannot run wherever the tests run:
//!
//! | number | why | by hand |
//! |---|---|---|
//! | 12, the privileged port | root may bind it | run the tests as another user |
//! | 20, SIGSEGV | the examples have no `unsafe` to do it with | `kill -SEGV` of a worker; `/abort` takes the same way |
//! | 23, out of memory | needs a cgroup of its own with a limit | `bash tests/arbiter/by_hand/out_of_memory.sh` |
//! | 25, fork fails with EAGAIN | root has no RLIMIT_NPROC | `limits.rs` lets the spawn fail by RLIMIT_NOFILE, which takes the same way |
//! | 26, disk full | needs a file system of its own | `bash tests/arbiter/by_hand/disk_full.sh` |
//! | 30, an older protocol | there is none yet | a test of the arbiter's state |
//! | 37, the clock steps | needs libfaketime | `bash tests/arbiter/by_hand/clock_step.sh` |
//! | 39, a worker writes garbage into its channel | the channel is nobody's but the worker's | `upgrade.rs` has a new program do it, over a channel of the same kind |
//!
//! How much is done can be raised: `PULSAR_TEST_RELOADS` (usually 25), `PULSAR_TEST_UPGRADES` (4), `PULSAR_TEST_EDITIONS` (5), `PULSAR_TEST_SEEDS` (20),
//! `PULSAR_TEST_CHAOS_SECONDS` (10), `PULSAR_TEST_CHAOS_SEED`, `PULSAR_TEST_ORPHANS` (200), `PULSAR_TEST_APPLICATION_WORKERS` (1).

mod support;

mod chaos;
mod control;
mod deaths;
mod development;
mod figures;
mod files;
mod harness;
mod limits;
mod many;
mod messages;
mod orphans;
mod pid1;
mod privileges;
mod recycle;
mod reload;
mod sockets;
mod spread;
mod stop;
mod tls;
mod top;
mod upgrade;
