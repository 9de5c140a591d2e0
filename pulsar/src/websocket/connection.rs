//! One WebSocket from its handshake to its end: what was read and not yet taken, what waits to be sent, its times.
//!
//! Two use it in turns: the handler, through the [`WebSocket`](crate::websocket::WebSocket), and the driver, the task that keeps
//! it going whatever the handler does. Bytes wake the driver; what the driver finds wakes the handler. One message at most waits
//! for the handler: more are not read before that is taken, so that a slow handler makes its client wait.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use tokio::time::{Instant, Sleep, sleep};
use tungstenite::protocol::{Message as WireMessage, Role, WebSocket as WireSocket};

use crate::{
    body::BoxFuture,
    websocket::{
        error::{MAX_REASON, WebSocketError},
        message::{CloseFrame, Message, Utf8Bytes},
        options::Options,
        wire::Wire,
    },
};

/// A connection, as its two users hold it.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Connection>>);

impl Shared {
    pub(super) fn new(stream: Upgraded, options: Options, drain: BoxFuture<'static, ()>) -> Self {
        Self(Arc::new(Mutex::new(Connection::new(stream, options, drain))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic under the lock would be one of ours; what is here is no worse after it than after a broken connection.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Messages go both ways.
    Open,
    /// A close frame has come or is on its way; the other one is not there yet.
    Closing,
    /// All is said. What the client sends is thrown away until it hangs up: to hang up first, with bytes of it unread, could
    /// take our close frame along.
    Lingering,
    /// Nothing comes and nothing goes.
    Over,
}

/// What the driver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    /// It has to be woken.
    Asleep,
    /// It is at work.
    Awake,
    /// It is at work, and will look once more before it sleeps.
    Wanted,
}

/// Whether there may be something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supply {
    Possible,
    /// There was nothing, and the driver has not been woken since.
    Exhausted,
}

/// What is known of a connection.
pub(super) struct Connection {
    socket: WireSocket<Wire>,
    options: Options,
    phase: Phase,
    /// What the handler has not taken yet.
    incoming: Option<Result<Message, WebSocketError>>,
    /// The handler will take nothing more.
    released: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Bytes that were to be written so far. It may be too many until everything is out, since of several pongs the library
    /// may send the last one only.
    queued: u64,
    /// What the handler's own ping carried.
    asked: Option<Bytes>,
    supply: Supply,
    /// The client knows that nothing more will come.
    shut_down: bool,
    driver: Attention,
    /// When the client last gave a sign of life, as far as the driver has looked.
    heard_at: Instant,
    /// There was none since a ping.
    pinged: bool,
    /// The next time that something may be due.
    timer: Pin<Box<Sleep>>,
    drain: BoxFuture<'static, ()>,
}

/// For the driver.
impl Connection {
    fn new(stream: Upgraded, options: Options, drain: BoxFuture<'static, ()>) -> Self {
        let wire = Wire::new(stream, options.max_fragments);
        let first = if options.ping.is_zero() { A_DAY } else { options.ping };
        Self {
            socket: WireSocket::from_raw_socket(wire, Role::Server, Some(options.config())),
            options,
            phase: Phase::Open,
            incoming: None,
            released: false,
            reader: None,
            writer: None,
            queued: 0,
            asked: None,
            supply: Supply::Possible,
            shut_down: false,
            driver: Attention::Asleep,
            heard_at: Instant::now(),
            pinged: false,
            timer: Box::pin(sleep(first)),
            drain,
        }
    }

    /// The driver has been woken: by bytes, by the clock, by the end of the server or by the handler.
    pub(super) fn wakes(&mut self, cx: &mut Context<'_>) {
        self.driver = Attention::Awake;
        let wire = self.socket.get_mut();
        if !wire.driver.will_wake(cx.waker()) {
            wire.driver.clone_from(cx.waker());
        }
        self.supply = Supply::Possible;
        if self.phase == Phase::Open && self.drain.as_mut().poll(cx).is_ready() {
            self.close(Some(CloseFrame::new(CloseFrame::GOING_AWAY, "the server stops")));
        }
    }

    /// Does everything that can be done at once, and sees to it that the driver is woken for the rest.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        self.driver = Attention::Awake;
        // What has arrived is heard before time is called.
        self.read();
        self.flush();
        self.look_at_the_clock(cx);
        self.flush();
        self.linger();
        self.wake();
        self.driver = Attention::Awake;
    }

