"""A policy as TOML, each value with the file and the line that say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planfence.inert import whole
from planfence.manifest import locks
from planfence.manifest.policy import Policy, StandingTask
from planfence.manifest.policyfile import LoadedPolicy
from planfence.manifest.tomlsource import Path


def shown(loaded: LoadedPolicy, *, origin: bool = False) -> str:
    """Return the whole policy as TOML that reads as the same one; ``origin`` adds where each value comes from."""
    lines = [("schema = 1", "")]
    lines += [(f"{_key(path)} = {_value(value)}", _where(loaded, path)) for path, value in _values(loaded.policy)]
    text = [f"{line}  # {where}" if origin and where else line for line, where in lines]
    for number, each in enumerate(loaded.policy.standing):
        text.append("")
        text.append("[[standing]]" + (f"  # {_where(loaded, ('standing', number))}" if origin else ""))
        text += [f"{key} = {_value(value)}" for key, value in _standing(each)]
    return "".join(f"{whole(line)}\n" for line in text)


def _values(policy: Policy) -> Iterator[tuple[Path, Any]]:
    yield from (((name,), getattr(policy, name)) for name in locks.TOP)
    yield from ((("rules", word), str(severity)) for word, severity in policy.rules.items())
    for table in locks.TABLES:
        record = getattr(policy, table)
        for name in type(record).__slots__:
            value = getattr(record, name)
            if table == "trailers":
                value = [{key: word for key in type(wish).__slots__ if (word := getattr(wish, key))} for wish in value]
            if value or table != "trailers":
                yield (table, name), value
    yield from ((tuple(key.split(".")), getattr(policy, name)) for key, name in locks.SINGLE.items())
    yield from ((("identity", name), model) for name, model in policy.identity.items())


def _standing(each: StandingTask) -> Iterator[tuple[str, Any]]:
    for name in ("id", "title", "authors", "files", "types"):
        yield name, getattr(each, name)
    yield "limits", {"files": each.limits.files, "lines": each.limits.lines}
    yield "may_touch_protected", each.may_touch_protected


def _where(loaded: LoadedPolicy, path: Path) -> str:
    """The file and the line that say a value: of a list that several add to, each of them."""
    sources: dict[str, None] = {}
    found: Any = loaded.source.data
    for key in path:
        found = found.get(key) if isinstance(found, dict) else found[int(key)] if isinstance(found, list) else None
        if found is None and path[0] == "trailers":
            path, found = ("trailers", "preset"), loaded.source.data.get("trailers", {}).get("preset")
            break
    if found is None:
        return "default"
    inner = [(*path, number) for number in range(len(found))] if path == ("protected",) else [path]
    for each in inner or [path]:
        source, own = loaded.source.origin(each)
        sources[f"{source.path}:{source.value(own).line}"] = None
    return ", ".join(sources)


def _key(path: Path) -> str:
    return ".".join(
        str(each) if str(each).replace("-", "").replace("_", "").isalnum() else _value(each) for each in path
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = "".join(c if c.isprintable() and c not in '"\\' else _escaped(c) for c in value)
        return f'"{escaped}"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key((key,))} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)


def _escaped(char: str) -> str:
    return "\\" + char if char in '"\\' else f"\\U{ord(char):08x}"
