"""What is judged of a program, by its name and its words; and of one that is not known, what it may have run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from planfence import tables
from planfence.agents import patch
from planfence.agents.paths import Write
from planfence.agents.shell import files, git, runners, scripts, snippets
from planfence.agents.shell.syntax import Command, literal
from planfence.agents.shell.verdict import Attempt
from planfence.change.change import Action
from planfence.lazyregex import pattern

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

#: Programs that set up hooks, and take them away.
_INSTALLERS = frozenset({"planfence", "pre-commit", "prek", "lefthook", "husky"})
#: Programs whose arguments hold programs in a language of their own, which can run others.
_CODED = frozenset(
    {"awk", "gawk", "mawk", "nawk", "vim", "vi", "nvim", "ex", "ed", "emacs", "rails", "rake", "mix", "gdb"}
    | {"lldb", "sqlite3", "psql", "mysql", "osascript", "m4", "make", "gmake", "just", "sbt", "pwsh"}
    | {"powershell", "nu", "xonsh", "elvish", "socat", "artisan", "gradle", "jshell", "flask", "cmd"}
    | {"cmd.exe", "task", "go-task"}
)
#: Programs whose words are texts for people, for a server or for a model.
_TOLD = frozenset(
    {*tables.PROGRAMS, "llm", "curl", "wget", "http", "https", "glab", "bd", "notify-send", "say", "tee"}
    | {"slack", "jira", "linear", "mail", "sendmail", "git", "sed", "gsed", "sponge", "logger", "cowsay"}
)
#: Programs that are told the names of tests, and those that are behind the subcommand `test`.
_TESTS = frozenset(
    {"pytest", "py.test", "unittest", "jest", "vitest", "mocha", "ava", "tap", "jasmine", "karma", "cypress", "rspec"}
    | {"playwright", "phpunit", "pest", "ctest", "behave", "robot", "nextest", "gotestsum", "ginkgo", "bats", "nose2"}
)
_TESTING = frozenset(
    {"go", "cargo", "npm", "pnpm", "yarn", "bun", "deno", "node", "dotnet", "swift", "zig", "bazel", "mix", "rails"}
    | {"gradle", "gradlew", "mvn", "mvnw", "stack", "cabal", "dune", "flutter", "dart", "forge", "hatch", "pdm"}
    | {"workspace"}  # yarn's
)
#: A script in another language than a shell's.
_SCRIPT = pattern(r"\.(?:pyw?|[cm]?[jt]sx?|rb|php|pl|lua|jl|R)\Z")
#: Programs that make git's commits without git's hooks, and what they only look with.
_WITHOUT_HOOKS = frozenset({"jj", "stg", "got", "dulwich", "sl", "gix", "ein", "hg"})
_LOOKS = frozenset(
    {"log", "show", "diff", "status", "st", "help", "--version", "--help", "version", "series", "id"}
    | {"identify", "root", "cat", "annotate", "blame", "ls", "clone", "files"}
)


def follow(walker: Walker, program: str, words: Sequence[str], command: Command, cwd: str, piped: str) -> None:
    """Judge what the programs that are known here do with their words and with what they read."""
    rest = words[1:]
    if program == "git" or program.startswith("git-"):
        words_of = rest if program == "git" else [program.removeprefix("git-"), *rest]
        git.follow(walker, list(words_of), cwd, command, piped)
    elif program in ("sed", "gsed", "awk", "gawk", "mawk", "nawk"):
        scripts.streams(walker, program, rest, cwd)
    elif program == "patch":
        files.patched(walker, rest, command, cwd, piped)
    elif program in ("eval", "trap"):
        walker.notes.later = walker.notes.later or program == "trap"
        scripts.command_line(walker, " ".join(rest), cwd, known=rest[:1])
    elif program in scripts.SHELLS or program in (".", "source"):
        scripts.shell(walker, rest, command, cwd, piped)
    elif program in ("apply_patch", "applypatch"):
        text = "\n".join([*rest, *(literal(r.target) for r in command.redirects if r.operator == "<<")])
        walker.notes.writes([Write(edit.path, edit.action) for edit in patch.edits(text)], cwd)
    elif scripts.interprets(program):
        scripts.interpreter(walker, program, rest, command, cwd, piped)
    elif program == "planfence" and (rest[:1] == ["approve"] or (rest[:1] == ["requests"] and "--drop" in rest)):
        walker.notes.attempt(f"planfence {rest[0]}", "a request is a person's to answer")
    elif program in _INSTALLERS and rest[:1] == ["uninstall"]:
        walker.notes.deny([Attempt(f"{program} uninstall", "the hooks are the team's; a person removes them")], (cwd,))


def others(walker: Walker, program: str, words: Sequence[str], cwd: str, said: str) -> None:
    """Judge what a program is told to run, in whatever directory; ``said`` is what it reads."""
    bare = [word for word in words[1:] if not word.startswith("-")]
    if program in ("ln", "mv", "cp", "rsync") and len(bare) == 2:
        walker.notes.copied(bare[1], bare[0], cwd)
    if (
        program in ("ln", "cp", "install")
        and len(bare) == 2
        and posixpath.basename(bare[0]) in (*git.GITS, *scripts.SHELLS)
    ):
        walker.values.renamed[posixpath.normpath(posixpath.join(cwd, bare[1]))] = posixpath.basename(bare[0])
    if program in ("git", "find", "fd", "fdfind") or program in runners.READERS:
        return
    if "$" in program:
        walker.notes.deny(git.judge(words[1:]).attempts, (cwd,))
    for inner in runners.programs(words):
        walker.reads(inner)
        walker.scoped(inner, Command(), cwd, said)
    for script in runners.scripts(words):
        walker.reads([script])
        (walker.tolerant if program in _CODED else walker.walk)(script, cwd)
    # A program that is not known may run others as well.
    for index, word in enumerate(words[1:], start=1):
        name = posixpath.basename(word)
        if name == "git":
            walker.reads(words[index:])
            git.follow(walker, list(words[index + 1 :]), cwd)
        elif name in scripts.SHELLS and words[index + 1 : index + 2] and program not in scripts.SHELLS:
            walker.reads(words[index:])
            scripts.shell(walker, words[index + 1 :], Command(), cwd, "")
    _given(walker, program, words, cwd, said)


def _given(walker: Walker, program: str, words: Sequence[str], cwd: str, said: str) -> None:
    """Judge the texts that a program is given, as programs of another language or as what it may have run."""
    asked = _asked(words)[1:]
    if program in _CODED or (list(words[:2]) == ["uv", "run"] and "-" in words):
        scripts.coded(walker, [*asked, said, *(walker.values.file(word, cwd) for word in words[1:])], cwd)
    elif program not in _TOLD and program not in scripts.SHELLS and program not in ("eval", "trap", "source", "."):
        # Whatever it is, it may give a shell the command line that it is told.
        for script in (each for word in (*asked, said) for each in snippets.git_lines(word)):
            walker.tolerant(script, cwd)
    if program in _WITHOUT_HOOKS and words[1:2] and words[1] not in _LOOKS:
        walker.notes.deny([Attempt(f"{program} {words[1]}", "it makes commits that no hook sees")], (cwd,))


def _asked(words: Sequence[str]) -> Sequence[str]:
    """Return a program's words up to those that are data: names of tests, arguments of a script that is no shell's."""
    tests = interprets = False
    for place, word in enumerate(words):
        name = posixpath.basename(word)
        if name in _TESTS or (tests and (word == "--test" or word.startswith("test"))):
            return words[:place]
        if _SCRIPT.search(word) and (place == 0 or words[place - 1] == "run"):
            return words[: place + 1]
        if interprets and word != "run" and (not word.startswith("-") or scripts.evaluates(word)):
            if not word.startswith("-") and " " not in word:
                return words[:place]
            interprets = False
        if word == "--" and posixpath.basename(words[0]) in ("tox", "nox"):  # what is behind it goes to the tests
            return words[:place]
        tests = tests or name in _TESTING
        interprets = interprets or scripts.interprets(name)
    return words


def find(walker: Walker, program: str, rest: Sequence[str], cwd: str) -> None:
    """Judge the command that `find -exec` or `fd -x` runs."""
    if program not in ("find", "fd", "fdfind"):
        return
    starts = list(takewhile(lambda word: word[:1] not in ("-", "(", "!"), rest)) if program == "find" else []
    starts += [rest[place + 1] for place, word in enumerate(rest[:-1]) if word in ("-path", "-wholename", "-samefile")]
    files = [
        each for each in starts if not walker.is_folder(posixpath.join(cwd, each)) and ".git" not in each.split("/")
    ]
    if "-delete" in rest:
        walker.notes.writes([Write(each, Action.DELETE) for each in files], cwd)
    for index, word in enumerate(rest):
        if word in ("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"):
            inner = list(_until_semicolon(rest[index + 1 :]))
            for found in files or ["$"]:
                walker.scoped([w.replace("{}", found) for w in inner], Command(), cwd, "")


def _until_semicolon(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word in (";", "+"):
            return
        yield word
