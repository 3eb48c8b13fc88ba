"""Texts that do something when they are printed raw, a repository full of them, and what may be printed at all."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.repository import Repo

#: Clears the screen, sets title and clipboard, hides and blinks, begins a CI's commands, turns and hides text.
EVIL = (
    "evil\x1b[2J\x1b]0;evil\x07\x1b]52;c;ZXZpbA==\x1b\\\x1b[8m\x1b[5;7m\r::error file=a,line=1::evil\n::error::evil\n"
    "  ::set-output name=a::evil\n##[error]evil\n##vso[task.setvariable variable=a]evil\n##teamcity[evil]\u2028"
    "::error::e\u2029\u0085::error::f\x0b\x0c\x9b5m\x7f\x08\x00"
    "\u202e\u2066\u2069\u200b\u200d\ufeff\u00ad\u061c\u3164\ufe0f\U000e0041\ttab"
)
#: As TOML, git's messages and arguments may hold it: without NUL.
SPEAKABLE = EVIL.replace("\x00", "")
#: As a part of a path, and of a file name that is not UTF-8.
NAME = SPEAKABLE.replace("/", "").encode() + b"\xff\xfe"
#: What git lets stand in a branch's name.
BRANCH = "evil\u202e\u200b\u0085::error::evil\u2028".replace(":", "") + "##\u009b5m"

#: Colours of our own, and of rich's headings.
_OURS = re.compile(r"\x1b\[(?:0|1|2|3|31|32|33|1;36)m")
#: A status line is overwritten with spaces.
_STATUS = re.compile(r"\r *(?=\r)|\r(?!\n)")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_COMMAND = re.compile(r"(?i)##(?:vso|teamcity)?\[")
_OWN_COMMAND = re.compile(r"::(?:error|warning) [^:\s]*(?:file=[^:]*,line=\d+,)?title=[A-Z]{3}\d{3} [a-z-]+::")


def faults(data: bytes, *, terminal: bool = False, github: bool = False) -> list[str]:
    """What was printed that does more than be read."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return [f"no UTF-8: {error}"]
    if terminal:
        text = _STATUS.sub("", _OURS.sub("", text.replace("\r\n", "\n")))
    found = []
    for line in text.split("\n"):
        bad = [char for char in line if not char.isprintable()] + _UNSEEN.findall(line)
        if bad:
            found.append(f"{sorted(set(bad))} in {line!r}")
        if line.lstrip().startswith("::") and not (github and _OWN_COMMAND.match(line)):
            found.append(f"a command: {line!r}")
        if _COMMAND.search(line):
            found.append(f"a command: {line!r}")
    return found


def toml(text: str) -> str:
    """As a basic string of TOML."""
    return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def plan(number: str = "evil") -> str:
    """A plan whose every text is hostile."""
    text = toml(SPEAKABLE)
    return f"""schema = 1
id = "{number}"
version = 1
goal = {text}
out_of_scope = [{text}]
risks = [{{ risk = {text}, mitigation = {text} }}]
rollback = {text}
constraints = [{text}, {{ text = {text}, run = {text} }}]

[themes.code]
paths = ["src/**", {toml("src/" + SPEAKABLE)}]
types = ["feat", "fix"]

[themes.docs]
paths = ["docs/**"]

[roles]
implement = "human"
review = "claude"

[[tasks]]
id = "one"
title = {text}
theme = "code"
estimate_min = 45
deny = [{toml("src/keys/" + SPEAKABLE)}]
files = [{{ path = "src/a.py", why = {text} }}, {{ path = {toml("src/" + SPEAKABLE)}, change = "add", why = {text} }}]
acceptance = [{{ id = "A1", text = {text}, review = true }}, {{ id = "A2", text = {text}, run = {text} }}]

[[tasks]]
id = "two"
title = {text}
theme = "docs"
estimate_min = 30
files = [{{ path = "docs/b.md", why = {text} }}]
acceptance = [{{ id = "A1", text = {text}, review = true }}]
"""


#: A test command that prints and fails: its name and what it prints are hostile.
_TEST = f"printf '%b' {json.dumps(SPEAKABLE.encode('unicode_escape').decode().replace('$', ''))}; exit 1"


def make(repo: Repo) -> None:
    """Fill a repository without a commit with hostile plans, policy, names, messages, ledger and log."""
    repo.write("planfence.toml", f"schema = 1\n[tests]\ncommand = {toml(_TEST)}\n")
    repo.write("plans/evil.toml", plan())
    repo.write("src/a.py", "a = 1\n")
    repo.write("docs/b.md", "# B\n")
    repo.write(".gitignore", ".ai-benchmark.csv*\n.ai-run.log*\n")
    repo.commit("chore: begin")
    server = repo.root.parent / "server.git"
    repo.git("init", "-q", "--bare", "-b", "main", str(server))
    repo.git("remote", "add", "origin", str(server))
    repo.git("push", "-q", "origin", "main")
    (server / "hooks").mkdir(exist_ok=True)
    hook = server / "hooks/pre-receive"
    hook.write_bytes(b"#!/bin/sh\ncat >&2 <<'E'\n" + SPEAKABLE.encode() + b"\nE\nexit 1\n")
    hook.chmod(0o755)
    repo.git("checkout", "-q", "-b", BRANCH)
    _commits(repo)
    _ledger(repo)
    _logs(repo)
    repo.start("evil/one")
    _changes(repo)


