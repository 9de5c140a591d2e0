//! The task of a connection: it keeps the connection going, and runs the handler.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use crate::{body::BoxFuture, pool::panic_message, websocket::connection::Shared};

/// Ready when the handler has returned and the connection is over.
pub(super) struct Driver {
    connection: Shared,
    handler: Option<BoxFuture<'static, ()>>,
}

impl Driver {
    pub(super) fn new(connection: Shared, handler: BoxFuture<'static, ()>) -> Self {
        Self { connection, handler: Some(handler) }
    }

    fn poll_handler(&mut self, cx: &mut Context<'_>) {
        let Some(handler) = &mut self.handler else {
            return;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(())) => {}
            Err(panic) => self.panicked(&*panic),
        }
        // What a handler does when it is dropped is its own code, too.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(self.handler.take()))) {
            self.panicked(&*panic);
        }
    }

    fn panicked(&self, panic: &(dyn Any + Send)) {
        tracing::error!(
            panic = panic_message(panic),
            "the handler of a WebSocket panicked; the connection is closed with code 1011"
        );
        self.connection.lock().release(true);
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.connection.lock().wakes(cx);
        for _ in 0..TURNS {
            self.connection.lock().drive(cx);
            self.poll_handler(cx);
            let mut connection = self.connection.lock();
            if self.handler.is_none() && connection.is_over() {
                connection.hang_up();
                return Poll::Ready(());
            }
            if !connection.leave() {
                return Poll::Pending;
            }
        }
        // Others on this event loop want their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How often handler and connection take turns before the event loop gets its own.
const TURNS: usize = 32;
