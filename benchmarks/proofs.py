"""What a trial costs beside the same command in a checkout, and what is claimed of suites that fail at random.

`python benchmarks/proofs.py trial` runs both in turn, and prints the median of their ratios: by the clock, and in
processor time, which a busy machine changes less. `python benchmarks/proofs.py flaky` asks all questions of one change
with a runner that fails at random instead of tests, and counts the proofs that are claimed: each would be none.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.dividing import division, file
from support.repository import Repo, environment

from planfence.change.hunks import FileState
from planfence.errors import PlanfenceError
from planfence.gate.testtarget import target_of
from planfence.ledger.proofs import TrialOutcome
from planfence.prove import prove as use
from planfence.prove.bench import Came, Done, Job, Yard
from planfence.prove.parts import Division, without
from planfence.prove.session import LEVELS, FlakyError, ProofProgress, Session, ask_all

_SPIN = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end:\n    pass\n"
_MODULES = 300


def trial(pairs: int) -> None:
    """Compare a trial with the same command in a checkout, both with one file rewritten before each run."""
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo(Path(folder) / "asked", environment(Path(folder)))
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        repo.write("planfence.toml", "schema = 1\n")
        repo.write("spin.py", _SPIN)
        for number in range(_MODULES):
            repo.write(f"src/m{number}.py", f"X = {number}\n" * 20)
        imports = "".join(f"import m{number}\n" for number in range(_MODULES))
        repo.write("all.py", f'import sys\nsys.path.insert(0, "src")\nimport spin\n{imports}')
        repo.commit("chore: a project")
        repo.write("src/m7.py", "X = 8\n" * 20)
        repo.commit("feat: a change")
        opened = repo.open()
        target = target_of(opened, "", rev="HEAD")
        change = use.take_apart(opened, target)
        after = {each.path: FileState(each.path, each.new_mode, None, each.new_id) for each in change.division.files}
        checkout = Path(folder) / "checkout"
        repo.git("worktree", "add", "-q", "--detach", str(checkout), "HEAD")
        states = without(change.division, change.division.rest)
        variables = opened.environment.for_tests(folder)
        ratios: list[tuple[float, float]] = []
        with Yard(opened, target, after, 1) as yard:
            for number in range(pairs + 2):
                (checkout / "src/m7.py").write_text(f"X = {number}\n" * 20)
                begun = _now()
                subprocess.run(["/bin/sh", "-c", "python all.py"], cwd=checkout, env=variables, check=True)
                plain = _since(begun)
                begun = _now()
                job = Job("a", states if number % 2 else {}, (("tests", "python all.py"),), 600)
                (done,) = yard.run(deque([job]), time.monotonic() + 600)
                assert done.came is Came.PASSED
                asked = _since(begun)
                if number >= 2:  # the first of each fill caches
                    ratios.append((asked[0] / plain[0], asked[1] / plain[1]))
    by_clock, by_processor = (statistics.median(each) for each in zip(*ratios, strict=True))
    print(
        f"trial ÷ command in a checkout, median of {pairs}: {by_clock:.3f} by the clock, {by_processor:.3f} processor"
    )


def _now() -> tuple[float, float]:
    times = os.times()
    return time.monotonic(), times.user + times.system + times.children_user + times.children_system


def _since(begun: tuple[float, float]) -> tuple[float, float]:
    return tuple(now - before for now, before in zip(_now(), begun, strict=True))


class _Dice:
    """Runs nothing: each job fails with a probability."""

    def __init__(self, rate: float, seed: int) -> None:
        self.size, self._rate, self._dice = 1, rate, random.Random(seed)

    def run(self, queue: deque[Job], until: float) -> Iterator[Done]:
        while queue and time.monotonic() < until:
            yield Done(queue.popleft(), Came.FAILED if self._dice.random() < self._rate else Came.PASSED, 0.01)


def flaky(runs: int) -> None:
    """Count claimed proofs by the rate of random failures."""
    divided = _changed()
    silent = ProofProgress(lambda _: None, lambda _: None)
    for rate in (0.05, 0.1, 0.3, 0.5):
        claimed = concluded = 0
        for seed in range(runs):
            until = time.monotonic() + 600
            dice: Yard = _Dice(rate, seed * 7919 + int(rate * 1000))
            asked = Session(divided, (("tests", "a"),), dice, until, silent, 60)
            try:
                ask_all(asked, LEVELS)
            except (FlakyError, PlanfenceError):
                continue
            concluded += 1
            claimed += any(one.answer(asked.passes) is TrialOutcome.NOTICED for one in asked.trials.values())
        print(f"{rate:.0%} fail at random: {claimed} of {runs} runs claim a proof, {concluded} come to an end")


def _changed() -> Division:
    old = b"def a():\n    return 1\n\n\n\n\ndef b():\n    return 1\n\n\n\n\ndef c():\n    return 1\n"
    new = old.replace(b"return 1", b"return 2")
    ranges = ((2, 1, 2, 1), (8, 1, 8, 1), (14, 1, 14, 1))
    return division(file("src/a.py", old, new, *ranges), file("tests/test_a.py", b"1\n", b"2\n", (1, 1, 1, 1)))


def main() -> None:
    """Run what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("trial", "flaky"))
    parser.add_argument("--count", type=int, default=0, help="how many pairs, or runs")
    given = parser.parse_args()
    if given.what == "trial":
        trial(given.count or 14)
    else:
        flaky(given.count or 3000)


if __name__ == "__main__":
    main()
