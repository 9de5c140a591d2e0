#!/usr/bin/env python3
"""pulsar beside other servers: requests a second, processor time per request, latency, memory, in one run.

    python3 benches/compare.py [--rounds N] [--seconds S] [--connections N] [--threads 1,2] [--only NAME,..] [--work NAME,..] [--no-build] [--print]

Builds the example `bench` and the servers in `benches/peers/` (the first time takes about half an hour on two processors), has each
answer what it will be asked for, and then loads them with `wrk`. All take turns in every round, the last first in every other one, so
that a machine that changes its speed changes it for all; ratios are formed within a round. With one thread the server has a processor
of its own, and `wrk` another; with more they share all that there are.

The tables and the chart go into docs/performance.md and docs/performance.svg. A part of the comparison (`--only`, `--work`), or one with
`--print`, is only printed. Needs Linux, two processors, `taskset` and `wrk`.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import chart
import page
from servers import (
    LOOPBACK, ORDER, PIPELINED, REPOSITORY, REQUESTS, SERVERS, Failure, build, check, free_port, memory, need, processor_time, running,
    version,
)

WORK = ("plaintext", "json", "user", "echo", "pipeline")
CHART = os.path.join(REPOSITORY, "docs", "performance.svg")

SCRIPTS = {
    "echo": f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[{ORDER}]]\n',
    "pipeline": f"""\
init = function()
    local requests = {{}}
    for i = 1, {PIPELINED} do requests[i] = wrk.format() end
    all = table.concat(requests)
