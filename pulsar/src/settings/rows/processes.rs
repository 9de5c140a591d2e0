//! What serves an application: workers, event loops, the threads for what blocks.

use crate::settings::{
    row::{Row, Scope, Type},
    values::whole,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "workers",
        short: Some('w'),
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "1",
        help: "Worker processes; 0 serves in one process without an arbiter",
        details: "From 0 to 1024. The arbiter starts them, watches them and replaces those that end. With 0 for the \
                  first application all of them are served in one process. With concurrency thread they are parts of \
                  one process.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 0, 1024).map(|number| settings.workers = number),
        show: |settings| settings.workers.to_string(),
    },
    Row {
        name: "concurrency",
        short: None,
        value_name: "KIND",
        section: SECTION,
        scope: Scope::Program,
        default: "process",
        help: "What a worker is",
        details: "process: a process of its own. thread: all workers share one process, and each is as many event \
                  loops as `threads` says. On systems other than Unix there is only thread, and process means the \
                  same.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|kind| settings.concurrency = kind),
        show: |settings| settings.concurrency.to_string(),
    },
    Row {
        name: "threads",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "1",
        help: "Threads that accept connections and run async handlers",
        details: "From 1 to 1024, for each worker. A connection stays on the thread that accepted it; one thread for each core is the \
                  most that helps. Several applications in one process share the threads of the one that wants most.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 1, 1024).map(|number| settings.threads = number),
        show: |settings| settings.threads.to_string(),
    },
    Row {
        name: "thread_workers",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "auto",
        help: "Threads that run the handlers that are not async",
        details: "From 1 to 4096, or auto: two for each processor, at least 4.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|size| settings.thread_workers = size),
        show: |settings| settings.thread_workers.to_string(),
    },
    Row {
        name: "thread_queue",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "1024",
        help: "Requests that may wait for one of these threads",
        details: "From 1 to 1000000. A request that finds the queue full is answered with 503 and Retry-After.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 1, 1_000_000).map(|number| settings.thread_queue = number),
        show: |settings| settings.thread_queue.to_string(),
    },
];

const SECTION: &str = "Processes and threads";
