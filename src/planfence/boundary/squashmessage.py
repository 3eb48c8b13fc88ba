"""The message for a squash of a range, and what a forge's own would lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planfence.change import message as messages
from planfence.change import origins
from planfence.change.message import Message
from planfence.errors import PlanfenceError
from planfence.gitio.commits import Commit, parse_commit
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import listed

_COAUTHOR = "Co-authored-by"


def squash_message(repository: Repository, base: str, head: str) -> str:
    """Return the message that a squash of these commits (full ids) can bear and be judged by.

    Each task has a paragraph of its own with what was done, and its trailers below, as where whole messages are put
    together; co-authors stand last. Raises :class:`PlanfenceError` if there is nothing to squash.
    """
    objects = repository.objects
    found = [parse_commit(raw) for raw in objects.read_many(listed(repository, [head, f"^{base}"]))]
    commits = [commit for commit in found if len(commit.parents) < 2]
    if not commits:
        raise PlanfenceError(f"{base[:12]}..{head[:12]} has no commits to squash", hint="name the range: A..B")
    if len(commits) == 1:
        return commits[0].message.rstrip() + "\n"
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for commit in commits:
        message = messages.parse(commit.message)
        lines = groups.setdefault(_own(message), [])
        lines.append(f"* {_words(message)}")
        said = origins.reverted(message)
        lines += [f"  This reverts commit {each}." for each in (said.commits if said else ())]
    parts = [_title(commits)]
    for own, lines in groups.items():
        parts.append("\n".join(dict.fromkeys(lines)))
        if own:
            parts.append("\n".join(f"{key}: {value}" for key, value in own))
    coauthors = _coauthors(commits)
    if coauthors:
        parts.append("\n".join(f"{_COAUTHOR}: {who}" for who in coauthors))
    return "\n\n".join(parts) + "\n"


def _own(message: Message) -> tuple[tuple[str, str], ...]:
    names = {key.lower(): key for key in messages.OWN_TRAILERS}
    return tuple((names[key.lower()], value) for key, value in message.trailers if key.lower() in names)


def _words(message: Message) -> str:
    """A subject without its type, so that the message as a whole is of one."""
    return message.subject.partition(": ")[2].strip() or message.subject if message.types[:1] else message.subject


def _title(commits: Sequence[Commit]) -> str:
    """The first task's first subject: what the others are added to."""
    parsed = [messages.parse(commit.message) for commit in commits]
    return next((each.subject for each in parsed if each.trailer(messages.TASK_TRAILER)), parsed[0].subject)


def _coauthors(commits: Sequence[Commit]) -> list[str]:
    """Everybody but the last commit's author, whose commit the forge makes it."""
    people = [commit.author for commit in commits]
    for commit in commits:
        people += [value for key, value in messages.parse(commit.message).trailers if key.lower() == _COAUTHOR.lower()]
    return [who for who in dict.fromkeys(people) if who and who != commits[-1].author]


def lacks(title: str, body: str, tasks: Iterable[str]) -> tuple[str, ...]:
    """Say what a squash would lack whose message is a request's title and description, should its head be gone."""
    if not title:
        return ()
    message = messages.parse(f"{title}\n\n{body}")
    named = {value for key, value in messages.inner_trailers(f"{title}\n\n{body}") if key == messages.TASK_TRAILER}
    found = []
    types = messages.parse(title).types
    if len(types) > 1:
        found.append(f"the title has two types ({', '.join(types)}), and a squash would bear it")
    missing = [name for name in tasks if name not in named]
    if missing and message.subject:
        found.append(
            f"a squash with the title and description alone would not name {', '.join(missing)}: let the forge keep "
            "the commits' messages, or paste what `planfence squash-message` prints"
        )
    return tuple(found)
