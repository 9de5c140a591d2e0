#!/usr/bin/env python3
"""Whether slow clients keep honest ones from being served.

Four attacks on the examples `faults` and `environ`, each with 1,000 connections for 20 seconds: heads that come byte by byte, bodies that come byte by
byte, answers that nobody reads, and connections on which nothing is said. Meanwhile one honest client asks again and again. Fails when a
request of the honest client fails or takes more than two seconds, or when the server has not closed the attackers' connections by
then (those that say nothing have `keep_alive`, which is longer).

    cargo build --release -p pulsar-examples --example faults --example environ
    python3 tests/bench/slow_clients.py [FOLDER OF THE EXAMPLES] [CONNECTIONS]

Everything is on loopback and ends by itself.
"""

import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

SECONDS = 20


def connect(port, receive_buffer=None):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    return connection


class Attack:
    """What is sent at once, and then byte by byte; whether answers are read; to which example."""

    def __init__(self, first, drip=b"", reads=True, closed=True, example="faults"):
        self.first, self.drip, self.reads, self.closed, self.example = first, drip, reads, closed, example


ATTACKS = {
    "slow heads": Attack(b"GET /whoami HTTP/1.1\r\nHost: a\r\nX: ", b"x"),
    "slow bodies": Attack(b"POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    # Long answers, none of which is read.
    "slow reads": Attack((b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 16000 + b"\r\n\r\n") * 40, reads=False, example="environ"),
    "silence": Attack(b"", closed=False),
}


class Honest(threading.Thread):
    """Asks until it is told to stop, each time over a new connection and over one that is kept."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.times, self.failures, self.stopped = port, [], [], threading.Event()

    def run(self):
        kept = socket.create_connection(("127.0.0.1", self.port), timeout=2)
        while not self.stopped.is_set():
            for connection in (kept, None):
                begun = time.monotonic()
                try:
                    fresh = connection or socket.create_connection(("127.0.0.1", self.port), timeout=2)
                    fresh.settimeout(2)
                    fresh.sendall(b"GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n")
                    answer = fresh.recv(65536)
                    if not answer.startswith(b"HTTP/1.1 200"):
                        self.failures.append(repr(answer[:60]))
                    if connection is None:
                        fresh.close()
                except OSError as error:
                    self.failures.append(str(error))
                self.times.append(time.monotonic() - begun)
            time.sleep(0.01)


def run(folder, name, attack, count):
    program = f"{folder}/{attack.example}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([program, "-b", f"127.0.0.1:{port}", "--control-socket", "off"], stderr=subprocess.DEVNULL)
    connections = {}
    try:
        for _ in range(200):
            try:
                connect(port).close()
                break
            except OSError:
                time.sleep(0.05)
        honest = Honest(port)
        honest.start()
        selector = selectors.DefaultSelector()
        for _ in range(count):
            connection = connect(port, None if attack.reads else 4096)
            connections[connection] = attack.first
            selector.register(connection, selectors.EVENT_READ)
        end, closed, last = time.monotonic() + SECONDS, 0, 0.0
        while time.monotonic() < end and connections:
            if time.monotonic() - last >= 1:
                last = time.monotonic()
                for connection, rest in list(connections.items()):
                    try:
                        if rest:
                            connections[connection] = rest[connection.send(rest):]
                        elif attack.drip:
                            connection.send(attack.drip)
                    except BlockingIOError:
                        pass
                    except OSError:
                        selector.unregister(connection)
                        del connections[connection]
                        connection.close()
                        closed += 1
            if not attack.reads:
                time.sleep(0.2)
                continue
            for key, _ in selector.select(0.2):
                connection = key.fileobj
                try:
                    gone = not connection.recv(65536)
                except BlockingIOError:
                    gone = False
                except OSError:
                    gone = True
                if gone:
                    selector.unregister(connection)
                    connections.pop(connection, None)
                    connection.close()
                    closed += 1
        honest.stopped.set()
        honest.join(5)
        times = sorted(honest.times)
        p99, worst = times[int(len(times) * 0.99)], times[-1]
        # Who does not read does not see the end; the next byte that it sends would. The server has its own count.
        good = not honest.failures and worst < 2 and (closed == count or not attack.closed or not attack.reads)
        print(f"{name:12} {len(times):5} honest requests, {len(honest.failures)} failed, p99 {p99 * 1000:.0f} ms, worst {worst * 1000:.0f} ms; "
              f"{closed} of {count} attackers closed{'' if good else ': FAILED ' + '; '.join(honest.failures[:3])}", flush=True)
        return good
    finally:
        for connection in connections:
            connection.close()
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "target/release/examples"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8 * count), hard))
    results = [run(folder, name, attack, count) for name, attack in ATTACKS.items()]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
