"""The light entry of `verify A..B` and `check --range A..B`: git lists the range while the judges are loaded.

Everything else that the two commands know, and every mistake in them, is click's.
"""

from __future__ import annotations

import gc
import os
import sys

from planfence import env
from planfence.errors import ExitCode, PlanfenceError
from planfence.gitio.objects import Objects
from planfence.gitio.revisions import Ahead, are_plain, listing, looking
from planfence.gitio.run import Git
from planfence.records import replace
from planfence.terminal import ended


def span_of(words: list[str]) -> str | None:
    """Return the range that the command line asks for as text, "" for the default one; None if it is click's."""
    if words == ["verify"]:
        return ""
    plain = words[:1] == ["verify"] and len(words) == 2
    ranged = words[:2] == ["check", "--range"] and len(words) == 3
    return words[-1] if (plain or ranged) and words[-1][:1] != "-" else None


def main(words: list[str], span: str) -> int:
    """Run the command; return the exit code."""
    git = Git(os.getcwd(), env.current())
    with Objects(git) as objects:
        ends = _ends(git, objects, span)
        if ends is None:
            return _run(words, span, objects, None)
        # Git lists the commits while all else is loaded.
        with listing(git, [ends[1], f"^{ends[0]}"]) as asked:
            return _run(words, span, objects, Ahead(*ends, asked))


def _ends(git: Git, objects: Objects, span: str) -> tuple[str, str] | None:
    """The full ids of a range that is plainly named; None if the command itself has to look, or to complain."""
    left, dots, right = span.partition("..")
    if not (left and dots and right) or right[:1] == "." or "\n" in span:
        return None
    try:
        with looking(git, (left, right)) as asked:
            ends = [objects.find(f"{name}^{{commit}}") for name in (left, right)]
            if not are_plain(asked, (left, right)):
                return None
    except PlanfenceError:
        return None
    base, head = ends
    return (base[0], head[0]) if base and head else None


def _run(words: list[str], span: str, objects: Objects, ahead: Ahead | None) -> int:
    from planfence.cli import ranges
    from planfence.gitio.repository import open_repository
    from planfence.judge.check import check_span

    repository = open_repository(env.current(), os.getcwd())
    if repository.git.partial:
        ahead = None  # what began to read fetches nothing
    else:
        repository = replace(repository, objects=objects)
    if words[0] == "verify":
        return ranges.verify(repository, span, "text", ahead)
    return ranges.check(repository, lambda: check_span(repository, span, ahead), "text")


def run(words: list[str], span: str) -> None:
    """Run the command and end the process."""
    # What is loaded and read stays until the end: nothing to collect, and nothing to take down one by one.
    gc.disable()
    code = ended(lambda: main(words, span))
    if code == ExitCode.CLEAN:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
