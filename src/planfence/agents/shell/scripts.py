"""Programs that are given a script, as an argument, a file or what they read: shells, interpreters, sed and awk."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from typing import TYPE_CHECKING

from planfence.agents.paths import Write
from planfence.agents.shell import files, snippets, syntax
from planfence.agents.shell.syntax import Command
from planfence.agents.shell.values import paths_named
from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

#: Files that are what a command reads.
_STDIN = pattern(r"/dev/stdin|/(?:dev|proc/self)/fd/\d+|-")
#: Behind these a program's script is named: `deno run a.ts`.
_SUBCOMMANDS = frozenset({"run", "watch", "script", "eval", "repl"})
#: Options whose value is not the next word: flags, and those that hold their value.
_FLAGS = pattern(r"-[uBEsSOqvbwPhTan\d]+|-[WXrIMlCdK].+|--(?:\w[^=]*+=.*)?")
UNTOLD = Attempt("a command that only another program knows", "write it plainly")
#: What stands in a text for what is not known.
_UNTOLD = pattern(r"\$(?=[\s;|&)<>]|\Z)|\{\}")
SHELLS = frozenset(
    {"sh", "bash", "zsh", "dash", "ksh", "mksh", "oksh", "yash", "rbash", "ash", "fish", "tcsh", "csh", "osh", "ysh"}
)
INTERPRETERS = {
    **dict.fromkeys(("python", "python3", "pypy", "pypy3", "ipython", "ipython3"), "c"),
    **dict.fromkeys(("ruby", "lua", "luajit", "bun", "jruby", "elixir", "iex", "Rscript", "R", "julia", "tsx"), "e"),
    **dict.fromkeys(("ghc", "ghci", "ocaml", "racket", "swift", "clojure", "clj", "bb", "groovy", "ts-node"), "e"),
    **dict.fromkeys(("octave", "guile", "tclsh", "expect", "erl", "scala"), "ec"),
    "perl": "eE",
    "node": "ep",
    "deno": "",
    "php": "r",
}
#: Options by which such a program is given its text, besides the short ones above.
_EVALUATES = frozenset({"--eval", "--print", "--exec", "--command", "-eval", "eval", "--expr", "-Command", "--execute"})
#: Python's modules that are programs of another name, or of their own name with what is inside them.
_MODULES = {
    "pre_commit": "pre-commit",
    "IPython": "ipython",
    "json.tool": "json.tool",
    **{name: name for name in ("planfence", "dulwich", "xonsh")},
}
#: Programs whose output is meant for `eval`: they set a session's variables and functions.
_INITS = frozenset(
    {"ssh-agent", "pyenv", "rbenv", "nodenv", "direnv", "mise", "brew", "conda", "starship", "zoxide"}
    | {"fnm", "asdf", "dircolors", "opam", "minikube", "keychain", "gpg-agent", "atuin", "rtx"}
    | {"register-python-argcomplete", "thefuck", "uv", "luarocks"}
)


def shell(walker: Walker, rest: Sequence[str], command: Command, cwd: str, piped: str) -> None:
    """Judge the script that a shell is given, if its text is known."""
    rest = [*_without_values(rest)]
    bare = [word for word in rest if not word.startswith(("-", "+"))]
    for place, word in enumerate(rest):
        if word[:1] == "-" != word[1:2] and "c" in word:
            given = [*dropwhile(lambda each: each.startswith(("-", "+")), rest[place + 1 :])]
            command_line(walker, given[0] if given else "", cwd, known=given[:1], arguments=given[1:] or None)
            return
    said = walker.values.read(command, cwd, piped)
    typed = any(redirect.operator in ("<<", "<<<") for redirect in command.redirects)
    for part in (part for word in command.words for part in word if part.text == syntax.PROCESS):
        printed = walker.values.printer(cwd)(part.commands)
        command_line(walker, printed, cwd, known=[])
    if bare and "-s" not in rest and not _STDIN.fullmatch(bare[0]):
        if text := walker.values.file(bare[0], cwd):
            written(walker, text, bare, cwd)
        return  # another file: what it does can't be told here
    if said:
        command_line(
            walker, said, cwd, known=[said] if said == piped or typed else [], arguments=["sh", *bare] if bare else None
        )


def command_line(
    walker: Walker, script: str, cwd: str, *, known: Sequence[str], arguments: Sequence[str] | None = None
) -> None:
    """Judge a command line that is given as text; what makes it can't be followed, so it must be plain."""
    if script.strip() != "$":
        walker.walk(script, cwd, arguments)
    elif known and walker.values.substituted not in _INITS:
        walker.notes.deny([UNTOLD], (cwd,))


def untold(walker: Walker, script: str, commands: Sequence[Command], cwd: str) -> None:
    """Deny what a text runs, if only another program knows what that is."""
    begins = _begins(commands) if _UNTOLD.search(script) else ()
    found = [word for word in begins if word.strip() in ("$", "{}")]
    if len(found) > (walker.values.substituted in _INITS):
        walker.notes.deny([UNTOLD], (cwd,))


