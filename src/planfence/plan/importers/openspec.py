"""OpenSpec's `tasks.md` of a change (OpenSpec 0.1 to 1.x), with `proposal.md` and `design.md` beside it.

A section `## 1. Title` is one task; its items `- [ ] 1.1 …` are what must be true when it is done. The
goal is the proposal's own; out of scope are the design's non-goals.
"""

from __future__ import annotations

import re

from planfence.errors import PlanfenceError
from planfence.plan.importers.draft import Draft, DraftTask, identifier, paths_in, unique

_SECTION = re.compile(r"^##\s+(?:(?P<number>\d+)[.)]?\s+)?(?P<title>\S.*)$")
_ITEM = re.compile(r"^\s*[-*]\s+\[(?P<mark>[ xX])\]\s+(?:(?P<number>\d+(?:\.\d+)*)[.)]?\s+)?(?P<text>.+)$")


def read(data: bytes, *, proposal: bytes = b"", design: bytes = b"", **_: bytes) -> Draft:
    """Read the files. Raises :class:`PlanfenceError` if there are no items."""
    sections: list[tuple[str, str, list[tuple[str, str]]]] = []
    left_out: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        section = _SECTION.match(line)
        item = _ITEM.match(line)
        if section is not None:
            sections.append((section["number"] or "", section["title"].rstrip(), []))
        elif item is not None:
            if not sections:
                sections.append(("", "", []))
            if item["mark"] == " ":
                held = sections[-1][2]
                held.append((item["number"] or f"{len(sections)}.{len(held) + 1}", item["text"].strip()))
            else:
                left_out.append(f"{item['number'] or ''} {item['text']} is done".strip())
    kept = [each for each in sections if each[2]]
    if not kept and not left_out:
        raise PlanfenceError("it has no items such as `- [ ] 1.1 …`", hint="give openspec/changes/<change>/tasks.md")
    names = unique(identifier(f"{number}-{title}" if number else title) for number, title, _ in kept)
    tasks = tuple(
        DraftTask(name, title, paths_in("\n".join(text for _, text in items)), (), tuple(items))
        for name, (_, title, items) in zip(names, kept, strict=True)
    )
    out_of_scope = tuple(_bullets(design.decode("utf-8", "replace"), "non-goals"))
    return Draft("OpenSpec", _goal(proposal.decode("utf-8", "replace")), tasks, out_of_scope, tuple(left_out))


def _goal(proposal: str) -> str:
    title = next((line for line in proposal.splitlines() if line.startswith("# ")), "")
    named = re.sub(r"^#\s+(?:Change:|Proposal:)?\s*", "", title).strip()
    return named or next(iter(_bullets(proposal, "what changes")), "")


def _bullets(text: str, heading: str) -> list[str]:
    """Return the bullets under a heading, be it `## Heading`, `**Heading:**` or `Heading:`."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        plain = line.strip().strip("#*: ").lower()
        bullet = re.match(r"^\s*[-*]\s+(?!\*\*\s*$)(.+)$", line)
        if plain.startswith(heading) and (bullet is None or plain == heading):
            inside = True
        elif inside and bullet is not None:
            found.append(bullet[1].strip().strip("*"))
        elif inside and (line.startswith("#") or (found and line.strip() and not line.startswith((" ", "\t")))):
            break
    return found
