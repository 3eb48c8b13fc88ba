"""What the parts of the themes benchmark share: commits of a clone as judged units."""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from planfence.change.hunkreader import read_files
from planfence.change.hunks import FileDiff, Hunk, units_of
from planfence.content.kinds import ClassifiedUnit, judge
from planfence.env import current
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository, open_repository

SURE_S = 30.0


def clone(path: str) -> Repository:
    return open_repository(current(), Path(path))


def judge_commit(repository: Repository, commit: str, budget: float = SURE_S) -> tuple[ClassifiedUnit, ...]:
    return judge(units_of(read_files(repository, f"{commit}^", commit)), time.perf_counter, budget)


def commits(repository: Repository, count: int, *more: str) -> list[str]:
    """A fixed sample of single-parent commits, spread over the history."""
    every = repository.git.text("rev-list", "--no-merges", "--min-parents=1", *more, "HEAD").split()
    rng = random.Random(1)
    rng.shuffle(every)
    return every[:count]


def from_diff(text: str) -> tuple[FileDiff, ...]:
    """Files from a unified diff alone, with its context as all that is known of them."""
    files = []
    for section in ("\n" + text).split("\ndiff --git ")[1:]:
        lines = section.split("\n")
        path = next(
            (line[6:] for line in lines if line.startswith(("+++ b/", "--- a/"))), lines[0].rpartition(" b/")[2]
        )
        for line in lines:
            if line.startswith("+++ b/"):
                path = line[6:]
        old: list[bytes] = []
        new: list[bytes] = []
        hunks: list[Hunk] = []
        start = (0, 0)
        inside = False

        def close(start: tuple[int, int], old: list[bytes], new: list[bytes], hunks: list[Hunk]) -> None:
            gone, come = tuple(old[start[0] :]), tuple(new[start[1] :])
            if gone or come:
                hunks.append(Hunk(start[0], start[1], gone, come))

        for line in lines:
            if line.startswith("@@"):
                close(start, old, new, hunks) if inside else None
                inside, start = True, (len(old), len(new))
            elif inside and line[:1] in ("+", "-"):
                (new if line[0] == "+" else old).append(line[1:].encode() + b"\n")
            elif inside and line[:1] in (" ", ""):
                close(start, old, new, hunks)
                old.append(line[1:].encode() + b"\n")
                new.append(line[1:].encode() + b"\n")
                start = (len(old), len(new))
        if inside:
            close(start, old, new, hunks)
        added, gone = "\nnew file mode" in section, "\ndeleted file mode" in section
        modes = (0 if added else 0o100644, 0 if gone else 0o100644)
        sides = (b"".join(old), b"".join(new))
        whole = added or gone
        files.append(FileDiff(path, path, *modes, "1" * 40, "2" * 40, *sides, () if whole else tuple(hunks)))
    return tuple(files)


def judge_diff(text: str) -> tuple[ClassifiedUnit, ...]:
    return judge(units_of(from_diff(text)), time.perf_counter, SURE_S)


def children_time() -> float:
    """Processor seconds of all processes that were started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def quantile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def tolerant(repository: Repository, names: Sequence[str]) -> Iterator[tuple[str, tuple[ClassifiedUnit, ...]]]:
    """Judge commits, passing over those that the clone does not have whole."""
    for name in names:
        try:
            yield name, judge_commit(repository, name, 3.0)
        except PlanfenceError as error:
            print(f"  left out: {name[:12]}: {error.message}", file=sys.stderr)
