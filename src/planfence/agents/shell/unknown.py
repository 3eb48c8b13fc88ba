"""What a program that is not known may run: the programs and the command lines that its words name."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planfence import tables
from planfence.agents.shell import git, runners, scripts, snippets
from planfence.agents.shell.syntax import Command
from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

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


def runs(walker: Walker, program: str, words: Sequence[str], cwd: str, said: str) -> None:
    """Judge what a program is told to run, in whatever directory; ``said`` is what it reads."""
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
