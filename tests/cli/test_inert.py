"""Every command of the group, in a repository full of hostile texts: at a terminal and not, what it prints is inert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from support import hostile, program
from support.hostile import BRANCH, SPEAKABLE, faults
from support.repository import Repo, copy_tree, environment

ZERO = "0" * 40


@dataclass(frozen=True)
class Call:
    """One way to call a command: its arguments, what it reads, what a person types, and how the repository is before.

    ``shows``: what must be seen in what it prints, so that the walk does not pass by printing nothing.
    """

    words: tuple[str, ...] = ()
    stdin: bytes | None = None
    typed: bytes = b""
    before: str = ""
    shows: str = "evil"


def call(*words: str, **more: object) -> Call:
    return Call(words, **more)


def _payload(agent: str, event: str, **more: object) -> bytes:
    asked = {"session_id": SPEAKABLE, "cwd": "@ROOT@", "hook_event_name": event} | more
    if agent == "cursor":
        asked |= {"workspace_roots": ["@ROOT@"], "conversation_id": "c"}
    return json.dumps(asked).encode()


def _agent(name: str) -> list[Call]:
    edit = {"file_path": f"@ROOT@/out/{SPEAKABLE}", "content": SPEAKABLE}
    before = {"claude": "PreToolUse", "codex": "PreToolUse", "gemini": "BeforeTool", "cursor": "preToolUse"}[name]
    tool = "write_file" if name == "gemini" else "Write"
    return [
        call(name, stdin=_payload(name, before, tool_name=tool, tool_input=edit)),
        call(name, stdin=_payload(name, "SessionStart"), shows="" if name == "cursor" else "evil"),
        call(name, stdin=SPEAKABLE.encode(), shows=""),
    ]


def _answers(met: str) -> bytes:
    names = ("A1", "A2", "architecture", "edge-cases", "risks", "scope")
    return "".join(f"- [{met}] {name}: {SPEAKABLE.splitlines()[0]} evil\n" for name in names).encode()


#: For each command the ways to call it. Every choice of `--format`, and every flag of its own, is tried besides.
CALLS: dict[tuple[str, ...], list[Call]] = {
    ("init",): [call(shows="")],
    ("install",): [call(shows=""), call("--agents", SPEAKABLE), call("--framework", "pre-commit", shows="")],
    ("uninstall",): [call(shows=""), call("--agents", SPEAKABLE)],
    ("doctor",): [call(shows="")],
    ("demo",): [],  # makes and prints its own repository, nothing of others
    ("plan", "amend"): [
        call("evil/one", "--add", f"src/{SPEAKABLE}/x", "--why", SPEAKABLE),
        call(SPEAKABLE, "--add", "x", "--why", "y"),
    ],
    ("plan", "lint"): [call(), call("plans/bad.toml", before="bad plan"), call(SPEAKABLE)],
    ("plan", "new"): [call(SPEAKABLE)],
    ("plan", "schema"): [call(shows="")],
    ("plan", "show"): [call("evil"), call(SPEAKABLE), call(before="second plan")],
    ("plan", "import"): [
        call("--from", "taskmaster", "tasks.json", before="taskmaster"),
        call("--from", "taskmaster", SPEAKABLE),
    ],
    ("start",): [
        call("evil/two", typed=b"45\n"),
        call(SPEAKABLE),
        call("evil/one", before="back to plan", typed=b"x\n45\n"),
    ],
    ("status",): [call(), call(SPEAKABLE)],
    ("check",): [
        call(),
        call("--commit", "HEAD"),
        call("--range", "main..HEAD"),
        call("--range", f"{SPEAKABLE}..x"),
        call("--commit", SPEAKABLE),
    ],
    ("test",): [call(), call(SPEAKABLE), call("--rev", SPEAKABLE)],
    ("advance",): [call(), call(SPEAKABLE)],
    ("review",): [
        call("evil/one", "--checklist"),
        call("evil/one", typed=b"y\nlooked at evil\n" * 8),
        call("evil/one", "--file", "-", stdin=_answers(" ")),
        call("evil/one", "--file", "-", stdin=f"- [x] {SPEAKABLE}".encode()),
        call("evil/one", "--json", "-", stdin=json.dumps({"answers": [{"id": SPEAKABLE}]}).encode()),
    ],
    ("rework",): [call("--why", SPEAKABLE, "--to", SPEAKABLE), call(SPEAKABLE, "--why", "x")],
    ("handover",): [
        call("evil/two", "--to", "codex", "--why", SPEAKABLE),
        call("evil/one", "--to", SPEAKABLE, "--why", "x"),
    ],
    ("finish",): [call(), call(SPEAKABLE)],
    ("requests",): [call(shows=""), call("--drop", "1", shows="")],
    ("approve",): [call("1", shows=""), call(SPEAKABLE)],
    ("prove",): [call(SPEAKABLE), call("--budget", SPEAKABLE)],
    ("squash-message",): [call("main..HEAD", shows=""), call(f"{SPEAKABLE}..HEAD")],
    ("verify",): [call("main..HEAD"), call(f"{SPEAKABLE}..HEAD"), call(f"main..{BRANCH}")],
    ("receive",): [
        call(stdin=f"{ZERO} @HEAD@ refs/heads/{BRANCH}\n@MAIN@ {ZERO} refs/heads/main\n".encode(), shows="")
    ],
    ("split",): [
        call(),
        call("-m", SPEAKABLE),
        call("--plan", "-", stdin=SPEAKABLE.encode(), shows=""),
        call("--exec", "cat src/*", "--apply", shows=""),
    ],
    ("summary",): [call(), call("--range", "main..HEAD"), call("--commit", SPEAKABLE)],
    ("prompt",): [
        call("implement"),
        call("review"),
        call("plan", "evil"),
        call("plan", "--goal", SPEAKABLE),
        call("plan", SPEAKABLE),
    ],
    ("replay",): [
        call("last"),
        call(SPEAKABLE),
        call("last", "--tests", typed=b"y\n"),
        call("last", "--into", "re\x1b[2Jevil\nplayed"),
    ],
    ("compare",): [call(BRANCH, "main", "--task", "evil/one"), call(SPEAKABLE, BRANCH)],
    ("trial", "start"): [call(SPEAKABLE, shows=""), call("x", "--arms", SPEAKABLE, "b")],
    ("trial", "status"): [call(shows=""), call(before="trial", shows="")],
    ("trial", "stop"): [call(shows=""), call(before="trial", shows="")],
    ("log", "add"): [call(f"task=evil/{BRANCH}", f"note={SPEAKABLE}"), call(SPEAKABLE)],
    ("log", "collect"): [
        call("-", "--task", "evil/one", stdin=SPEAKABLE.encode(), shows=""),
        call("-", "--model", SPEAKABLE, stdin=b"{}"),
    ],
    ("log", "export"): [
        call("--format", "jsonl"),
        call("--format", "otlp"),
        call("--format", "otlp", "--to", SPEAKABLE),
    ],
    ("log", "import"): [call(".ai-benchmark.csv"), call("/evil\x1b[2J\n::error::x")],
    ("log", "show"): [call(), call("-n", "0"), call("--task", SPEAKABLE, shows="")],
    ("sync",): [call(shows="did not take"), call(SPEAKABLE)],
    ("ledger", "prune"): [call("--older-than", "3", shows=""), call("--older-than", "3", SPEAKABLE)],
    ("report",): [
        call(),
        call("--by", "plan"),
        call("--since", SPEAKABLE),
        call("--html", "evil\x1b[2J.html"),
        call("--repo", SPEAKABLE),
    ],
    ("board",): [call(), call("evil"), call(SPEAKABLE), call("--html", "evil\x1b[2J.html", shows="")],
    ("budget",): [
        call("evil/one", shows=""),
        call("evil/one", "--add-usd", "2", "--why", SPEAKABLE),
        call(SPEAKABLE),
    ],
    ("policy", "show"): [call()],
    ("policy", "pull"): [call(SPEAKABLE), call(f"{SPEAKABLE}@main", "--to", SPEAKABLE)],
    ("policy", "check"): [call(shows="")],
    ("mcp",): [call(stdin=b"", shows=""), call(stdin=SPEAKABLE.encode(), shows="")],
    ("explain",): [call(shows=""), call("SCP001", shows=""), call(SPEAKABLE)],
    ("hook",): [
        call("pre-commit"),
        call("commit-msg", "MESSAGE", before="message"),
        call("commit-msg", SPEAKABLE),
        call("post-commit", shows=""),
        call("pre-push", "origin", "url", stdin=f"refs/heads/{BRANCH} @HEAD@ refs/heads/{BRANCH} {ZERO}\n".encode()),
        call("pre-merge-commit"),
    ],
    ("agent",): [each for name in ("claude", "codex", "gemini", "cursor") for each in _agent(name)],
}


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from _commands(found, (*path, name))
        else:
            yield (*path, name), found


def _found() -> dict[tuple[str, ...], click.Command]:
    from planfence.cli.main import planfence

    return dict(_commands(planfence))


def test_every_command_is_called() -> None:
    assert set(_found()) == set(CALLS), "a new command needs its calls in CALLS"


def _ways(path: tuple[str, ...]) -> list[Call]:
    """The calls of a command, each with every format, and with every flag that is alone; then a mistake."""
    command = _found()[path]
    if path == ("demo",):
        return [Call(("--no-such-evil\x1b[2J\n::error::evil",))]
    given = CALLS[path]
    found = list(given)
    for option in command.params:
        if isinstance(option, click.Option) and option.opts[0] == "--format":
            choices = option.type.choices if isinstance(option.type, click.Choice) else ()
            found += [
                Call((*each.words, "--format", str(choice)), each.stdin, each.typed, each.before, "")
                for each in given
                if "--format" not in each.words
                for choice in choices
                if choice not in ("text", "parquet")
            ]
        elif (
            isinstance(option, click.Option)
            and option.is_flag
            and option.opts[0] not in ("--again", "--server", "--watch")
        ):
            each = given[0]
            if option.opts[0] not in each.words:
                found.append(Call((*each.words, option.opts[0]), each.stdin, each.typed, each.before, ""))
    mistake = "evil\x1b[2J\n::error::evil\u202e"
    found.append(
        Call((*(given[0].words if path == ("hook",) else ()), f"--no-such={mistake}", mistake, mistake), b"", shows="")
    )
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("hostile")
    repo = Repo(folder / "evil", environment(folder))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    hostile.make(repo)
    for git_dir in (repo.root / ".git", folder / "server.git"):  # less to copy for each call
        for sample in git_dir.glob("hooks/*.sample"):
            sample.unlink()
        repo.git("--git-dir", str(git_dir), "repack", "-a", "-d", "-q")
    return repo


def _copy(world: Repo, folder: Path, before: str) -> Repo:
    copy_tree(world.root.parent, folder)
    repo = Repo(folder / world.root.name, environment(folder))
    config = (repo.root / ".git/config").read_text()
    repo.write(".git/config", config.replace(str(world.root.parent / "server.git"), str(folder / "server.git")))
    if before == "bad plan":
        repo.write("plans/bad.toml", hostile.plan("bad").replace("version = 1", f"{hostile.toml(SPEAKABLE)} = 1", 1))
    elif before == "second plan":
        repo.write("plans/second.toml", hostile.plan("second"))
        repo.git("commit", "-q", "--no-verify", "-m", "chore: plan", "--", "plans", ok=False)
    elif before == "taskmaster":
        task = {"id": 1, "title": SPEAKABLE, "description": SPEAKABLE, "status": SPEAKABLE, "dependencies": [SPEAKABLE]}
        repo.write("tasks.json", json.dumps({"master": {"tasks": [task]}}))
    elif before == "message":
        repo.write("MESSAGE", f"feat: evil {SPEAKABLE}\n")
    elif before == "back to plan":
        for ref in repo.git("for-each-ref", "--format=%(refname)", "refs/planfence").splitlines():
            repo.git("update-ref", "-d", ref)
    elif before == "trial":
        repo.planfence("trial", "start", "evil")
    return repo


def _filled(data: bytes | None, repo: Repo) -> bytes | None:
    if data is None:
        return None
    main, head = repo.git("rev-parse", "main", "HEAD").split()
    root = json.dumps(str(repo.root))[1:-1]
    return data.replace(b"@ROOT@", root.encode()).replace(b"@HEAD@", head.encode()).replace(b"@MAIN@", main.encode())


def _run(repo: Repo, words: tuple[str, ...], each: Call, terminal: bool) -> tuple[bytes, bytes, int]:
    """Return standard output, all that is printed, and the status."""
    stdin = _filled(each.stdin, repo)
    if terminal:
        # who types no more ends the input
        code, shown = program.run_at_terminal(
            words, repo.root, repo.variables | {"TERM": "xterm"}, each.typed + b"\x04", stdin
        )
        return shown, shown, code
    done = program.run_raw(words, repo.root, repo.variables, stdin)
    return done.stdout, done.stdout + done.stderr, done.returncode


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path)) for path in CALLS])
def test_what_it_prints_is_inert(world: Repo, tmp_path: Path, path: tuple[str, ...], terminal: bool) -> None:
    wrong = []
    for number, each in enumerate(_ways(path)):
        repo = _copy(world, tmp_path / str(number), each.before)
        out, printed, code = _run(repo, (*path, *each.words), each, terminal)
        said = faults(printed, terminal=terminal, github="github" in each.words)
        if (terminal or not each.typed) and each.shows.encode() not in printed:
            said.append(f"says nothing of {each.shows}")
        if b"Traceback" in printed:
            said.append("a traceback")
        if path == ("agent",):
            said += _decoded(out)
        if said:
            known = " ".join((*path, *each.words)).replace(SPEAKABLE, "EVIL")
            wrong.append(
                f"{known!r} ({code}): " + "\n    ".join([*said[:8], repr(printed[:300]), repr(printed[-900:])])
            )
    assert not wrong, "\n".join(wrong)


def _decoded(data: bytes) -> list[str]:
    """An agent shows what an answer's strings say."""
    found: list[str] = []

    def take(value: object) -> None:
        if isinstance(value, str):
            found.extend(faults(value.encode("utf-8", "surrogatepass")))
        elif isinstance(value, dict):
            for each in value.values():
                take(each)

    try:
        take(json.loads(data))
    except ValueError:
        return []
    return found


def test_a_commit_that_the_hooks_refuse(world: Repo, tmp_path: Path) -> None:
    import subprocess

    repo = _copy(world, tmp_path / "copy", "")
    repo.install()
    message = f"feat: evil {SPEAKABLE}".encode()
    words = ["git", "commit", "-F", "-"]
    done = subprocess.run(words, cwd=repo.root, env=repo.variables, input=message, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"evil" in done.stderr
    assert not faults(done.stdout + done.stderr)


def test_one_door() -> None:
    """Nothing but the terminal's module writes to standard output or error, or the list of who does is short."""
    import planfence

    folder = Path(planfence.__file__).parent
    writes = (
        "sys.stdout.write",
        "sys.stderr.write",
        "sys.stdout.buffer",
        "sys.stderr.buffer",
        "posix.write(2",
        "print(",
    )
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if any(f" {word}" in f" {line.strip()}" for word in writes)
    }
    assert found <= {"terminal.py", "entry.py"}, "print with planfence.terminal"
