mod activation;
mod calls;
mod children;
mod client;
mod control;
mod frame;
mod handover;
mod info;
mod machine;
mod message;
mod monitor;
mod notify;
mod output;
mod pidfile;
mod process;
mod release;
mod reload;
mod run;
mod signals;
mod supervisor;
mod worker;

pub(crate) use self::{
    client::Client,
    message::{Info, Request, Response},
    output::{Stderr, say},
    release::{open_bind, texts},
    run::{Host, run},
    worker::{Assignment, Child, LastWords, Link, child, heartbeat},
};
