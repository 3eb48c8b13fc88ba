"""The variables that a script sets, hands on, reads or takes away, and what each says to git or of who is at work."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from planfence import tables
from planfence.agents.shell import git, giteffects, syntax
from planfence.agents.shell.values import is_assignment
from planfence.agents.shell.verdict import Attempt

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

_WHO = "who is at work is told by the session itself, not by its commands"
#: Variables that only a person may set, unless the policy lets an agent.
_PERSONS = frozenset({"PLANFENCE_URGENT"})


def assignments(walker: Walker, words: list[str], *, exported: bool) -> list[str]:
    """Take the assignments off the front; what is exported or stands before a command reaches git."""
    index = 0
    while index < len(words) and is_assignment(words[index]):
        name, _, value = words[index].partition("=")
        more, name = name.endswith("+"), name.removesuffix("+")
        walker.values.assign(name, value, more=more)
        # The shell may have exported this one already, or do so later (`set -a`).
        told = name == "PLANFENCE_TASK"
        if (exported or told) and not (told and _starts_agent(walker, words[index + 1 :])):
            walker.notes.deny([*git.variable(name, value), *_task(name, value)])
        says(walker, name, value)
        if exported and name in ("HOME", "XDG_CONFIG_HOME"):
            walker.other_home = name
        walker.notes.wrote(list(giteffects.traces(name, value)), "/")
        if name.startswith("GIT_CONFIG_VALUE_"):
            key = walker.values.variables.get(name.replace("_VALUE_", "_KEY_"), "")
            walker.notes.deny(git.setting(key, value))
        for script in giteffects.by_variable(name, value):
            outer, walker.notes.later = walker.notes.later, True
            walker.walk(script, walker.notes.judged.places[0])
            walker.notes.later = outer
        index += 1
    return words[index:]


def _starts_agent(walker: Walker, words: Sequence[str]) -> bool:
    """Whether a command line starts an agent by its plain name, whom its starter may give a task."""
    program = next((word for word in words if not is_assignment(word)), "")
    known = any(program == model for _, model in tables.SET_FOR_COMMANDS)
    return known and program not in walker.values.functions and program not in walker.values.aliases


def says(walker: Walker, name: str, value: str | None) -> None:
    """Judge a variable by who it says is at work: a shell hands on what it was given, however it is set anew."""
    found = [*_who(name, value, walker.own)]
    if name in _PERSONS and value and not walker.speaks:
        found.append(Attempt(f"{name}={value}", "what can't wait is a person's word: ask for it"))
    found += _task(name) if value is None else ()
    walker.notes.judged.attempts.extend(each for each in found if each not in walker.notes.judged.attempts)


def _task(name: str, value: str | None = None) -> Iterator[Attempt]:
    """Judge a variable that a command sets, takes away or fills unseen (None), by the task it names."""
    if name == "PLANFENCE_TASK":
        shown = name if value is None else f"{name}={value}"
        yield Attempt(shown, "which task is at work here is told by `planfence start`")


def _who(name: str, value: str | None, own: Collection[str] = ()) -> Iterator[Attempt]:
    """Judge a variable that a command sets, or takes away (None), by what it says of who is at work.

    What people have too may be set, as the configuration that it is. ``own`` are the policy's variables.
    """
    shown = name if value is None else f"{name}={value}"
    kept = any(name == each for each, _ in tables.SET_FOR_PEOPLE_TOO) or name == "AGENT"
    if (tables.says_who(name) or name in own) and not (kept and value and tables.is_set(value)):
        yield Attempt(shown, _WHO)


def defines(walker: Walker, program: str, rest: Sequence[str], cwd: str) -> None:
    """Note the variables and aliases that later commands have."""
    if program in ("export", "declare", "typeset", "local", "readonly", "setenv"):
        # `declare -n a=b` makes a second name of b.
        refers = program != "export" and any(word.startswith("-") and "n" in word for word in rest)
        for word in rest:
            # Each word is a name of its own: `export A B=x` runs no A.
            assignments(walker, [word], exported=True)
            if word == "PLANFENCE_TASK" or refers:
                says(walker, word.rpartition("=")[2], None)
            if refers and "=" in word:
                name, _, target = word.partition("=")
                walker.values.references[target] = name
                walker.values.variables[name] = walker.values.variables.get(target, "$")
    elif program == "for" and rest[1:2] == ["in"]:
        # Inside another loop, each round adds its values.
        before = walker.values.loops.get(rest[0], ()) if walker.values.turn else ()
        walker.values.loops[rest[0]] = [*dict.fromkeys((*before, *(rest[2:] or ["$"])))]
    elif program == "alias":
        for name, _, value in (word.partition("=") for word in rest):
            walker.values.aliases[name] = value.split()
            walker.walk(value, cwd)
    elif program == "hash" and rest[:1] == ["-p"] and len(rest) > 2:
        walker.values.aliases[rest[2]] = [rest[1]]


def takes(walker: Walker, program: str, rest: Sequence[str], said: str) -> None:
    """Note the variables that `read`, `mapfile`, `printf -v` and `set --` give a value."""
    if program == "printf" and rest[:1] == ["-v"] and len(rest) > 2:
        text = walker.values.printed(["printf", *rest[2:]], "/")
        assignments(walker, [f"{rest[1]}={text}"], exported=False)
    elif program == "set" and "--" in rest:
        walker.values.positional([walker.values.variables.get("0", "$"), *rest[list(rest).index("--") + 1 :]])
    elif program == "shift" and syntax.SEPARATOR in walker.values.variables.get("@", ""):
        count = int(rest[0]) if rest and rest[0].isdigit() else 1
        kept = walker.values.variables["@"].split(syntax.SEPARATOR)[:-1][count:]
        walker.values.positional([walker.values.variables.get("0", "$"), *kept])
    elif program in ("read", "mapfile", "readarray"):
        names = [word for word in rest if word[:1] != "-" and word.isidentifier()]
        array = program != "read" or any(word[:1] == "-" and "a" in word for word in rest)
        for name in names:
            walker.values.variables[name] = "$"
        if said in ("", "$") or not names:
            return
        blanks = str.maketrans(dict.fromkeys(walker.values.variables.get("IFS", " "), " "))
        lines = said.splitlines()
        if array:
            parts = lines if program != "read" else lines[0].translate(blanks).split()
            walker.values.variables[names[-1]] = "".join(part + syntax.SEPARATOR for part in parts)
            return
        for line in lines:
            parts = line.translate(blanks).split(None, len(names) - 1)
            for name, part in zip(names, parts, strict=False):
                held = walker.values.loops.setdefault(name, []) if len(lines) > 1 else []
                held += [part] if part not in held else []
                walker.values.variables[name] = part


def forgets(walker: Walker, program: str, rest: Sequence[str]) -> None:
    """Judge the commands that take variables away from those that follow."""
    if program == "unset":  # with -f, or if there is no such variable, a function
        for bodies in (walker.values.functions[name] for name in rest if name in walker.values.functions):
            bodies.append(None)
    if program == "unset" and "-f" not in rest:
        for name in (word for word in rest if not word.startswith("-")):
            says(walker, name.partition("[")[0], None)
            if "$" in name:
                walker.notes.attempt(f"unset {name}", "which variable it takes away can't be told")
    elif program in ("export", "declare", "typeset", "local") and any(
        word.startswith("+") or (program == "export" and word == "-n") for word in rest
    ):
        for name in (word for word in rest if word[:1] not in "+-"):
            says(walker, name.partition("=")[0], None)
    elif program in ("read", "mapfile", "readarray", "getopts"):
        for name in (word for word in rest if not word.startswith("-")):
            says(walker, name, None)
    elif program == "printf" and rest[:1] == ["-v"] and len(rest) > 1:
        says(walker, rest[1], None)
    elif program == "for" and rest[1:2] == ["in"]:
        says(walker, rest[0], None)
