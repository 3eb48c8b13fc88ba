"""What `planfence split` does, without click: loading that takes as long as three commits."""

from __future__ import annotations

import os
import sys

from planfence.env import current
from planfence.errors import CouldNotCheck, ExitCode, PlanfenceError, reason
from planfence.files.plain import read_given
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository, open_repository
from planfence.gitio.run import Git
from planfence.records import dataclass, replace
from planfence.terminal import emit, wants_colour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `split`, by the names of the command line; `--commit`, `--plan` and `--exec` may be missing."""

    revision: str | None = None
    do_apply: bool = False
    as_json: bool = False
    plan_file: str | None = None
    fine: bool = False
    hunks: bool = False
    command_line: str = ""
    words: str = ""


#: The options that a shell or a script gives word by word: those with a value, and those without.
_VALUES = {
    "--commit": "revision",
    "--plan": "plan_file",
    "--exec": "command_line",
    "-m": "words",
    "--message": "words",
}
_FLAGS = {"--apply": "do_apply", "--json": "as_json", "--fine": "fine", "--hunks": "hunks"}


def plain(words: list[str]) -> Options | None:
    """Read arguments that need no reading; None for all that click must look at, its help and its errors too."""
    found: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            found[_FLAGS[word]] = True
            continue
        value = next(rest, "") if word in _VALUES else ""
        if not value or value[:1] == "-" != value:
            return None
        found[_VALUES[word]] = value
    return Options(**found)


def run(options: Options) -> int:
    """Propose, and with ``do_apply`` make the commits; return the exit code."""
    with Objects(Git(os.getcwd(), current())) as objects:
        objects.begin()
        repository = replace(open_repository(current(), os.getcwd(), _load_subject), objects=objects)
        return _split(repository, objects, options)


# Each part is loaded while git answers: together they take as long as all of git's answers.


def _load_subject() -> None:
    from planfence.split import subject  # noqa: F401 - only loaded


def _load_split() -> None:
    from planfence.render import split as view  # noqa: F401 - only loaded
    from planfence.split import propose  # noqa: F401 - only loaded


def _split(repository: Repository, objects: Objects, options: Options) -> int:
    from planfence.split.subject import subject_of

    subject = subject_of(repository, objects, options.revision, _load_split)
    from planfence.render import split as view
    from planfence.split import propose as use

    if options.plan_file is None:
        proposal = use.make_proposal(repository, objects, subject, words=options.words, fine=options.fine)
    else:
        from planfence.split.planfile import from_json

        proposal = use.take_plan(objects, subject, from_json(_read(options.plan_file)))
    if options.as_json:
        from planfence.split.planfile import to_json

        emit(to_json(proposal.plan, proposal.judged))
        return int(ExitCode.CLEAN)
    emit(view.render(proposal.plan.groups, proposal.judged, hunks=options.hunks))
    if not options.do_apply:
        option = _commit_option(options.revision) if options.revision else ""
        emit(view.next_lines(len(proposal.plan.groups), option))
        return int(ExitCode.CLEAN)
    done = use.apply(repository, proposal, options.command_line)
    if done.report is None:
        emit(view.NOT_JUDGED)
    elif done.report.findings or done.report.notes:
        from planfence.render import text

        emit(text.render(done.report, (), colour=wants_colour(current()), task=subject.task))
    if done.refused:
        raise PlanfenceError(
            "a commit of the split would break a rule; nothing was changed",
            hint="start its task first (`planfence start TASK`), or move its hunks and name its task: "
            "`planfence split --json > split.json`, edit, `planfence split --plan split.json --apply`",
            code=ExitCode.FINDINGS,
        )
    if done.failed:
        first, *tail = done.failed.splitlines()
        raise PlanfenceError(first, more=(*tail, "nothing was changed"), code=ExitCode.FINDINGS)
    emit(view.made(done.commits, subject.base))
    return int(ExitCode.CLEAN)


def _commit_option(revision: str) -> str:
    import shlex

    return f" --commit {shlex.quote(revision)}"


def _read(name: str) -> str:
    try:
        if name == "-":
            given: str = read_given(sys.stdin, "the split plan")
            return given
        with open(name, encoding="utf-8") as file:
            return read_given(file, "the split plan")
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"{name} could not be read: {reason(error)}") from error
