"""Which hunks belong together: one group for each commit that a mixed change should have been.

The plan's themes decide first, then what a hunk does; clusters of shared rare names only on
request, since they break a third of the commits that were whole (docs/themes.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from enum import IntEnum
from posixpath import commonpath

from planfence.change.pathclass import PathClass, classify, is_vendored
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.manifest.plan import Plan, Task


class Bucket(IntEnum):
    """What a group does, in the order in which the commits are made."""

    RENAME = 0
    FORMAT = 1
    DEPS = 2
    BEHAVIOUR = 3
    #: After the behaviour: the same edit everywhere mostly adopts what the behaviour brings.
    CODEMOD = 4
    CI = 5
    DOCS = 6


@dataclass(frozen=True, slots=True)
class Group:
    """One proposed commit.

    ``units`` are unit ids; ``theme`` is empty outside all themes; ``task`` is the
    `<plan>/<task>` that its trailer will name, empty for none.
    """

    units: tuple[str, ...]
    message: str
    theme: str = ""
    task: str = ""
    bucket: Bucket = Bucket.BEHAVIOUR


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """A split of the change from ``base`` (a commit, empty before the first) to ``tree``."""

    base: str
    tree: str
    groups: tuple[Group, ...]
    cuts: tuple[tuple[str, int, int], ...] = ()


#: So little formatting is not worth a commit of its own beside changes in the same files (lines).
_LITTLE = 5
_CHANGELOGS = frozenset(("changelog", "changes", "history", "news", "release_notes"))
_FRAGMENTS = frozenset(("changelog", "changelog.d", "changelogs", "changes", "news", "newsfragments", ".changeset"))
_BUCKETS = {
    UnitKind.RENAME: Bucket.RENAME,
    UnitKind.MOVE: Bucket.RENAME,
    UnitKind.IDENTIFIER: Bucket.RENAME,
    UnitKind.CODEMOD: Bucket.CODEMOD,
    UnitKind.FORMAT: Bucket.FORMAT,
}


@dataclass(frozen=True, slots=True)
class Guide:
    """What a proposal goes by: the plan and task in force (None: none), and the words for the main commit.

    ``names`` maps a unit's id to its rare names, where clusters were asked for.
    """

    plan: Plan | None = None
    task: Task | None = None
    words: str = ""
    names: Mapping[str, frozenset[str]] | None = None


def propose(judged: Sequence[ClassifiedUnit], guide: Guide) -> tuple[Group, ...]:
    """Divide a change into groups, in the order in which they should be committed."""
    themes = _themes([one.unit.path for one in judged], guide)
    members: dict[tuple[str, Bucket], list[ClassifiedUnit]] = defaultdict(list)
    for one in judged:
        members[themes[one.unit.path], _bucket(one)].append(one)
    for theme in {theme for theme, _ in members}:
        _absorb(members, theme)
    _keep_together(members)
    groups: list[tuple[str, Bucket, list[ClassifiedUnit]]] = []
    for (theme, bucket), own in members.items():
        parts = _clusters(own, guide.names) if guide.names is not None and bucket is Bucket.BEHAVIOUR else [own]
        groups += [(theme, bucket, part) for part in parts if part]
    own_theme = guide.task.theme if guide.task else ""
    groups.sort(key=lambda group: (group[1], group[0] != own_theme, group[0]))
    said = _main(groups, own_theme)
    return tuple(_group(*group, guide, guide.words if group is said else "") for group in groups)


def _main(groups: list[tuple[str, Bucket, list[ClassifiedUnit]]], theme: str) -> object:
    """The group that the user's words are for: changed behaviour of the task's theme, the most of it."""
    changed = [group for group in groups if group[1] is Bucket.BEHAVIOUR]
    own = [group for group in changed if group[0] == theme] or changed
    return max(own, key=lambda group: sum(one.unit.lines for one in group[2]), default=None)


def _group(theme: str, bucket: Bucket, own: list[ClassifiedUnit], guide: Guide, words: str) -> Group:
    task = _task_for(guide, theme, [one.unit.path for one in own])
    types = guide.plan.themes[theme].types if guide.plan and theme in guide.plan.themes else ()
    told = [one for one in own if not is_changelog(one.unit.path)] or own
    message = suggest(told, bucket.name, types, words)
    name = f"{guide.plan.id}/{task.id}" if guide.plan and task else ""
    return Group(tuple(one.unit.id for one in own), message, theme, name, bucket)


def _task_for(guide: Guide, theme: str, paths: list[str]) -> Task | None:
    """The task whose commit this is: the active one if its theme fits, else the only one that lists the paths."""
    if guide.plan is None or guide.task is None:
        return None
    if theme == guide.task.theme:
        return guide.task
    fits = [task for task in guide.plan.tasks if task.theme == theme and all(task.entries(path) for path in paths)]
    return fits[0] if len(fits) == 1 else None


def _themes(paths: Sequence[str], guide: Guide) -> dict[str, str]:
    """One theme for each path; of several, the one that keeps the change whole."""
    plan, task = guide.plan, guide.task
    if plan is None:
        return dict.fromkeys(paths, "")
    claimed = {path: plan.themes_of(path) for path in dict.fromkeys(paths)}
    votes: Counter[str] = Counter(themes[0] for themes in claimed.values() if len(themes) == 1)
    if task is not None:
        votes[task.theme] += len(paths)

    def settle(path: str) -> str:
        themes = claimed[path]
        if not themes:
            return task.theme if task is not None and task.entries(path) else ""
        return max(themes, key=lambda theme: (votes[theme], -themes.index(theme)))

    return {path: settle(path) for path in claimed}


def bucket_of(path: str) -> Bucket | None:
    """What every change of this path does, whatever its kind; None if the kind decides."""
    path_class = classify(path)
    if path_class in (PathClass.LOCK, PathClass.DEPS) or is_vendored(path):
        return Bucket.DEPS
    return Bucket.CI if path_class is PathClass.CI else None


def _bucket(one: ClassifiedUnit) -> Bucket:
    if (settled := bucket_of(one.unit.path)) is not None:
        return settled
    if one.kind in _BUCKETS:
        return _BUCKETS[one.kind]
    if one.path_class is PathClass.DOCS or one.kind is UnitKind.COMMENT:
        return Bucket.DOCS
    return Bucket.BEHAVIOUR


def _absorb(members: dict[tuple[str, Bucket], list[ClassifiedUnit]], theme: str) -> None:
    """Give companions back to the change that they belong to: comments, changelogs, a little formatting.

    So do renamed names and repeated edits where most of their files are changed by it anyway:
    mostly an import, or a call of what the change brings.
    """
    main = members.get((theme, Bucket.BEHAVIOUR))
    if not main:
        _give_changelog(members, theme)
        return
    paths = {one.unit.path for one in main}
    for bucket in (Bucket.DOCS, Bucket.FORMAT, Bucket.RENAME, Bucket.CODEMOD):
        own = members.get((theme, bucket), [])
        edits = [one for one in own if one.kind in (UnitKind.CODEMOD, UnitKind.IDENTIFIER)]
        places = {one.unit.path for one in edits}
        shared = 2 * len(places & paths) >= len(places)
        little = sum(one.unit.lines for one in own) < _LITTLE
        taken = [one for one in own if (shared and one in edits) or _companion(one, bucket, paths, little=little)]
        main += taken
        members[theme, bucket] = [one for one in own if one not in taken]


def _give_changelog(members: dict[tuple[str, Bucket], list[ClassifiedUnit]], theme: str) -> None:
    """Without changed behaviour a changelog tells of the other change, if there is just one."""
    others = [own for (place, bucket), own in members.items() if place == theme and bucket is not Bucket.DOCS and own]
    docs = members.get((theme, Bucket.DOCS), [])
    if len(others) == 1:
        others[0] += [one for one in docs if is_changelog(one.unit.path)]
        members[theme, Bucket.DOCS] = [one for one in docs if not is_changelog(one.unit.path)]


def _companion(one: ClassifiedUnit, bucket: Bucket, paths: set[str], *, little: bool) -> bool:
    if bucket is Bucket.DOCS:
        return (one.kind is UnitKind.COMMENT and one.unit.path in paths) or is_changelog(one.unit.path)
    return little and one.unit.atom is None and one.unit.path in paths


def is_changelog(path: str) -> bool:
    """Whether the path is a changelog or a fragment of one, which belongs to the change that it tells of."""
    folders, _, file = path.lower().rpartition("/")
    name, _, extension = file.partition(".")
    if file == "changes.xml":  # maven-changes-plugin's
        return True
    if extension.rpartition(".")[2] not in ("", "md", "rst", "txt", "adoc", "markdown"):
        return False
    return name in _CHANGELOGS or bool(set(folders.split("/")) & _FRAGMENTS)


def _keep_together(members: dict[tuple[str, Bucket], list[ClassifiedUnit]]) -> None:
    """Put into one group what can't be committed apart: a path that becomes a folder, or the other way round."""
    place = {id(one): key for key, own in members.items() for one in own}
    every = [one for own in members.values() for one in own]
    for knot in knots([one.unit.path for one in every], [one.unit.file.old_path for one in every]):
        keys = [place[id(every[index])] for index in knot]
        for index, key in zip(knot, keys, strict=True):
            if key != keys[0]:
                members[key].remove(every[index])
                members[keys[0]].append(every[index])


