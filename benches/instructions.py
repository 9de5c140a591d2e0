#!/usr/bin/env python3
"""How many instructions a request takes, counted by callgrind: what CI compares, and what each part costs.

    python3 benches/instructions.py              # counts, beside those that are stored
    python3 benches/instructions.py --check      # and fails if one is more than 3 % above
    python3 benches/instructions.py --write      # stores them in benches/instructions.toml
    python3 benches/instructions.py --costs      # what settings, extractors, WSGI and TLS add; into docs/performance.md

What is compared is not the count but the count divided by that of `hyper_raw` in the same run: another processor, compiler or C library
changes both. The programs are release builds and run as one process with one event loop; a client on one connection asks 200 times
to warm up, then 2,000 times while callgrind counts. What the kernel does is not counted.

Needs `valgrind`; `--costs` needs `openssl` as well. `--no-build` takes the programs as they are, `--only json,echo` some of the counts.
"""

import argparse
import functools
import os
import re
import ssl
import subprocess
import sys
import tempfile
import tomllib

import http2
import page
from servers import (
    BENCHES_TARGET, LOOPBACK, PIPELINED, REPOSITORY, REQUESTS, TEXT, Client, Failure, Request, build_bench, build_example, build_peer,
    example, free_port, need, running,
)

STORED = os.path.join(REPOSITORY, "benches", "instructions.toml")
WARM, COUNTED = 200, 2000
# What the thread pool answers depends a little on which thread runs first. The least of some runs is what waits for nobody.
POOLED, RUNS = ("/wsgi", "/pool", "/wsgi/pool"), 3
# Threads take turns in the order in which they have waited, so that this differs less.
FAIR = "--fair-sched=try"
# How much a ratio may grow until it is a failure.
TOLERANCE = 0.03
RAW = os.path.join(BENCHES_TARGET, "release", "hyper_raw")
BENCH = example("bench")
COSTS = os.path.join(BENCHES_TARGET, "release", "costs")
# The work of `hyper_raw` that a WSGI callable is compared with.
COMPARED = {"wsgi": "plaintext", "awsgi": "plaintext"}

HEADER = """\
# Instructions per request, written by: python3 benches/instructions.py --write
# CI compares `ratio`, what pulsar takes divided by what hyper alone takes in the same run.
"""


def one_process(program, port, *more):
    """A server of pulsar that callgrind can follow."""
    address = f"{LOOPBACK}:{port}"
    return [program, "-b", address, "--threads", "1", "--concurrency", "thread", "--control-socket", "off", *more]


def counted(name, line, port, request, times=1, client=Client, environment=None):
    """Instructions of user space per request, of all threads of the process."""
    runs = RUNS if request.path in POOLED else 1
    return min(counted_once(name, line, port, request, times, client, environment) for _ in range(runs))


