"""Small edits of a JSON text that leave everything else as it is: order, comments, spacing.

Reads JSON with comments and trailing commas (what editors call JSONC), keeps the place of every
value, and inserts or removes single members and items.
"""

from __future__ import annotations

import json
from typing import Any

from planfence.errors import PlanfenceError
from planfence.records import dataclass, field


@dataclass(slots=True)
class Node:
    """A value and where it stands: ``start`` and ``end`` are offsets, ``keys`` an object's keys with their offsets."""

    start: int
    end: int = 0
    value: Any = None
    keys: list[tuple[str, int]] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    @property
    def is_object(self) -> bool:
        """Whether it is an object."""
        return isinstance(self.value, dict)

    @property
    def is_array(self) -> bool:
        """Whether it is an array."""
        return isinstance(self.value, list)

    def member(self, key: str) -> Node | None:
        """Return the value of a key; of a key that stands twice the last, as every reader has it."""
        found = [child for (name, _), child in zip(self.keys, self.children, strict=True) if name == key]
        return found[-1] if found else None


def parse(text: str) -> Node:
    """Read a text; raises :class:`PlanfenceError` if it is not JSON, comments and trailing commas aside."""
    reader = _JsonReader(text)
    reader.skip()
    try:
        node = reader.value()
    except RecursionError:
        raise reader.fault("the values are nested too deeply") from None
    reader.skip()
    if reader.at != len(text):
        raise reader.fault("something follows the value")
    return node


class _JsonReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith("\ufeff") else 0
        self.decoder = json.JSONDecoder()

    def fault(self, what: str) -> PlanfenceError:
        line = self.text.count("\n", 0, self.at) + 1
        return PlanfenceError(f"line {line} is not JSON: {what}", hint="fix the file, then run this again")

    def skip(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] in " \t\r\n":
                self.at += 1
            elif self.text.startswith("//", self.at):
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text.startswith("/*", self.at):
                end = self.text.find("*/", self.at)
                if end < 0:
                    raise self.fault("a comment is not closed")
                self.at = end + 2
            else:
                return

    def value(self) -> Node:
        node = Node(self.at)
        if self.text.startswith(("{", "["), self.at):
            self._container(node)
        else:
            node.value = self._scalar()
        node.end = self.at
        return node

    def _scalar(self) -> Any:
        try:
            value, self.at = self.decoder.raw_decode(self.text, self.at)
        except ValueError as error:
            raise self.fault(str(error)) from error
        return value

    def _container(self, node: Node) -> None:
        closing = "}" if self.text[self.at] == "{" else "]"
        values: Any = {} if closing == "}" else []
        self.at += 1
        while True:
            self.skip()
            if self.text.startswith(closing, self.at):
                self.at += 1
                break
            start = self.at
            key = self._key() if closing == "}" else ""
            child = self.value()
            node.children.append(child)
            if closing == "}":
                node.keys.append((key, start))
                values[key] = child.value
            else:
                values.append(child.value)
            self.skip()
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith(closing, self.at):
                raise self.fault(f"neither `,` nor `{closing}` after a value")
        node.value = values

    def _key(self) -> str:
        key = self._scalar()
        if not isinstance(key, str):
            raise self.fault("a key is not a string")
        self.skip()
        if not self.text.startswith(":", self.at):
            raise self.fault("a `:` is missing")
        self.at += 1
        self.skip()
        return key


def indent_of(text: str) -> str:
    """Return one step of the text's own indentation; two spaces if it has none."""
    for line in text.splitlines():
        stripped = line.lstrip(" \t")
        if stripped and stripped != line and not stripped.startswith(("//", "*", "/*")):
            return line[: len(line) - len(stripped)]
    return "  "


def insert(text: str, container: Node, key: str | None, value: Any) -> str:
    """Put a member (``key``) or an item (None) at the end of a container, indented as its neighbours are."""
    step = indent_of(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    line = text.rfind("\n", 0, container.start) + 1
    outer = text[line : container.start]
    outer = outer[: len(outer) - len(outer.lstrip(" \t"))]
    rendered = json.dumps(value, indent=step, ensure_ascii=False)
    written = f"{json.dumps(key)}: {rendered}" if key is not None else rendered
    body = written.replace("\n", f"\n{outer}{step}").replace("\n", newline)
    if not container.children:
        # What stands inside an empty container can only be space or comments: it stays.
        inside = text[container.start + 1 : container.end - 1].rstrip(" \t\r\n")
        new = f"{inside}{newline}{outer}{step}{body}{newline}{outer}"
        return text[: container.start + 1] + new + text[container.end - 1 :]
    last = container.children[-1].end
    comma = _after(text, last)
    if comma:
        return text[:comma] + f"{newline}{outer}{step}{body}," + text[comma:]
    return text[:last] + f",{newline}{outer}{step}{body}" + text[last:]


def remove(text: str, container: Node, index: int) -> str:
    """Take a child out, with the comma and the space that belong to it; a container left empty is closed up."""
    starts = [start for _, start in container.keys] or [child.start for child in container.children]
    start, end = starts[index], container.children[index].end
    comma = _after(text, end)
    if len(container.children) == 1:
        rest = text[comma or end : container.end - 1]
        before = text[container.start + 1 : start]
        kept = before.rstrip(" \t\r\n") + rest.rstrip(" \t\r\n") if (before + rest).strip() else ""
        return text[: container.start + 1] + kept + text[container.end - 1 :]
    if index == len(container.children) - 1:
        previous = container.children[index - 1].end
        separator = _after(text, previous) or previous
        cut = separator - 1 if not comma else separator
        return text[:cut] + text[separator:start].rstrip(" \t\r\n") + text[comma or end :]
    gap = start
    while text[gap - 1] in " \t":
        gap -= 1
    after = comma or end
    if text[gap - 1] == "\n":
        gap -= 2 if text[gap - 2 : gap] == "\r\n" else 1
        return text[:gap] + text[after:]
    while text[after : after + 1] == " ":
        after += 1
    return text[:start] + text[after:]


def _after(text: str, end: int) -> int:
    """Return the offset after the comma that follows a value, or 0 if none does."""
    reader = _JsonReader(text)
    reader.at = end
    reader.skip()
    return reader.at + 1 if text.startswith(",", reader.at) else 0