end
request = function() return all end
""",
}
UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}


class Figures:
    """What one server has done in one round: `rate` in requests a second, `cost` and `p99` in microseconds."""

    def __init__(self, rate, cost, p99):
        self.rate, self.cost, self.p99 = rate, cost, p99


def load(server, work, seconds, threads, options):
    """Has wrk ask for so long; what it prints."""
    pinned = ["taskset", "-c", "1"] if threads == 1 else []
    script = ["--script", os.path.join(options.scripts, work + ".lua")] if work in SCRIPTS else []
    address = f"http://{LOOPBACK}:{server.port}{REQUESTS[work].path}"
    command = ["wrk", "-t", str(threads), "-c", str(options.connections), "-d", f"{seconds}s", "--latency", *script, address]
    done = subprocess.run(pinned + command, capture_output=True, text=True)
    server.alive()
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if done.returncode != 0 or wrong:
        what = f"{wrong.group(1)} answers that are none" if wrong else done.stderr.strip()
        raise Failure(f"{server.name}, {work}: {what}")
    return done.stdout


def measure(server, work, threads, options):
    """One figure of each kind, after a second to warm up."""
    load(server, work, 1, threads, options)
    before = processor_time(server.pid)
    text = load(server, work, options.seconds, threads, options)
    spent = processor_time(server.pid) - before
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    if requests == 0:
        raise Failure(f"{server.name}, {work}: no answer came")
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    return Figures(rate, spent / 1e3 / requests, float(p99) * UNITS[unit])


class Results:
    """The figures of all rounds with so many threads: by work and server, in the order of the rounds."""

    def __init__(self, threads, servers):
        self.threads, self.servers = threads, servers
        self.figures = {}
        self.memory = {}

    def median(self, work, server, of):
        return statistics.median(getattr(figures, of) for figures in self.figures[work, server.name])

    def ratio(self, work, server, of):
        """To the first server, round by round; the median of that."""
        pairs = zip(self.figures[work, server.name], self.figures[work, self.servers[0].name])
        return statistics.median(getattr(one, of) / getattr(other, of) for one, other in pairs)

    def rows(self, work):
        """The servers that were asked for it, the one with the least cost first."""
        asked = [server for server in self.servers if (work, server.name) in self.figures]
        return sorted(asked, key=lambda server: self.median(work, server, "cost"))


def rounds(threads, servers, options):
    """All rounds with so many threads."""
    servers = [server for server in servers if server.threads in (None, threads)]
    results = Results(threads, servers)
    for round in range(options.rounds):
        for server in servers if round % 2 == 0 else reversed(servers):
            print(f"round {round + 1}, {threads} threads: {server.name}", file=sys.stderr, flush=True)
            port = free_port()
            with running(server.name, server.line(port, threads), port, 0 if threads == 1 else None) as started:
                works = [work for work in options.work if work in server.works]
                for work in works:
                    check(started, REQUESTS[work], PIPELINED)
                for work in works:
                    results.figures.setdefault((work, server.name), []).append(measure(started, work, threads, options))
                results.memory.setdefault(server.name, []).append(memory(started.pid))
    return results


def text_of(results, options):
    """The tables of one number of threads."""
    texts = []
    first = results.servers[0].name
    for work in options.work:
        rows = []
        for server in results.rows(work):
            name = f"**{server.name}**" if server.name.startswith("pulsar") else server.name
            # wrk has no latency where few of its pipelines have come to their end.
            cells = [page.number(results.median(work, server, of) or None) for of in ("rate", "cost", "p99")]
            ratios = [f"{results.ratio(work, server, of):.2f}" for of in ("rate", "cost")]
            rows.append([name, cells[0], ratios[0], cells[1], ratios[1], cells[2]])
        heads = [f"`{work}`", "requests/s", f"of {first}", "CPU µs", f"of {first}", "p99 µs"]
        texts.append(page.table(heads, rows))
    rows = [[server.name, f"{statistics.median(results.memory[server.name]):.1f}"] for server in results.servers]
    rows.sort(key=lambda row: float(row[1]))
    texts.append(page.table(["memory after the run", "MiB"], rows))
    return "\n".join(texts)


def versions(servers):
    crates = dict.fromkeys(crate for server in servers for crate in server.crates)
    return ", ".join(f"{crate} {version(crate)}" for crate in crates)


def others_at_work():
    """A sentence, if other programs use more than a tenth of the processors; what is built before is no more at work."""
    def times():
        with open("/proc/stat", encoding="ascii") as file:
            numbers = [int(number) for number in file.readline().split()[1:9]]
        # The fourth and the fifth are idle.
        return sum(numbers) - sum(numbers[3:5]), sum(numbers)

    before = times()
    time.sleep(1)
    used, all = (after - now for after, now in zip(times(), before))
    share = used / max(all, 1)
    return f"Other programs were at work, on {share:.0%} of the processors: the figures are a hint.\n" if share > 0.1 else ""


def chosen(servers, only):
    if only is None:
        return servers
    names = only.split(",")
    unknown = set(names) - {server.name for server in servers}
    if unknown:
        raise Failure(f"no server is called {', '.join(sorted(unknown))}; there are: {', '.join(server.name for server in servers)}")
    # Without it there is nothing to form ratios with.
    return [server for server in servers if server.name in names or server is servers[0]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="for each figure, after one to warm up")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--threads", default="1,2", help="of the servers; one table for each number")
    parser.add_argument("--only", help="names of servers, as the tables have them")
    parser.add_argument("--work", default=",".join(WORK))
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    parser.add_argument("--print", action="store_true", help="leave docs/performance.md as it is")
    options = parser.parse_args()
    complete = options.only is None and options.work == ",".join(WORK)
    options.work = options.work.split(",")
    if unknown := set(options.work) - set(WORK):
        raise Failure(f"no work is called {', '.join(sorted(unknown))}; there are: {', '.join(WORK)}")
    need("wrk", "wrk", "which sends the requests")
    need("taskset", "util-linux", "which gives a server a processor of its own")
    if len(os.sched_getaffinity(0)) < 2:
        raise Failure("one processor is not enough: the server and what sends requests would take turns")
    servers = chosen(SERVERS, options.only)
    threads = [int(number) for number in options.threads.split(",")]
    if not options.no_build:
        build([server for server in servers if server.threads in (None, *threads)])
    busy = others_at_work()
    if busy:
        print(f"warning: {busy}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as options.scripts:
        for name, script in SCRIPTS.items():
            with open(os.path.join(options.scripts, name + ".lua"), "w", encoding="utf-8") as file:
                file.write(script)
        all = [rounds(number, servers, options) for number in threads]
    text = f"Measured on {page.machine()}. {versions(servers)}. {options.connections} connections, "
    text += f"{options.seconds} s for each figure; medians over {options.rounds} rounds.\n{busy}"
    for results in all:
        title = "One thread" if results.threads == 1 else f"{results.threads} threads"
        text += f"\n### {title}\n\n" + text_of(results, options)
    print(text)
    if complete and not options.print:
        page.put("compare", text)
        with open(CHART, "w", encoding="utf-8") as file:
            file.write(chart.bars(*chart_of(all[0], options)))


def chart_of(results, options):
    """The title, and a panel for each work: its name, then names, values and texts of bars."""
    panels = []
    for work in options.work:
        costs = [(server.name, results.median(work, server, "cost")) for server in results.rows(work)]
        panels.append((work, [(name, cost, page.number(cost)) for name, cost in costs]))
    threads = "one thread" if results.threads == 1 else f"{results.threads} threads"
    return f"processor time per request in microseconds, {threads}: less is better", panels


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