def knots(paths: Sequence[str], old_paths: Sequence[str]) -> list[list[int]]:
    """Indexes of units whose paths contain each other, such as `a` and `a/b`, with all units of those paths."""
    holders: dict[str, list[int]] = defaultdict(list)
    for index, names in enumerate(zip(paths, old_paths, strict=True)):
        for name in dict.fromkeys(names):
            holders[name].append(index)
    inner: dict[str, list[int]] = defaultdict(list)
    for name, own in holders.items():
        folder = name.rpartition("/")[0]
        while folder:
            if folder in holders:
                inner[folder] += own
            folder = folder.rpartition("/")[0]
    return [sorted({*holders[name], *own}) for name, own in inner.items()]


def _clusters(own: list[ClassifiedUnit], names: Mapping[str, frozenset[str]]) -> list[list[ClassifiedUnit]]:
    from planfence.content.crosshunk import clusters  # only if they are asked for

    roots = clusters([names.get(one.unit.id, frozenset()) for one in own], [one.unit.path for one in own])
    parts: dict[int, list[ClassifiedUnit]] = defaultdict(list)
    for one, root in zip(own, roots, strict=True):
        parts[root].append(one)
    return list(parts.values())


#: What a group does in words: the Conventional Commits type, and the verb of its suggested message.
_VERBS = {
    "RENAME": ("refactor", "rename and move"),
    "FORMAT": ("style", "format"),
    "DEPS": ("build", "update"),
    "CODEMOD": ("refactor", "apply one edit throughout"),
    "BEHAVIOUR": ("feat", "change"),
    "CI": ("ci", "update"),
    "DOCS": ("docs", "update"),
}


