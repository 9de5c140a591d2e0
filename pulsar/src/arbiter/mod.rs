mod frame;
mod message;
mod monitor;
mod process;
mod supervisor;
mod worker;
