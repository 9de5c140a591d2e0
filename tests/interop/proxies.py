#!/usr/bin/env python3
"""Whether pulsar and a proxy before it see the same requests.

Starts nginx and haproxy, one after the other, before the example `environ`, with kept-alive connections between them, and sends several
hundred requests whose framing is doubtful, each over a connection of its own. A proxy and a server that read one of them in two ways
see different numbers of requests: that is how requests are smuggled. The script compares what the proxy says that it has passed on with
what pulsar says that it has seen, and fails when they differ, or when a marked request shows that was never sent.

    cargo build -p pulsar-examples --example environ
    python3 tests/interop/proxies.py [PATH OF THE EXAMPLE]

Needs nginx and haproxy (Debian: apt-get install nginx-light haproxy). Everything is on loopback and ends by itself.
"""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

SMUGGLED = "/smuggled"


def mutations():
    """Requests as bytes: heads with doubtful lengths and codings, each with bodies that fit one reading or the other."""
    codings = [
        "chunked", "Chunked", "CHUNKED", " chunked", "chunked ", "\tchunked", "chunked\t", "chunked,", ",chunked", "chunked, chunked",
        "chunked,identity", "identity", "identity, chunked", "gzip, chunked", "chunked, gzip", "blegh, chunked", "\"chunked\"",
        "'chunked'", "chunked;q=1", "chunked; a=b", "xchunked", "chunkedx", "chun ked", "\x0bchunked", "\x0cchunked", "chunked\x0b",
        "\xa0chunked", "c\u017fhunked", "", "none", "deflate", "compress", "trailers", "chunked\r\n ", "\r\n chunked", "chu\0nked",
    ]
    names = [
        "Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING", "Transfer_Encoding", "Transfer-Encoding ", " Transfer-Encoding",
        "Transfer\tEncoding", "Transfer-Encoding\x00", "X\r\nTransfer-Encoding", "X: y\nTransfer-Encoding", "X: y\rTransfer-Encoding",
    ]
    lengths = [
        None, "5", "0", "+5", "-1", "5 ", " 5", "05", "0x5", "5_0", "5,5", "5, 5", "5;a", "", "4", "6", "5\r\nContent-Length: 5",
        "5\r\nContent-Length: 6", "18446744073709551621", "9223372036854775807", "5\x00", "\t5", "5.0", "５",
    ]
    smuggled = f"GET {SMUGGLED} HTTP/1.1\r\nHost: a\r\n\r\n"
    chunked = "5\r\nhello\r\n0\r\n\r\n"
    bodies = ["hello", chunked, chunked + smuggled, "0\r\n\r\n" + smuggled]
    sizes = [
        "5", "05", "0" * 40 + "5", "5;a", "5;a=b", "5 ", " 5", "5\t", "0x5", "+5", "-5", "5_", "5.", "", "5;\n", "5;a\rb", "ffffffffffffffff",
        "10000000000000005", "5;" + "a" * 5000, "5\x0b", "５",
    ]
    ends = ["0\r\n\r\n", "0\n\n", "0\r\n", "0\r\nX: y\r\n\r\n", "0\r\nContent-Length: 9\r\n\r\n", "00\r\n\r\n", "0;a\r\n\r\n", "0\r\n X: y\r\n\r\n",
            "0\r\n\n", "-0\r\n\r\n"]

    def head(*lines):
        return "POST /a HTTP/1.1\r\nHost: a\r\n" + "".join(line + "\r\n" for line in lines) + "\r\n"

    for name, coding in itertools.product(names, codings):
        yield head(f"{name}: {coding}", "Content-Length: 5") + bodies[(len(name) + len(coding)) % len(bodies)]
    for coding, body in itertools.product(codings, bodies):
        yield head(f"Transfer-Encoding: {coding}") + body
    for length, body in itertools.product(lengths, bodies):
        if length is not None:
            yield head(f"Content-Length: {length}") + body
            yield head(f"Content-Length: {length}", "Transfer-Encoding: chunked") + body
            yield head("Transfer-Encoding: chunked", f"Content-Length: {length}") + body
    for size, end in itertools.product(sizes, ends):
        yield head("Transfer-Encoding: chunked") + f"{size}\r\nhello\r\n{end}" + (smuggled if len(size) % 2 else "")
    for end in ["\n", "\r", "\r\r\n", "\n\r"]:
        yield f"GET /a HTTP/1.1{end}Host: a{end}{end}"
        yield f"POST /a HTTP/1.1\r\nHost: a{end}Content-Length: 5\r\n\r\nhello" + smuggled
    for version in ["1.0", "1.2", "2.0", "0.9", "1.10", "9.9"]:
        yield f"POST /a HTTP/{version}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}{smuggled}"
    for host in ["", "a b", "a@b", "a, b", "a\r\nHost: b", "a:80:80", "[::1", "a/b"]:
        yield f"GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n"
    for target in ["http://b/a", "a", "*", "//b/a", "/a b", "/a%", "/a%00", "/a\\b", "/..;/a", "/%2e%2e/a"]:
        yield f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"
    for expect in ["100-continue", "200-maybe"]:
        yield head("Content-Length: 5", f"Expect: {expect}") + "hello"
    for upgrade in ["h2c", "websocket"]:
        yield head("Connection: Upgrade", f"Upgrade: {upgrade}", "Content-Length: 5") + "hello"
    yield head("Connection: close, Content-Length", "Content-Length: 5") + "hello"
    yield head("Connection: Transfer-Encoding", "Transfer-Encoding: chunked") + chunked


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def start_nginx(folder, port, upstream):
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w") as file:
        file.write(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err crit;
events {{ worker_connections 512; }}
http {{
    log_format passed '$upstream_addr $request_id';
    access_log {folder}/proxy.log passed;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    upstream pulsar {{ server 127.0.0.1:{upstream}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://pulsar; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;
            proxy_next_upstream off; proxy_ignore_client_abort on; proxy_read_timeout 5s; proxy_request_buffering off;
        }}
    }}
}}
""")
    return subprocess.Popen(["nginx", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_haproxy(folder, port, upstream):
    conf = os.path.join(folder, "haproxy.cfg")
    with open(conf, "w") as file:
        file.write(f"""
