"""The note that the light entry reads: paths that the rules allow for a task at one commit.

The rules themselves write it: each path that the task's files name is judged as an edit of it would be,
and stands in the note only if nothing was found. A path that is allowed later is added.
"""

from __future__ import annotations

from collections.abc import Iterable

from planfence.agents.fastpath import FREE, LIMITED, claims_mark, header
from planfence.agents.patch import Edit
from planfence.agents.paths import switch
from planfence.agents.scope import Fence, claimed, context_of, files_of, judged
from planfence.change import reader
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.gitio import paths

NOTE = "agent-note"
#: A pattern that names more tracked files than this is not written out.
_MOST = 2000


def leave(here: Fence, allowed: Iterable[str] = ()) -> None:
    """Write the note for this worktree's HEAD and task, with ``allowed`` added if it is there already.

    It decides nothing by itself, so what can't be written is left out.
    """
    if here.policy is None or here.task is None or not here.head:
        return
    path = here.repository.state_dir / NOTE
    # Read before the claims are: a start that comes between makes the note a note of the past.
    start = _start(here)
    known = _known(read_plain(path) if path.is_file() else b"", start)
    fresh = [each for each in allowed if known is None or each not in known]
    if known is not None and not fresh:
        return
    known = _planned(here) if known is None else known
    lines = [*start, *dict.fromkeys((*known, *_editable(here, fresh))), "end", ""]
    try:
        write_atomically(path, "\n".join(lines).encode("utf-8", "surrogateescape"))
    except CouldNotCheck:
        return


def names(here: Fence, path: str) -> bool:
    """Whether the note has this path, so that nothing is to be said of it."""
    place = here.repository.state_dir / NOTE
    return path in (_known(read_plain(place) if place.is_file() else b"", _start(here)) or ())


def _start(here: Fence) -> list[str]:
    """The lines that say what a note is about."""
    mark = claims_mark(here.repository.common_dir_name)
    return [header(), here.head, here.task_name, mark, LIMITED if here.limited else FREE]


def _known(data: bytes, start: list[str]) -> list[str] | None:
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return lines[5:-2] if lines[:5] == start and lines[-2:] == ["end", ""] else None


def _planned(here: Fence) -> list[str]:
    """Return the task's literal paths and the tracked files that its patterns name, as far as the rules allow them."""
    task = here.task
    assert task is not None
    tracked = [path for path in reader.tree_paths(here.repository, here.head) if paths.matches(task.patterns, path)]
    literal = [pattern for pattern in task.patterns if paths.is_literal(pattern)]
    return _editable(here, dict.fromkeys((*literal, *tracked[:_MOST])))


def _editable(here: Fence, asked: Iterable[str]) -> list[str]:
    """Those of the paths that may be edited whatever else happens: judged as an edit, and not merely ignored by git.

    What another active task claims is not among them: it is told with each edit.
    """
    policy, repository = here.policy, here.repository
    assert policy is not None
    wanted = [path for path in asked if "\n" not in path and not policy.governs(path)]
    wanted = [path for path in wanted if switch(f"{repository.top}/{path}", repository.environment) is None]
    files = tuple(files_of(here, [Edit(path) for path in wanted], told=True))
    ctx = context_of(here, policy, files)
    refused = {finding.path for finding in (*judged(ctx), *claimed(here, ctx))}
    if "" in refused:
        return []
    return [file.path for file in files if file.path not in refused]
