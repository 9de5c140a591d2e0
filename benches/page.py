"""What goes into docs/performance.md: tables, what the machine is, and the places between markers that they are put into."""

import datetime
import os
import platform
import re
import subprocess

from servers import REPOSITORY, Failure

PAGE = os.path.join(REPOSITORY, "docs", "performance.md")


def put(marker, text, page=PAGE):
    """Replaces what stands between `<!-- MARKER: begin -->` and `<!-- MARKER: end -->`."""
    with open(page, encoding="utf-8") as file:
        old = file.read()
    begin, end = f"<!-- {marker}: begin -->\n", f"<!-- {marker}: end -->"
    if old.count(begin) != 1 or old.count(end) != 1 or old.index(begin) > old.index(end):
        raise Failure(f"{page} has not the lines `{begin.strip()}` and `{end}`, each once and in this order")
    before, rest = old.split(begin)
    after = rest.split(end)[1]
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + begin + text.rstrip("\n") + "\n" + end + after)


def table(heads, rows):
    """A table of Markdown; a cell of the first column is a text, those of the others stand at the right."""
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def machine():
    """When and upon what something was measured."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    rustc = subprocess.run(["rustc", "--version"], cwd=REPOSITORY, capture_output=True, text=True).stdout.strip()
    today = datetime.date.today()
    processors = len(os.sched_getaffinity(0))
    name = model.group(1) if model else platform.machine()
    return f"{today.day} {today:%B %Y}, {processors} processors ({name}), Linux {platform.release()}, {rustc}"


def number(value):
    """Three digits at least, and no more behind the point than that takes: 12,345, 12.3, 1.23; – for none."""
    if value is None:
        return "–"
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"
