"""Real commits with code and tests: are they red without their code, and which of their parts does no test notice?

`python benchmarks/proven_history.py CLONE --command "python -m pytest -q --junit-xml={junit} {files}" --count 12` takes
the newest commits of a clone that change code and tests, makes each one commit above its parent in a repository of its
own (with nothing added but a policy that names the command), and runs `planfence prove` on it. It prints a table, and
the patch of every part that it calls unproven, to be read by hand. What the tests need besides their tree
(`node_modules`) is linked: `--link NAME=FOLDER`. Nothing of the clone is changed.

The sample, fixed before a run: newest first, no merges, the first `--count` commits in which, by the content kinds, at
least one hunk of code is a part to ask about, and at least one hunk of tests adds lines and is neither formatting,
comments, imports, renamed nor moved. Commits whose own tests do not pass are counted apart and replaced by the next.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planfence.change.pathclass import PathClass, classify
from planfence.content.unitkinds import UnitKind
from planfence.env import Environment
from planfence.gate.testtarget import target_of
from planfence.gitio import paths
from planfence.gitio.repository import open_repository
from planfence.judge import content
from planfence.prove.bench import with_files
from planfence.prove.leftout import left_out
from planfence.prove.prove import take_apart

_VARIABLES = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PLANFENCE_"))}
_VARIABLES |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
for _kind in ("AUTHOR", "COMMITTER"):
    _VARIABLES |= {f"GIT_{_kind}_NAME": "A", f"GIT_{_kind}_EMAIL": "a@example.org"}


def git(root: Path, *words: str, stdin: str = "", **more: str) -> str:
    """Run git in a folder and return what it says, without the newline at the end."""
    done = subprocess.run(
        ("git", *words), cwd=root, env=_VARIABLES | more, input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip("\n")


def candidates(
    clone: Path, rev: str, own: tuple[str, ...], run: tuple[str, ...]
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (commit, subject, its test files) of those that change code and tests, newest first."""
    for line in git(clone, "log", "--no-merges", "--format=%H %s", rev).splitlines():
        commit, _, subject = line.partition(" ")
        if not git(clone, "rev-list", "--parents", "-n1", commit).partition(" ")[2]:
            continue
        names = git(clone, "diff-tree", "-r", "-z", "--name-only", "--no-commit-id", commit).split("\0")
        kinds = {
            name: PathClass.TEST if own and paths.matches(own, name) else classify(name) for name in filter(None, names)
        }
        tests = [name for name, kind in kinds.items() if kind is PathClass.TEST]
        inline = any(name.endswith(".rs") for name in kinds)  # what of it is tests is told by `fits`
        if (tests or inline) and PathClass.SRC in kinds.values():
            there = git(clone, "ls-tree", "-r", "-z", "--name-only", commit, "--", *tests).split("\0")
            yield commit, subject, [name for name in there if name.endswith(run)]


def planted(root: Path, clone: Path, commit: str, policy: str) -> None:
    """Make a repository with the commit's parent on `main` and the commit on `work`, both with the policy."""
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    objects = clone / git(clone, "rev-parse", "--git-path", "objects")
    (root / ".git/objects/info/alternates").write_text(f"{objects}\n")
    blob = git(root, "hash-object", "-w", "--stdin", stdin=policy)
    before = ""
    for rev, branch in ((f"{commit}^", "main"), (commit, "work")):
        index = {"GIT_INDEX_FILE": str(root / ".git/making")}
        git(root, "read-tree", git(clone, "rev-parse", f"{rev}^{{tree}}"), **index)
        git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},planfence.toml", **index)
        tree = git(root, "write-tree", **index)
        before = git(root, "commit-tree", tree, *(("-p", before) if before else ()), "-m", "chore: a state")
        git(root, "update-ref", f"refs/heads/{branch}", before)
    git(root, "symbolic-ref", "HEAD", "refs/heads/work")
    git(root, "read-tree", "HEAD")


#: Kinds of hunks in tests that ask nothing new.
_NOTHING_NEW = (UnitKind.RENAME, UnitKind.MODE, UnitKind.DELETE, UnitKind.IDENTIFIER, UnitKind.MOVE)


def fits(root: Path) -> bool:
    """Whether the commit at HEAD belongs to the sample: behaviour in its code, and something new in its tests."""
    repository = open_repository(Environment(_VARIABLES), root)
    try:
        target = target_of(repository, "", rev="HEAD")
        division = take_apart(repository, target).division
        judged = content.between(repository, target.trees["base"], target.tree)
    finally:
        repository.objects.close()
    new = any(
        one.unit.id in division.tests - division.chooses
        and one.kind not in _NOTHING_NEW
        and (one.unit.file.new if one.unit.hunk is None else one.unit.hunk.new)
        and not left_out(one)
        for one in judged
    )
    return bool(division.parts) and new


#: How the program is called; once: a single failing run beside two that pass is believed.
ALWAYS = (sys.executable, "-m", "planfence")
ONCE = (
    sys.executable,
    "-c",
    "import sys; from planfence.entry import main; from planfence.prove import chance\n"
    "chance.DOUBT = 1.0\nsys.exit(main())",
)