    /// Whether there is something new since [`drive`](Self::drive); if not, the driver may sleep.
    pub(super) fn leave(&mut self) -> bool {
        let again = self.driver == Attention::Wanted;
        self.driver = if again { Attention::Awake } else { Attention::Asleep };
        again
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    pub(super) fn hang_up(&mut self) {
        self.socket.get_mut().hang_up();
    }

    fn read(&mut self) {
        while self.supply == Supply::Possible && self.may_read() {
            match self.socket.read() {
                Ok(message) => self.received(message),
                Err(error) if would_block(&error) => self.supply = Supply::Exhausted,
                Err(error) => self.failed(error),
            }
        }
    }

    fn may_read(&self) -> bool {
        match self.phase {
            Phase::Open => self.incoming.is_none() && self.has_room(),
            // The close frame of the client may come behind other messages, which go to the handler as long as there is one.
            Phase::Closing => self.incoming.is_none(),
            Phase::Lingering | Phase::Over => false,
        }
    }

    fn received(&mut self, message: WireMessage) {
        let message = match message {
            WireMessage::Text(text) => Message::Text(Utf8Bytes(text)),
            WireMessage::Binary(bytes) => Message::Binary(bytes),
            WireMessage::Ping(bytes) => {
                // The library has answered it, if it still may.
                if self.phase == Phase::Open {
                    self.queued += CONTROL_HEAD + bytes.len() as u64;
                }
                return;
            }
            WireMessage::Pong(bytes) => {
                if self.asked.as_ref() != Some(&bytes) {
                    return;
                }
                self.asked = None;
                Message::Pong(bytes)
            }
            WireMessage::Close(frame) => {
                if self.phase == Phase::Open {
                    // The library answers with the same.
                    self.queued += close_length(frame.as_ref().map(|frame| frame.reason.len()));
                    self.enter(Phase::Closing);
                }
                Message::Close(frame.map(CloseFrame::of_wire))
            }
            // The library gives none.
            WireMessage::Frame(_) => return,
        };
        if !self.released && self.incoming.is_none() {
            self.incoming = Some(Ok(message));
        }
    }

    /// Notes an error of the library; the end of a close handshake is one to it.
    fn failed(&mut self, error: tungstenite::Error) {
        let error = match WebSocketError::of_wire(error) {
            WebSocketError::Closed => return self.enter(Phase::Lingering),
            _ if self.socket.get_ref().has_too_many_fragments() => {
                WebSocketError::TooLong(TOO_MANY_FRAGMENTS)
            }
            error => error,
        };
        self.fail(error);
    }

    /// Ends the connection: the handler hears why, and the client too, if that is possible.
    fn fail(&mut self, error: WebSocketError) {
        let frame = error.close_frame();
        // Once it is closed, the rest is of no interest.
        if self.phase == Phase::Open && !self.released && self.incoming.is_none() {
            self.incoming = Some(Err(error));
        }
        match frame {
            Some(frame) => {
                self.close(Some(frame));
                self.enter(Phase::Lingering);
            }
            None => self.enter(Phase::Over),
        }
    }

    /// Begins the close handshake.
    fn close(&mut self, frame: Option<CloseFrame>) {
        if self.phase != Phase::Open {
            return;
        }
        self.queued += close_length(frame.as_ref().map(|frame| frame.reason.len()));
        self.enter(Phase::Closing);
        match self.socket.close(frame.map(CloseFrame::into_wire)) {
            Err(error) if !would_block(&error) => self.failed(error),
            _ => {}
        }
    }

    fn flush(&mut self) {
        if self.phase == Phase::Over || (self.waiting() == 0 && self.phase == Phase::Open) {
            return;
        }
        match self.socket.flush() {
            Ok(()) => self.queued = self.socket.get_ref().written(),
            Err(error) if would_block(&error) => {}
            Err(error) => {
                if matches!(error, tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) {
                    self.queued = self.socket.get_ref().written();
                }
                self.failed(error);
            }
        }
    }

    /// Waits for the client to hang up.
    fn linger(&mut self) {
        if self.phase != Phase::Lingering || self.waiting() > 0 {
            return;
        }
        let wire = self.socket.get_mut();
        self.shut_down = self.shut_down || wire.shut_down().is_ready();
        if wire.discard().is_ready() && self.shut_down {
            self.enter(Phase::Over);
        }
    }

    fn look_at_the_clock(&mut self, cx: &mut Context<'_>) {
        if self.socket.get_mut().take_heard() {
            self.heard_at = Instant::now();
            if std::mem::take(&mut self.pinged) && self.phase == Phase::Open {
                self.timer.as_mut().reset(self.heard_at + self.options.ping);
            }
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            match self.phase {
                Phase::Open if self.options.ping.is_zero() => self.timer.as_mut().reset(now + A_DAY),
                Phase::Open => {
                    if self.incoming.is_some() {
                        // It is the handler that keeps the client from being heard.
                        self.heard_at = now;
                        self.pinged = false;
                    }
                    let due = self.heard_at + self.options.ping;
                    if self.pinged {
                        self.fail(WebSocketError::Silent);
                    } else if now < due {
                        self.timer.as_mut().reset(due);
                    } else {
                        self.pinged = true;
                        self.timer.as_mut().reset(now + self.options.pong_timeout);
                        self.write(WireMessage::Ping(Bytes::new()), 0);
                    }
                }
                Phase::Closing | Phase::Lingering => self.enter(Phase::Over),
                // The handler has had time to notice.
                Phase::Over => {
                    self.hang_up();
                    self.timer.as_mut().reset(now + A_DAY);
                }
            }
        }
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase >= phase {
            return;
        }
        // The client has one span of time for all of the end, and the handler another one to notice.
        if self.phase == Phase::Open || phase == Phase::Over {
            self.timer.as_mut().reset(Instant::now() + self.options.close_timeout);
        }
        self.phase = phase;
        self.wake();
        self.touch();
    }

    /// Wakes who waits for what has happened. The driver's own task is not woken: it looks at the handler next anyway, or at
    /// everything again, since it is always told with [`touch`](Self::touch) as well.
    fn wake(&mut self) {
        let driver = &self.socket.get_ref().driver;
        let others = |waker: Option<Waker>| waker.filter(|waker| !waker.will_wake(driver));
        let (may_receive, may_send) = (
            self.incoming.is_some() || self.phase >= Phase::Lingering,
            self.has_room() || self.phase != Phase::Open,
        );
        let wakers =
            [others(self.reader.take_if(|_| may_receive)), others(self.writer.take_if(|_| may_send))];
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    fn waiting(&self) -> u64 {
        self.queued.saturating_sub(self.socket.get_ref().written())
    }

    fn has_room(&self) -> bool {
        // With room for nothing at all, nothing could ever be sent.
        self.waiting() < self.options.write_buffer.max(1) as u64
    }

    /// Hands a message to the library, which writes what it can and keeps the rest.
    fn write(&mut self, message: WireMessage, payload: usize) {
        self.queued += DATA_HEAD.min(CONTROL_HEAD + payload as u64) + payload as u64;
        match self.socket.write(message) {
            Err(error) if !would_block(&error) => self.failed(error),
            _ => {}
        }
    }
}

/// For the handler.
impl Connection {
    pub(super) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, WebSocketError>>> {
        if self.incoming.is_none() {
            self.read();
        }
        if let Some(message) = self.incoming.take() {
            self.touch();
            return Poll::Ready(Some(message));
        }
        if self.phase >= Phase::Lingering {
            return Poll::Ready(None);
        }
        self.reader = Some(cx.waker().clone());
        if self.waiting() > 0 {
            self.touch(); // Pings may have been read.
        }
        Poll::Pending
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        if self.phase != Phase::Open {
            return Poll::Ready(Err(WebSocketError::Closed));
        }
        if self.has_room() {
            return Poll::Ready(Ok(()));
        }
        self.writer = Some(cx.waker().clone());
        self.touch();
        Poll::Pending
    }

    pub(super) fn start_send(&mut self, message: Message) -> Result<(), WebSocketError> {
        if self.phase != Phase::Open {
            return Err(WebSocketError::Closed);
        }
        match &message {
            Message::Ping(bytes) | Message::Pong(bytes) if bytes.len() > MAX_REASON + 2 => {
                return Err(WebSocketError::NotSendable("a ping or a pong carries 125 bytes at most"));
            }
            Message::Ping(bytes) => self.asked = Some(bytes.clone()),
            Message::Close(Some(frame)) if !frame.may_be_sent() => {
                return Err(WebSocketError::NotSendable("no end may send this close code"));
            }
            Message::Close(Some(frame)) if frame.reason.len() > MAX_REASON => {
                return Err(WebSocketError::NotSendable("the reason of a close is longer than 123 bytes"));
            }
            _ => {}
        }
        let length = message.as_bytes().len();
        match message {
            Message::Close(frame) => self.close(frame),
            message => self.write(message.into_wire(), length),
        }
        self.touch();
        // What broke while it was written broke for this message too.
        match self.incoming.take_if(|incoming| self.phase != Phase::Open && incoming.is_err()) {
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        if self.waiting() == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.phase == Phase::Over {
            return Poll::Ready(Err(WebSocketError::Closed));
        }
        self.writer = Some(cx.waker().clone());
        self.touch();
        Poll::Pending
    }

    /// The handler is done with it, or has panicked.
    pub(super) fn release(&mut self, panicked: bool) {
        if !panicked && self.released {
            return;
        }
        self.released = true;
        self.incoming = None;
        let code = if panicked { CloseFrame::INTERNAL_ERROR } else { CloseFrame::NORMAL };
        self.close(Some(CloseFrame::new(code, "")));
        self.touch();
    }

    /// Has the driver look at the connection.
    fn touch(&mut self) {
        match self.driver {
            Attention::Asleep => self.socket.get_ref().driver.wake_by_ref(),
            Attention::Awake | Attention::Wanted => self.driver = Attention::Wanted,
        }
    }
}

fn would_block(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The length of a close frame with a reason of this length, or without a code.
fn close_length(reason: Option<usize>) -> u64 {
    CONTROL_HEAD + reason.map_or(0, |reason| 2 + reason as u64)
}

/// The head of a control frame, in bytes.
const CONTROL_HEAD: u64 = 2;
/// The longest head of a data frame that a server sends, in bytes.
const DATA_HEAD: u64 = 10;
/// A timer that has nothing to do.
const A_DAY: Duration = Duration::from_secs(86_400);

const TOO_MANY_FRAGMENTS: &str = "a message comes in more frames than the limit";
