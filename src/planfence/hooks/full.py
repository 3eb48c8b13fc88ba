"""What each git hook does: judge, write the trailers, record. The shims and the plugin call the same."""

from __future__ import annotations

from pathlib import Path

from planfence.change import message as messages
from planfence.change import reader
from planfence.change.message import Message
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.ancestors import commit_words
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.finding import Report
from planfence.gitio.commits import is_readable
from planfence.gitio.repository import Repository
from planfence.hooks.cleanup import Cleanup, cleanup_of
from planfence.hooks.notes import mark_seen, missed, told_by
from planfence.judge import staged
from planfence.judge.attribution import team_trailers, trailers
from planfence.judge.verdicts import CheckResult
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace

_OURS = frozenset(key.lower() for key in messages.OWN_TRAILERS)


@dataclass(frozen=True, slots=True)
class HookResult:
    """What a hook concluded, and the words for standard error that belong to it."""

    outcome: CheckResult
    warnings: tuple[str, ...] = ()
    #: The message's file as commit-msg found it, and whether an editor was opened for it.
    text: str | None = None
    edited: bool = False
    #: What an earlier hook of this commit has told already (:func:`notes.told`).
    told: frozenset[str] = frozenset()


def pre_commit(repository: Repository) -> HookResult:
    """Judge what is about to be committed.

    Under `git commit` the staged tree. Under a framework's own run (`pre-commit run
    --all-files`, where git hands over no index) the named range, or, with nothing staged, the
    branch since its merge base.
    """
    environment = repository.environment
    span = environment.get("PRE_COMMIT_FROM_REF"), environment.get("PRE_COMMIT_TO_REF")
    if span[0] and span[1]:
        from planfence.judge import check  # only a framework's own run judges commits

        return HookResult(check.check_span(repository, f"{span[0]}..{span[1]}"))
    if not environment.get("GIT_INDEX_FILE") and staged.nothing_staged(repository):
        from planfence.judge import check

        return HookResult(check.check_branch(repository))
    outcome = staged.check_staged(repository)
    if not outcome.report.refused:
        mark_seen(repository, "pre-commit", outcome)
    return HookResult(outcome)


def commit_msg(repository: Repository, file: Path, before: CheckResult | None = None) -> HookResult:
    """Write the trailers into the message, and judge the staged change with it.

    ``before`` is what pre-commit's judgement came to, if it was made just now.
    """
    whole = read_message(file)
    cleanup = cleanup_of(repository, whole)
    text, dropped = cleanup.parted(whole)
    message = messages.parse(cleanup.finished(text))
    if not message.subject and not any(word.startswith("--allow-empty-m") for word in commit_words()):
        return HookResult(CheckResult(Report(), None))  # git aborts an empty message itself

    def with_team_trailers(policy: Policy, who: str) -> str:
        from planfence.agents import session  # few teams ask for trailers

        names = session.names(repository, who)
        return team_trailers(text, policy, who, cleanup.comment, names, cleanup.finished)

    def as_written(policy: Policy, who: str) -> Message:
        return messages.parse(cleanup.finished(with_team_trailers(policy, who)))

    outcome = staged.check_staged(repository, message, before=before, written=as_written)
    if outcome.policy is None:
        return HookResult(CheckResult(Report(), None))  # pre-commit has said it
    told: frozenset[str] = frozenset()
    if not outcome.report.refused:
        told = told_by(repository, outcome.change, "pre-commit")
        _require_encoding(cleanup.encoding)
        written = text
        if message.subject:
            if outcome.policy.trailers:
                written = with_team_trailers(outcome.policy, outcome.attribution.model)
            written = _written(written, cleanup, trailers(outcome.attribution, outcome.policy))
        if written != text:
            write_atomically(file, f"{written}{dropped}".encode("utf-8", "surrogateescape"))
        mark_seen(repository, "commit-msg", outcome)
    return HookResult(outcome, text=whole, edited=cleanup.edited, told=told)


def _require_encoding(encoding: str) -> None:
    """Raise :class:`CouldNotCheck` if git would note an encoding in which `git log` finds no trailers."""
    if not is_readable(encoding):
        raise CouldNotCheck(
            f"i18n.commitEncoding is {encoding}, in which no reader finds the trailers of a message",
            hint="unset it (git config --unset i18n.commitEncoding), or commit with -c i18n.commitEncoding=UTF-8",
        )


def _written(text: str, cleanup: Cleanup, wanted: tuple[tuple[str, str], ...]) -> str:
    """Return the text with the trailers where git finds them after its clean-up."""
    end = "\n".join(f"{key}: {value}" for key, value in wanted)
    # Scissors of this clone's own prefix are a line like any other to everybody else.
    comment = cleanup.comment if messages.cut_at(text, cleanup.comment) == len(text) else "#"
    rest = messages.with_trailers(text, (), comment).rstrip(messages.SPACE)  # without those of an earlier commit
    for written in (messages.with_trailers(text, wanted, comment), f"{rest}\n\n{end}\n"):
        found = messages.parse_trailers(cleanup.finished(written))
        ours = tuple(one for one in found if one[0].lower() in _OURS)
        if ours == wanted:
            return written
    raise CouldNotCheck(
        "no place in this message is left for the trailers once git has cleaned it",
        hint="take the scissors line out of it",
    )


def read_message(file: Path) -> str:
    """The message's file as text; raises :class:`CouldNotCheck` if it can't be read."""
    try:
        return read_plain(file).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise CouldNotCheck(f"the commit message {file} can't be read: {error.strerror}") from error


def message_file(repository: Repository, arguments: tuple[str, ...]) -> Path:
    """The message's file: the hook's argument, or where git keeps it.

    A framework that filters by file names may pass none: a merge's message is in MERGE_MSG.
    """
    if arguments:
        return repository.git.root / arguments[0]
    for name in ("COMMIT_EDITMSG", "MERGE_MSG"):
        if (repository.git_dir / name).is_file():
            return repository.git_dir / name
    raise PlanfenceError("commit-msg needs the message's file", hint="run it from git, or pass .git/COMMIT_EDITMSG")


def post_commit(repository: Repository) -> HookResult:
    """Look at the commit that was made, and say where other hooks were bypassed or an amended whole breaks a rule."""
    head = reader.commit(repository, "HEAD")
    from planfence.judge import check

    outcome = check.check_commit(repository, "HEAD", remembers=True)
    told = told_by(repository, head, "commit-msg")
    without = missed(repository, head)
    if outcome.policy is None:
        return HookResult(CheckResult(Report(), None))  # pre-commit has said it
    notes = outcome.report.notes
    if without:
        notes += (f"{head.name[:12]} was committed without {' and '.join(without)}; the push looks at it again",)
    return HookResult(replace(outcome, report=replace(outcome.report, notes=notes)), told=told)


def pre_push(repository: Repository, arguments: tuple[str, ...], stdin: bytes) -> HookResult:
    """Judge every new commit of every pushed ref, and the evidence at the tips."""
    from planfence.boundary import push

    remote = arguments[0] if arguments else repository.environment.get("PRE_COMMIT_REMOTE_NAME") or "origin"
    framework = bool(repository.environment.get("PRE_COMMIT")) and not stdin
    if framework:
        from planfence.boundary.frameworkpush import what_leaves

        updates, notes = what_leaves(repository, remote)
    else:
        updates, notes = push.parse(repository, stdin), ()
    judged = push.judge(repository, remote, updates)
    return HookResult(judged.outcome, (*notes, *judged.notes))
