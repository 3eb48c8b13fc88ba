"""What the words of a script stand for: its variables and loops, the files that it has written, what it prints.

What can't be told is `$`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase  # noqa: TID251 - a shell's pattern, whose `*` crosses `/`
from itertools import pairwise

from planfence.agents.paths import top_of
from planfence.agents.shell import files, syntax
from planfence.agents.shell.syntax import (
    QUOTED,
    RAW,
    SEPARATOR,
    VARIABLE,
    Command,
    UnreadableError,
    Word,
    WordPart,
    literal,
)
from planfence.change.change import Action
from planfence.lazyregex import pattern

_ASSIGNMENT = pattern(r"[A-Za-z_]\w*\+?=")
_MOST_ARGUMENTS = 50
#: The longest value that is known, in characters: `a=$a$a` doubles one each time.
_LONGEST_VALUE = 20_000
#: And the longest text of a file: a file that is written into itself doubles, too.
_LONGEST_FILE = 300_000
#: Programs whose output a shell may be given: what they print is a file, and what is in it can't be told here.
_FETCHERS = frozenset({"curl", "wget", "cat"})
#: Programs that say where another one is.
_LOOKUPS = frozenset({"which", "type", "command"})
_BRACES = pattern(r"(-?\d+)\.\.(-?\d+)(?:\.\.-?\d+)?|([A-Za-z])\.\.([A-Za-z])")
_MOST_BRACES = 1000
#: So many braces of a word are looked at: each may reach to its end.
_MOST_OPEN = 300
_OFFSETS = pattern(r":\s?(-?\d+)(?::(\d+))?")
#: Files that shells run at their start.
_STARTUP = pattern(r"(?:\A|/)(?:\.(?:bash|zsh|k?sh)(?:rc|env)|\.(?:bash_|z)?(?:profile|login)|\.envrc)\Z")
#: Programs that make one file of another.
_COPIERS = frozenset({"cp", "mv", "install", "ln", "rsync"})
_GIT_FOLDERS = ("--git-dir", "--git-common-dir", "--absolute-git-dir", "--git-path")
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
        #: What `exec` has opened under another descriptor.
        self.held = ""
        #: The program whose output stands in the words of this command.
        self.substituted = ""

    def assign(self, name: str, value: str, *, more: bool = False) -> None:
        """Give a variable one value, which is unknown if it is too long, and what it is a second name of.

        ``more``: behind what it has.
        """
        if more and (old := self.variables.get(name, "")):
            # Elements stand behind others; a text is put behind the text.
            value = old + SEPARATOR * (SEPARATOR in value and SEPARATOR not in old) + value
        value = value if len(value) < _LONGEST_VALUE else "$"
        self.noted.setdefault(name, self.variables.get(name, "$"))
        self.variables[name] = value
        self.loops.pop(name, None)
        if name in self.references:
            self.variables[self.references[name]] = value

    def positional(self, arguments: Sequence[str]) -> dict[str, str]:
        """Set `$0`, `$1`, … and `$@`; return what they were."""
        new = {str(place): text for place, text in enumerate(arguments[:_MOST_ARGUMENTS])}
        every = "".join(f"{text}{SEPARATOR}" for text in arguments[1:])
        new |= {"@": every, "*": every}
        gone = {name for name in self.variables if name.isdigit()} - new.keys()
        outer = {name: self.variables.get(name, "$") for name in (*new, *gone)}
        self.variables |= new | dict.fromkeys(gone, "")
        return outer

    def expanded(self, word: Word, cwd: str) -> list[str]:
        """Return the words that the shell would make of one."""
        return expand(word, self.variables, self.printer(cwd))

    def plainly(self, part: syntax.WordPart, cwd: str) -> str:
        """Return what stands for a part of a text, which is never parted at its blanks."""
        if part.kind != VARIABLE:
            return literal((part,))
        return " ".join(self.expanded((part._replace(quoted=True),), cwd))

    def printer(self, cwd: str) -> Callable[[tuple[Command, ...]], str]:
        """Return what answers what the commands of a substitution print."""

        def printed(commands: tuple[Command, ...]) -> str:
            if len(commands) != 1 and not all(literal(each.words[0]) in _LOOKUPS for each in commands if each.words):
                self.substituted = "$"
                return "$"
            words = [text for word in commands[0].words for text in expand(word, self.variables, printed)]
            self.substituted = posixpath.basename(words[0]) if words else ""
            return self.printed(words, cwd, commands[0]).rstrip("\n")

        return printed

    def read(self, command: Command, cwd: str, piped: str) -> str:
        """Return what a command reads from its standard input, or from a descriptor that it opens; `$`: not told."""
        for redirect in reversed(command.redirects):
            if redirect.operator in ("<<", "<<<"):
                text = "".join(self.plainly(part, cwd) for part in redirect.target)
                if redirect.operator == "<<<" and text.isdigit():
                    piped = self.held  # another descriptor, see `_ScriptReader._redirect`
                    continue
                return text
            if redirect.operator == "<":
                if redirect.target and redirect.target[-1].text == syntax.PROCESS:
                    return self.printer(cwd)(redirect.target[-1].commands)
                file = "".join(self.expanded(redirect.target, cwd))
                return self.written.get(posixpath.normpath(posixpath.join(cwd, file)), "")
        return piped

    def printed(self, words: Sequence[str], cwd: str, command: Command | None = None, piped: str = "") -> str:
        """Return what a command prints, `$` if that can't be told."""
        name, rest = (posixpath.basename(words[0]), words[1:]) if words else ("", ())
        bare = [word for word in rest if not word.startswith("-")]
        if name in ("cat", "tee", "dd") or name in _COPIERS:
            return self._handed_on(words, command or Command(), cwd, piped) or "$"
        if name in ("echo", "printf"):
            return _echoed(name, rest)
        if (name in _LOOKUPS or name in ("realpath", "readlink")) and len(bare) == 1:
            return bare[0]
        if name == "pwd":
            return cwd
        if name == "mktemp":
            return "/tmp/mktemp"  # noqa: S108 - a name that stands for a new one
        if name == "git" and rest[:1] == ["rev-parse"]:
            top = top_of(f"{cwd}/_") or cwd
            if rest[1:] == ["--show-toplevel"]:
                return top
            if any(word in _GIT_FOLDERS for word in rest):
                return posixpath.join(top, ".git", rest[2] if rest[1:2] == ["--git-path"] and rest[2:] else "")
        return "$"

    def handed(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> str:
        """Return what a command hands to the one behind it in a pipe: nothing, if that is a file of others."""
        text = self.printed(words, cwd, command, piped)
        if text == "$" and words[:1] == ["ls"]:  # a name, or what is in the folder of that name
            return "\n".join([*(word for word in words[1:] if word[:1] != "-"), text])
        return "" if text == "$" and posixpath.basename(words[0] if words else "") in _FETCHERS else text

    def _handed_on(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> str:
        """Return what `cat`, `cp` or `tee` makes of the files that it is given, or of what it reads."""
        made = [part for word in command.words for part in word if part.text == syntax.PROCESS]
        name, targets = posixpath.basename(words[0]), _targets(words)
        bare = [word for word in words[1:] if name not in ("tee", "dd") and word[:1] != "-" and word not in targets]
        bare += [word[3:] for word in words[1:] if name == "dd" and word.startswith("if=")]
        if not made and (not bare or "-" in words or "/dev/stdin" in bare):
            return self.read(command, cwd, piped)
        return "\n".join(
            [*(self.printer(cwd)(part.commands) for part in made), *(self.file(each, cwd) for each in bare)]
        )

    def keeps(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> str:
        """Remember what a command writes into a file, if its text is known: it may be run later.

        What is returned is the text of those files that every shell runs at its start.
        """
        text = self.printed(words, cwd, command, piped)
        if not text or (text == "$" and words[0] not in ("echo", "printf")):
            return ""
        written = _targets(words)
        if any(part.text == syntax.PROCESS for word in command.words for part in word):
            written += words[-1:]  # its text stands among the words
        for redirect in command.redirects:
            if redirect.operator in (">", ">>", ">|"):
                written += self.expanded(redirect.target, cwd)
        paths = [self._place(file, cwd) for file in written]
        for path in paths:
            self.written[path] = self.written.get(path, "") + text + "\n"
            if len(self.written[path]) > _LONGEST_FILE:
                raise UnreadableError("a file with too much text")
        starts = [self._place(self.variables.get(name, ""), cwd) for name in ("BASH_ENV", "ENV")]
        return text if any(path in starts or _STARTUP.search(path) for path in paths) else ""

    def _place(self, name: str, cwd: str) -> str:
        return posixpath.normpath(posixpath.join(cwd, self.home(name)))

    def file(self, name: str, cwd: str) -> str:
        """Return what this command has written into a file, or nothing."""
        return self.written.get(self._place(name, cwd), "")

    def home(self, path: str) -> str:
        """Write out the tilde that a path begins with."""
        home = self.variables.get("HOME", "")
        if path.startswith("~+/"):
            return path[3:]
        return home + path[1:] if home and (path == "~" or path.startswith("~/")) else path


def _targets(words: Sequence[str]) -> list[str]:
    """Return the files that a command makes of others, or of what it reads; a target may be a folder or not."""
    name, rest = posixpath.basename(words[0]), words[1:]
    made = [*files.writes(name, rest, lambda _: False), *files.writes(name, rest, lambda _: True)]
    return [*dict.fromkeys(write.path for write in made if write.action != Action.DELETE)]


def paths_named(text: str, cwd: str, home: str) -> Iterator[str]:
    """Yield the paths that a text which can't be followed names."""
    for path in _PATH.findall(text):
        yield posixpath.join(cwd, home + path[1:] if path.startswith("~") else path)


def is_assignment(word: str) -> bool:
    """Whether a word gives a variable a value."""
    return _ASSIGNMENT.match(word) is not None


def _echoed(name: str, words: Sequence[str]) -> str:
    """Return what `echo` or `printf` prints."""
    rest = list(words)
    decoded = name == "printf"
    while rest and rest[0] in ("-n", "-e", "-E", "-ne", "-en", "--"):
        decoded = decoded or "e" in rest[0]
        rest = rest[1:]
    if name == "printf" and rest and "%s" in rest[0].strip("%s\n\\ 0'\""):
        rest = [rest[0].replace("%s", rest[1] if len(rest) > 1 else "", 1), *rest[2:]]
    text = " ".join(word for word in rest if word.strip() not in ("%s", "%s\\n", "%s\\0", "%s %s"))
    # Other shells' echo reads these by itself.
    decoded = decoded or "\\x" in text or "\\0" in text
    return syntax.ansi(text) if decoded and "\\" in text else text


def expand(
    word: Word, variables: Mapping[str, str], printed: Callable[[tuple[Command, ...]], str] = lambda _: "$"
) -> list[str]:
    """Return the words that the shell would make of one, with the variables that are known.

    ``printed`` answers what the commands of a substitution print. What is not known stays as `$`; an unquoted
    variable splits at blanks; braces are written out.
    """
    texts = [""]
    braces = False
    for part in word:
        if part.kind in (RAW, QUOTED):
            braces = braces or (part.kind == RAW and "{" in part.text)
            texts[-1] += part.text
            continue
        value = variables.get(part.text, "$") if part.kind == VARIABLE else printed(part.commands)
        value = part.default if part.default and value in ("", "$") else value
        if part.change:
            value = variables.get(value, "$") if part.change == "!" else _changed(value, part.change)
        pieces = _pieces_of(value, part, variables.get("IFS", ""))
        texts[-1] += pieces[0]
        texts.extend(pieces[1:])
    if not any(part.kind == QUOTED or part.quoted for part in word):
        # What comes out of an unquoted variable alone leaves no empty word behind.
        texts = [text for text in texts if text]
    return [each for text in texts for each in (_braces(text) if braces else [text])]


def _changed(value: str, change: str) -> str:
    """Return what `${x%y}` and its kin make of a value; `$` if that is not simple."""
    if "$" in value or SEPARATOR in value or re.search(r"[*?\[]", value):  # which files a glob stands for is not known
        return "$"
    kind = change[:2] if change[:1] == change[1:2] else change[:1]
    rest = re.sub(r"['\"]", "", change[len(kind) :])
    if kind in (",,", "^^") and not rest:
        return value.lower() if kind == ",," else value.upper()
    if kind == ":" and (found := _OFFSETS.fullmatch(change)):
        return value[int(found[1]) :][: int(found[2]) if found[2] else None]
    if kind in ("%", "%%", "#", "##"):
        # The shortest that matches, or the longest.
        sizes = range(len(value) + 1) if len(kind) == 1 else range(len(value), -1, -1)
        for size in sizes:
            cut = value[len(value) - size :] if kind[0] == "%" else value[:size]
            if fnmatchcase(cut, rest):
                return value[: len(value) - size] if kind[0] == "%" else value[size:]
        return value
    if kind in ("/", "//") and not re.search(r"[*?\[\\]|^[#%]", rest):
        old, _, new = rest.partition("/")
        return value.replace(old, new, 1 if kind == "/" else -1) if old else value
    return "$"


def _pieces_of(value: str, part: WordPart, separators: str) -> list[str]:
    """Part a variable's value: an array at its elements, and what is not in quotes at its blanks."""
    blanks = str.maketrans(dict.fromkeys(separators, " "))
    elements = value.split(SEPARATOR)
    if len(elements) > 1:
        elements = elements[:-1]
        keyed = dict(each[1:].split("]=", 1) for each in elements if each[:1] == "[" and "]=" in each)
        elements = [each.partition("]=")[2] if each[:1] == "[" and "]=" in each else each for each in elements]
        if part.element in keyed:
            elements = [keyed[part.element]]
        elif part.element.isdigit():
            elements = elements[int(part.element) : int(part.element) + 1] or [""]
        elif part.element == "*":
            elements = [" ".join(elements)]
    return (
        elements or [""]
        if part.quoted
        else [piece for each in elements for piece in re.split(r"\s+", each.translate(blanks))] or [""]
    )


def _braces(text: str) -> list[str]:
    """Write out the first braces that hold a list or a range, then those in what comes out."""
    if text.count("{") > _MOST_OPEN:
        raise UnreadableError("too many braces")
    for start in (place for place, char in enumerate(text) if char == "{"):
        commas, level, end = [start], 0, start
        for end in range(start, len(text)):
            level += (text[end] == "{") - (text[end] == "}")
            if level == 0:
                break
            if level == 1 and text[end] == ",":
                commas.append(end)
        found = _BRACES.fullmatch(text[start + 1 : end])
        if level == 0 and (found or len(commas) > 1):
            items = [text[a + 1 : b] for a, b in pairwise([*commas, end])]
            middles = _range(*found.groups()) if found else items
            made = [each for middle in middles for each in _braces(text[:start] + middle + text[end + 1 :])]
            if len(made) > _MOST_BRACES:
                raise UnreadableError("braces that stand for too many words")
            return made
    return [text]


def _range(first: str | None, last: str | None, one: str | None, other: str | None) -> list[str]:
    low, high = sorted((ord(one), ord(other)) if one and other else (int(first or 0), int(last or 0)))
    if high - low > _MOST_BRACES:
        raise UnreadableError("braces that stand for too many words")
    return [chr(each) if one else str(each) for each in range(low, high + 1)]
