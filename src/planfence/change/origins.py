"""Where a commit came from, as its message says it: a request, a squash, a revert, a pick, a subtree."""

from __future__ import annotations

import re
from itertools import islice

from planfence.change.message import TASK_TRAILER, Message, inner_trailers, request_in, without_requests
from planfence.lazyregex import pattern
from planfence.records import dataclass

#: What git takes for white space.
_SPACE = " \t\n\r"
_REVERTS = pattern(r"\bThis reverts commit ([0-9a-f]{7,64})\b")
#: Other words for it; then every id in the message may be meant (conventionalcommits.org: `revert:`, `Refs: ID, ID`).
_UNDOES = pattern(r"\b(?:revert|reapply|undo|roll(?:ed|ing)?[ -]?back|back(?:ed|ing)?[ -]?out)\b", re.IGNORECASE)
_ID = pattern(r"\b[0-9a-f]{7,64}\b")
#: Written by `git cherry-pick -x`.
_PICKED = pattern(r"^\(cherry picked from commit ([0-9a-f]{40,64})\)", re.MULTILINE)
_REVERTS_REQUEST = pattern(
    r"^(?:This )?reverts (?:merge request |pull request )?(?:[\w.-]+/[\w./-]+)?[#!](\d{1,9})\b",
    re.IGNORECASE | re.MULTILINE,
)
_REVERTED_TITLE = pattern(
    r"""(?xi) (?<![-/\w]) (?P<verb>revert|reapply|back\ ?out|roll\ ?back)
    (?:\([^()\r\n]*\))? !? (?: :\s* | \s+(?=["']) ) (?P<title>\S.*)"""
)
#: An item of a list, or git's own words for a revert.
_LISTED = pattern(r"\s{0,8}(?:[*+>-]\s|(?:Revert|Reapply) \")")
_REQUEST_LINE = pattern(r"^See merge request \S*!(\d{1,9})\s*$", re.MULTILINE)
#: Bitbucket keeps no ref of a request, but its branch.
FROM_BRANCH = pattern(r"Merged in (\w[\w./-]*) \(pull request #")
#: A line as forges, Gerrit and Phabricator put them behind a message: `Co-authored-by: `, `Differential Revision: `.
_FOOTER = pattern(r"[a-z][a-z-]*(?: [a-z]+)?: \S", re.IGNORECASE)
#: So many titles are read of what one commit undoes.
_TITLES = 8
#: Written by git-subtree.sh into the commit that it squashes a foreign history to.
_SUBTREE = pattern(r"^git-subtree-dir: ([^\r\n]+)$", re.MULTILINE)


def request_of(message: Message) -> str:
    """Return the number of the request that a forge says it merged with this commit; empty if it says none."""
    found = _REQUEST_LINE.search(message.body)
    return request_in(message.subject) or (found[1] if found else "")


def titles_of(message: Message) -> set[str]:
    """Return what a commit may be called: by its subject, or by the request's title in or below it."""
    subject = message.subject
    below = message.body.lstrip(_SPACE).partition("\n")[0]
    inside = subject.partition(": ")[2] if request_in(subject) else ""
    return {each.strip(_SPACE) for one in (subject, below, inside) for each in (one, without_requests(one)) if each}


def merges_on_gitlab(message: Message) -> bool:
    """Whether it is the message of a merge that GitLab made, maybe of a squash."""
    return "See merge request" in message.body


def reads_like_a_squash(message: Message) -> bool:
    """Whether a message has a form in which forges, and `git merge --squash`, write those of several commits.

    The request's number stands behind the title; whole messages stand one below the other; co-authors or other lines
    of a tool follow last.
    """
    if request_of(message) or "Squashed commit of the following:" in (message.subject, *message.body.split("\n")):
        return True
    text = f"{message.subject}\n{message.body}".rstrip(_SPACE)
    blocks = [block for block in text.split("\n\n") if block.strip(_SPACE)]
    with_task = [
        at for at, block in enumerate(blocks) if at and any(key == TASK_TRAILER for key, _ in inner_trailers(block))
    ]
    behind = [line for block in blocks[with_task[-1] + 1 :] for line in block.split("\n")] if with_task else []
    return len(with_task) > 1 or (bool(behind) and all(map(_FOOTER.match, behind)))


@dataclass(frozen=True, slots=True)
class Reverted:
    """What a message says that it reverts: commits (ids, maybe cut short), a request's number, titles."""

    commits: tuple[str, ...] = ()
    request: str = ""
    titles: tuple[str, ...] = ()


def reverted(message: Message) -> Reverted | None:
    """Return what a message says that it reverts, as `git revert`, forges and people write it; None: nothing."""
    commits = tuple(dict.fromkeys(_REVERTS.findall(message.body)))
    if not commits and _UNDOES.search(message.subject):
        commits = tuple(dict.fromkeys(_ID.findall(f"{message.subject}\n{message.body}")))
    lines = message.body.split("\n")
    if not _UNDOES.search(message.subject):  # `Rollback: none` is a line of many templates
        lines = [line for line in lines if _LISTED.match(line)]
    matches = map(_REVERTED_TITLE.search, (without_requests(message.subject), *lines))
    titles = tuple(dict.fromkeys(islice(map(_undone, filter(None, matches)), _TITLES)))
    request = _REVERTS_REQUEST.search(message.body)
    number = request[1] if request else next(filter(None, map(request_in, titles)), "")
    return Reverted(commits, number, titles) if commits or number or titles else None


def _undone(match: re.Match[str]) -> str:
    title = match["title"].strip(_SPACE)
    if title[0] == title[-1] and title[0] in "\"'":
        title = title[1:-1]
    # Git says `Reapply` of what reverts a revert (sequencer.c, since 2.43).
    return f'Revert "{title}"' if match["verb"].lower() == "reapply" else title


def picked(message: Message) -> tuple[str, ...]:
    """Return the ids of the commits that a commit is said to be picked from, the latest first."""
    return tuple(dict.fromkeys(reversed(_PICKED.findall(message.body))))


def subtree_of(message: Message) -> str:
    """Return the folder that `git subtree --squash` says its commit belongs in; empty if it says none."""
    found = _SUBTREE.search(message.body)
    return found[1].strip(_SPACE).strip("/") if found else ""
