"""What agents without hooks are told: a section in `AGENTS.md` and `CLAUDE.md`, and an Agent Skill.

`AGENTS.md` (agents.md) is read by Codex, Copilot, Cursor, OpenCode and most others, `CLAUDE.md` by Claude Code. A skill
is a folder with a `SKILL.md` (agentskills.io): Claude Code looks for it in `.claude/skills`, the others in
`.agents/skills`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from planfence.records import dataclass
from planfence.setup import sections

#: What `--agents` calls them.
AGENTS_MD, SKILL = "agents-md", "skill"
NAMES = (AGENTS_MD, SKILL)

_SKILL_HEAD = """\
---
name: planfence
description: Work inside this repository's written plan. Use it before editing files, committing, running tests, or \
finishing a task in a repository that has planfence.toml, and whenever planfence denies an edit or refuses a commit.
---

"""
_SKILLS = (".agents/skills/planfence/SKILL.md", ".claude/skills/planfence/SKILL.md")

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Page:
    """One file of an installation: its path below the top, our text, and what stands before it in a new file."""

    path: str
    text: str
    head: str = ""


def install(top: Path, name: str) -> list[Row]:
    """Write the sections that ``name`` stands for; return (name, what was done, path) of each."""
    return [(name, sections.put(top / page.path, top, page.text, page.head), page.path) for page in _pages(top, name)]


def uninstall(top: Path, name: str) -> list[Row]:
    """Take the sections out again; return (name, what was done, path) of each that was there."""
    wanted = _every(name)
    done = [(page, sections.take_out(top / page.path, top, page.text, page.head)) for page in wanted]
    return [(name, said, page.path) for page, said in done if said]


def paths(top: Path, name: str) -> list[str]:
    """The files that an installation of ``name`` writes to, below the top."""
    return [page.path for page in _pages(top, name)]


def _every(name: str) -> Iterator[_Page]:
    if name == AGENTS_MD:
        yield _Page("AGENTS.md", _text("section.md"))
        yield _Page("CLAUDE.md", _text("section.md"))
    else:
        yield from (_Page(path, _text("skill.md"), _SKILL_HEAD) for path in _SKILLS)


def _pages(top: Path, name: str) -> Iterator[_Page]:
    """Without a `CLAUDE.md` of its own, Claude Code is told by its hooks and its skill."""
    for page in _every(name):
        if page.path == "CLAUDE.md" and not _own_claude_md(top):
            continue
        yield page


def _own_claude_md(top: Path) -> bool:
    path = top / "CLAUDE.md"
    return path.is_file() and not sections.reads(path, top / "AGENTS.md")


def _text(name: str) -> str:
    return (resources.files("planfence") / "setup" / "templates" / name).read_text("utf-8")