def ask(root: Path, words: list[str], *, once: bool) -> tuple[dict[str, Any] | None, str]:
    """Run the command; None and the reason where it could not be asked."""
    command = (*(ONCE if once else ALWAYS), "prove")
    done = subprocess.run(
        (*command, "--json", *words), cwd=root, env=_VARIABLES, capture_output=True, text=True, check=False
    )
    if done.returncode > 1 or not done.stdout:
        return None, (done.stderr.strip().splitlines() or ["?"])[0 if done.returncode > 1 else -1]
    told = json.loads(done.stdout)
    if told is None:
        return None, "nothing to prove"
    for trial in told["trials"]:
        if trial["question"] == "hunk" and trial["answer"] == "unnoticed":
            shown = subprocess.run(
                (*command, "--show", trial["key"]), cwd=root, env=_VARIABLES, capture_output=True, check=False
            )
            print(f"    -- {trial['path']}:{trial['lines'][0]}-{trial['lines'][1]} {trial['key']}")
            print("    " + shown.stdout.decode("utf-8", "replace").replace("\n", "\n    "))
    return told, ""


def main() -> None:
    """Ask about the newest commits that fit, and print what came of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--command", required=True)
    parser.add_argument("--setup", default="")
    parser.add_argument("--rev", default="HEAD", help="begin with this commit")
    parser.add_argument("--count", type=int, default=12, help="how many commits to ask about")
    parser.add_argument("--says", default="", help="count only commits whose message has this; ask about all")
    parser.add_argument("--skip", default="", help="leave these out: the beginnings of commits, by commas")
    parser.add_argument("--budget", default="3m")
    parser.add_argument("--until", type=float, default=0, help="begin no commit after so many seconds")
    parser.add_argument("--only", default="", help="ask this one question alone")
    parser.add_argument("--jobs", type=int, default=1, help="run so many trials side by side")
    parser.add_argument("--own", action="store_true", help="run the commit's own test files alone, as `{files}`")
    parser.add_argument("--run", default=".py,.js,.mjs,.ts,.c", help="the ends of their names that a runner is given")
    parser.add_argument("--once", action="store_true", help="believe one failing run: no chance is ruled out")
    parser.add_argument("--path", action="append", default=[], help="where tests are, if their names do not say so")
    parser.add_argument("--link", action="append", default=[], metavar="NAME=FOLDER")
    given = parser.parse_args()
    links = dict(each.split("=", 1) for each in given.link)
    policy = f"setup = {json.dumps(given.setup)}\n" if given.setup else ""
    policy += f"paths = {json.dumps(given.path)}\n" if given.path else ""
    policy += f"links = {json.dumps(list(links))}\n" if links else ""
    policy += f"jobs = {given.jobs}\n"
    words = ["--budget", given.budget, *(("--only", given.only) if given.only else ())]
    rows: list[str] = []
    answers: Counter[str] = Counter()
    clone = given.clone.resolve()
    asked, begun = 0, time.monotonic()
    for commit, subject, tests in candidates(clone, given.rev, tuple(given.path), tuple(given.run.split(","))):
        if asked == given.count:
            break
        if given.skip and commit.startswith(tuple(given.skip.split(","))):
            continue
        says = not given.says or re.search(given.says, git(clone, "log", "-1", "--format=%B", commit), re.I) is not None
        started = time.monotonic()
        if given.until and started - begun > given.until:
            break
        print(f"{commit[:10]} {subject}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "asked"
            command = with_files(given.command, tuple(tests)) if given.own else given.command
            head = f'schema = 1\nbase = "main"\n[tests]\ncommand = {json.dumps(command)}\nmin_tests = 0\n'
            planted(root, clone, commit, head + policy)
            for name, target in links.items():
                (root / name).symlink_to(Path(target).resolve())
            if not fits(root):
                print("    not in the sample", flush=True)
                answers["not in the sample"] += 1
                continue
            told, why = ask(root, words, once=given.once)
        took = time.monotonic() - started
        if told is None:
            print(f"    not asked: {why}", flush=True)
            answers["not asked"] += 1
            continue
        asked += says
        whole = {each["question"]: each["answer"] for each in told["trials"] if each["question"] != "hunk"}
        parts = Counter(each["answer"] for each in told["trials"] if each["question"] == "hunk")
        red = "flaky" if told["flaky"] else whole.get("change", "no part")
        answers[f"change {red}"] += 1
        answers[f"change {red}, and says so"] += bool(given.says) and says
        answers.update({f"part {answer}": count for answer, count in parts.items()})
        answers["old tests that fail"] += whole.get("old-tests") == "noticed"
        answers["parts there were"] += told["total"]
        row = f"| {commit[:10]} | {red}{'' if says else ' (other)'} | {parts['noticed']} | {parts['unnoticed']} | "
        rows.append(f"{row}{parts['inseparable']} | {whole.get('old-tests', '')} | {took:.0f} s |")
        print(rows[-1], flush=True)
    print(
        "\n| commit | without it | proven | unproven | inseparable | old tests | took |\n|---|---|---|---|---|---|---|"
    )
    print("\n".join(rows))
    print("\n" + ", ".join(f"{count} {what}" for what, count in sorted(answers.items())))


if __name__ == "__main__":
    main()
