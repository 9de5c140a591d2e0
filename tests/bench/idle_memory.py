#!/usr/bin/env python3
"""How much memory an idle connection costs the server, for HTTP/1.1, HTTP/2 and TLS.

Opens 5,000 connections to the example `bench`, each of which asks once and then stays, and compares the resident memory of the server
with what it was before. Fails when a connection costs more than the limits of the project: 16 KiB for HTTP/1.1, 24 KiB for HTTP/2,
48 KiB for TLS.

    cargo build --release -p pulsar-examples --example bench
    python3 tests/bench/idle_memory.py [PATH OF THE EXAMPLE] [CONNECTIONS]

Needs `openssl` for a certificate. Everything is on loopback and ends by itself.
"""

import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

LIMITS = {"silent": 16, "http/1.1": 16, "http/2": 24, "tls": 48, "tls http/2": 48}


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field without compression: RFC 7541 section 6.2.2."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def http2_request(scheme):
    fields = [(b":method", b"GET"), (b":scheme", scheme), (b":path", b"/plaintext"), (b":authority", b"localhost")]
    block = b"".join(literal(*field) for field in fields)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    return preface + frame(4, 0, 0, b"") + frame(4, 1, 0, b"") + frame(1, 5, 1, block)


def ask(connection, kind):
    """Sends one request and reads its answer, so that everything a connection ever needs is there."""
    if kind == "silent":
        return
    http2 = kind.endswith("http/2")
    if http2:
        connection.sendall(http2_request(b"https" if kind.startswith("tls") else b"http"))
    else:
        connection.sendall(b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while b"Hello, World!" not in answer:
        more = connection.recv(65536)
        if not more:
            sys.exit(f"{kind}: the server closed: {answer!r}")
        answer += more


def memory(pid):
    """Resident memory of the process that is its own: not what it maps from files."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


def measure(program, kind, count):
    folder = tempfile.mkdtemp(prefix="pulsar-idle-")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [program, "-b", f"127.0.0.1:{port}", "--workers", "0", "--control-socket", "off", "--keep-alive", "600"]
    context = None
    if kind.startswith("tls"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out",
                        f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
        arguments += ["--cert-file", f"{folder}/cert.pem", "--key-file", f"{folder}/key.pem"]
        context = ssl.create_default_context(cafile=f"{folder}/cert.pem")
        context.set_alpn_protocols(["h2" if kind.endswith("http/2") else "http/1.1"])
    server = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    connections = []
    try:
        def connect():
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            if context:
                connection = context.wrap_socket(connection, server_hostname="localhost")
            ask(connection, kind)
            return connection

        for _ in range(200):
            try:
                connect().close()
                break
            except OSError:
                time.sleep(0.05)
        for _ in range(100):  # What the first ones cost once is not what each costs.
            connect().close()
        time.sleep(0.5)
        before = memory(server.pid)
        for _ in range(count):
            connections.append(connect())
        time.sleep(0.5)
        after = memory(server.pid)
        return (after - before) / count
    finally:
        for connection in connections:
            connection.close()
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/examples/bench"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count), hard))
    good = True
    print(f"{count} connections that are idle after one request, resident memory of the server")
    for kind, limit in LIMITS.items():
        cost = measure(program, kind, count)
        good &= cost <= limit
        print(f"{kind:12} {cost:6.1f} KiB each, limit {limit} KiB{'' if cost <= limit else ': TOO MUCH'}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
