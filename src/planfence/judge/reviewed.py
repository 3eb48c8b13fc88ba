"""Which lines of a change nobody reads: they count as files, not as lines."""

from __future__ import annotations

from planfence.change.change import Change, Mode
from planfence.change.pathclass import PathClass, classify, is_vendored
from planfence.gitio import paths
from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository

#: What linguist calls files that it leaves out of its counts and folds in diffs (github-linguist, "Overrides").
_ATTRIBUTES = ("linguist-generated", "linguist-vendored")
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


def unread(repository: Repository, change: Change) -> frozenset[str]:
    """As :func:`unread_by_name`, and as the attributes say that stand before the change, which win over names."""
    found = set(unread_by_name(change))
    for path, value in _attributes(repository, change).items():
        if value:
            found.add(path)
        elif classify(path) in _UNREAD or is_vendored(path):
            found.discard(path)
    return frozenset(found)


def _attributes(repository: Repository, change: Change) -> dict[str, bool]:
    """Ask git for the attributes of the changed paths; a path of which nothing is said is left out."""
    if not change.parents:
        return {}
    listing = repository.git.run("ls-tree", "-r", "-z", "--full-tree", change.parents[0])
    rules = [
        line for line in listing.split(b"\0") if line.rpartition(b"/")[2].rpartition(b"\t")[2] == b".gitattributes"
    ]
    if not rules:
        return {}
    asked = b"".join(paths.encode(path) + b"\0" for path in change.paths)
    with BareView(repository) as git:
        # `check-attr --source` needs git 2.40; an index does for all.
        index = {"GIT_INDEX_FILE": f"{git.folder}/index"}
        git.run("update-index", "-z", "--index-info", stdin=b"\0".join(rules) + b"\0", variables=index)
        out = git.run("check-attr", "--cached", "-z", "--stdin", *_ATTRIBUTES, stdin=asked, variables=index)
    fields = out.split(b"\0")
    said: dict[str, bool] = {}
    for path, _, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if value != b"unspecified":
            name = paths.decode(path)
            said[name] = said.get(name, False) or value not in (b"unset", b"false")
    return said
