#!/usr/bin/env python3
"""Streams, files, start-up, memory and the spread over threads and workers: pulsar, axum and actix-web side by side, on loopback.

    python3 benches/streams.py                         # builds, checks, measures, writes docs/performance.md
    python3 benches/streams.py --rounds 1 --print      # quicker, and writes nothing
    python3 benches/streams.py --only file-10k,echo --print
    python3 benches/streams.py --programs FOLDER       # programs that are built already

Programs take turns in every round, and what is compared is compared within a round; tables have medians of rounds. With one I/O thread
the program has the first core and the load the second. CPU is that of all threads and processes of the program, from `schedstat`;
memory is PSS of all its processes, so that pages that processes share count once. What an answer has to be is checked before, and by the load.
Where somebody else uses the machine, how much is done in a second says more of them than of the programs: it is left out.
Needs `wrk`, `taskset` and Linux. Every program is ended by its pid.
"""

import argparse
import datetime
import json
import os
import platform
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from servers import BENCHES_TARGET, build_bench

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "docs", "performance.md")
BEGIN, END = "<!-- streams: begin -->", "<!-- streams: end -->"
SERVERS = ["pulsar", "axum", "actix"]
FILES = {"10k.bin": 10 * 1024, "1m.bin": 1 << 20}
CLIENTS, EVENTS, GAP = 5000, 10, 100
PORTS = iter(range(21400, 21500))

WORK = {
    "download": ("1 GiB down, streamed in 64 KiB pieces", "1 GiB"),
    "upload": ("1 GiB up, read and dropped", "1 GiB"),
    "file-10k": ("static file of 10 KiB", "request"),
    "file-1m": ("static file of 1 MiB", "request"),
    "file-304": ("static file, not modified (304)", "request"),
    "events": (f"an event to {CLIENTS:,} SSE clients", "delivered event"),
    "echo": ("WebSocket echo, 64 bytes, 64 connections", "message"),
}

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=int, default=2)
parser.add_argument("--only", default=",".join([*WORK, "start", "idle", "spread"]))
parser.add_argument("--programs", help="the folder of programs that are built already")
parser.add_argument("--print", action="store_true", help="print the tables instead of writing them")
options = parser.parse_args()
only = options.only.split(",")
folder = tempfile.mkdtemp(prefix="pulsar-streams-")
programs = options.programs or os.path.join(BENCHES_TARGET, "release")
LOAD = os.path.join(programs, "load")


def command(server, port, threads=1, workers=0):
    program = os.path.join(programs, server)
    if server != "pulsar":
        return [program, str(port), str(threads), "files"]
    return [program, "-b", f"127.0.0.1:{port}", "--threads", str(threads), "--workers", str(workers), "--control-socket", "off",
            "--max-body", "2147483648", "--max-connections", "10000"]


def tree(pid):
    """The process and all that descend from it."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += tree(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def tasks(pid):
    """CPU time of every thread of the tree so far, in nanoseconds."""
    times = {}
    for process in tree(pid):
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/schedstat") as file:
                    times[task] = int(file.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return times


def cpu(pid):
    return sum(tasks(pid).values())


def pss(pid):
    """Proportional set size of the tree, in KiB."""
    total = 0
    for process in tree(pid):
        with open(f"/proc/{process}/smaps_rollup") as file:
            total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))
    return total


def ask(port, path, headers="", timeout=10):
    """The head and the body of an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n".encode())
        data = b""
        while more := peer.recv(1 << 20):
            data += more
    head, body = data.split(b"\r\n\r\n", 1)
    return head.decode(), body


def used_by_others():
    """What part of the machine is busy while nothing of this runs."""

    def look():
        with open("/proc/stat") as file:
            times = [int(field) for field in file.readline().split()[1:]]
        return sum(times), times[3] + times[4]

    (all_before, idle_before), _ = look(), time.sleep(2)
    all_after, idle_after = look()
    return 1 - (idle_after - idle_before) / max(all_after - all_before, 1)


