"""A large repository: 50,000 staged files against git alone on the same. Ranges are in `benchmarks/verify.py`.

python benchmarks/large.py [FILES] [ROUNDS]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from setting import Scratch, Table, environment, interleaved, timed

#: 50,000 files in one change, and 200 patterns in one task, are more than the limits allow.
POLICY = 'schema = 1\n[rules]\nSIZ001 = "off"\nLNT004 = "off"\n'
_HEAD = """\
schema = 1
id = "large"
version = 1
goal = "Measure"
out_of_scope = ["everything else"]
risks = [{ risk = "noise", mitigation = "medians" }]
rollback = "none"
"""
_TASK = """
[[tasks]]
id = "TASK"
title = "Change it"
theme = "all"
estimate_min = 45
files = [FILES]
acceptance = [{ id = "A1", text = "it is measured", review = true }]
"""


def folder_of(number: int) -> str:
    return f"src/pkg{number % 200:03}/mod{number // 200 % 10}"


def plan() -> str:
    """200 patterns in one task, and one theme."""
    patterns = ", ".join(f'{{ path = "src/pkg{number:03}/**" }}' for number in range(200))
    themes = '\n[themes.all]\npaths = ["src/**"]\ntypes = ["feat", "fix"]\n'
    return _HEAD + themes + _TASK.replace("TASK", "wide").replace("FILES", patterns)


def history(files: int) -> bytes:
    """A fast-import stream: the governing files, then all files."""
    out = [b"feature done\n"]
    body = b"value = 1\n"
    out.append(b"blob\nmark :1\ndata %d\n%s\n" % (len(body), body))
    who = b"Ada <ada@example.org> %d +0000"

    def data(text: bytes) -> bytes:
        return b"data %d\n%s\n" % (len(text), text)

    def commit(number: int, message: bytes, changes: list[bytes]) -> None:
        head = b"commit refs/heads/main\ncommitter " + who % (1_700_000_000 + number) + b"\n"
        out.append(head + data(message) + b"".join(changes) + b"\n")

    governing = [
        b"M 100644 inline " + name.encode() + b"\n" + data(text.encode())
        for name, text in {"planfence.toml": POLICY, "plans/large.toml": plan(), ".gitignore": ".ai-*\n"}.items()
    ]
    commit(0, b"chore: begin\n", governing)
    every = [b"M 100644 :1 %s/file%d.py\n" % (folder_of(number).encode(), number) for number in range(files)]
    commit(1, b"feat: all files\n\nPlan-Task: large/wide\nPlan-Model: human\n", every)
    out.append(b"done\n")
    return b"".join(out)


def make(root: Path, files: int) -> Scratch:
    scratch = Scratch.__new__(Scratch)
    scratch.root, scratch.variables = root, environment(root.parent)
    root.mkdir()
    scratch.run("git", "init", "-q", "-b", "main")
    scratch.run("git", "fast-import", "--quiet", "--done", stdin=history(files))
    scratch.run("git", "repack", "-adq")
    scratch.run("git", "read-tree", "HEAD")
    return scratch


def staged(table: Table, scratch: Scratch, files: int, rounds: int) -> None:
    """All files changed in the index, then all of them added: the clean hook / diff-index."""
    hook = scratch.root / "hook"
    launcher = "import sys; sys.path.insert(0, sys.argv.pop(1)); from planfence.hooks import fastpath; fastpath.main()"
    source = str(Path(__file__).resolve().parent.parent / "src")
    command = [sys.executable, "-I", "-S", "-c", launcher, source, "pre-commit"]
    variables = scratch.variables | {"GIT_INDEX_FILE": str(scratch.root / ".git/index")}
    program = str(Path(sys.executable).parent / "planfence")
    blob = scratch.run("git", "hash-object", "-w", "--stdin", stdin=b"value = 'other'\n").stdout.decode().strip()
    scratch.run(program, "start", "large/wide")
    for words in ("modified", "added"):
        lines = []
        for number in range(files):
            name = f"{folder_of(number)}/{'more' if words == 'added' else 'file'}{number}.py"
            lines.append(f"100644 {blob}\t{name}\n")
        scratch.run("git", "read-tree", "HEAD")
        scratch.run("git", "update-index", "--index-info", stdin="".join(lines).encode())
        timed(command, scratch.root, variables)
        found = interleaved(rounds, {
            "git": lambda _: timed(["git", "diff-index", "--cached", "--raw", "-z", "HEAD"], scratch.root, variables),
            "hook": lambda _: timed(command, scratch.root, variables),
        })  # fmt: skip
        if not (scratch.root / ".git/planfence/note").read_text().splitlines()[1].endswith(" -"):
            sys.exit("the clean hook did not take the fast path")
        table.row(f"{files} files {words} in the index, 200 patterns, clean / git diff-index --cached --raw -z",
                  found["hook"] / found["git"], 4)  # fmt: skip
    scratch.run("git", "read-tree", "HEAD")
    assert not hook.exists()


def main() -> int:
    files, rounds = (int(word) for word in (sys.argv[1:] + ["50000", "7"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        scratch = make(Path(folder) / "large", files)
        table = Table()
        staged(table, scratch, files, rounds)
        return 0 if table.held else 1


if __name__ == "__main__":
    os.environ.pop("GIT_DIR", None)
    sys.exit(main())
