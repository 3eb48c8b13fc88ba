"""Many processes append to one benchmark log at once: is any line lost or torn, and what does a line cost?

python benchmarks/append.py [PROCESSES] [LINES]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from planfence.files.append import append_line
from planfence.log.files import read_logs

_WRITER = """
import sys
from planfence.log.line import format_record
from planfence.files.append import append_line
log, writer, lines = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for index in range(lines):
    fields = {"task": "auth-mw/extract-middleware", "model": "codex", "event": "pre-commit", "result": "accepted",
              "files": "3", "ms": "12", "why": "x" * (index % 200), "id": f"{writer:04x}{index:012x}"}
    warning = append_line(log, format_record("2026-11-22_10:00:00", fields))
    if warning:
        sys.exit(warning)
"""


def many(folder: Path, processes: int, lines: int) -> bool:
    log = folder / "log.csv"
    began = time.perf_counter()
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(log), str(number), str(lines)])
        for number in range(processes)
    ]
    failed = [writer.wait() for writer in writers]
    seconds = time.perf_counter() - began
    reading = read_logs([log])
    whole = len({record.fields["id"] for record in reading.records})
    torn = sum(reading.counts.get(name, 0) for name in ("torn", "glued", "doubled", "foreign"))
    print(f"{processes} processes x {lines} lines: {whole} of {processes * lines} whole, {torn} torn, {seconds:.1f} s")
    return not any(failed) and whole == processes * lines and torn == 0


def alone(folder: Path) -> None:
    def median(work) -> float:
        times = []
        for _ in range(2000):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    def plain() -> None:
        with open(folder / "plain", "ab", buffering=0) as file:
            file.write(b"x" * 160 + b"\n")

    ours, bare = median(lambda: append_line(folder / "ours", "x" * 160)), median(plain)
    print(f"one line: {ours * 1e6:.0f} us / open, write, close {bare * 1e6:.0f} us = {ours / bare:.2f}")


def main() -> int:
    processes, lines = (int(word) for word in (sys.argv[1:] + ["16", "3000"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        alone(Path(folder))
        return 0 if many(Path(folder), processes, lines) else 1


if __name__ == "__main__":
    sys.exit(main())