global
    log stdout format raw local0
defaults
    mode http
    log global
    log-format "%s"
    option http-keep-alive
    http-reuse always
    retries 0
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend front
    bind 127.0.0.1:{port}
    default_backend pulsar
backend pulsar
    server pulsar 127.0.0.1:{upstream}
""")
    log = open(os.path.join(folder, "proxy.log"), "w")
    return subprocess.Popen(["haproxy", "-f", conf], stdout=log, stderr=subprocess.DEVNULL)


def passed_on(kind, folder):
    """How many requests the proxy has sent to pulsar."""
    with open(os.path.join(folder, "proxy.log"), errors="replace") as file:
        lines = file.read().splitlines()
    if kind == "nginx":
        return sum(1 for line in lines if not line.startswith("-"))
    return sum(1 for line in lines if line == "pulsar")


def seen(folder):
    """How many requests pulsar has seen, and the paths of them."""
    with open(os.path.join(folder, "access.log"), errors="replace") as file:
        return [match.group(1) for match in re.finditer(r'"(?:\S+ (\S+) HTTP|-)', file.read())]


def send(port, data):
    """Sends bytes over a connection of its own, and reads until the end or until nothing comes for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as client:
        try:
            client.sendall(data)
            while client.recv(65536):
                pass
        except OSError:
            pass


def settled(folder, kind):
    """Both numbers, as soon as they have stopped to change: the logs are written a moment later."""
    before, same = None, 0
    for _ in range(100):
        now = (passed_on(kind, folder), len(seen(folder)))
        same = same + 1 if now == before else 0
        if same >= 12:
            return now
        before = now
        time.sleep(0.1)
    return before


def run(kind, start, program):
    folder = tempfile.mkdtemp(prefix="pulsar-proxies-")
    upstream, port = free_port(), free_port()
    server = subprocess.Popen(
        [program, "-b", f"127.0.0.1:{upstream}", "--access-log", f"{folder}/access.log", "--control-socket", "off", "--workers", "0",
         "--body-timeout", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proxy = None
    try:
        wait_for(upstream)
        proxy = start(folder, port, upstream)
        wait_for(port)
        requests = list(mutations())
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda request: send(port, request.encode("utf-8", "surrogateescape")), requests))
        passed, got = settled(folder, kind)
        smuggled = [path for path in seen(folder) if path == SMUGGLED]
        # A request behind a valid one is no smuggled one: the proxy has passed it on itself, and counted it.
        print(f"{kind}: {len(requests)} requests sent, {passed} passed on, {got} seen by pulsar "
              f"({len(smuggled)} of them followed another one, as the proxy knows)")
        return passed == got and passed > 0
    finally:
        for process in (proxy, server):
            if process is not None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/debug/examples/environ"
    good = True
    for kind, start in (("nginx", start_nginx), ("haproxy", start_haproxy)):
        if shutil.which(kind) is None:
            sys.exit(f"{kind} is not installed")
        good &= run(kind, start, program)
    sys.exit(0 if good else "the numbers differ")


if __name__ == "__main__":
    main()
