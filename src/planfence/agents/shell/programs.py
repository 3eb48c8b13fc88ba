"""What is judged of a program, by its name and its words; and of one that is not known, what it may have run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from planfence.agents import patch
from planfence.agents.paths import Write
from planfence.agents.shell import files, git, scripts
from planfence.agents.shell.syntax import Command
from planfence.agents.shell.verdict import Attempt
from planfence.change.change import Action

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

#: Programs that set up hooks, and take them away.
_INSTALLERS = frozenset({"planfence", "pre-commit", "prek", "lefthook", "husky"})
#: Options of `find` and `fd` that run a command.
_EXECUTES = frozenset({"-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"})


def follow(walker: Walker, program: str, words: Sequence[str], command: Command, cwd: str, piped: str) -> None:
    """Judge what the programs that are known here do with their words and with what they read."""
    rest = words[1:]
    if program == "git" or program.startswith("git-"):
        words_of = rest if program == "git" else [program.removeprefix("git-"), *rest]
        git.follow(walker, list(words_of), cwd, command, piped)
    elif program in ("sed", "gsed", "awk", "gawk", "mawk", "nawk"):
        scripts.streams(walker, program, rest, cwd)
    elif program == "patch":
        files.patched(walker, program, rest, command, cwd, piped)
    elif program in ("eval", "trap"):
        walker.notes.later = walker.notes.later or program == "trap"
        told = [word for word in rest if word != "--"]  # behind what a trap runs stand signals
        scripts.command_line(walker, " ".join(told[:1] if program == "trap" else told), cwd, known=told[:1])
    elif program in scripts.SHELLS or program in (".", "source"):
        scripts.shell(walker, rest, command, cwd, piped)
    elif program in ("apply_patch", "applypatch"):
        text = "\n".join([*rest, walker.values.read(command, cwd, piped)])
        walker.notes.wrote([Write(edit.path, edit.action) for edit in patch.edits(text)], cwd)
    elif scripts.interprets(program):
        scripts.interpreter(walker, program, rest, command, cwd, piped)
    elif program == "planfence" and (rest[:1] == ["approve"] or (rest[:1] == ["requests"] and "--drop" in rest)):
        walker.notes.attempt(f"planfence {rest[0]}", "a request is a person's to answer")
    elif program in _INSTALLERS and rest[:1] == ["uninstall"]:
        walker.notes.deny([Attempt(f"{program} uninstall", "the hooks are the team's; a person removes them")], (cwd,))


def names(walker: Walker, program: str, rest: Sequence[str], cwd: str) -> None:
    """Note the second name that a command gives to a folder, to git or to a shell."""
    bare = [word for word in rest if not word.startswith("-")]
    if program not in ("ln", "mv", "cp", "rsync", "install") or len(bare) != 2:
        return
    (of, place), known = bare, posixpath.basename(bare[0])
    # What is a folder now may be none by then; a link to one is none for `-n` and `-T`.
    surely = place in (".", "..")
    for made in (posixpath.join(place, known), *(() if surely else (place,))):
        if program != "install":
            walker.notes.copied(posixpath.dirname(made) if posixpath.basename(made) == ".git" else made, of, cwd)
        if program not in ("mv", "rsync") and known in (*git.GITS, *scripts.SHELLS):
            walker.values.renamed[posixpath.normpath(posixpath.join(cwd, made))] = known


def find(walker: Walker, program: str, rest: Sequence[str], cwd: str) -> None:
    """Judge the command that `find -exec` or `fd -x` runs."""
    if program not in ("find", "fd", "fdfind"):
        return
    starts = list(takewhile(lambda word: word[:1] not in ("-", "(", "!"), rest)) if program == "find" else []
    files = [
        *(each for each in starts if not walker.is_folder(posixpath.join(cwd, each)) and ".git" not in each.split("/")),
        *_named(rest),
    ]
    if "-delete" in rest:
        walker.notes.wrote([Write(each, Action.DELETE) for each in files], cwd)
    for index, word in enumerate(rest):
        if word in _EXECUTES:
            inner = list(_until_semicolon(rest[index + 1 :]))
            for found in files or ["$"]:
                walker.scoped([w.replace("{}", found) for w in inner], Command(), cwd, "")


def _named(rest: Sequence[str]) -> Iterator[str]:
    """Yield the paths that the actions of `find` may come to, of those that its expression names.

    What a branch without an action tells (`-path ./.git -prune -o …`) does not come to the next; what it denies does.
    """
    branch, negated, acts = list[tuple[str, bool]](), [False], "," in rest
    for before, word, following in zip(("", *rest), rest, (*rest[1:], ""), strict=False):
        denied = negated[-1] != (before in ("!", "-not"))
        if word in ("-o", "-or") and len(negated) == 1:
            yield from (path for path, denies in branch if denies != acts)
            branch, acts = [], "," in rest
        elif word == "(":
            negated.append(denied)
        elif word == ")":
            negated = negated[:-1] or [False]
        elif word in ("-path", "-wholename", "-samefile"):
            branch.append((following, denied))
        acts = acts or word == "-delete" or word in _EXECUTES
    yield from (path for path, denies in branch if not denies)


def _until_semicolon(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word in (";", "+"):
            return
        yield word
