"""What planfence adds to `git commit`, against its peers, in one run: ratios of medians of interleaved runs.

python benchmarks/commit_hooks.py [ROUNDS] [--conventional PATH]

PATH is the program of an installed `conventional-pre-commit`; without it that row is left out. `prek` must be on PATH.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from setting import Scratch, Table, environment, interleaved, timed

NOOP = """\
default_install_hook_types: [pre-commit, commit-msg]
repos:
- repo: local
  hooks:
  - {id: one, name: one, entry: "true", language: system, always_run: true, pass_filenames: false, stages: [pre-commit]}
  - {id: two, name: two, entry: "true", language: system, always_run: true, pass_filenames: false, stages: [commit-msg]}
"""
ONE = """\
default_install_hook_types: [STAGE]
repos:
- repo: local
  hooks:
  - {id: one, name: one, entry: ENTRY, language: system, always_run: true, pass_filenames: NAMES, stages: [STAGE]}
"""


MESSAGE = "feat: change the value"


def prek(scratch: Scratch, config: str) -> Scratch:
    scratch.write(".pre-commit-config.yaml", config)
    scratch.run("git", "add", "-A")
    scratch.run("git", "commit", "-q", "-m", "chore: hooks")
    scratch.run("prek", "install")
    return scratch


def one(entry: str, stage: str) -> str:
    names = "true" if stage == "commit-msg" else "false"
    return ONE.replace("ENTRY", entry).replace("STAGE", stage).replace("NAMES", names)


#: How `git commit` is given its message. The editor writes it into the file, as a person's would; all of the time that
#: it takes is in the bare commit too.
WAYS = {
    "-m": ("-m", MESSAGE),
    "-am": ("-am", MESSAGE),
    "-F": ("-F", "../message"),
    "an editor": (),
}


def committing(scratch: Scratch, way: str = "-m"):
    """Time `git commit` of one planned edit, with the message given in one of the :data:`WAYS`."""
    variables = scratch.variables | {"GIT_EDITOR": "cp ../message"}

    def work(number: int) -> float:
        text = f"value = {number} + {os.getpid()} + {list(WAYS).index(way)}\n"
        if way == "-am":
            scratch.write("src/area/part7.py", text)
        else:
            scratch.edit(text)
        return timed(["git", "commit", "-q", *WAYS[way]], scratch.root, variables)

    return work


def peak_memory(command: list[str], scratch: Scratch, variables: dict[str, str]) -> float:
    """The largest resident set, in MiB, of a process and of those that it waits for."""
    pid = os.fork()
    if pid == 0:
        os.chdir(scratch.root)
        os.execvpe(command[0], command, variables)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{command}: {status}")
    return usage.ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=60)
    parser.add_argument("--conventional", default=shutil.which("conventional-pre-commit"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), asked.rounds, asked.conventional)


def measure(folder: Path, rounds: int, conventional: str | None) -> int:
    variables = environment(folder)
    program = str(Path(sys.executable).parent / "planfence")

    def scratch(name: str) -> Scratch:
        return Scratch(folder / name, variables)

    (folder / "message").write_text(f"{MESSAGE}\n")
    works = {}
    for way in WAYS:
        native = scratch(f"native {way}")
        native.run(program, "install")
        native.run(program, "start", "demo/code")
        for name, there in (
            ("bare", scratch(f"bare {way}")),
            ("prek", prek(scratch(f"prek {way}"), NOOP)),
            ("native", native),
        ):
            works[f"{name} {way}"] = committing(there, way)
    framed = {"planfence": (f"{program} hook pre-commit", "pre-commit")}
    framed["message"] = (f"{program} hook commit-msg", "commit-msg")
    if conventional:
        framed["conventional"] = (conventional, "commit-msg")
    for name, (entry, stage) in framed.items():
        there = prek(scratch(f"framed-{name}"), one(entry, stage))
        if name != "conventional":
            there.run(program, "start", "demo/code")
        works[f"framed-{name}"] = committing(there)
    for number in (-2, -1):  # the first commits at a new HEAD go the long way
        for work in works.values():
            work(number)
    table = Table()
    found = interleaved(rounds, works)
    for way in WAYS:
        ours, theirs = (found[f"{name} {way}"] - found[f"bare {way}"] for name in ("native", "prek"))
        table.row(f"git commit {way}: 3 native hooks / prek with 2 no-op stages, each over bare", ours / theirs, 0.7)
    over = {name: value - found["bare -m"] for name, value in found.items()}
    processes(table, native, rounds)
    if conventional:
        table.row("planfence under prek / conventional-pre-commit under prek, over bare",
                  over["framed-planfence"] / over["framed-conventional"], 0.7)  # fmt: skip
        table.row("planfence's commit-msg under prek / conventional-pre-commit under prek",
                  over["framed-message"] / over["framed-conventional"], 0.7)  # fmt: skip
    return 0 if table.held else 1


def processes(table: Table, native: Scratch, rounds: int) -> None:
    """The rows about one hook process: a clean one, a refusal, and memory."""
    variables = native.variables | {"GIT_INDEX_FILE": ".git/index"}
    hook = [str(native.root / ".git/hooks/pre-commit")]
    refused = native.root.parent / "refused"
    shutil.copytree(native.root, refused, symlinks=True)

    def run(command: list[str], root: Path, ok: tuple[int, ...] = (0,)):
        return lambda _: timed(command, root, variables, ok)

    native.edit("value = 'clean'\n")
    other = Scratch.__new__(Scratch)
    other.root, other.variables = refused, native.variables
    other.edit("x\n", "README.md")
    works = {
        "python -I -S": run([sys.executable, "-I", "-S", "-c", "pass"], native.root),
        "python": run([sys.executable, "-c", "pass"], native.root),
        "clean": run(hook, native.root),
        "refused": run(hook, refused, (1,)),
    }
    found = interleaved(rounds, works)
    if not (native.root / ".git/planfence/note").read_text().splitlines()[1].endswith(" -"):
        sys.exit("the clean hook did not take the fast path")
    table.row("the pre-commit hook process, clean / python -I -S -c pass", found["clean"] / found["python -I -S"], 2.2)
    table.row("a refusal, whole process / python -c pass", found["refused"] / found["python"], 10)
    table.row("peak memory of a clean hook, MiB", peak_memory(hook, native, variables), 20)


if __name__ == "__main__":
    sys.exit(main())
