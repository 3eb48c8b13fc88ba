"""A report over a million lines: with DuckDB, in pure Python, over many files; and the page.

    python benchmarks/report.py [LINES]

Every figure is a ratio of medians of whole processes that took turns; on a busy machine the ratio of processor seconds
says more than that of wall seconds. The lines: 2,000 tasks; half hand-written, half hooks', one in a hundred a stage
move or `finish`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

BARE_DUCKDB = """
import duckdb, sys
field = lambda name: f"regexp_extract(line, '{name}=([^,]*)', 1)"
number = lambda name: f"try_cast({field(name)} AS DOUBLE)"
duckdb.connect().execute(f'''SELECT {field("task")}, {field("model")}, {field("event")}, {field("result")}, count(*),
    min(line[:19]), max(line[:19]), sum({number("cost")}), sum({number("time_min")}), max({number("review_round")})
    FROM read_csv('{sys.argv[1]}', columns={{'line': 'VARCHAR'}}, delim='\\x01', quote='', escape='', header=false,
    auto_detect=false) GROUP BY ALL''').fetchall()
"""
BARE_PYTHON = """
import sys
for line in open(sys.argv[1]):
    line.split(",")
"""
WITHOUT = """
import sys
from planfence.report import foldlogs
foldlogs.has_duckdb = lambda: False
from planfence.cli.main import main
sys.argv = ["planfence", "report", "--json"]
main()
"""
FOLD = """
import sys
from pathlib import Path
from planfence.report import foldlogs, report
if not {duckdb}:
    foldlogs.has_duckdb = lambda: False
facts, counts, _ = report.fold([report.Source(tuple(sorted(Path(sys.argv[1]).glob("*.csv"))))])
assert counts["records"] == {lines}, counts
"""


def lines(count: int, generator: random.Random):
    models = ("codex", "claude", "gemini")
    for number in range(count):
        when = time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(1795341600 - generator.randrange(90 * 86400)))
        task, model = f"plan{generator.randrange(20)}/task-{generator.randrange(100)}", generator.choice(models)
        amounts = f"cost={generator.lognormvariate(-1, 0.6):.3f},time_min={generator.lognormvariate(3, 0.5):.1f}"
        start, kind = f"{when},task={task},model={model}", generator.random()
        if kind < 0.5:
            yield f"{start},{amounts},review_round={generator.choice((1, 1, 1, 2, 3))}\n"
        elif kind < 0.99:
            result = "refused" if generator.random() < 0.1 else "accepted"
            yield (
                f"{start},cost=,time_min=,review_round=,event=pre-commit,result={result},"
                f"plan={task.partition('/')[0]},stage=implement,theme=theme{number % 3},"
                f"files={generator.randrange(9)},ms={generator.randrange(8, 40)},id={number:016x}\n"
            )
        else:
            event = generator.choice(("start", "advance", "finish"))
            yield f"{start},{amounts},review_round=1,event={event},result=accepted,est_min=45,id={number:016x}\n"


def run(words: list[str], cwd: Path) -> tuple[float, float, int]:
    """The wall seconds, the processor seconds, and the memory in MB of one run."""
    before, began = os.times(), time.perf_counter()
    process = subprocess.Popen(words, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, usage.ru_maxrss // 1024


def pair(ours: list[str], bare: list[str], cwd: Path, runs: int) -> list[tuple[float, float, int]]:
    """The medians of both by turns, and the most memory: one after the other they would meet different machines."""
    found = list(zip(*([run(words, cwd) for words in (ours, bare)] for _ in range(runs)), strict=True))
    return [
        (median(wall for wall, _, _ in each), median(cpu for _, cpu, _ in each), max(memory for _, _, memory in each))
        for each in found
    ]


def show(name: str, ours: tuple[float, float, int], bare: tuple[float, float, int], bar: float) -> None:
    print(
        f"{name}: {ours[0] / bare[0]:.2f} by wall ({ours[0]:.2f} s / {bare[0]:.2f} s), "
        f"{ours[1] / bare[1]:.2f} by processor ({ours[1]:.2f} s / {bare[1]:.2f} s), {ours[2]} MB; bar {bar}"
    )


def make(folder: Path, count: int) -> None:
    """Write the logs. A process of its own: a child begins with its parent's peak of memory."""
    made = list(dict.fromkeys(lines(count, random.Random(5))))
    for name, size in (("one", len(made)), ("many", 200)):
        (folder / name).mkdir()
        for start in range(0, len(made), size):
            (folder / name / f"{start:08}.csv").write_text("".join(made[start : start + size]))
    (folder / "work" / ".ai-benchmark.csv").write_text("".join(made))
    (folder / "count").write_text(str(len(made)))


def main() -> int:
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder, python = Path(name), sys.executable
        work = folder / "work"
        subprocess.run(["git", "init", "-q", str(work)], check=True)
        subprocess.run([python, __file__, "--make", str(folder), str(count)], check=True)
        log = str(work / ".ai-benchmark.csv")
        whole_report = [python, "-m", "planfence", "report", "--json"]
        show("report --json / bare DuckDB", *pair(whole_report, [python, "-c", BARE_DUCKDB, log], work, 9), 1.5)
        without = [python, "-c", WITHOUT]
        show("without the extra / bare loop", *pair(without, [python, "-c", BARE_PYTHON, log], work, 7), 6)
        whole = int((folder / "count").read_text())
        for duckdb in (True, False):
            code = FOLD.format(duckdb=duckdb, lines=whole)
            many, one = ([python, "-c", code, str(folder / kind)] for kind in ("many", "one"))
            said = f"{-(-whole // 200)} files / one, {'with DuckDB' if duckdb else 'in Python'}"
            show(said, *pair(many, one, work, 5), 2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
