"""How connections spread over worker processes, and what the death of one costs: three ways to accept, on loopback.

    cargo build --release --example faults && python3 tests/bench/spread.py

`shared` is one queue that all workers wait at, `reuse_port` a queue for each (SO_REUSEPORT, the parent keeps a copy of every
socket); both are small servers in this file, so that nothing but the way of accepting differs. `pulsar` is the example `faults`: one
queue, and the worker with the fewest connections goes first. For each: the largest share of 64 kept connections that one worker
got (0.50 is even for two workers, 0.25 for four), over rounds; how many connections of one request sixteen clients make in a second, which
share one processor with their interpreter; and what happens to connections that are made while one worker is
stopped (as one that hangs is), and killed and replaced after a second.
"""

import concurrent.futures
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import time

ROUNDS = 20
CONNECTIONS = 64
CLIENTS = 16


def listener(reuse):
    sock = socket.socket()
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return sock


def work(sock):
    """A worker: answers every request with its process id."""
    poll = select.epoll()
    poll.register(sock, select.EPOLLIN)
    peers = {}
    while True:
        for number, _ in poll.poll():
            if number == sock.fileno():
                try:
                    peer, _ = sock.accept()
                except BlockingIOError:
                    continue
                peers[peer.fileno()] = peer
                poll.register(peer, select.EPOLLIN)
            else:
                peer = peers[number]
                try:
                    data = peer.recv(4096)
                except OSError:
                    data = b""
                if data:
                    body = json.dumps({"pid": os.getpid()}).encode()
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                else:
                    poll.unregister(peer)
                    peers.pop(number).close()


class Prototype:
    """Workers of this file, all at one queue or each at its own."""

    def __init__(self, workers, reuse):
        first = listener(reuse)
        first.bind(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self.sockets = [first]
        if reuse:
            for _ in range(workers - 1):
                more = listener(True)
                more.bind(("127.0.0.1", self.port))
                self.sockets.append(more)
        for sock in self.sockets:
            sock.listen(1024)
            sock.setblocking(False)
        self.workers = [self.start(n) for n in range(workers)]

    def start(self, slot):
        pid = os.fork()
        if pid == 0:
            try:
                work(self.sockets[slot % len(self.sockets)])
            finally:
                os._exit(1)
        return pid

    def pids(self):
        return list(self.workers)

    def replace(self, pid):
        """One second later, as a supervisor would."""
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        time.sleep(1)
        slot = self.workers.index(pid)
        self.workers[slot] = self.start(slot)

    def stop(self):
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


class Pulsar:
    """The example, with its own arbiter."""

    def __init__(self, workers):
        program = os.path.join(os.path.dirname(__file__), "../../target/release/examples/faults")
        arguments = [program, "-b", "127.0.0.1:0", "--workers", str(workers), "--control-socket", "off"]
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
        self.port = int(self.process.stderr.readline().rsplit(":", 1)[1])

    def pids(self):
        pid = self.process.pid
        return [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]

    def replace(self, pid):
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def ask(port, timeout):
    """A kept connection, and the process that answers on it."""
    peer = socket.create_connection(("127.0.0.1", port), timeout)
    peer.sendall(b"GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n")
    data = b""
    while b"}" not in data:
        more = peer.recv(4096)
        if not more:
            raise ConnectionResetError("closed")
        data += more
    return peer, json.loads(data[data.index(b"{") :])["pid"]


def spread(server):
    """The largest share of one worker, for each round of connections that come at once."""
    shares = []
    for _ in range(ROUNDS):
        peers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(CONNECTIONS)]
        counts = {}
        for peer in peers:
            peer.sendall(b"GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n")
        for peer in peers:
            data = b""
            while b"}" not in data:
                data += peer.recv(4096)
            pid = json.loads(data[data.index(b"{") :])["pid"]
            counts[pid] = counts.get(pid, 0) + 1
        for peer in peers:
            peer.close()
        shares.append(max(counts.values()) / CONNECTIONS)
        time.sleep(0.05)
    return shares


def attempts(server, count, timeout):
    """How many of so many new connections are answered within the time."""
    answered = 0
    for _ in range(count):
        try:
            peer, _ = ask(server.port, timeout)
            answered += 1
            peer.close()
        except OSError:
            pass
    return answered


def short(server):
    """How many connections of one request are served in a second."""
    until = time.monotonic() + 1

    def client(_):
        served = 0
        while time.monotonic() < until:
            ask(server.port, 5)[0].close()
            served += 1
        return served

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(client, range(CLIENTS)))


def faults(server):
    victim = server.pids()[0]
    os.kill(victim, signal.SIGSTOP)
    stopped = attempts(server, 40, 0.2)
    os.kill(victim, signal.SIGCONT)
    time.sleep(0.2)
    # Connections that nobody has accepted yet when the worker that they were given to is killed.
    os.kill(victim, signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    for peer in waiting:
        peer.sendall(b"GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.1)
    server.replace(victim)
    served = 0
    for peer in waiting:
        peer.settimeout(5)
        try:
            served += bool(peer.recv(4096))
        except OSError:
            pass
        peer.close()
    return stopped, served


def main():
    print("| workers | accepting | largest share: mean, worst | short connections a second | answered while one worker is stopped | served after its death |")
    print("|---|---|---|---|---|---|")
    for workers in (2, 4):
        for name, make in (
            ("shared", lambda: Prototype(workers, False)),
            ("reuse_port", lambda: Prototype(workers, True)),
            ("pulsar", lambda: Pulsar(workers)),
        ):
            server = make()
            try:
                time.sleep(0.3)
                shares = spread(server)
                rate = short(server)
                stopped, served = faults(server)
            finally:
                server.stop()
            mean, worst = statistics.mean(shares), max(shares)
            print(f"| {workers} | {name} | {mean:.2f}, {worst:.2f} | {rate:,} | {stopped} of 40 | {served} of 40 |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
