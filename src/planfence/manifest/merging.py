"""A policy and the shared ones that it extends, merged into one document that knows where each value comes from.

The files are merged in order, each of them once: first what a file extends, then the file itself. Of tables each key
counts by itself; a list replaces the one before; `protected` and `[[standing]]` add, and a standing task of the same
id replaces the one before. `extends` and `locked` are each file's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from planfence.change.unsafenames import hazard
from planfence.errors import BadFile, Fault
from planfence.gitio import paths
from planfence.manifest.tablereader import Faults, quoted
from planfence.manifest.tomlsource import Path, TomlSource, read_toml

#: Returns a file's bytes, None if there is none; may raise :class:`BadFile` for what is not a plain file.
Read = Callable[[str], "bytes | None"]

#: More files than this nobody reads.
MOST = 32
_PULL = "bring it with `planfence policy pull SOURCE@REV`, or take it out"


def gather(top: TomlSource, read: Read) -> tuple[list[TomlSource], list[Fault]]:
    """Return the files in the order in which they are merged, the top one last, and what is wrong with the lists."""
    found: list[TomlSource] = []
    seen: set[str] = set()
    faults: list[Fault] = []

    def visit(source: TomlSource, chain: tuple[str, ...]) -> None:
        seen.add(source.path)
        own = Faults(source)
        for index, name in _listed(source):
            at: Path = ("extends", index)
            if name in chain:
                way = " → ".join((*chain[chain.index(name) :], name))
                own.at_value(at, f"a circle: {way}", "take one of them out")
            elif name not in seen:
                if len(seen) > MOST:
                    own.at_value(at, f"more than {MOST} files", "extend fewer")
                    continue
                try:
                    data = read(name)
                    if data is None:
                        own.at_value(at, f"there is no {quoted(name)} beside the policy", _PULL)
                    else:
                        visit(read_toml(data, name), (*chain, name))
                except BadFile as error:
                    faults.extend(error.faults)
                    seen.add(name)
        faults.extend(own.found)
        found.append(source)

    visit(top, (top.path,))
    return found, faults


def beneath(sources: list[TomlSource], number: int) -> list[TomlSource]:
    """Return a file and those that it extends, of the files in the order in which they are merged."""
    names = {sources[number].path}
    found: list[TomlSource] = []
    for each in reversed(sources[: number + 1]):
        if each.path in names:
            names.update(name for _, name in _listed(each))
            found.insert(0, each)
    return found


def path_fault(name: str) -> tuple[str, str] | None:
    """Say why a path can name no shared policy, and how to fix it; None if it can."""
    if problem := paths.literal_fault(name):
        return problem
    unsafe = hazard(name)
    return (unsafe, "name a file that git would check out: `.planfence/org.toml`") if unsafe else None


def _listed(source: TomlSource) -> Iterator[tuple[int, str]]:
    """Yield the paths that a file extends; what can be none has a fault already."""
    listed = source.data.get("extends")
    for index, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str) and path_fault(name) is None:
            yield index, name


class Merged(TomlSource):
    """Several documents as one: the data of all, and for each value the document that says it."""

    def __init__(self, sources: list[TomlSource], codes: Mapping[str, str]) -> None:
        top = sources[-1]
        super().__init__(top.path, top.text, {})
        self._top = top
        self._codes = codes
        self._origins: dict[Path, tuple[TomlSource, Path]] = {}
        for source in sources:
            self._merge(self.data, source, source.data, ())

    def origin(self, path: Path) -> tuple[TomlSource, Path]:
        """Which document says what stands at this path, and where in it; the top one if none does."""
        for length in range(len(path), 0, -1):
            if found := self._origins.get(path[:length]):
                return found[0], (*found[1], *path[length:])
        return self._top, path

    def _merge(self, into: dict[str, Any], source: TomlSource, data: dict[str, Any], path: Path) -> None:
        for key, value in data.items():
            at: Path = (*path, key)
            if at in (("extends",), ("locked",)):
                continue
            if at == ("protected",):
                listed = into.setdefault(key, [])
                for index, each in enumerate(value):
                    if each not in listed:
                        self._origins[*at, len(listed)] = source, (*at, index)
                        listed.append(each)
            elif at == ("standing",):
                for index, each in enumerate(value):
                    self._add(into.setdefault(key, []), source, (*at, index), each)
            elif isinstance(value, dict) and isinstance(into.get(key), dict):
                self._merge(into[key], source, value, at)
            else:
                if path == ("rules",):
                    self._drop_other_name(into, key, source)
                for inner in [each for each in self._origins if each[: len(at)] == at]:
                    del self._origins[inner]
                self._put(into, key, source, value, at)

    def _put(self, into: dict[str, Any], key: str, source: TomlSource, value: Any, at: Path) -> None:
        if not isinstance(value, dict):
            self._origins[at] = source, at
            into[key] = value
            return
        # Its keys may come from several files in the end.
        into[key] = {}
        for name, each in value.items():
            self._put(into[key], name, source, each, (*at, name))

    def _add(self, listed: list[Any], source: TomlSource, own: Path, task: Any) -> None:
        number = next((i for i, each in enumerate(listed) if each["id"] == task["id"]), len(listed))
        # Two of one id in one file are a fault of that file.
        if number < len(listed) and self._origins["standing", number][0] is source:
            number = len(listed)
        listed[number : number + 1] = [task]
        self._origins["standing", number] = source, own

    def _drop_other_name(self, rules: dict[str, Any], word: str, source: TomlSource) -> None:
        """Let what names a rule later count, whichever of its two names it uses."""
        code = self._codes.get(word, word)
        for other in [each for each in rules if each != word and self._codes.get(each, each) == code]:
            if self._origins["rules", other][0] is not source:  # else it is a fault of that file
                del rules[other], self._origins["rules", other]
