//! What asks the programs, where `wrk` cannot. Each command prints one line of JSON.
//!
//!     load download PORT                 # 1 GiB
//!     load upload PORT                   # 1 GiB
//!     load events PORT CLIENTS EVENTS GAP_MS
//!     load echo PORT CONNECTIONS SECONDS
//!     load start PROGRAM ARGUMENT...     # how long until it answers, PORT in its environment
//!
//! Every answer is checked: a server that answers something else is no faster.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read, Write},
    net::TcpStream as Blocking,
    process::{Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};

use streams::{PIECE, PIECES};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::LocalSet,
    time::{sleep, timeout},
};

const GIB: usize = PIECE * PIECES;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize| arguments[n].parse::<u64>().expect("a number");
    let port = || u16::try_from(number(1)).expect("a port");
    match arguments[0].as_str() {
        "download" => download(port()),
        "upload" => upload(port()),
        "events" => local(events(port(), number(2), number(3), Duration::from_millis(number(4)))),
        "echo" => local(echo(port(), number(2), Duration::from_secs(number(3)))),
        "start" => start(&arguments[1..]),
        other => panic!("there is no command `{other}`"),
    }
}

fn local(work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(work))
}

fn connect(port: u16) -> io::Result<Blocking> {
    let socket = Blocking::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    socket.set_write_timeout(Some(Duration::from_secs(60)))?;
    Ok(socket)
}

fn download(port: u16) -> io::Result<()> {
    let mut socket = connect(port)?;
    let mut buffer = vec![0; 256 * 1024];
    let begin = Instant::now();
    socket.write_all(b"GET /download HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let (mut count, mut tail) = (0, Vec::new());
    loop {
        let read = socket.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        if count == 0 {
            assert!(buffer.starts_with(b"HTTP/1.1 200 "));
        }
        count += read;
        tail.extend_from_slice(&buffer[read.saturating_sub(5)..read]);
        tail.drain(..tail.len().saturating_sub(5));
    }
    let seconds = begin.elapsed().as_secs_f64();
    assert!(count > GIB && tail == b"0\r\n\r\n", "{count} bytes and {tail:?} at the end");
    println!("{{\"units\": 1, \"seconds\": {seconds}}}");
    Ok(())
}

fn upload(port: u16) -> io::Result<()> {
    let mut socket = connect(port)?;
    let piece = vec![0; PIECE];
    let begin = Instant::now();
    write!(socket, "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {GIB}\r\n\r\n")?;
    for _ in 0..PIECES {
        socket.write_all(&piece)?;
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let seconds = begin.elapsed().as_secs_f64();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\r\n\r\n{GIB}")), "{answer}");
    println!("{{\"units\": 1, \"seconds\": {seconds}}}");
    Ok(())
}

/// The clients of one fan-out, and how many of them have the event that was published last.
#[derive(Default)]
struct Fan {
    ready: Cell<u64>,
    have: Cell<u64>,
    changed: Notify,
    broken: RefCell<Option<String>>,
}

impl Fan {
    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if let Some(broken) = &*self.broken.borrow() {
                    panic!("{broken}");
                }
                if condition(self) {
                    return;
                }
                changed.await;
            }
        };
        timeout(Duration::from_secs(60), waiting).await.expect("all clients have the event within a minute");
    }
}

