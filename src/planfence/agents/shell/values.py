"""What the words of a script stand for: its variables and loops, the files that it has written, what it prints.

What can't be told is `$`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence

from planfence.agents import shellsyntax
from planfence.agents.shell.prints import prints, said
from planfence.agents.shellsyntax import Command, Word, expand, literal
from planfence.lazyregex import pattern

_ASSIGNMENT = pattern(r"[A-Za-z_]\w*\+?=")
_MOST_ARGUMENTS = 50
#: The longest value that is known, in characters: `a=$a$a` doubles one each time.
_LONGEST = 20_000
#: Programs whose output a shell may be given: what they print is a file, and what is in it can't be told here.
_FETCHERS = frozenset({"curl", "wget", "cat"})
_PATH = pattern(r"(?<![\w.:/])(?:~|\.\.?)?/[\w./~+@-]*|(?<![\w./])\.\.(?![\w.])")


class Values:
    """What a script has given names to so far: variables, loops, aliases, functions, files."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.aliases: dict[str, list[str]] = {}
        self.git_aliases: dict[str, str] = {}
        #: Every body that a function was given: which of them counts may not be told. None stands for the program
        #: of that name, if the function may not be there.
        self.functions: dict[str, list[tuple[Command, ...] | None]] = {}
        #: The second names of variables (`declare -n`), by the first.
        self.references: dict[str, str] = {}
        #: What this command has written into files, and the programs that it has given other names.
        self.written: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        #: The values of a variable that has several: each is judged in a round of its own.
        self.loops: dict[str, list[str]] = {}
        #: What is set in this round of a loop, with the value that it had before.
        self.noted: dict[str, str] = {}
        self.turn = 0
        #: What a wrapper (`env A=b`) sets for its command alone, with the value that it had before.
        self.lent: dict[str, str | None] = {}
        self.prefixed: frozenset[str] = frozenset()
        #: The program whose output stands in the words of this command.
        self.substituted = ""

    def assign(self, name: str, value: str) -> None:
        """Give a variable one value, which is unknown if it is too long, and what it is a second name of."""
        value = value if len(value) < _LONGEST else "$"
        self.noted.setdefault(name, self.variables.get(name, "$"))
        self.variables[name] = value
        self.loops.pop(name, None)
        if name in self.references:
            self.variables[self.references[name]] = value

    def positional(self, arguments: Sequence[str]) -> dict[str, str]:
        """Set `$0`, `$1`, … and `$@`; return what they were."""
        new = {str(place): text for place, text in enumerate(arguments[:_MOST_ARGUMENTS])}
        every = "".join(f"{text}{shellsyntax.SEPARATOR}" for text in arguments[1:])
        new |= {"@": every, "*": every}
        gone = {name for name in self.variables if name.isdigit()} - new.keys()
        outer = {name: self.variables.get(name, "$") for name in (*new, *gone)}
        self.variables |= new | dict.fromkeys(gone, "")
        return outer

    def expanded(self, word: Word, cwd: str) -> list[str]:
        """Return the words that the shell would make of one."""
        return expand(word, self.variables, self.printer(cwd))

    def plainly(self, part: shellsyntax.WordPart, cwd: str) -> str:
        """Return what stands for a part of a text, which is never parted at its blanks."""
        if part.kind != shellsyntax.VARIABLE:
            return literal((part,))
        return " ".join(self.expanded((part._replace(quoted=True),), cwd))

    def printer(self, cwd: str) -> Callable[[tuple[Command, ...]], str]:
        """Return what answers what the commands of a substitution print."""

        def printed(commands: tuple[Command, ...]) -> str:
            if len(commands) != 1:
                self.substituted = "$"
                return "$"
            words = [text for word in commands[0].words for text in expand(word, self.variables, printed)]
            self.substituted = posixpath.basename(words[0]) if words else ""
            return prints(words, cwd)

        return printed

    def read(self, command: Command, cwd: str, piped: str) -> str:
        """Return what a command reads from its standard input, or from a descriptor that it opens; `$`: not told."""
        for redirect in reversed(command.redirects):
            if redirect.operator in ("<<", "<<<"):
                return "".join(self.plainly(part, cwd) for part in redirect.target)
            if redirect.operator == "<":
                if redirect.target and redirect.target[-1].text == shellsyntax.PROCESS:
                    return self.printer(cwd)(redirect.target[-1].commands)
                file = "".join(self.expanded(redirect.target, cwd))
                return self.written.get(posixpath.normpath(posixpath.join(cwd, file)), "")
        return piped

    def printed(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> str:
        """Return what a command prints for the one behind it, `$` if that can't be told."""
        text = said(words)
        if words[:1] in (["cat"], ["tee"]):
            text = self._handed_on(words, command, cwd, piped)
        if text or posixpath.basename(words[0] if words else "") in _FETCHERS:
            return text
        return "$"

    def _handed_on(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> str:
        """Return what `cat` prints of the files that it is given or of what it reads, or `tee` of what it reads."""
        made = [part for word in command.words for part in word if part.text == shellsyntax.PROCESS]
        bare = [word for word in words[1:] if words[0] == "cat" and word[:1] != "-"]
        if not made and (not bare or "-" in words):
            return self.read(command, cwd, piped)
        return "\n".join(
            [*(self.printer(cwd)(part.commands) for part in made), *(self.file(each, cwd) for each in bare)]
        )

    def keeps(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> None:
        """Remember what a command writes into a file, if its text is known: it may be run later."""
        text = self.printed(words, command, cwd, piped) if words[:1] != ["tee"] else self.read(command, cwd, piped)
        if text in ("", "$"):
            return
        files = [word for word in words[1:] if words[0] == "tee" and word[:1] != "-"]
        for redirect in command.redirects:
            if redirect.operator in (">", ">>", ">|"):
                files += self.expanded(redirect.target, cwd)
        for file in files:
            path = posixpath.normpath(posixpath.join(cwd, self.home(file)))
            self.written[path] = self.written.get(path, "") + text + "\n"

    def file(self, name: str, cwd: str) -> str:
        """Return what this command has written into a file, or nothing."""
        return self.written.get(posixpath.normpath(posixpath.join(cwd, self.home(name))), "")

    def home(self, path: str) -> str:
        """Write out the tilde that a path begins with."""
        home = self.variables.get("HOME", "")
        if path.startswith("~+/"):
            return path[3:]
        return home + path[1:] if home and (path == "~" or path.startswith("~/")) else path


def paths_named(text: str, cwd: str, home: str) -> Iterator[str]:
    """Yield the paths that a text which can't be followed names."""
    for path in _PATH.findall(text):
        yield posixpath.join(cwd, home + path[1:] if path.startswith("~") else path)


def is_assignment(word: str) -> bool:
    """Whether a word gives a variable a value."""
    return _ASSIGNMENT.match(word) is not None
