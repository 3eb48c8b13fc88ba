"""Format-only lines, behavioural mutants, latency."""

from __future__ import annotations

import random
import re
import resource
import time
from collections import Counter
from pathlib import PurePosixPath

from themes_common import clone, commits, judge_commit, quantile
from themes_mutants import hunks_of
from themes_mutants import mutants as make_mutants

from planfence.change.hunkreader import read_files
from planfence.change.hunks import units_of
from planfence.content.kinds import UnitKind, judge, text_kinds

#: Subjects that say "format only"; others in .git-blame-ignore-revs are codemods, moves, type annotations.
FORMAT_ONLY = re.compile(
    r"\bblack(?:en)?\b|\bre-?format|ruff format|ran blacken|clang-format|\bformat(?:ting)? (?:the|with|code)",
    re.IGNORECASE,
)
NOT_ONLY = re.compile(r"pyupgrade|isort|autoflake|docs again|lint|flake8|migrate", re.IGNORECASE)
_EXTENSIONS = {"python": ".py", "javascript": ".js .ts", "java": ".java", "go": ".go", "rust": ".rs"}


def format_only(*repos: str) -> None:
    print(f"{'repository':32} {'commits':>7} {'lines':>7} {'format':>8} {'+comment':>8}")
    for repo in repos:
        repository = clone(repo)
        git = repository.git
        status, listed = git.status("show", "HEAD:.git-blame-ignore-revs", ok=(0, 128))
        names = [word[0] for line in listed.decode().splitlines() if (word := line.split("#")[0].split())]
        if status:  # no such list: the commits whose subject says that they only ran black
            names = git.text(
                "log", "--no-merges", "--format=%H", "-i", "-E", "--grep=^\\W*(fade to black|blacken)"
            ).split()
        count: Counter[str] = Counter()
        used = 0
        for name in names:
            subject = git.text("log", "-1", "--format=%s", name, ok=(0, 128))
            if not FORMAT_ONLY.search(subject) or NOT_ONLY.search(subject):
                continue
            used += 1
            for one in judge_commit(repository, name):
                count[str(one.kind)] += one.unit.lines
        total = sum(count.values()) or 1
        form, words = count["format"], count["comment"]
        print(f"{repo[-32:]:32} {used:7} {total:7} {form / total:8.2%} {(form + words) / total:8.2%}")


def mutants(count: str, *pairs: str) -> None:
    print(f"{'language':12} {'mutants':>8} {'quiet':>6}  kinds")
    for pair in pairs:
        language, _, repo = pair.partition("=")
        git, rng = clone(repo).git, random.Random(3)
        endings = tuple(_EXTENSIONS[language].split())
        names = [n for n in git.text("ls-tree", "-r", "--name-only", "HEAD").splitlines() if n.endswith(endings)]
        rng.shuffle(names)
        kinds: Counter[str] = Counter()
        made = quiet = 0
        for name in names:
            if made >= int(count):
                break
            text = git.run("cat-file", "blob", f"HEAD:{name}")
            if len(text) > 60_000:
                continue
            for what, mutant in make_mutants(language, text.decode("latin-1"), rng, 8):
                new = mutant.encode("latin-1")
                found, _ = text_kinds(name, text, new, hunks_of(text, new), time.perf_counter, time.perf_counter() + 9)
                made += 1
                kinds.update(map(str, found))
                if all(kind in (UnitKind.FORMAT, UnitKind.COMMENT) for kind in found):
                    quiet += 1
                    print(f"  {PurePosixPath(name).name}: {what} called {found[0]}")
        print(f"{language:12} {made:8} {quiet:6}  {dict(kinds)}")


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def latency(count: str, *repos: str) -> None:
    """What a commit of up to five files pays when its content is looked at, with the hook's deadline.

    In ms of processor time, git's included: on an idle machine what a person waits for, and
    the same on a busy one.
    """
    print(f"{'repository':32} {'commits':>7} {'median':>7} {'p90':>7} {'worst':>7}   git alone: median p90")
    for repo in repos:
        repository = clone(repo)
        spent, reading = [], []
        for name in commits(repository, int(count) * 2):
            if len(spent) >= int(count):
                break
            began = _processor()
            files = read_files(repository, f"{name}^", name)
            middle = _processor()
            if not 0 < len(files) <= 5:
                continue
            judge(units_of(files), time.process_time, 0.04)
            spent.append((_processor() - began) * 1000)
            reading.append((middle - began) * 1000)
        row = [quantile(spent, part) for part in (0.5, 0.9, 0.9999)]
        print(f"{repo[-32:]:32} {len(spent):7} " + " ".join(f"{value:7.1f}" for value in row), end="   ")
        print(f"{quantile(reading, 0.5):7.1f} {quantile(reading, 0.9):7.1f}")
