//! The bare system calls: what a connection costs a server that knows no HTTP. It counts the ends of heads and sends as many copies of
//! one answer, that to `GET /plaintext`, whatever was asked for.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::AsRawFd,
    thread,
};

use peers::{arguments, listen};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 13\r\n\
    date: Sun, 22 Nov 2026 08:00:00 GMT\r\n\r\nHello, World!";

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    let others: Vec<_> = (1..threads).map(|_| thread::spawn(move || serve(&listen(port)?))).collect();
    serve(&listen(port)?)?;
    others.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
}

fn serve(listener: &TcpListener) -> io::Result<()> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, number(listener), EventFlags::IN)?;
    let mut connections: HashMap<u64, TcpStream> = HashMap::new();
    let mut events: Vec<Event> = Vec::with_capacity(256);
    let mut input = vec![0; 64 * 1024];
    let mut output = Vec::new();
    loop {
        events.clear();
        epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let key = { event.data }.u64();
            let Some(connection) = connections.get_mut(&key) else {
                let (connection, _) = listener.accept()?;
                connection.set_nonblocking(true)?;
                connection.set_nodelay(true)?;
                epoll::add(&epoll, &connection, number(&connection), EventFlags::IN)?;
                connections.insert(number(&connection).u64(), connection);
                continue;
            };
            let received = connection.read(&mut input).unwrap_or(0);
            if received == 0 {
                // Epoll forgets a socket that is closed.
                connections.remove(&key);
                continue;
            }
            let heads = input[..received].windows(4).filter(|bytes| bytes == b"\r\n\r\n").count();
            output.clear();
            (0..heads).for_each(|_| output.extend_from_slice(ANSWER));
            if connection.write_all(&output).is_err() {
                connections.remove(&key);
            }
        }
    }
}

/// What epoll says of a socket: the number of its descriptor.
fn number(socket: &impl AsRawFd) -> EventData {
    EventData::new_u64(u64::from(socket.as_raw_fd().unsigned_abs()))
}