def suggest(own: Sequence[ClassifiedUnit], bucket: str, types: Sequence[str], words: str) -> str:
    """Return a message for one group.

    ``types`` are the Conventional Commits types that its theme allows (empty: any);
    ``words`` is what the user said of the main change, kept as it is.
    """
    if words:
        return words
    kind, verb = _VERBS[bucket]
    classes = {one.path_class for one in own}
    if bucket == "DEPS" and (PathClass.LOCK in classes or any(is_vendored(one.unit.path) for one in own)):
        verb = "update dependencies in"
    if bucket == "DOCS" and all(one.kind is UnitKind.COMMENT and one.path_class is not PathClass.DOCS for one in own):
        verb = "update comments in"
    if bucket in ("BEHAVIOUR", "CODEMOD", "RENAME") and classes == {PathClass.TEST}:
        kind = "test"
    elif bucket == "BEHAVIOUR" and classes <= {PathClass.BUILD, PathClass.CONFIG}:
        kind = "build"
    if types and kind not in types:
        kind = types[0]
    return f"{kind}: {verb} {place([one.unit.path for one in own])}"


def place(paths: Sequence[str]) -> str:
    """Name the paths in few words: the file, two files, or how many in which folder."""
    distinct = list(dict.fromkeys(paths))
    names = [path.rpartition("/")[2] for path in distinct]
    if len(distinct) <= 2:
        return _printable(" and ".join(names if len(set(names)) == len(names) else distinct))
    folder = commonpath([path.rpartition("/")[0] for path in distinct])
    tops = list(dict.fromkeys(path.partition("/")[0] for path in distinct if "/" in path))
    if not folder and len(tops) == 2 and all("/" in path for path in distinct):
        folder = " and ".join(tops)
    return _printable(f"{len(distinct)} files" + (f" in {folder}" if folder else ""))


def _printable(text: str) -> str:
    """No byte of a path may break a message."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "�" for char in clean)