async fn client(port: u16, fan: &Fan) -> io::Result<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await?;
    let (mut buffer, mut length, mut is_ready) = ([0; 2048], 0, false);
    loop {
        let read = socket.read(&mut buffer[length..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length += read;
        let text = &buffer[..length];
        if !is_ready && contains(text, b"\r\n\r\n") {
            is_ready = true;
            length = 0;
            fan.ready.set(fan.ready.get() + 1);
            fan.changed.notify_one();
        } else if is_ready && contains(text, b"\n\n") {
            assert!(contains(text, b"data: event "), "{:?}", String::from_utf8_lossy(text));
            length = 0;
            fan.have.set(fan.have.get() + 1);
            if fan.have.get() == fan.ready.get() {
                fan.changed.notify_one();
            }
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

async fn events(port: u16, clients: u64, events: u64, gap: Duration) -> io::Result<()> {
    let fan = Rc::new(Fan::default());
    for n in 0..clients {
        let fan = Rc::clone(&fan);
        tokio::task::spawn_local({
            let fan = Rc::clone(&fan);
            async move {
                if let Err(error) = client(port, &fan).await {
                    *fan.broken.borrow_mut() = Some(format!("client {n}: {error}"));
                    fan.changed.notify_one();
                }
            }
        });
        if n % 64 == 63 {
            fan.until(|fan| fan.ready.get() > n).await;
        }
    }
    fan.until(|fan| fan.ready.get() == clients).await;
    // What the driver measures begins here and ends with the line.
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let mut publisher = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut times = Vec::new();
    let begin = Instant::now();
    for n in 0..events {
        sleep(gap).await;
        fan.have.set(0);
        let text =
            format!("event {n:>8}, which is as long as many are: {{\"price\": 12.5, \"change\": -0.25}}");
        let request =
            format!("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        let published = Instant::now();
        publisher.write_all(request.as_bytes()).await?;
        fan.until(|fan| fan.have.get() == clients).await;
        times.push(published.elapsed().as_secs_f64());
        let mut answer = [0; 512];
        let read = publisher.read(&mut answer).await?;
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{:?}", String::from_utf8_lossy(&answer[..read]));
    }
    let seconds = begin.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let last = times[times.len() / 2];
    println!("{{\"units\": {}, \"seconds\": {seconds}, \"last\": {last}}}", clients * events);
    Ok(())
}

async fn echo(port: u16, connections: u64, time: Duration) -> io::Result<()> {
    const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const LENGTH: usize = 64;
    let text = [b'x'; LENGTH];
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![0x81, 0x80 | u8::try_from(LENGTH).unwrap_or_default()];
    frame.extend(mask);
    frame.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    let frame = Rc::new(frame);
    let mut sockets = Vec::new();
    for _ in 0..connections {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        socket.write_all(HANDSHAKE).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(socket.read_buf(&mut head).await?, 0, "the handshake breaks off");
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{:?}", String::from_utf8_lossy(&head));
        sockets.push(socket);
    }
    let begin = Instant::now();
    let tasks: Vec<_> = sockets
        .into_iter()
        .map(|mut socket| {
            let frame = Rc::clone(&frame);
            tokio::task::spawn_local(async move {
                let (mut answer, mut count) = ([0; 2 + LENGTH], 0);
                while begin.elapsed() < time {
                    socket.write_all(&frame).await?;
                    socket.read_exact(&mut answer).await?;
                    assert!(answer[..2] == [0x81, 64] && answer[2..] == text, "{answer:?}");
                    count += 1;
                }
                Ok::<u64, io::Error>(count)
            })
        })
        .collect();
    let mut units = 0;
    for task in tasks {
        units += task.await.map_err(io::Error::other)??;
    }
    println!("{{\"units\": {units}, \"seconds\": {}}}", begin.elapsed().as_secs_f64());
    Ok(())
}

fn start(program: &[String]) -> io::Result<()> {
    let port: u16 = std::env::var("PORT").expect("PORT").parse().expect("a port");
    let begin = Instant::now();
    let mut child =
        Command::new(&program[0]).args(&program[1..]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let answered = loop {
        match Blocking::connect(("127.0.0.1", port)).and_then(|socket| first_answer(socket)) {
            Ok(answer) => break answer,
            Err(_) if begin.elapsed() < Duration::from_secs(10) => {
                std::thread::sleep(Duration::from_micros(100))
            }
            Err(error) => return Err(error),
        }
    };
    let seconds = begin.elapsed().as_secs_f64();
    // The driver ends it, when it has looked at it; if the driver goes away, so does the program.
    println!("{{\"pid\": {}, \"seconds\": {seconds}}}", child.id());
    io::stdin().read_line(&mut String::new())?;
    assert!(answered.contains("200 OK"), "{answered}");
    let pid = child.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status()?;
    child.wait().map(drop)
}

fn first_answer(mut socket: Blocking) -> io::Result<String> {
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}