class Server:
    """A program at work, until the end of its block."""

    def __init__(self, name, threads=1, workers=0, pinned=True):
        self.port = next_port()
        pin = ["taskset", "-c", "0"] if pinned else []
        log = open(os.path.join(folder, f"{name}.log"), "w")
        self.process = subprocess.Popen(pin + command(name, self.port, threads, workers), cwd=folder, stdout=log, stderr=log)
        self.pid = self.process.pid

    def __enter__(self):
        for _ in range(200):
            try:
                ask(self.port, "/")
                return self
            except OSError:
                time.sleep(0.05)
        sys.exit(f"a program does not answer: see {folder}")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in reversed(tree(self.pid)):
                os.kill(pid, signal.SIGKILL)
            self.process.wait()


def load(*arguments):
    """What the generator found."""
    run = subprocess.run(["taskset", "-c", "1", LOAD, *map(str, arguments)], stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    return json.loads(run.stdout)


def wrk(port, path, seconds, *headers, connections=16, threads=1, pinned=True):
    pin = ["taskset", "-c", "1"] if pinned else []
    run = subprocess.run([*pin, "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", *headers, f"http://127.0.0.1:{port}{path}"],
                         stdout=subprocess.PIPE, text=True, timeout=300, check=True).stdout
    if "Non-2xx" in run or "Socket errors" in run:
        sys.exit(f"wrk at {path} found errors:\n{run}")
    found = re.search(r"(\d+) requests in ([\d.]+)s", run)
    return {"units": int(found.group(1)), "seconds": float(found.group(2))}


def file_work(server, path, *headers):
    wrk(server.port, path, 1, *headers)
    return lambda: wrk(server.port, path, options.seconds, *headers)


def events(server):
    """Clients connect first; what they cost is not counted."""
    generator = subprocess.Popen(["taskset", "-c", "1", LOAD, "events", str(server.port), str(CLIENTS), str(EVENTS), str(GAP)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if generator.stdout.readline() != "ready\n":
        sys.exit("the clients of events do not connect")

    def go():
        generator.stdin.write("\n")
        generator.stdin.flush()
        line = generator.stdout.readline()
        generator.wait(10)
        return json.loads(line)

    return go


def prepare(work, server):
    """What is measured, when all that comes before is done."""
    port = server.port
    match work:
        case "download" | "upload":
            return lambda: load(work, port)
        case "file-10k":
            return file_work(server, "/files/10k.bin")
        case "file-1m":
            return file_work(server, "/files/1m.bin")
        case "file-304":
            tag = re.search(r"(?im)^etag: (.*?)\r?$", ask(port, "/files/10k.bin")[0])
            date = re.search(r"(?im)^last-modified: (.*?)\r?$", ask(port, "/files/10k.bin")[0])
            name, value = ("If-None-Match", tag) if tag else ("If-Modified-Since", date)
            header = f"{name}: {value.group(1)}"
            head = ask(port, "/files/10k.bin", header + "\r\n")[0]
            if not head.startswith("HTTP/1.1 304 "):
                sys.exit(f"not modified is answered with {head}")
            return file_work(server, "/files/10k.bin?304", "-H", header)
        case "events":
            return events(server)
        case "echo":
            return lambda: load("echo", port, 64, options.seconds)


def check(name):
    """Every program has to serve the same."""
    with Server(name) as server:
        for file, size in FILES.items():
            head, body = ask(server.port, f"/files/{file}")
            with open(os.path.join(folder, "files", file), "rb") as content:
                if not head.startswith("HTTP/1.1 200 ") or body != content.read() or len(body) != size:
                    sys.exit(f"{name} serves another {file}: {head}")
        if ask(server.port, "/")[1] != b"Hello, World!":
            sys.exit(f"{name} says no hello")


def streams(busy):
    found = {work: {name: [] for name in SERVERS} for work in WORK if work in only}
    for round_ in range(options.rounds):
        for work in found:
            for name in SERVERS if round_ % 2 == 0 else SERVERS[::-1]:
                with Server(name) as server:
                    go = prepare(work, server)
                    before = cpu(server.pid)
                    result = go()
                    result["cpu"] = (cpu(server.pid) - before) / 1e3 / result["units"]
                    result["rate"] = result["units"] / result["seconds"]
                    found[work][name].append(result)
                    print(f"round {round_} {work} {name}: {result}", file=sys.stderr, flush=True)
    if not found:
        return []
    lines = ["| what | program | CPU | of pulsar's | per second | of pulsar's |", "|---|---|---|---|---|---|"]
    for work, servers in found.items():
        title, unit = WORK[work]
        for name, results in servers.items():
            rate, cost = (statistics.median(result[key] for result in results) for key in ("rate", "cpu"))
            ratios = [statistics.median(result[key] / own[key] for result, own in zip(results, servers["pulsar"])) for key in ("rate", "cpu")]
            cost = f"{cost / 1e6:.2f} s" if cost > 1e5 else f"{cost:.1f} µs"
            shown = f"{rate:,.0f} | {ratios[0]:.2f}" if rate > 100 else f"{rate:.2f} | {ratios[0]:.2f}"
            lines.append(f"| {title} | {name} | {cost} per {unit} | {ratios[1]:.2f} | {shown} |")
    lines = without(lines, 2) if busy else lines
    if "events" in found and not busy:
        last = ", ".join(f"{name} {statistics.median(result['last'] for result in results) * 1e3:.0f} ms" for name, results in found["events"].items())
        lines += ["", f"Until the last of {CLIENTS:,} clients has an event it takes: {last}."]
    return ["### Streams and files", "", *lines, ""]


def without(lines, columns):
    """A table without its last columns."""
    return [" | ".join(line.split(" | ")[:-columns]) + " |" if " | " in line else line.replace("---|", "", columns) for line in lines]


def start(busy):
    """From exec to the first answer, and memory then and after a load."""
    kinds = [("pulsar, one process", "pulsar", 0), ("pulsar, 1 worker", "pulsar", 1), ("pulsar, 2 workers", "pulsar", 2),
             ("pulsar, 4 workers", "pulsar", 4), ("axum", "axum", 0), ("actix", "actix", 0)]
    found = {title: [] for title, _, _ in kinds}
    for _ in range(options.rounds):
        for title, name, workers in kinds:
            port = next_port()
            generator = subprocess.Popen([LOAD, "start", *command(name, port, 1, workers)], cwd=folder, env={**os.environ, "PORT": str(port)},
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            answer = json.loads(generator.stdout.readline())
            spent = cpu(answer["pid"]) / 1e6
            time.sleep(0.5)
            at_rest = pss(answer["pid"])
            wrk(port, "/", 1, connections=64, pinned=False)
            loaded = pss(answer["pid"])
            processes = len(tree(answer["pid"]))
            generator.stdin.write("\n")
            generator.stdin.flush()
            generator.wait(20)
            found[title].append((answer["seconds"] * 1e3, spent, at_rest / 1024, loaded / 1024, processes))
            print(f"{title}: {found[title][-1]}", file=sys.stderr, flush=True)
    lines = ["| program | processes | PSS | PSS after a load of 64 connections | CPU until the first answer | first answer after exec |", "|---|---|---|---|---|---|"]
    for title, rows in found.items():
        took, spent, rest, loaded, processes = (statistics.median(column) for column in zip(*rows))
        lines.append(f"| {title} | {processes:.0f} | {rest:.1f} MiB | {loaded:.1f} MiB | {spent:.1f} ms | {took:.1f} ms |")
    return ["### Start-up and memory", "", *(without(lines, 1) if busy else lines), ""]


def next_port():
    """One that nothing has, again and again from the range."""
    global PORTS
    try:
        return next(PORTS)
    except StopIteration:
        PORTS = iter(range(21400, 21500))
        return next(PORTS)


def idle(_busy, count=5000):
    """Memory of a connection that has asked once and stays."""
    lines = ["| program | memory of an idle connection |", "|---|---|"]
    for name in SERVERS:
        with Server(name) as server:
            for _ in range(100):
                ask(server.port, "/")
            time.sleep(0.3)
            before, peers = anonymous(server.pid), []
            for _ in range(count):
                peer = socket.create_connection(("127.0.0.1", server.port), 10)
                peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                data = b""
                while not data.endswith(b"Hello, World!"):
                    data += peer.recv(4096)
                peers.append(peer)
            time.sleep(0.3)
            cost = (anonymous(server.pid) - before) / count
            for peer in peers:
                peer.close()
        lines.append(f"| {name} | {cost:.1f} KiB |")
    return [f"### {count:,} idle connections", "", *lines, ""]


def anonymous(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


def spread(_busy):
    """How the load of 64 connections is shared, and what a request costs, with two threads and two workers."""
    kinds = {"1 thread": (1, 0), "2 threads": (2, 0), "1 worker": (1, 1), "2 workers": (1, 2)}
    found = {title: [] for title in kinds}
    for round_ in range(options.rounds):
        for title, (threads, workers) in kinds.items():
            with Server("pulsar", threads, workers, pinned=False) as server:
                wrk(server.port, "/", 1, connections=64, threads=1, pinned=False)
                before = tasks(server.pid)
                result = wrk(server.port, "/", options.seconds, connections=64, threads=1, pinned=False)
                after = tasks(server.pid)
                times = sorted((after[task] - before.get(task, 0) for task in after), reverse=True)
                share = times[0] / (sum(times[:2]) or 1)
                found[title].append((sum(times) / 1e3 / result["units"], share, result["units"] / result["seconds"]))
                print(f"round {round_} {title}: {found[title][-1]}", file=sys.stderr, flush=True)
    lines = ["| pulsar with | CPU of a request | of that with one | busiest thread or worker: share of the CPU time |", "|---|---|---|---|"]
    for title, rows in found.items():
        base = found["1 worker" if "worker" in title else "1 thread"]
        ratio = statistics.median(row[0] / one[0] for row, one in zip(rows, base))
        cost, share = statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows)
        share = f"{share * 100:.0f} %" if title.startswith("2") else ""
        lines.append(f"| {title} | {cost:.2f} µs | {ratio:.2f} | {share} |")
    return ["### Spread", "", *lines, ""]


def versions():
    with open(os.path.join(CRATE, "Cargo.lock")) as file:
        lock = dict(re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', file.read()))
    names = ["axum", "tower-http", "actix-web", "actix-files", "actix-ws", "hyper", "tokio"]
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True).stdout.split()[1]
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return (f"{datetime.date.today()}, {model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, "
            f"rustc {rustc}; " + ", ".join(f"{name} {lock[name]}" for name in names) + f"; {options.rounds} rounds")


def write(text):
    page = open(PAGE).read()
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    with open(PAGE, "w") as file:
        file.write(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    if not options.programs:
        build_bench("streams", "--bins")
    os.mkdir(os.path.join(folder, "files"))
    for name, size in FILES.items():
        with open(os.path.join(folder, "files", name), "wb") as file:
            file.write(os.urandom(size))
    # A tag that changes within the second of a file is weak, and a date that young is not trusted.
    old = time.time() - 3600
    for name in FILES:
        os.utime(os.path.join(folder, "files", name), (old, old))
    for name in SERVERS:
        check(name)
    busy = used_by_others()
    others = f" Others used {busy * 100:.0f} % of the machine, so that only CPU and memory are told." if busy > 0.1 else ""
    lines = [f"Measured by `python3 benches/streams.py`: {versions()}.{others}", ""] + streams(busy > 0.1)
    for name, part in {"start": start, "idle": idle, "spread": spread}.items():
        if name in only:
            lines += part(busy > 0.1)
    text = "\n".join(lines)
    print(text)
    if not options.print:
        write(text)


if __name__ == "__main__":
    main()