def _named(repo: Repo, folder: str, text: str) -> None:
    path = os.path.join(os.fsencode(repo.root), folder.encode(), NAME[:200])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(os.fsdecode(path)).write_text(text)


def _changes(repo: Repo) -> None:
    for folder in ("out", "src"):
        _named(repo, folder, f"{SPEAKABLE}\npassword = 'hunter2hunter2'\ntry:\n    pass\nexcept Exception:\n    pass\n")
    repo.write("src/a.py", f"a = 2  # {SPEAKABLE}\n")
    repo.write("docs/b.md", f"# {SPEAKABLE}\n")
    repo.git("add", "-A")
    _named(repo, "loose", "x\n")


def _commits(repo: Repo) -> None:
    trailers = "Plan-Task: evil/one\nPlan-Stage: implement\nPlan-Model: human\n"
    _named(repo, "out", "x\n")
    repo.write("src/a.py", f"a = 1\nb = {SPEAKABLE!r}\n")
    message = f"feat: {SPEAKABLE.split(chr(10), 1)[0]}\x1b[8m\u202e evil\n\n{trailers}"
    repo.git("add", "-A")
    repo.git("commit", "-q", "-F", "-", stdin=message.encode(), GIT_AUTHOR_NAME=f"A\x1b[2J{BRANCH}")
    repo.write("src/b.py", "b = 1\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-F", "-", stdin=f"fix: second \x1b[2J\x9b\n\nPlan-Task: evil/{BRANCH}\n".encode())


def _ledger(repo: Repo) -> None:
    from planfence.ledger.evidence import Counts, GateRun, Outcome, Result
    from planfence.ledger.records import new_id, write_move, write_run
    from planfence.ledger.transitions import Answer, Move, MoveKind
    from planfence.manifest.policy import Policy

    opened, policy = repo.open(), Policy()
    head, tree = repo.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    told = {"at": EVIL, "why": EVIL}
    answers = (Answer("A1", False, EVIL), Answer(EVIL, True, EVIL))
    prompt = {"prompt.md": EVIL.encode()}
    for task in ("evil/one", "evil/two"):
        move = Move(new_id(), MoveKind.START, task, 0, 1, "implement", "human", head, tree, **told)
        write_move(opened, policy, move, prompt)
    for task in ("evil/one",):
        write_move(opened, policy, Move(new_id(), MoveKind.ADVANCE, task, 0, 2, "review", "human", head, tree, **told))
        move = Move(new_id(), MoveKind.REVIEW, task, 0, 3, "review", EVIL, head, tree, answers=answers, **told)
        write_move(opened, policy, move)
        write_move(opened, policy, Move(new_id(), MoveKind.REWORK, task, 1, 4, "implement", EVIL, head, tree, **told))
    move = Move(new_id(), MoveKind.HANDOVER, "evil/two", 0, 2, "implement", EVIL, head, tree, holder=EVIL, **told)
    write_move(opened, policy, move)
    results = (Result("tests", _TEST, 1, Outcome.FAILED, Counts(1, 1, 0), 1.0), Result(EVIL, EVIL, 1, Outcome.FAILED))
    run = GateRun(new_id(), tree, head, head, "evil/one", 1, EVIL, EVIL, EVIL, results, EVIL, EVIL, EVIL)
    attached = {"output.txt": EVIL.encode() + b"\xff", "change.diff": EVIL.encode()}
    write_run(opened, policy, run, attached, {"result": tree, "base": tree})


def _logs(repo: Repo) -> None:
    coded = "".join(f"%{byte:02X}" for byte in EVIL.encode("latin-1", "ignore"))
    raw = SPEAKABLE.replace("\n", "").replace(",", "")
    lines = [
        f"2026-01-01_10:00:00,task=evil/{text},model={text},cost=0.4,time_min=2,review_round=1,outcome={text},"
        f"event={text},result={text},plan={text},stage={text},role={text},theme={text},flow={text},id={number:016x}"
        for number, text in enumerate((coded, raw, "=1+1", "@SUM(1)", "[bold red]x[/bold red]"))
    ]
    lines += [f"2026-01-01_10:00:00,task=evil/{raw},model={raw},cost=1,time_min=1,review_round=1", f"torn {raw}"]
    (repo.root / ".ai-benchmark.csv").write_bytes("\n".join(lines).encode() + b"\n\xff\xfe" + EVIL.encode() + b"\n")
    (repo.root / ".ai-run.log").write_bytes(f"evil{raw},start,1767261600\nevil{raw},end,1767261700\n".encode())