def _begins(commands: Iterable[Command]) -> Iterator[str]:
    """Yield the word that each command begins with, if all of it is text, those inside substitutions too."""
    for command in commands:
        first = next((word for word in command.words if not syntax.literal(word[:1]).endswith("=")), ())
        if all(part.kind in (syntax.RAW, syntax.QUOTED) for part in first):
            yield syntax.literal(first)
        for word in (*command.words, *(redirect.target for redirect in command.redirects)):
            for part in word:
                yield from _begins(part.commands)


def written(walker: Walker, text: str, words: Sequence[str], cwd: str) -> None:
    """Judge a file that this command has written, as the script that it is run as."""
    first = text.partition("\n")[0]
    if first.startswith("#!") and not any(name in first for name in ("sh", "env -S")):
        coded(walker, [text], cwd)
    else:
        walker.tolerant(text, cwd, words)


def interprets(program: str) -> bool:
    """Whether a program is an interpreter of another language, its version in its name or not."""
    return program in INTERPRETERS or program.rstrip(".0123456789") in INTERPRETERS


def evaluates(word: str) -> bool:
    """Whether a word may be an option by which an interpreter is given its text."""
    return word in _EVALUATES or (word[:1] == "-" != word[1:2] and word[-1] in "ceEpr")


def interpreter(walker: Walker, program: str, rest: Sequence[str], command: Command, cwd: str, piped: str) -> None:
    """Judge the program that an interpreter of another language is given, or the module that it is told to run."""
    flags = INTERPRETERS.get(program, INTERPRETERS.get(program.rstrip(".0123456789"), ""))
    said = walker.values.read(command, cwd, piped)
    said = said if said != "$" else ""
    place = _operand(rest)
    named = place < len(rest) and not _STDIN.fullmatch(rest[place])
    codes, arguments = [], list(rest[place + 1 :])
    for index, word in enumerate(rest if named else rest[:place]):
        following = rest[index + 1] if index + 1 < len(rest) else ""
        option, _, value = word.partition("=")
        last = word[-1:] if word[:1] == "-" != word[1:2] else ""
        if option in _EVALUATES:
            codes.append(value or following)
        elif (word == "-m" or (last == "m" and flags == "c")) and following and index < place:
            # A module that is not known is like a program that a path names.
            first = following.partition(".")[0]
            known = _MODULES.get(following, _MODULES.get(first, f"./{following}"))
            walker.scoped([known, *rest[index + 2 :]], Command(), cwd, said)
            coded(walker, [said] if first in sys.stdlib_module_names and "/" in known else [], cwd)
            return
        elif last and last in flags:
            codes.append(following)
            arguments = list(rest[index + 2 :])
            break
    # What it reads is data for the program that it is told, if that can't run what it reads.
    options = [word for word in rest[:place] if word.startswith("-") and not _FLAGS.fullmatch(word)]
    asks = any(word == "--interactive" or (word[1] != "-" and "i" in word) for word in options)
    able = any(code == "$" or snippets.is_able(code) for code in codes)
    told = named or any(codes)
    opened = rest[:place] if codes else rest[: place + 1]
    codes += [walker.values.file(word.partition("=")[2] if word[:1] == "-" else word, cwd) for word in opened]
    coded(walker, [*codes, said if able or asks or not told else ""], cwd, arguments)


def _operand(words: Sequence[str]) -> int:
    """Return the place of an interpreter's first operand; a word behind an option that may take a value is none."""
    valued = False
    for place, word in enumerate(words):
        if _STDIN.fullmatch(word):
            return place
        if word.startswith("-"):
            valued = not _FLAGS.fullmatch(word)
        elif not valued and word not in _SUBCOMMANDS:
            return place
        else:
            valued = False
    return len(words)


def coded(walker: Walker, codes: Iterable[str], cwd: str, arguments: Sequence[str] = ()) -> None:
    """Judge programs in other languages; ``arguments`` are what they are given."""
    for code in filter(None, codes):
        bypass = snippets.bypass(code)
        if bypass:
            walker.notes.deny([Attempt(bypass, "a program that runs git must leave the hooks on")])
            walker.notes.judged.places += paths_named(code, cwd, walker.values.variables.get("HOME", ""))
        walker.notes.wrote(list(snippets.writes(code, arguments)), cwd)
        for script in dict.fromkeys(snippets.runs(code)):
            walker.tolerant(script, cwd)


def streams(walker: Walker, program: str, rest: Sequence[str], cwd: str) -> None:
    """Judge what a script of sed or awk writes and runs."""
    told = files.edit(program, rest)
    given = [*told.scripts, *(walker.values.file(each, cwd) for each in told.script_files)]
    for word in given if program.endswith("sed") else rest:
        written, commands = snippets.sed(word) if program.endswith("sed") else snippets.awk(word)
        walker.notes.wrote([Write(file) for file in written], cwd)
        for each in commands:
            walker.tolerant(each, cwd)


def _without_values(words: Sequence[str]) -> Iterator[str]:
    """Leave a shell's options out that take a value, with their values."""
    rest = iter(words)
    for word in rest:
        if word in ("-O", "+O", "-o", "+o", "--rcfile", "--init-file"):
            next(rest, None)
        else:
            yield word
