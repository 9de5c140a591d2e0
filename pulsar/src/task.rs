//! Tasks and event loops that are started seldom, compiled once for all of them.
//!
//! The runtime compiles about a hundred functions anew for each type of future that it is given. What starts for every connection
//! or request is worth that; what starts once in a worker, or when something went wrong, costs a box here instead.

use std::pin::{Pin, pin};

use tokio::{
    runtime::{Handle, Runtime},
    task::JoinHandle,
};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts a task on the current event loop.
///
/// # Panics
///
/// Outside of an event loop.
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    spawn_boxed(Box::pin(work))
}

fn spawn_boxed(work: Work) -> JoinHandle<()> {
    tokio::spawn(work)
}

/// Starts a task on an event loop.
pub(crate) fn spawn_on(event_loop: &Handle, work: impl Future<Output = ()> + Send + 'static) {
    spawn_boxed_on(event_loop, Box::pin(work));
}

fn spawn_boxed_on(event_loop: &Handle, work: Work) {
    event_loop.spawn(work);
}

/// Runs an event loop until the future is ready, and gives what came of it.
pub(crate) fn block_on<T>(event_loop: &Runtime, work: impl Future<Output = T>) -> T {
    let mut output = None;
    run_until(event_loop, pin!(async { output = Some(work.await) }));
    output.expect("an event loop runs until its future is ready")
}

fn run_until(event_loop: &Runtime, work: Pin<&mut dyn Future<Output = ()>>) {
    event_loop.block_on(work);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn tasks_run_and_are_waited_for() {
        let event_loop = Builder::new_current_thread().build().unwrap();
        let (sender, receiver) = mpsc::channel();
        let text = String::from("from the loop");
        let given = block_on(&event_loop, async {
            let other = sender.clone();
            spawn_on(&Handle::current(), async move { other.send(1).unwrap() });
            spawn(async move { sender.send(2).unwrap() }).await.unwrap();
            text.as_str()
        });
        assert_eq!((given, receiver.iter().collect::<Vec<_>>()), ("from the loop", vec![1, 2]));
    }

    #[test]
    #[should_panic(expected = "what was waited for")]
    fn a_panic_reaches_whoever_waits() {
        let event_loop = Builder::new_current_thread().build().unwrap();
        block_on(&event_loop, async { panic!("what was waited for") });
    }
}
