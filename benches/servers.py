"""The servers that are measured: how each is built, started, asked, and ended; and what it has cost.

`compare.py` and `instructions.py` stand upon it. It measures nothing by itself and writes no page. The rule it keeps: nothing is ended
that was not started here, and whatever was started ends with the `with` block that it was started in.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
TARGET = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", os.path.join(REPOSITORY, "target")))
BENCHES_TARGET = os.path.join(TARGET, "benches")
LOOPBACK = "127.0.0.1"

ORDER = (
    '{"id":42,"customer":"Ada Lovelace","items":['
    + ",".join(f'{{"sku":"A-{i:04}","quantity":{i + 1},"price":{9.5 * (i + 1):.1f}}}' for i in range(16))
    + '],"note":"leave at the door"}'
)


class Failure(Exception):
    """What ends a run, in words for whoever started it."""


class Request:
    """One of the requests that all servers answer alike, and what is right as its answer."""

    def __init__(self, path, kind, answer, method="GET", body=b"", fields=(), status=200):
        self.path, self.kind, self.method, self.body, self.fields, self.status = path, kind, method, body, fields, status
        self.answer = None if answer is None else answer.encode()

    def bytes(self, port):
        """As HTTP/1.1 writes it; what a client has to send and no more."""
        fields = [("Host", f"{LOOPBACK}:{port}"), *self.fields]
        if self.body:
            fields += [("Content-Type", "application/json"), ("Content-Length", str(len(self.body)))]
        head = f"{self.method} {self.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        return head.encode() + self.body


TEXT, JSON = "text/plain", "application/json"
PLAINTEXT = Request("/plaintext", TEXT, "Hello, World!")
REQUESTS = {
    "plaintext": PLAINTEXT,
    "json": Request("/json", JSON, '{"message":"Hello, World!"}'),
    "user": Request("/user/12345/post/hello-world", TEXT, "12345 hello-world"),
    "echo": Request("/echo", JSON, ORDER, "POST", ORDER.encode()),
    # Sixteen of them are sent before an answer is awaited.
    "pipeline": PLAINTEXT,
    "wsgi": Request("/wsgi", TEXT, "Hello, World!"),
    "awsgi": Request("/awsgi", TEXT, "Hello, World!"),
}
PIPELINED = 16


class Server:
    """One that is compared. `crates` are those whose versions make it what it is; `works` is what it can be asked for."""

    def __init__(self, name, command, crates=(), works=("plaintext", "json", "user", "echo", "pipeline"), threads=None):
        self.name, self.command, self.crates, self.works, self.threads = name, command, crates, works, threads

    def line(self, port, threads):
        return [part.format(port=port, threads=threads) for part in self.command]


def peer(name, *crates, **others):
    return Server(name.removesuffix("_peer"), [os.path.join(BENCHES_TARGET, "release", name), "{port}", "{threads}"], crates, **others)


def example(name):
    return os.path.join(TARGET, "release", "examples", name)


PULSAR = [example("bench"), "-b", LOOPBACK + ":{port}", "--control-socket", "off"]
# The first is what the others are compared with.
SERVERS = [
    peer("hyper_raw", "hyper"),
    Server("pulsar", PULSAR + ["--threads", "{threads}"], ("pulsar",)),
    # What a second thread costs hyper, which every program of pulsar has: the system and the allocator know shorter ways without one.
    Server("hyper_raw + thread", peer("hyper_raw").command + ["idle"], (), threads=1),
    # The two ways to use more than one processor.
    Server("pulsar --workers 2", PULSAR + ["--workers", "2"], (), threads=2),
    peer("axum_peer", "axum"),
    peer("actix_peer", "actix-web"),
    peer("ntex_peer", "ntex"),
    peer("xitca_peer", "xitca-web"),
    peer("may_peer", "may_minihttp", "may"),
    peer("rocket_peer", "rocket"),
    peer("poem_peer", "poem"),
    peer("salvo_peer", "salvo"),
    peer("floor", works=("plaintext", "pipeline")),
]


def cargo(folder, target, *arguments):
    command = ["cargo", "build", "--release", "--locked", "--target-dir", target, *arguments]
    print("$", " ".join(command), file=sys.stderr, flush=True)
    if subprocess.run(command, cwd=folder).returncode != 0:
        raise Failure("that does not build")


def build_example(name):
    cargo(REPOSITORY, TARGET, "--package", "pulsar-examples", "--example", name)


def build_bench(package, *arguments):
    cargo(os.path.join(REPOSITORY, "benches"), BENCHES_TARGET, "--package", package, *arguments)


def build_peer(binary):
    """Alone, with the features of its crates that it asks for."""
    build_bench("peers", "--bin", binary, "--features", binary)


def build(servers):
    """Builds the programs of these servers, each once."""
    for program in dict.fromkeys(server.command[0] for server in servers):
        name = os.path.basename(program)
        if program == example(name):
            build_example(name)
        else:
            build_peer(name)


def version(crate):
    """Of a crate that is compared, from the lock file that it was built by."""
    lock = os.path.join(REPOSITORY, "Cargo.lock" if crate == "pulsar" else "benches/Cargo.lock")
    with open(lock, encoding="utf-8") as file:
        found = re.findall(rf'^name = "{re.escape(crate)}"\nversion = "(.+)"$', file.read(), re.MULTILINE)
    return found[-1]


def need(program, package, why):
    """Ends with what to install if a program is missing."""
    if shutil.which(program) is None:
        raise Failure(f"`{program}` is missing, {why}. Install the package {package}: apt-get install {package}")


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


class Running:
    """A server that has been started. What it writes is kept, and shown when it ends too early."""

    def __init__(self, name, port, process, log):
        self.name, self.port, self.process, self.log = name, port, process, log

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        """Fails if it has ended, with the last that it said."""
        code = self.process.poll()
        if code is not None:
            self.log.seek(0)
            said = self.log.read().decode(errors="replace").strip().splitlines()[-8:]
            raise Failure("\n  ".join([f"{self.name} has ended with {code}", *said]))


@contextlib.contextmanager
def running(name, line, port, processor=None, environment=None, patience=60):
    """Starts a server and waits until it takes connections. With `processor` it has that one alone."""
    if processor is not None:
        line = ["taskset", "-c", str(processor), *line]
    variables = os.environ | (environment or {})
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=variables)
        server = Running(name, port, process, log)
        try:
            until = time.monotonic() + patience
            while True:
                server.alive()
                with contextlib.suppress(OSError):
                    socket.create_connection((LOOPBACK, port), 1).close()
                    break
                if time.monotonic() > until:
                    raise Failure(f"{name} does not take connections within {patience} s")
                time.sleep(0.02)
            yield server
        finally:
            end(process)


def end(process, patience=15):
    """Ends a server with all that it has started: it is asked to, and killed if it does not."""
    family = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        while not all(has_ended(pid) for pid in family):
            time.sleep(0.01)


def has_ended(pid):
    """Also if nobody has waited for it yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def tree(pid):
    """A process and all that it has started."""
    pids = [pid]
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in file.read().split():
                    pids += tree(int(child))
    return pids