def counted_once(name, line, port, request, times, client, environment):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--instr-atstart=no", FAIR, *line]
        with running(name, command, port, environment=environment) as server:
            try:
                with client(port) as connection:
                    ask(connection, request, WARM, times)
                    control(server, "on")
                    ask(connection, request, COUNTED, times)
                    control(server, "off")
            except OSError as error:
                server.alive()
                raise Failure(f"{name} does not answer {request.method} {request.path}: {error}") from error
        with open(out, encoding="utf-8") as file:
            total = re.search(r"^totals: (\d+)", file.read(), re.MULTILINE)
    if total is None:
        raise Failure(f"callgrind has counted nothing of {name}")
    return int(total.group(1)) / (COUNTED // times * times)


def ask(connection, request, count, times):
    for _ in range(count // times):
        for status, _, body in connection.ask(request, times):
            if status != request.status or request.answer not in (None, body):
                wanted = f"{request.status} {request.answer}"
                raise Failure(f"{request.method} {request.path} is answered with {status} {body[:80]}, not {wanted}")


def control(server, state):
    server.alive()
    done = subprocess.run(["callgrind_control", "-i", state, str(server.pid)], capture_output=True, text=True)
    if done.returncode != 0 or "Error" in done.stdout:
        raise Failure(f"callgrind_control cannot reach {server.name}: {done.stdout}{done.stderr}")


def count_paths(works):
    """For each work the counts of hyper alone and of pulsar."""
    counts, raw = {}, {}
    for work in works:
        times = PIPELINED if work == "pipeline" else 1
        base = COMPARED.get(work, work)
        if base not in raw:
            port = free_port()
            raw[base] = counted("hyper_raw", [RAW, str(port), "1"], port, REQUESTS[base], times)
        port = free_port()
        counts[work] = raw[base], counted("pulsar", one_process(BENCH, port), port, REQUESTS[work], times)
        print(f"{work}: hyper_raw {counts[work][0]:,.0f}, pulsar {counts[work][1]:,.0f}", file=sys.stderr, flush=True)
    return counts


def compare(counts, stored):
    """A line for each work, and the works that have become too dear."""
    lines = [f"{'':10} {'hyper_raw':>10} {'pulsar':>10} {'ratio':>7} {'stored':>7} {'change':>8}"]
    dear = []
    for work, (raw, ours) in counts.items():
        line = f"{work:10} {raw:10,.0f} {ours:10,.0f} {ours / raw:7.3f}"
        if work in stored:
            change = ours / raw / stored[work]["ratio"] - 1
            line += f" {stored[work]['ratio']:7.3f} {change:+8.1%}"
            if change > TOLERANCE:
                dear.append(work)
        lines.append(line)
    return "\n".join(lines), dear


def stored_counts():
    try:
        with open(STORED, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}


def write(counts):
    stored = stored_counts() | {
        work: {"hyper_raw": round(raw), "pulsar": round(ours), "ratio": round(ours / raw, 4)} for work, (raw, ours) in counts.items()
    }
    with open(STORED, "w", encoding="utf-8") as file:
        file.write(HEADER)
        for work in sorted(stored, key=list(REQUESTS).index):
            file.write(f"\n[{work}]\n" + "".join(f"{name} = {value}\n" for name, value in stored[work].items()))


class Cost:
    """A row of the table of costs: what is different from the plain request. With `raw` hyper alone is asked the same."""

    def __init__(self, what, path="/plaintext", flags=(), client=Client, environment=None, raw=False, **request):
        self.what, self.flags, self.client, self.environment, self.raw = what, flags, client, environment, raw
        # The answer to what is no success is a document, whose text does not matter here.
        answer = None if request.get("status", 200) != 200 else request.pop("answer", "Hello, World!")
        self.request = Request(path, TEXT, answer, **request)


TLS = "TLS"
NO_LIMITS = [
    flag
    for name in ("head-timeout", "body-timeout", "write-timeout", "slow-request", "max-connection-requests", "max-connection-age", "max-body")
    for flag in (f"--{name}", "unlimited")
] + ["--min-rate", "off"]
BROWSER = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Cookie", "session=5f2b7c1d9e; theme=dark"),
    ("Upgrade-Insecure-Requests", "1"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "none"),
    ("Priority", "u=0, i"),
]
GROUPS = {
    "the request": [
        Cost("ten header fields of a browser", fields=BROWSER, raw=True),
        Cost("a query that nobody reads", "/plaintext?a=1&b=2", raw=True),
        Cost("its id, `X-Request-Id`", fields=[("X-Request-Id", "7f3a12bc")]),
        Cost("`HEAD`", method="HEAD", answer=""),
    ],
    "settings": [
        Cost("`--access-log FILE`", flags=["--access-log", "{folder}/access.log"]),
        Cost("`--access-log FILE --log-format json`", flags=["--access-log", "{folder}/access.log", "--log-format", "json"]),
        Cost("`--head-timeout unlimited`", flags=["--head-timeout", "unlimited"]),
        Cost("`--write-timeout unlimited`", flags=["--write-timeout", "unlimited"]),
        Cost("`--slow-request unlimited`", flags=["--slow-request", "unlimited"]),
        Cost("all limits of time, rate and number off", flags=NO_LIMITS),
        Cost("`--http2 false`", flags=["--http2", "false"]),
        Cost("`--allowed-hosts 127.0.0.1`", flags=["--allowed-hosts", LOOPBACK]),
        Cost("`--trusted-proxies 127.0.0.1`, `X-Forwarded-For`", flags=["--trusted-proxies", LOOPBACK],
             fields=[("X-Forwarded-For", "203.0.113.9")]),
    ],
    "the handler": [
        Cost("`fn`, on the thread pool", "/pool"),
        Cost("`fn` with `inline`", "/inline"),
        Cost("a path value, `<int:id>`", "/path/12345"),
        Cost("`State<T>` of one provider", "/state"),
        Cost("`Query<T>` of two values", "/query?page=7&search=pulsar"),
        Cost("a body of 13 bytes as `String`", "/body", method="POST", body=b"Hello, World!"),
        Cost("`Json<T>` as answer", "/json", answer='{"message":"Hello, World!"}'),
        Cost("a layer of tower that does nothing", environment={"COSTS_LAYER": "1"}),
    ],
    "no handler": [
        Cost("404, a problem document", "/nothing", status=404),
        Cost("405 with `Allow`", method="DELETE", status=405),
        Cost("308 to the path without the slash", "/plaintext/", status=308),
    ],
    "WSGI": [
        Cost("an `async fn`", "/wsgi/async"),
        Cost("a `fn` with `inline`", "/wsgi/inline"),
        Cost("a `fn`, on the thread pool", "/wsgi/pool"),
    ],
    "the connection": [
        Cost("TLS 1.3", flags=["--cert-file", "{folder}/cert.pem", "--key-file", "{folder}/key.pem"], client=TLS),
        Cost("HTTP/2, one request after the other", client=http2.Client),
    ],
}


def count_costs(folder):
    """The counts of the plain request, and for each group its rows: what, and how many instructions more. Each for pulsar and for hyper."""
    certificate(folder)

    def ours(cost):
        client = functools.partial(Client, wrap=secure()) if cost.client == TLS else cost.client
        flags = [flag.format(folder=folder) for flag in cost.flags]
        port = free_port()
        return counted("costs", one_process(COSTS, port, *flags), port, cost.request, client=client, environment=cost.environment)

    def raw(cost):
        port = free_port()
        return counted("hyper_raw", [RAW, str(port), "1"], port, cost.request)

    plain = Cost("plain")
    plain = ours(plain), raw(plain)
    groups = {}
    for name, costs in GROUPS.items():
        for cost in costs:
            more = ours(cost) - plain[0], raw(cost) - plain[1] if cost.raw else None
            groups.setdefault(name, []).append((cost.what, *more))
            print(f"{name}: {cost.what}: {more[0]:+,.0f}", file=sys.stderr, flush=True)
    return plain, groups


def certificate(folder):
    """One of elliptic curves for loopback, as most servers have one."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
        check=True, stderr=subprocess.DEVNULL,
    )


def secure():
    """Whom it talks to is not what is measured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context.wrap_socket


def costs_text(plain, groups):
    rows = [["**`GET /plaintext`**, settings as they come", f"{plain[0]:,.0f}", "", f"{plain[1]:,.0f}"]]
    for name, costs in groups.items():
        rows.append([f"**{name}**", "", "", ""])
        for what, ours, raw in costs:
            # A share that is rounded to nothing has no sign.
            share = f"{round(ours / plain[0] * 100) + 0:+d} %".replace("+0", "0")
            rows.append([what, f"{ours:+,.0f}", share, "" if raw is None else f"{raw:+,.0f}"])
    return f"Counted on {page.machine()}.\n\n" + page.table(["", "pulsar", "share", "hyper_raw"], rows)


def counts_text(counts):
    rows = [[f"`{work}`", f"{raw:,.0f}", f"{ours:,.0f}", f"{ours / raw:.2f}"] for work, (raw, ours) in counts.items()]
    return f"Counted on {page.machine()}.\n\n" + page.table(["", "hyper_raw", "pulsar", "ratio"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="fail if a count has grown")
    what.add_argument("--write", action="store_true", help="store the counts")
    what.add_argument("--costs", action="store_true", help="count what parts cost")
    parser.add_argument("--only", default=",".join(REQUESTS), help="some of the counts: " + ", ".join(REQUESTS))
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    parser.add_argument("--print", action="store_true", help="leave docs/performance.md as it is")
    options = parser.parse_args()
    works = options.only.split(",")
    if unknown := set(works) - set(REQUESTS):
        raise Failure(f"nothing is called {', '.join(sorted(unknown))}; there are: {', '.join(REQUESTS)}")
    need("valgrind", "valgrind", "which counts")
    if options.costs:
        need("openssl", "openssl", "which makes a certificate")
        if not options.no_build:
            build_peer("hyper_raw")
            build_bench("costs")
        with tempfile.TemporaryDirectory() as folder:
            text = costs_text(*count_costs(folder))
        print(text)
        if not options.print:
            page.put("costs", text)
        return
    if not options.no_build:
        build_peer("hyper_raw")
        build_example("bench")
    counts = count_paths(works)
    report, dear = compare(counts, stored_counts())
    print(report)
    if options.write:
        write(counts)
        if not options.print and works == list(REQUESTS):
            page.put("instructions", counts_text(counts))
    if options.check and dear:
        raise Failure(
            f"more than {TOLERANCE:.0%} above what is stored in benches/instructions.toml: {', '.join(dear)}. Find out where it comes from "
            "(callgrind_annotate); if it is worth it, store it: python3 benches/instructions.py --write"
        )


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
