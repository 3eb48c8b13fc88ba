"""Reads the tables of a TOML document by their expected types, and collects every fault on the way.

A reader never stops at a fault: it notes place, message and fix, and goes on with the
default, so that a person sees all faults of a file at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from planfence.errors import BadFile, Fault
from planfence.manifest.tomlsource import Path, TomlSource

#: Names of plans, tasks, themes and criteria: they stand in file names, trailers and reports.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NAME_FIX = "use letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
#: Text that is not blank.
FILLED = re.compile(r"(?s:.*\S.*)")
_TYPES = {bool: "true or false", int: "a whole number", str: "a string", list: "a list", dict: "a table"}

_EXAMPLES = {
    bool: "`true` or `false`",
    int: "a whole number, without quotes",
    str: 'it in quotes: `"…"`',
    list: "a list: `[…]`",
    dict: "a table: `{ key = … }`",
}


#: Longer words are not compared with others: nobody mistypes them.
_MISTYPED = 100
#: Among more words than this no similar one is looked for, and more than this are not listed.
_MANY = 1000
_SHOWN = 50


def kind(value: object) -> str:
    """Say what a TOML value is, in the words of the messages."""
    if isinstance(value, float):
        return "a number"
    return next((words for kind, words in _TYPES.items() if type(value) is kind), "a date or time")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like ``word``, or an empty string; among very many none is looked for."""
    import difflib

    # The comparison grows with the product of the lengths, and with the number of words.
    words = [each for each in known if len(each) <= _MISTYPED] if len(word) <= _MISTYPED else []
    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), "") if len(words) <= _MANY else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a fix for an unknown word: the nearest known one, else all of them."""
    words = sorted(known)
    near = nearest(word, words)
    if near:
        return f"did you mean `{near}`?"
    more = ", …" if len(words) > _SHOWN else ""
    return f"one of {', '.join(f'`{each}`' for each in words[:_SHOWN])}{more}" if words else "take it out"


Default = TypeVar("Default", bound=float | None)


class Faults:
    """The faults of one policy or plan, file by file in the order of their places when they are raised."""

    def __init__(self, source: TomlSource) -> None:
        self.source = source
        self.found: list[Fault] = []

    def at_key(self, path: Path, message: str, fix: str, *, unknown: bool = False) -> None:
        """Note a fault at a key."""
        source, own = self.source.origin(path)
        self.found.append(Fault(source.path, *source.key(own), message, fix, unknown))

    def at_value(self, path: Path, message: str, fix: str, *, unknown: bool = False) -> None:
        """Note a fault at a value."""
        source, own = self.source.origin(path)
        self.found.append(Fault(source.path, *source.value(own), message, fix, unknown))

    def finish(self) -> None:
        """Raise :class:`BadFile` if there is any fault."""
        if self.found:
            raise BadFile(tuple(sorted(self.found, key=lambda fault: (fault.path, fault.line, fault.column))))


class Table:
    """One table, read key by key; :meth:`close` reports the keys that nobody read, in it and in the tables in it."""

    def __init__(self, faults: Faults, path: Path, data: dict[str, Any]) -> None:
        self.faults = faults
        self.path = path
        self._data = data
        self._known: set[str] = set()
        self._inner: list[Table] = []

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def has(self, key: str, wanted: type) -> bool:
        """Whether the key is there, with a value of this type."""
        return type(self._data.get(key)) is wanted

    def names(self) -> tuple[str, ...]:
        """The keys as they stand in the file, for tables whose keys are names."""
        self._known.update(self._data)
        return tuple(self._data)

    def _get(self, key: str, wanted: type, default: Any, required: str) -> Any:
        self._known.add(key)
        if key not in self._data:
            if required:
                self.faults.at_key(self.path, f"{self._here()}has no `{key}`", f"add `{key} = {required}`")
            return default
        return self._typed((*self.path, key), self._data[key], wanted, default)

    def _here(self) -> str:
        return f"`{label(self.path)}` " if self.path else "the file "

    def _typed(self, path: Path, value: Any, wanted: type, default: Any) -> Any:
        if wanted is int and type(value) is float and value.is_integer():
            return int(value)
        if type(value) is wanted:
            return value
        message = f"`{label(path)}` is {kind(value)}, not {_TYPES[wanted]}"
        self.faults.at_value(path, message, f"write {_EXAMPLES[wanted]}")
        return default

    def text(
        self, key: str, default: str = "", *, required: str = "", form: re.Pattern[str] | None = None, say: str = ""
    ) -> str:
        """Read a string; ``required`` is an example for the fix, ``form`` must match it whole (``say`` fixes it)."""
        value: str = self._get(key, str, default, required)
        if key in self._data and self._data[key] is value and form is not None and not form.fullmatch(value):
            self.faults.at_value((*self.path, key), f"`{key}` is {quoted(value)}", say)
        return value

    def filled(self, key: str, *, required: str = "") -> str:
        """Read a string that must not be blank."""
        return self.text(key, required=required, form=FILLED, say=f"write what `{key}` is")

    def name(self, key: str, *, required: str = "") -> str:
        """Read a name (:data:`NAME`)."""
        return self.text(key, required=required, form=NAME, say=NAME_FIX)

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """Read one of a few words."""
        value = self.text(key, default)
        if value not in choices and self._data.get(key) == value:
            fix = did_you_mean(value, choices)
            self.faults.at_value((*self.path, key), f"`{key}` is {quoted(value)}", fix, unknown=True)
            return default
        return value

    def integer(self, key: str, default: int, *, least: int, required: str = "") -> int:
        """Read a whole number that is at least ``least``."""
        value: int = self._get(key, int, default, required)
        if value < least and self._data.get(key) == value:
            self.faults.at_value((*self.path, key), f"`{key}` is {value}", f"write {least} or more")
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Read true or false."""
        value: bool = self._get(key, bool, default, "")
        return value

    def items(self, key: str, wanted: type, *, required: str = "") -> Iterator[tuple[Path, Any]]:
        """Read a list's elements of one type, each with its path; elements of another type are faults."""
        for index, value in enumerate(self._get(key, list, [], required)):
            path: Path = (*self.path, key, index)
            item = self._typed(path, value, wanted, None)
            if item is not None:
                yield path, item

    def texts(
        self, key: str, *, required: str = "", form: re.Pattern[str] | None = None, say: str = ""
    ) -> tuple[str, ...]:
        """Read a list of strings, each not blank, or of the given form."""
        good: list[str] = []
        for path, value in self.items(key, str, required=required):
            if (form or FILLED).fullmatch(value):
                good.append(value)
            else:
                self.faults.at_value(path, f"`{label(path)}` is {quoted(value)}", say or "write it, or take it out")
        return tuple(good)

    def table(self, key: str) -> Table:
        """Read a table; a missing one reads as an empty one."""
        return self.inner((*self.path, key), self._get(key, dict, {}, ""))

    def tables(self, key: str, *, required: str = "") -> Iterator[Table]:
        """Read a list of tables."""
        return (self.inner(path, value) for path, value in self.items(key, dict, required=required))

    def inner(self, path: Path, data: dict[str, Any]) -> Table:
        """Read what stands at a path in this table, as a table."""
        self._inner.append(Table(self.faults, path, data))
        return self._inner[-1]

    def number(self, key: str, default: Default, fits: Callable[[float], bool], fix: str) -> float | Default:
        """Read a number, whole or not, that must fit (``fix`` says how)."""
        value = self.raw(key)
        if value is None:
            return default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not fits(value):
            self.faults.at_value((*self.path, key), f"`{key}` is {value if is_number else kind(value)}", fix)
            return default
        return float(value)

    def raw(self, key: str) -> Any:
        """Return a value whatever its type, None if there is none."""
        self._known.add(key)
        return self._data.get(key)

    def close(self) -> None:
        """Report the unknown keys."""
        for table in self._inner:
            table.close()
        for key in self._data:
            if key not in self._known:
                where = f" in `{label(self.path)}`" if self.path else ""
                fix = did_you_mean(key, self._known)
                self.faults.at_key((*self.path, key), f"unknown key `{key}`{where}", fix, unknown=True)


def quoted(value: str) -> str:
    """Return a value for a message, shortened and on one line."""
    shown = value if len(value) <= 60 else f"{value[:57]}…"
    return f'"{shown}"' if shown.isprintable() else repr(shown)


def label(path: Path) -> str:
    """Return a path as TOML people write it: `tasks[1].files[0].path`, counted from 0."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out
