"""What a program that is not known may run: the programs and the command lines that its words name."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from planfence import tables
from planfence.agents.shell import files, git, githooks, runners, scripts, snippets
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
    | {"cmd.exe", "task", "go-task", "cmake", "jupyter", "gnuplot", "sbcl"}
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
#: Programs that run a task of the project, which is given what is behind its name.
_TASKS = frozenset({"just", "task", "go-task", "rake", "flask", "composer", "invoke", "yarn", "pnpm", "artisan"})
#: Programs that hand on what is behind `--`, to tests or to what they debug.
_PASSING = frozenset({"tox", "nox", "lldb", "go-task", "task"})
#: Programs that run a program of the project; and any that a path names which is no system's.
_HOSTS = frozenset({"java", "kotlin", "mono", "wine"})
_OWN = pattern(r"(?!/(?:usr|bin|sbin|opt|nix|snap|home/linuxbrew)/)[^\s]*/")
#: Programs that are given files with programs in a language that they compile.
_COMPILED = frozenset({"go", "cargo", "rust-script", "java", "kotlin", "dotnet", "zig", "crystal", "nim", "v", "dart"})
#: Options by which programs are told a name.
_NAMING = frozenset(
    {"-n", "-t", "-l", "--name", "--namespace", "--tag", "--filter", "--label", "--hostname", "--network"}
)
#: Options by which programs are told a variable and its value.
_SETTINGS = frozenset({"-e", "--env", "-var", "--var", "--build-arg", "--set", "--set-string"})
#: Programs that commit by git, and their options that leave the hooks out.
_COMMITS = frozenset(
    {*githooks.HAND_ON, "gt", "gs", "av", "lerna", "release-it", "bump2version", "bump-my-version", "bumpversion"}
    | {"aicommits", "oco", "opencommit", "gitmoji", "changeset", "aider"}
)
_SKIPS = (
    "--no-verify",
    "--no-commit-hooks",
    "--commit-hooks=false",
    "--no-git-verify",
    "--git-commit-verify=false",
    "--no-git-commit-verify",
)
#: Options that say by their name that a program runs what they are told.
_RUNS = pattern(r"--?(?:[a-z]+-)*(?:eval|exec\w*|cmd|command|shell|hook)|--(?:on(?!ly)|before|after)[a-z-]+")
#: Those that do so by their subcommand `version` alone.
_VERSIONS = frozenset({"npm", "yarn", "pnpm"})
#: Those of commitizen.
_CZ = frozenset({"commit", "c", "bump", "check", "changelog"})
#: The subcommands of `gt` for which `-n` is --no-verify.
_GT = frozenset({"create", "c", "modify", "m", "commit", "squash", "absorb"})
_SHORT = pattern(r"-[A-Za-lo-z]*+n[A-Za-z]*+")
#: Programs that make git's commits without git's hooks, and what they only look with.
_WITHOUT_HOOKS = frozenset({"jj", "stg", "got", "dulwich", "sl", "gix", "ein", "hg", "but", "tg", "git-revise"})
_LOOKS = frozenset(
    {"log", "show", "diff", "status", "st", "help", "--version", "--help", "version", "series", "id"}
    | {"identify", "root", "cat", "annotate", "blame", "ls", "clone", "files"}
)


def runs(walker: Walker, program: str, words: Sequence[str], cwd: str, said: str) -> None:
    """Judge what a program is told to run, in whatever directory; ``said`` is what it reads."""
    for script in runners.scripts(words):
        walker.reads([script])
        (walker.tolerant if program in _CODED else walker.walk)(script, cwd)
    if program in ("git", "find", "fd", "fdfind") or program in runners.READERS:
        return
    if "$" in program:
        walker.notes.deny(git.judge(words[1:]).attempts, (cwd,))
        if list(words) == ["$"] and scripts.interprets(walker.values.substituted):
            walker.notes.deny([scripts.UNTOLD], (cwd,))
    for inner in runners.programs(words):
        task = program in _TASKS and not _is_known(posixpath.basename(inner[0]))
        if not task and not _is_a_name(words, len(words) - len(inner)):
            walker.reads(inner)
            walker.scoped(inner, Command(), cwd, said)
    # A program that is not known may run others as well.
    for index, word in enumerate(words[1:], start=1):
        name = posixpath.basename(word)
        if name == "git" and not _is_a_name(words, index):
            walker.reads(words[index:])
            git.follow(walker, list(words[index + 1 :]), cwd)
        elif name in scripts.SHELLS and words[index + 1 : index + 2] and program not in scripts.SHELLS:
            walker.reads(words[index:])
            scripts.shell(walker, words[index + 1 :], Command(), cwd, "")
    _given(walker, program, words, cwd, said)


def _is_known(program: str) -> bool:
    """Whether a program is one that runs others, or writes, by what is known of it here."""
    known = any(program in names for names in (_CODED, _COMMITS, scripts.SHELLS, files.WRITERS, git.GITS))
    return known or scripts.interprets(program) or any(program == name for name, _ in runners.RUNNERS)


def _is_a_name(words: Sequence[str], index: int) -> bool:
    """Whether a word `git` may be a name: what is behind it is no command that can be told."""
    program = posixpath.basename(words[0])
    runner = any((program, word) in runners.RUNNERS for word in ("", *words[1:index]))
    told = "$" not in "".join(words[index + 1 : index + 2])
    return words[index] == "git" and not told and (words[index - 1] in _NAMING or not runner)


def _given(walker: Walker, program: str, words: Sequence[str], cwd: str, said: str) -> None:
    """Judge the texts that a program is given, as programs of another language or as what it may have run."""
    coded = program in _CODED
    runs = [text for one, text in pairwise(words) if _RUNS.fullmatch(one) or (coded and scripts.evaluates(one))]
    asked = [*_asked(words)[1:], *runs]
    written = [walker.values.file(word, cwd) for word in words[1:]]
    if program in _COMPILED:
        scripts.coded(walker, written, cwd)
    if coded or (list(words[:2]) == ["uv", "run"] and "-" in words):
        scripts.coded(walker, [*asked, said, *written], cwd)
    elif program not in _TOLD and program not in scripts.SHELLS and program not in ("eval", "trap", "source", "."):
        # Whatever it is, it may give a shell the command line that it is told, or that it reads.
        read = [] if _is_own(words[0]) or scripts.interprets(program) else [said]
        pairs = zip(("", *asked), asked, strict=False)
        told = [word for before, word in pairs if before not in _SETTINGS or "=" not in word.partition(" ")[0]]
        lines = [each for word in (*told, *read) for each in snippets.git_lines(word)]
        for script in dict.fromkeys((*lines, *(each for word in words[1:] for each in snippets.calls(word)))):
            walker.tolerant(script, cwd)
    if program in _WITHOUT_HOOKS and words[1:2] and words[1] not in _LOOKS:
        walker.notes.deny([Attempt(f"{program} {words[1]}", "it makes commits that no hook sees")], (cwd,))
    if skips := _skips_hooks(program, words):
        walker.notes.deny([Attempt(f"{program} {skips}", githooks.NO_HOOKS)], (cwd,))


def _skips_hooks(program: str, words: Sequence[str]) -> str:
    """Return the word by which a program that commits leaves the hooks out, or nothing."""
    if scripts.interprets(program):  # `python -m commitizen`
        words = runners.module(words)
        program = words[0].replace("_", "-") if words else ""
    if program not in _COMMITS and not (program in _VERSIONS and "version" in words):
        return ""
    if words[1:2] == ["-n"] and words[3:4] and words[3] in _CZ:
        words = words[2:]  # Python's commitizen is told its rules by name, npm's hands `-n` on
    short = program in githooks.HAND_ON or (program == "gt" and words[1:2] and words[1] in _GT)
    return next(
        (word for word in words[1:] if any(skips in word for skips in _SKIPS) or (short and _SHORT.fullmatch(word))),
        "",
    )


def _is_own(word: str) -> bool:
    """Whether a program is one of the project, or runs one that is named first."""
    program = posixpath.basename(word)
    return program in _HOSTS or (_OWN.match(word) is not None and not _is_known(program))


def _asked(words: Sequence[str]) -> Sequence[str]:
    """Return a program's words up to those that are data: names of tests, arguments of the project's programs."""
    program = posixpath.basename(words[0])
    if _is_own(words[0]):
        return words[:1]
    tests = interprets = own = False
    for place, word in enumerate(words):
        name, before = posixpath.basename(word), words[place - 1] if place else ""
        if name in _TESTS or (tests and _is_test(words, place)):
            return words[:place]
        if _SCRIPT.search(word) and (place == 0 or before == "run"):
            return words[: place + 1]
        if word in (":::", "--args") or (word == "--" and (own or program in _PASSING) and "exec" not in words[:place]):
            return words[:place]
        if place and word[:1] != "-" and (own or _is_run(words, place)) and before[:1] != "-":
            return words[: place + 1]
        if interprets and word != "run" and (not word.startswith("-") or scripts.evaluates(word)):
            if not word.startswith("-") and " " not in word:
                return words[:place]
            interprets = False
        own = own or (
            word in ("run", "build", "test") and (program, word) not in runners.RUNNERS and program in _TESTING
        )
        own = own or (not place and program in _TASKS)
        tests = tests or name in _TESTING
        interprets = interprets or scripts.interprets(name)
    return words


#: What a runner runs is one of so many words.
_FIRST = 20


def _is_run(words: Sequence[str], place: int) -> bool:
    """Whether a word names a program of the project that is run, by a runner that gives no text to a shell."""
    if place > _FIRST or not words[place].startswith(("./", "../")):
        return False
    program = posixpath.basename(words[0])
    found = [runners.RUNNERS.get((program, word)) for word in ("", *words[1:place])]
    plain = any(runner and not runner.scripts and not runner.joined for runner in found)
    return plain and list(words[place:]) in runners.programs(words)


def _is_test(words: Sequence[str], place: int) -> bool:
    """Whether a word is the subcommand that tests, and no option's value in front of one that runs something."""
    if words[place] != "--test" and not words[place].startswith("test"):
        return False
    program = posixpath.basename(words[0])
    return words[place - 1][:1] != "-" or not any((program, word) in runners.RUNNERS for word in words[place:])