def processor_time(pid):
    """Nanoseconds on a processor, of all threads of all processes."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
    return total


def memory(pid):
    """MiB of all processes; what several share is shared out among them (PSS)."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
                total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.MULTILINE).group(1))
    return total / 1024


class Client:
    """One connection that asks by HTTP/1.1."""

    def __init__(self, port, wrap=None, patience=20):
        self.socket = socket.create_connection((LOOPBACK, port), patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = wrap(self.socket) if wrap else self.socket
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, request, times=1):
        """Sends it so many times at once; the answers, each as status, fields by their names in small letters, and body."""
        self.socket.sendall(request.bytes(self.port()) * times)
        return [self.answer(request.method) for _ in range(times)]

    def port(self):
        return self.socket.getpeername()[1]

    def answer(self, method):
        head = self.until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        status = int(first.split(" ")[1])
        if method == "HEAD" or status in (204, 304):
            return status, fields, b""
        if fields.get("transfer-encoding") == "chunked":
            return status, fields, self.chunks()
        return status, fields, self.take(int(fields.get("content-length", 0)))

    def chunks(self):
        body = b""
        while size := int(self.until(b"\r\n"), 16):
            body += self.take(size)
            self.until(b"\r\n")
        self.until(b"\r\n")
        return body

    def until(self, end):
        while end not in self.buffer:
            self.read()
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def take(self, size):
        while len(self.buffer) < size:
            self.read()
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    def read(self):
        more = self.socket.recv(65536)
        if not more:
            raise Failure("the server has closed the connection")
        self.buffer += more


def check(server, request, times=1):
    """Fails if the answers of a running server are not right, one after the other and several at once on one connection."""
    with Client(server.port) as client:
        for round in (1, times):
            try:
                answers = client.ask(request, round)
            except OSError as error:
                server.alive()
                raise Failure(f"{server.name} does not answer {request.method} {request.path}: {error}") from error
            for status, fields, body in answers:
                kind = fields.get("content-type", "").split(";")[0]
                if (status, kind, body) != (request.status, request.kind, request.answer):
                    wanted = f"{request.status} {request.kind} {request.answer[:60]!r}"
                    raise Failure(f"{server.name} answers {request.method} {request.path} with {status} {kind} {body[:60]!r}, not {wanted}")
