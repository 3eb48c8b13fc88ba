"""Setting a repository up: policy, ignored logs, hook configuration, hooks.

Each step writes only what is not there yet, and says what it did. What somebody else wrote is
never changed: the user is shown the lines to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from planfence import POLICY_PATH
from planfence.change import write
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.state import edit, locked, write_new
from planfence.gate.testcommand import Shown, find, line_for
from planfence.gitio.repository import Repository
from planfence.judge.sources import worktree_policy
from planfence.log.writer import ignored_by, keep_from_git, log_path
from planfence.manifest.policy import Policy
from planfence.manifest.policyfile import parse_policy
from planfence.plan import plans, starters
from planfence.records import dataclass
from planfence.setup import agents, frameworks, guide
from planfence.setup import install as installing
from planfence.setup.install import HookPlace, Installation

_IGNORED_BECAUSE = "# planfence's logs: local, never committed\n"
STARTER_PLAN = "first"


class InitStep(NamedTuple):
    """One thing that `init` looked at, what became of it, and a remark (empty: none)."""

    name: str
    state: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for beyond the usual: a policy that only observes, a plan to fill in, a commit of it all.

    ``agents`` are those whose files are told of the plan, as `install --agents` takes them; None: `AGENTS.md` and a
    skill, if the repository speaks to agents already.
    """

    observe: bool = False
    plan: bool = False
    commit: bool = False
    agents: str | None = None


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` did: its steps, the hooks' installation, what the user does next, and lines to add (empty: none)."""

    steps: tuple[InitStep, ...]
    installation: Installation
    next_steps: tuple[str, ...]
    snippet: str = ""


def init(
    repository: Repository, framework: str = "auto", *, outside: bool = False, wishes: Wishes | None = None
) -> Initialised:
    """Set the repository up; safe to run twice.

    Of several at once, each waits for the one before. Raises :class:`PlanfenceError` before anything is written where
    the policy that is there can't be read, or the hooks can't be installed.
    """
    with locked(repository.common_dir):
        return _init(repository, framework, wishes or Wishes(), outside=outside)


def _init(repository: Repository, framework: str, wishes: Wishes, *, outside: bool) -> Initialised:
    # A bare repository, or hooks that are switched off, are refused before anything is written.
    folder = installing.hooks_folder(repository)
    installing.require_folder(folder)
    policy = _existing_policy(repository)
    if policy is not None and wishes.observe and not policy.observes:
        raise PlanfenceError(f"{POLICY_PATH} is there already, and enforces", hint='write `mode = "observe"` into it')
    shown: Shown | None = None
    told, theirs = _told(repository, wishes.agents)
    if folder.place is HookPlace.TRACKED:
        theirs.append(str(folder.path.resolve().relative_to(repository.top.resolve())))
    untouched = [name for name in (".gitignore", *theirs) if _clean(repository, name)]
    steps = [*_framework_step(repository.top, framework)]
    installation = installing.install(repository, framework, outside=outside)
    if policy is None:
        base = base_branch(repository)
        shown = find(repository.top)
        command, links = (shown.command, shown.links) if shown else ("", ())
        text = starters.policy_text(base, command, links=links, observe=wishes.observe)
        if not write_new(repository.top / POLICY_PATH, text.encode()):
            raise CouldNotCheck(f"{POLICY_PATH} was written meanwhile", hint="run it again")
        policy = parse_policy(text.encode(), POLICY_PATH)
        steps.insert(0, InitStep(POLICY_PATH, "written", f"the protected branch is {policy.base}"))
    else:
        steps.insert(0, InitStep(POLICY_PATH, "was there already"))
    steps.append(_tests_step(repository, policy, shown))
    if wishes.plan:
        steps.append(_plan_step(repository, policy))
    steps += _ignore_steps(repository, policy)
    steps += [step for name in told for step in _agent_steps(repository, name)]
    config = frameworks.read_config(repository.top)
    snippet = "" if config is None or config.names_planfence else frameworks.snippet()
    if wishes.commit and (files := _uncommitted(repository, policy, untouched)):
        made = write.commit_alone(repository, files, "chore: add planfence")
        steps.append(InitStep("commit", made[:12], " ".join(files)))
    return Initialised(tuple(steps), installation, tuple(_next_steps(repository, policy, theirs)), snippet)


def _uncommitted(repository: Repository, policy: Policy, shared: Iterable[str]) -> list[str]:
    """The files of ours that HEAD does not have as they are, and of those that we share the ``shared`` ones."""
    names = [POLICY_PATH, *policy.shared, policy.plans, frameworks.YAML_CONFIG, *shared]
    return [name for name in names if (repository.top / name).exists() and not _clean(repository, name)]


def _clean(repository: Repository, name: str) -> bool:
    """Whether there is nothing at this path that HEAD does not have."""
    return not repository.git.run("status", "--porcelain", "-uall", "-z", "--", f":(top,literal){name}")


def _existing_policy(repository: Repository) -> Policy | None:
    path = repository.top / POLICY_PATH
    if path.is_symlink():
        raise PlanfenceError(
            f"{POLICY_PATH} is a link{'' if path.exists() else ' to nothing'}", hint="make it a plain file"
        )
    loaded = worktree_policy(repository)
    if loaded is None and path.exists():
        raise CouldNotCheck(f"{POLICY_PATH} could not be read: it is not a file")
    return None if loaded is None else loaded.policy


def base_branch(repository: Repository) -> str:
    """The branch that is most likely protected: the remote's, main, master, or the one at hand."""
    git = repository.git
    if there := git.text("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD", ok=(0, 1, 128)):
        return there.removeprefix("origin/")
    for name in ("main", "master"):
        if git.status("show-ref", "--verify", "--quiet", f"refs/heads/{name}")[0] == 0:
            return name
    name = git.text("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1))
    return name if name and name.isprintable() and '"' not in name and "\\" not in name else "main"


def _tests_step(repository: Repository, policy: Policy, shown: Shown | None) -> InitStep:
    """Say which command the tests are run by, or which line to write."""
    if shown is not None:
        return InitStep("tests", "found", f"{shown.command}   (as {shown.shown_by} shows)")
    if policy.tests.command:
        return InitStep("tests", "has a command already", policy.tests.command)
    line = line_for(repository.top)
    return InitStep("tests", "no command found", f"`planfence test` and a push need one: write `{line}` under [tests]")


def _framework_step(top: Path, framework: str) -> Iterator[InitStep]:
    """Write a framework's configuration if one is asked for and none is there."""
    config = frameworks.read_config(top)
    if config is None:
        if framework in frameworks.TOOLS:
            written = write_new(top / frameworks.YAML_CONFIG, frameworks.snippet().encode())
            yield InitStep(frameworks.YAML_CONFIG, "written" if written else "was there already")
    elif config.names_planfence:
        yield InitStep(config.path.name, "names planfence already")
    elif framework in ("auto", "native"):
        yield InitStep(
            config.path.name,
            "left as it is",
            "native hooks run in front of it; to run planfence through it instead, add the lines below and run "
            "`planfence install`",
        )


def _plan_step(repository: Repository, policy: Policy) -> InitStep:
    if plans.plan_ids(repository, policy):
        return InitStep(f"{policy.plans}/", "has plans already")
    plans.new_plan(repository, STARTER_PLAN)
    return InitStep(policy.plan_path(STARTER_PLAN), "written", "a starter: fill it in, or have a planner do it")


def _ignore_steps(repository: Repository, policy: Policy) -> Iterator[InitStep]:
    """Have git ignore the logs: a framework fails a hook that changes a tracked file."""
    logs = {name: log_path(repository, name) for name in (policy.log, policy.run_log)}
    kept = [keep_from_git(repository, path) for path in logs.values() if path is not None]
    names = [name for name in logs if not _in_gitignore(repository, name)]
    patterns = [ignored_by(name) for name in names]
    lines = "".join(f"{pattern}\n" for pattern in patterns)
    if not names:
        yield InitStep("logs", "are ignored already")
        return
    # `.gitignore` is for those who look, and for clones that planfence never ran in; `info/exclude` for this one.
    path = repository.top / ".gitignore"
    own = repository.git_dir == repository.common_dir and not path.is_symlink() and not path.is_dir()
    if own and edit(path, lambda old: _with_lines(old or b"", lines)):
        yield InitStep(path.name, "ignores the logs", " ".join(patterns))
    elif all(kept):
        yield InitStep("info/exclude", "ignores the logs", " ".join(patterns))
    else:
        yield InitStep("logs", "are not ignored", f"add to .gitignore: {' '.join(patterns)}")


def _with_lines(old: bytes, lines: str) -> bytes | None:
    """The content with our lines behind it, or None where lines can't be added cleanly."""
    if (old and not old.endswith(b"\n")) or b"\r" in old or b"\0" in old:
        return None
    return old + _IGNORED_BECAUSE.encode() + lines.encode()


def _in_gitignore(repository: Repository, name: str) -> bool:
    """Whether a file of the worktree has git ignore the log, so that every clone does."""
    status, out = repository.git.status("check-ignore", "-v", "--no-index", "--", name)
    return status == 0 and not out.decode("utf-8", "surrogateescape").partition(":")[0].endswith("info/exclude")


def _told(repository: Repository, wanted: str | None) -> tuple[tuple[str, ...], list[str]]:
    """Return whose files are told of the plan, and these files below the top; raises for an unknown name."""
    top = repository.top
    if wanted is None:
        wanted = ",".join(guide.NAMES) if any((top / name).is_file() for name in ("AGENTS.md", "CLAUDE.md")) else ""
    settings, pages = agents.places(repository, wanted, user=False)
    paths = [str(each.path.relative_to(top)) for each in settings] + [
        path for each in pages for path in guide.paths(top, each)
    ]
    return (*(each.agent for each in settings), *pages), paths


def _agent_steps(repository: Repository, name: str) -> Iterator[InitStep]:
    """Tell agents of the plan, except in a file that we can't write to without harm."""
    try:
        rows, remarks = agents.install(repository, name)
        yield from (InitStep(name, said, path) for _, said, path in rows)
        yield from (
            InitStep(name, "note", said) for said in remarks[:-1]
        )  # the last says to commit them, as `init` does
    except PlanfenceError as error:
        yield InitStep(name, "left as it is", error.message)


def _next_steps(repository: Repository, policy: Policy, theirs: Iterable[str]) -> Iterator[str]:
    files = _uncommitted(repository, policy, (".gitignore", *theirs))
    ids = plans.plan_ids(repository, policy)
    if ids:
        yield f"$EDITOR {policy.plan_path(ids[0])} && planfence plan lint {ids[0]}"
    if files:
        yield f"git add {' '.join(files)} && git commit -m 'chore: add planfence'"
    if ids:
        yield f"planfence start {ids[0]}/TASK   # then work, and commit as ever"
    else:
        yield "planfence plan new ID --goal '…' --files 'src/…' --run '…' --start   # then work, and commit as ever"
    yield "planfence doctor             # whenever in doubt"
