"""Which lines of a change nobody reads: they count as files, not as lines."""

from __future__ import annotations

from collections.abc import Container

from planfence.change.change import Action, Change, Mode
from planfence.change.pathclass import PathClass, classify, is_vendored
from planfence.gitio import paths
from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository
from planfence.tables import RENAME_COUNTS

#: What forges leave out of their counts and fold in diffs (github-linguist, "Overrides"; docs.gitlab.com, "Collapse
#: generated files").
_ATTRIBUTES = ("linguist-generated", "linguist-vendored", "gitlab-generated")
_UNREAD = (PathClass.LOCK, PathClass.GENERATED)


def unread_by_name(change: Change) -> frozenset[str]:
    """Return the paths that are renamed as they are, and those whose names say that no person writes them."""
    gone = {file.old_id for file in change.files if file.new_mode == Mode.ABSENT}
    come = {file.new_id for file in change.files if file.old_mode == Mode.ABSENT}
    moved = gone & come
    found = set[str]()
    for file in change.files:
        other = file.old_id if file.new_mode == Mode.ABSENT else file.new_id if file.old_mode == Mode.ABSENT else ""
        if other in moved or classify(file.path) in _UNREAD or is_vendored(file.path):
            found.add(file.path)
    return frozenset(found)


def unread(repository: Repository, change: Change) -> dict[str, int]:
    """Return how many lines are read of the paths of which not all changed lines are.

    None of what is renamed as it is, and of what names and attributes call generated or vendored; attributes stand
    before the change, and win over names. Of a file that is renamed and edited, those that the edit changed.
    """
    found = set(unread_by_name(change))
    for path, value in _attributes(repository, change).items():
        if value:
            found.add(path)
        elif classify(path) in _UNREAD or is_vendored(path):
            found.discard(path)
    return _edits_of_renamed(repository, change, found) | dict.fromkeys(found, 0)


def _edits_of_renamed(repository: Repository, change: Change, unread: Container[str]) -> dict[str, int]:
    """By both paths of each renamed file, the lines that differ; git tells renames by what stays of the content."""
    files = [file for file in change.files if file.lines > 0 and file.path not in unread]
    actions = {file.action for file in files}
    if not change.parents or not {Action.ADD, Action.DELETE} <= actions:
        return {}
    with BareView(repository) as git:
        out = git.run("diff-tree", *RENAME_COUNTS, change.parents[0], change.tree, "--")
    found: dict[str, int] = {}
    fields = iter(out.split(b"\0"))
    for row in fields:
        added, deleted, path = row.split(b"\t", 2) if row else (b"", b"", b"-")
        if path:
            continue
        names = [paths.decode(next(fields)) for _ in range(2)]  # only of what is renamed
        if added.isdigit() and not any(name in unread for name in names):
            found |= {names[0]: 0, names[1]: int(added) + int(deleted)}
    return found


def _attributes(repository: Repository, change: Change) -> dict[str, bool]:
    """Ask git for the attributes of the changed paths; a path of which nothing is said is left out."""
    if not change.parents:
        return {}
    rules = [
        b"%06o %s\t%s\0" % (mode, name.encode(), path)
        for mode, name, path in repository.git.entries(change.parents[0])
        if path.rpartition(b"/")[2] == b".gitattributes"
    ]
    if not rules:
        return {}
    asked = b"".join(paths.encode(path) + b"\0" for path in change.paths)
    with BareView(repository) as git:
        # `check-attr --source` needs git 2.40; an index does for all.
        index = {"GIT_INDEX_FILE": f"{git.folder}/index"}
        git.run("update-index", "-z", "--index-info", stdin=b"".join(rules), variables=index)
        out = git.run("check-attr", "--cached", "-z", "--stdin", *_ATTRIBUTES, stdin=asked, variables=index)
    fields = out.split(b"\0")
    said: dict[str, bool] = {}
    for path, _, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if value != b"unspecified":
            name = paths.decode(path)
            said[name] = said.get(name, False) or value not in (b"unset", b"false")
    return said
