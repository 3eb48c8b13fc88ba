"""Judging a shell command before an agent runs it: ways round the fence, and the paths it would write.

What can be told from the text is told; a script file, a compiled program or a decoded string is
not. Those meet the commit gate, the push and CI (docs/agents.md says so to users).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile, islice, product, takewhile
from types import MappingProxyType

from planfence import tables
from planfence.agents import patch, shellcode, shellfiles, shellgit, shellsyntax, shelltools, shellwrap
from planfence.agents.paths import top_of
from planfence.agents.shellgit import Attempt, Write
from planfence.agents.shellsyntax import WRITING_REDIRECTIONS, Command, UnreadableError, expand, literal, parse
from planfence.change.change import Action
from planfence.records import dataclass, field

#: Files that are what a command reads.
_STDIN = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/\d+|-")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "mksh", "oksh", "yash", "rbash", "ash", "fish", "tcsh", "csh"})
_INTERPRETERS = {
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
#: Programs that run their arguments: short options that take a value, and bare words to step over first.
_WRAPPERS = {
    "command": ("", 0),
    "exec": ("a", 0),
    "builtin": ("", 0),
    "nohup": ("", 0),
    "setsid": ("", 0),
    "stdbuf": ("ioe", 0),
    "sudo": ("ugpCThrt", 0),
    "doas": ("uC", 0),
    "nice": ("n", 0),
    "ionice": ("cn", 0),
    "timeout": ("ks", 1),
    "xargs": ("IiLnPsdEa", 0),
    "env": ("uCS", 0),
    "time": ("fo", 0),
    "coproc": ("", 0),
    "chronic": ("", 0),
    "strace": ("oefp", 0),
}
#: Devices and streams (bash(1), Redirection); `/dev/shm/` and `/dev/../` lead to files.
_DEVICE = re.compile(
    r"/dev/(?:null|zero|full|u?random|tty\w*|console|std(?:in|out|err)|(?:fd|pts)/\d+|(?:tcp|udp)/[^/]+/\w+)"
)
#: An expansion that sets a variable.
_SET_IF_UNSET = re.compile(r"\$\{([A-Za-z_]\w*):?=")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
#: Arithmetic that sets one: `((A=0))`, `let A=0`.
_COUNTED = re.compile(r"(?:\(\(|\blet)\s?([A-Za-z_]\w*)\s?=(?!=)")
_GITS = frozenset({"git", "hub", "lab"})
#: Python's modules that are programs of another name.
_MODULES = {"pre_commit": "pre-commit", "json.tool": "json.tool"}
_MOST_ARGUMENTS = 50
_DEEPEST = 8
#: A command in loops is judged for so many of the values that their variables have.
_MOST_ROUNDS = 200
_REMOVERS = {
    ("planfence", "uninstall"),
    ("pre-commit", "uninstall"),
    ("prek", "uninstall"),
    ("lefthook", "uninstall"),
    ("husky", "uninstall"),
}
#: Programs whose arguments hold programs in a language of their own, which can run others.
_CODED = frozenset({"awk", "gawk", "mawk", "nawk", "vim", "vi", "nvim", "ex", "ed", "emacs", "rails", "rake", "mix"}
                   | {"gdb", "lldb", "sqlite3", "psql", "mysql", "osascript", "m4", "make", "gmake", "just", "sbt"}
                   | {"pwsh", "powershell", "nu", "xonsh", "elvish", "socat", "artisan", "gradle", "jshell"}
                   | {"flask", "cmd", "cmd.exe", "task", "go-task"})  # fmt: skip
#: Programs whose words are texts for people, for a server or for a model.
_TOLD = frozenset(
    {*tables.PROGRAMS, "llm", "curl", "wget", "http", "https", "glab", "bd", "notify-send", "say", "tee"}
    | {"slack", "jira", "linear", "mail", "sendmail", "git", "sed", "gsed", "sponge", "logger", "cowsay"}
)
#: Programs that make git's commits without git's hooks, and what they only look with.
_WITHOUT_HOOKS = frozenset({"jj", "stg", "got", "dulwich", "sl", "gix", "ein", "hg"})
_LOOKS = frozenset({"log", "show", "diff", "status", "st", "help", "--version", "--help", "version", "series"}
                   | {"id", "identify", "root", "cat", "annotate", "blame", "ls", "clone", "files"})  # fmt: skip
#: Programs whose output is meant for `eval`: they set a session's variables and functions.
_INITS = frozenset({"ssh-agent", "pyenv", "rbenv", "nodenv", "direnv", "mise", "brew", "conda", "starship", "zoxide"}
                   | {"fnm", "asdf", "dircolors", "opam", "minikube", "keychain", "gpg-agent", "atuin", "rtx"}
                   | {"register-python-argcomplete", "thefuck", "uv", "luarocks"})  # fmt: skip
#: Programs whose output a shell may be given: what they print is a file, and what is in it can't be told here.
_FETCHERS = frozenset({"curl", "wget", "cat"})
_SUSPECT = re.compile(
    r"--no-v|hookspath|update-ref|symbolic-ref|\.git/|\A(?>.*?commit\b).*?\s-\w*n", re.IGNORECASE | re.DOTALL
)

#: What a command that can't be taken apart could write by: a redirection, or a program that writes or runs others.
_COULD_WRITE = re.compile(
    rf">|\b(?:git|eval|apply_patch|{'|'.join(_SHELLS)}|{'|'.join(_INTERPRETERS)}|{shellfiles.WRITERS})\b"
)


@dataclass(slots=True)
class Judgement:
    """What a command line amounts to. Paths of ``writes`` are as written, joined to the directory they are in.

    ``places`` are all directories that it would work in, ``copies`` the folders that it would make of others.
    ``commits`` are the directories in which it would run `git commit`, with its arguments; ``staged_first``: what they
    would take is not all staged yet.
    """

    attempts: list[Attempt] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)
    commits: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    staged_first: bool = False

    def reaches(self, attempt: Attempt) -> list[str]:
        """Return the directories in whose repository an attempt would act; `$` in one: it can't be told."""
        found = []
        for place in map(posixpath.normpath, attempt.places or self.places):
            copied = next((made for made in self.copies if f"{place}/".startswith(f"{made}/")), None)
            found.append(self.copies[copied] if copied else place)
        return found


def judge(
    script: str,
    cwd: str,
    is_folder: Callable[[str], bool] = lambda _: False,
    variables: Mapping[str, str] = MappingProxyType({}),
    own: Collection[str] = (),
    urgent: str = "human",
) -> Judgement:
    """Judge a command line that would run in ``cwd``; ``is_folder`` answers for absolute paths,
    and ``variables`` are those that the shell has (`HOME` is enough for most). ``own`` are the variables by which the
    policy knows the team's agents, ``urgent`` says whose reason lets an urgent change through.

    What can't be taken apart is denied if it could write, or names a way round the fence.
    """
    judged = Judgement(places=[cwd])
    known = {"IFS": " ", "SHELL": "/bin/bash", "BASH": "/bin/bash", **variables}
    walker = _Walker(judged, is_folder, known, own, speaks=urgent == "any")
    try:
        walker.walk(script, cwd)
    except (UnreadableError, RecursionError):
        if _SUSPECT.search(script) or _COULD_WRITE.search(script):
            judged.attempts.append(
                Attempt("a command that can't be taken apart", "write it plainly, one step at a time")
            )
            judged.places += _paths(script, cwd, variables.get("HOME", ""))
    return judged


_PATH = re.compile(r"(?<![\w.:/])(?:~|\.\.?)?/[\w./~+@-]*|(?<![\w./])\.\.(?![\w.])")


def _paths(text: str, cwd: str, home: str) -> Iterator[str]:
    """Yield the paths that a text which can't be followed names."""
    for path in _PATH.findall(text):
        yield posixpath.join(cwd, home + path[1:] if path.startswith("~") else path)


class _Walker:
    def __init__(
        self,
        judged: Judgement,
        is_folder: Callable[[str], bool],
        variables: dict[str, str],
        own: Collection[str],
        *,
        speaks: bool,
    ) -> None:
        self.judged = judged
        self.own = own
        self.speaks = speaks
        self.is_folder = is_folder
        self.variables = variables
        self.aliases: dict[str, list[str]] = {}
        self.git_aliases: dict[str, str] = {}
        self.functions: dict[str, tuple[Command, ...]] = {}
        #: What this command has written into files, and the programs that it has given other names.
        self.written: dict[str, str] = {}
        self.references: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self.loops: dict[str, list[str]] = {}
        #: What is set in this round of a loop, with the value that it had before.
        self.noted: dict[str, str] = {}
        self.reached = {*judged.places}
        self.turn = 0
        self.nesting = 0
        self.certain = True
        self.later = False
        self.prefixed: frozenset[str] = frozenset()
        #: What a wrapper (`env A=b`) sets for its command alone, with the value that it had before.
        self.lent: dict[str, str | None] = {}
        self.printer = ""
        self.other_home = ""
        self.staged = False

    def walk(self, script: str, cwd: str, arguments: Sequence[str] | None = None) -> None:
        """Judge a script; ``arguments`` are its `$0`, `$1`, …, if it has its own."""
        self.nesting += 1
        if self.nesting > _DEEPEST:
            raise UnreadableError("too many scripts inside scripts")
        for name in (*_SET_IF_UNSET.findall(script), *_COUNTED.findall(script)):
            self._says(name, None)
        outer = self._positional(arguments) if arguments else {}
        self._run(parse(script), cwd)
        self.variables |= outer
        self.nesting -= 1

    def _positional(self, arguments: Sequence[str]) -> dict[str, str]:
        """Set `$0`, `$1`, … and `$@`; return what they were."""
        new = {str(place): text for place, text in enumerate(arguments[:_MOST_ARGUMENTS])}
        every = "".join(f"{text}{shellsyntax.SEPARATOR}" for text in arguments[1:])
        new |= {"@": every, "*": every}
        gone = {name for name in self.variables if name.isdigit()} - new.keys()
        outer = {name: self.variables.get(name, "$") for name in (*new, *gone)}
        self.variables |= new | dict.fromkeys(gone, "")
        return outer

    def _run(self, commands: Sequence[Command], cwd: str) -> str:
        """Judge commands one after another; return the directory in which the last leaves the shell."""
        outer = self.certain, self.later
        called = {literal(command.words[0]) for command in commands if command.words}
        passed = 0
        # In a loop, a `cd` may have gone to several places: what follows is judged in each.
        places: dict[int, dict[str, bool | int]] = {0: {cwd: self.certain}}
        depth, chain, before = 0, 0, ""
        for command in commands:
            if passed:  # the body of a function, which is judged with what it is called with
                passed -= 1
                continue
            for level in range(command.opens or depth + 1, command.depth + 1):
                places[level] = places[level - 1]
            depth = command.depth
            if command.chain != chain:
                # What `cd x && …` leaves behind it is sure only if x is there.
                places = {level: {each: sure is True for each, sure in at.items()} for level, at in places.items()}
            chain = command.chain
            if command.defines:
                self.functions[command.defines] = command.body
                passed = len(command.body) if command.defines in called else 0
            found: dict[str, tuple[str, bool | int]] = {}
            for here in self._rounds(command, list(places[depth])):
                sure = places[depth].get(here, False)
                self.variables["PWD"] = here
                self.certain, self.later = bool(sure), outer[1] or command.certainty == shellsyntax.LATER
                self._inner(command, here)
                self.printer = ""
                words = [text for word in command.words for text in expand(word, self.variables, self._printer(here))]
                new = self._scoped(words, command, here, before if command.piped else "")
                if new != here or words[:1] in (["popd"], ["cd"], ["pushd"]):
                    self._reach(new)
                    new, sure = self._entered(words, command, new)
                found.setdefault(posixpath.normpath(new), (new, sure))
            places[depth] = dict(found.values())
            before = self._printed(words, command, before if command.piped else "")
        self.certain, self.later = outer
        return next(iter(places[0]))

    def _printed(self, words: Sequence[str], command: Command, piped: str) -> str:
        """Return what a command prints for the one behind it, `$` if that can't be told."""
        said = _said(words, command)
        if words[:1] in (["cat"], ["tee"]) and piped and all(word[:1] == "-" for word in words[1:] or ["-"]):
            return piped
        if said or posixpath.basename(words[0] if words else "") in _FETCHERS:
            return said
        return "$"

    def _read(self, command: Command, cwd: str, piped: str) -> str:
        """Return what a command reads from its standard input, or from a descriptor that it opens; `$`: not told."""
        for redirect in reversed(command.redirects):
            if redirect.operator in ("<<", "<<<"):
                return "".join(self._plainly(part, cwd) for part in redirect.target)
            if redirect.operator == "<":
                if redirect.target and redirect.target[-1].text == shellsyntax.PROCESS:
                    return self._printer(cwd)(redirect.target[-1].commands)
                file = "".join(expand(redirect.target, self.variables, self._printer(cwd)))
                return self.written.get(posixpath.normpath(posixpath.join(cwd, file)), "")
        return piped

    def _plainly(self, part: shellsyntax.WordPart, cwd: str) -> str:
        """Return what stands for a part of a text, which is never parted at its blanks."""
        if part.kind != shellsyntax.VARIABLE:
            return literal((part,))
        return " ".join(expand((part._replace(quoted=True),), self.variables, self._printer(cwd)))

    def _keeps(self, words: Sequence[str], command: Command, cwd: str, piped: str) -> None:
        """Remember what a command writes into a file, if its text is known: it may be run later."""
        text = self._printed(words, command, piped) if words[:1] != ["tee"] else self._read(command, cwd, piped)
        if text in ("", "$"):
            return
        files = [word for word in words[1:] if words[0] == "tee" and word[:1] != "-"]
        for redirect in command.redirects:
            if redirect.operator in (">", ">>", ">|"):
                files += expand(redirect.target, self.variables, self._printer(cwd))
        for file in files:
            path = posixpath.normpath(posixpath.join(cwd, self._home(file)))
            self.written[path] = self.written.get(path, "") + text + "\n"

    def _file(self, name: str, cwd: str) -> str:
        """Return what this command has written into a file, or nothing."""
        return self.written.get(posixpath.normpath(posixpath.join(cwd, self._home(name))), "")

    def _rounds(self, command: Command, places: list[str]) -> Iterator[str]:
        """Give the loops' variables that a command names their values, one after another; yield each place for each.

        What it sets to several values is one of them behind it.
        """
        held = {name: self.loops[name] for name in shellsyntax.named(command) if name in self.loops}
        if not held and len(places) == 1:
            yield places[0]
            return
        for name in held:
            del self.loops[name]
        turn, noted = self.turn, self.noted
        made = {name: dict[str, None]() for name in held}
        for self.turn, (place, *values) in enumerate(_products([places, *held.values()])):
            self.noted = {}
            self.variables |= dict(zip(held, values, strict=True))
            yield posixpath.join(places[0], "$") if place == "$" else place
            for name, old in self.noted.items():
                # What only some rounds set may still be what it was.
                made.setdefault(name, {old: None} if self.turn else {})
                noted.setdefault(name, old)
            for name in held.keys() | self.noted.keys():
                made[name][self.variables.get(name, "$")] = None
        self.turn, self.noted = turn, noted
        self.loops |= {name: [*values] for name, values in made.items() if len(values) > 1}

    def _entered(self, words: Sequence[str], command: Command, place: str) -> tuple[str, bool | int]:
        """Tell how sure the directory is that a `cd` goes to: 1 means that it is within the chain."""
        if words[:1] == ["popd"] or "-" in words[1:]:
            return place, False
        # A relative path is as sure as what it starts from.
        sure = self.certain or any(word.startswith(("/", "~")) for word in words[1:])
        there = command.certainty == shellsyntax.CERTAIN and self.is_folder(place)
        return place, sure and (there or 1)

    def _scoped(self, words: list[str], command: Command, cwd: str, piped: str) -> str:
        """Judge one command; what is assigned in front of it is forgotten behind it."""
        names = []
        for word in words:
            if not _ASSIGNMENT.match(word):
                break
            names.append(word.partition("=")[0].removesuffix("+"))
        kept = {name: self.variables.get(name) for name in names} if len(names) < len(words) else {}
        loops = dict(self.loops)
        outer, self.lent = self.lent, {}
        self.prefixed = frozenset(kept)
        certain = self.certain
        program = posixpath.basename(words[len(names)]) if len(names) < len(words) else ""
        for folder in shellwrap.folders(words) if program != "git" and program not in shellwrap.READERS else ():
            self._reach(posixpath.join(cwd, self._home(folder)))
            self.certain = False
        new = self._command(words, command, cwd, piped)
        self._keeps(words[len(names) :] or [""], command, cwd, piped)
        self.certain = certain
        kept, self.lent = self.lent | kept, outer
        self.variables |= {name: value for name, value in kept.items() if value is not None}
        for name in (name for name, value in kept.items() if value is None):
            self.variables.pop(name, None)
        self.loops |= {name: values for name, values in loops.items() if name in kept}
        return new

    def _printer(self, cwd: str) -> Callable[[tuple[Command, ...]], str]:
        def printed(commands: tuple[Command, ...]) -> str:
            if len(commands) != 1:
                self.printer = "$"
                return "$"
            words = [text for word in commands[0].words for text in expand(word, self.variables, printed)]
            self.printer = posixpath.basename(words[0]) if words else ""
            return _prints(words, commands[0], cwd)

        return printed

    def _reach(self, place: str) -> None:
        if place not in self.reached:
            self.reached.add(place)
            self.judged.places.append(place)

    def _deny(self, attempts: Iterable[Attempt], places: Sequence[str] = ()) -> None:
        """Note attempts. Without a place that is sure, each counts for all that the command reaches."""
        sure = tuple(places) if self.certain and not self.later else ()
        for attempt in attempts:
            placed = attempt._replace(places=sure)
            if placed not in self.judged.attempts:
                self.judged.attempts.append(placed)

    def _inner(self, command: Command, cwd: str) -> None:
        """Judge what substitutions run, and where redirections write."""
        for word in (*command.words, *(redirect.target for redirect in command.redirects)):
            for part in word:
                self._run(part.commands, cwd)
        for redirect in command.redirects:
            if redirect.operator in WRITING_REDIRECTIONS:
                for target in expand(redirect.target, self.variables, self._printer(cwd)):
                    if not (redirect.operator == ">&" and (target.isdigit() or target == "-")):
                        self._writes((Write(target),), cwd)

    def _writes(self, writes: Sequence[Write], cwd: str) -> None:
        for write in writes:
            # A path with an unknown variable can't be told; one in the git directory still can.
            known = "$" not in write.path or "/.git/" in f"/{write.path}/"
            named = write.path not in ("", "-") and write.path[0] != "&" and not _DEVICE.fullmatch(write.path)
            if known and named:
                # Where a `cd` went that can't be told, the directory before it stands for it.
                known_cwd = cwd.partition("/$")[0] or "/"
                self.judged.writes.append(write._replace(path=posixpath.join(known_cwd, self._home(write.path))))

    def _home(self, path: str) -> str:
        home = self.variables.get("HOME", "")
        if path.startswith("~+/"):
            return path[3:]
        return home + path[1:] if home and (path == "~" or path.startswith("~/")) else path

    def _command(self, words: list[str], command: Command, cwd: str, piped: str) -> str:
        """Judge one simple command; return the directory that the next one starts in."""
        words = self._assignments(words, exported=len(words) > 1)
        said = self._read(command, cwd, piped)
        wrapped = bool(words) and posixpath.basename(words[0]) in ("sudo", "doas")
        words, inner_cwd = self._unwrap(words, cwd, said)
        if not words:
            if wrapped and said:  # `sudo -s`: a shell
                self._text(said, cwd, known=[])
            return cwd
        words = (self.aliases.get(words[0]) or words[:1]) + words[1:]
        if body := self.functions.get(words[0]):
            return self._called(words, body, cwd)
        program, rest = posixpath.basename(words[0]), words[1:]
        program = self.renamed.get(posixpath.normpath(posixpath.join(cwd, words[0])), program)
        program = "git" if program in _GITS else program
        if program in ("cd", "pushd"):
            target = next((word for word in rest if not word.startswith("-")), "~")
            return posixpath.join(cwd, self._home(target))
        if "/" in words[0] and (text := self._file(words[0], cwd)):
            self._script(text, words, inner_cwd)
        self._program(program, words, command, inner_cwd, piped)
        there = lambda path: self.is_folder(posixpath.join(inner_cwd, path))  # noqa: E731
        self._writes(list(shellfiles.writes(program, rest, there, said)), inner_cwd)
        self.judged.attempts.extend(shelltools.on_server(program, rest))
        self._forgets(program, rest)
        self.judged.attempts.extend(shellgit.elsewhere(program, [*rest, *([said] if program == "crontab" else [])]))
        self._find(program, rest, inner_cwd)
        self._others(program, words, inner_cwd, said)
        self._defines(program, rest, inner_cwd)
        self._takes(program, rest, said)
        return cwd

    def _program(self, program: str, words: Sequence[str], command: Command, cwd: str, piped: str) -> None:
        """Judge what the programs that are known here do with their words and with what they read."""
        rest = words[1:]
        if program == "git" or program.startswith("git-"):
            words_of = rest if program == "git" else [program.removeprefix("git-"), *rest]
            self._git(list(words_of), cwd, command, piped)
        elif program in ("sed", "gsed", "awk", "gawk", "mawk", "nawk"):
            self._streams(program, rest, cwd)
        elif program == "patch":
            self._patched(rest, command, cwd, piped)
        elif program in ("eval", "trap"):
            self.later = self.later or program == "trap"
            self._text(" ".join(rest), cwd, known=rest[:1])
        elif program in _SHELLS or program in (".", "source"):
            self._shell(rest, command, cwd, piped)
        elif program in ("apply_patch", "applypatch"):
            text = "\n".join([*rest, *(literal(r.target) for r in command.redirects if r.operator == "<<")])
            self._writes([Write(edit.path, edit.action) for edit in patch.edits(text)], cwd)
        elif program.rstrip(".0123456789") in _INTERPRETERS or program in _INTERPRETERS:
            self._interpreter(program, rest, command, cwd, piped)
        elif program == "planfence" and (rest[:1] == ["approve"] or (rest[:1] == ["requests"] and "--drop" in rest)):
            self._attempt(f"planfence {rest[0]}", "a request is a person's to answer")
        elif (program, rest[0] if rest else "") in _REMOVERS:
            self._deny([Attempt(f"{program} uninstall", "the hooks are the team's; a person removes them")], (cwd,))

    def _called(self, words: Sequence[str], body: tuple[Command, ...], cwd: str) -> str:
        """Judge a function with what it is called with; return the directory that it leaves the shell in."""
        self.nesting += 1
        if self.nesting > _DEEPEST:
            raise UnreadableError("a function that calls itself")
        outer = self._positional(words)
        # What the body says once its name means in it (`git() { command git "$@"; }`).
        functions = self.functions
        self.functions = {name: each for name, each in functions.items() if name != words[0]}
        new = self._run(body, cwd)
        self.functions = functions | self.functions
        self.variables |= outer
        self.nesting -= 1
        return new

    def _script(self, text: str, words: Sequence[str], cwd: str) -> None:
        """Judge a file that this command has written, as the script that it is run as."""
        first = text.partition("\n")[0]
        if first.startswith("#!") and not any(name in first for name in ("sh", "env -S")):
            self._coded([text], cwd)
        else:
            self._tolerant(text, cwd, words)

    def _tolerant(self, text: str, cwd: str, arguments: Sequence[str] | None = None) -> None:
        """Judge what may be a shell's script, or another language."""
        nesting = self.nesting
        try:
            self.walk(text, cwd, arguments)
        except UnreadableError:
            self.nesting = nesting
            words = shellcode.plain_words(text)
            if words and posixpath.basename(words[0]) == "git":
                self._git(words[1:], cwd)

    def _streams(self, program: str, rest: Sequence[str], cwd: str) -> None:
        """Judge what a script of sed or awk writes and runs."""
        for word in rest:
            if word.startswith("-") and len(word) < 3:
                continue
            files, commands = shellcode.sed(word) if program.endswith("sed") else shellcode.awk(word)
            self._writes([Write(file) for file in files], cwd)
            for each in commands:
                self._tolerant(each, cwd)

    def _patched(self, rest: Sequence[str], command: Command, cwd: str, piped: str) -> None:
        """Judge the files that a diff changes, if its text is known."""
        bare = [word for word in rest if not word.startswith("-")]
        text = self._read(command, cwd, piped) + "".join(self._file(word, cwd) for word in bare)
        level = next((int(w[2:]) for w in rest if w[:2] == "-p" and w[2:].isdigit()), 1)
        self._writes([Write(path) for path in patch.diffed(text, level)], cwd)
        if bare and rest and "patch" not in bare:
            self._writes([Write(bare[0], Action.MODIFY)], cwd)

    def _takes(self, program: str, rest: Sequence[str], said: str) -> None:
        """Note the variables that `read`, `mapfile`, `printf -v` and `set --` give a value."""
        if program == "printf" and rest[:1] == ["-v"] and len(rest) > 2:
            text = _said(["printf", *rest[2:]], Command())
            self._assignments([f"{rest[1]}={text}"], exported=False)
        elif program == "set" and "--" in rest:
            self._positional([self.variables.get("0", "$"), *rest[list(rest).index("--") + 1 :]])
        elif program == "shift" and shellsyntax.SEPARATOR in self.variables.get("@", ""):
            count = int(rest[0]) if rest and rest[0].isdigit() else 1
            kept = self.variables["@"].split(shellsyntax.SEPARATOR)[:-1][count:]
            self._positional([self.variables.get("0", "$"), *kept])
        elif program in ("read", "mapfile", "readarray"):
            names = [word for word in rest if word[:1] != "-" and word.isidentifier()]
            array = program != "read" or any(word[:1] == "-" and "a" in word for word in rest)
            for name in names:
                self.variables[name] = "$"
            if said in ("", "$") or not names:
                return
            blanks = str.maketrans(dict.fromkeys(self.variables.get("IFS", " "), " "))
            lines = said.splitlines()
            if array:
                parts = lines if program != "read" else lines[0].translate(blanks).split()
                self.variables[names[-1]] = "".join(part + shellsyntax.SEPARATOR for part in parts)
                return
            for line in lines:
                parts = line.translate(blanks).split(None, len(names) - 1)
                for name, part in zip(names, parts, strict=False):
                    held = self.loops.setdefault(name, []) if len(lines) > 1 else []
                    held += [part] if part not in held else []
                    self.variables[name] = part

    def _defines(self, program: str, rest: Sequence[str], cwd: str) -> None:
        """Note the variables and aliases that later commands have."""
        if program in ("export", "declare", "typeset", "local", "readonly", "setenv"):
            # `declare -n a=b` makes a second name of b.
            refers = program != "export" and any(word.startswith("-") and "n" in word for word in rest)
            for word in rest:
                # Each word is a name of its own: `export A B=x` runs no A.
                self._assignments([word], exported=True)
                if word == "PLANFENCE_TASK" or refers:
                    self._says(word.rpartition("=")[2], None)
                if refers and "=" in word:
                    name, _, target = word.partition("=")
                    self.references[target] = name
                    self.variables[name] = self.variables.get(target, "$")
        elif program == "for" and rest[1:2] == ["in"]:
            # Inside another loop, each round adds its values.
            before = self.loops.get(rest[0], ()) if self.turn else ()
            self.loops[rest[0]] = [*dict.fromkeys((*before, *(rest[2:] or ["$"])))]
        elif program == "alias":
            for name, _, value in (word.partition("=") for word in rest):
                self.aliases[name] = value.split()
                self.walk(value, cwd)
        elif program == "hash" and rest[:1] == ["-p"] and len(rest) > 2:
            self.aliases[rest[2]] = [rest[1]]

    def _assignments(self, words: list[str], *, exported: bool) -> list[str]:
        """Take the assignments off the front; what is exported or stands before a command reaches git."""
        index = 0
        while index < len(words) and _ASSIGNMENT.match(words[index]):
            name, _, value = words[index].partition("=")
            name = name.removesuffix("+")
            self.noted.setdefault(name, self.variables.get(name, "$"))
            self.variables[name] = value
            self.loops.pop(name, None)
            if name in self.references:
                self.variables[self.references[name]] = value
            # The shell may have exported this one already, or do so later (`set -a`).
            told = name == "PLANFENCE_TASK"
            if (exported or told) and not (told and self._starts_agent(words[index + 1 :])):
                self._deny(shellgit.variable(name, value))
            self._says(name, value)
            if exported and name in ("HOME", "XDG_CONFIG_HOME"):
                self.other_home = name
            self._writes(list(shellgit.named_by_variable(name, value)), "/")
            if name.startswith("GIT_CONFIG_VALUE_"):
                key = self.variables.get(name.replace("_VALUE_", "_KEY_"), "")
                self._deny(shellgit.setting(key, value))
            for script in shellgit.run_by_variable(name, value):
                outer, self.later = self.later, True
                self.walk(script, self.judged.places[0])
                self.later = outer
            index += 1
        return words[index:]

    def _starts_agent(self, words: Sequence[str]) -> bool:
        """Whether a command line starts an agent by its plain name, whom its starter may give a task."""
        program = next((word for word in words if not _ASSIGNMENT.match(word)), "")
        known = any(program == model for _, model in tables.SET_FOR_COMMANDS)
        return known and program not in self.functions and program not in self.aliases

    def _says(self, name: str, value: str | None) -> None:
        """Judge a variable by who it says is at work: a shell hands on what it was given, however it is set anew."""
        found = [*shellgit.who(name, value, self.own), *(() if self.speaks else shellgit.persons(name, value))]
        found += shellgit.task(name) if value is None else ()
        self.judged.attempts.extend(each for each in found if each not in self.judged.attempts)

    def _forgets(self, program: str, rest: Sequence[str]) -> None:
        """Judge the commands that take variables away from those that follow."""
        if program == "unset" and "-f" not in rest:
            for name in (word for word in rest if not word.startswith("-")):
                self._says(name.partition("[")[0], None)
                if "$" in name:
                    self._attempt(f"unset {name}", "which variable it takes away can't be told")
        elif program in ("export", "declare", "typeset", "local") and any(
            word.startswith("+") or (program == "export" and word == "-n") for word in rest
        ):
            for name in (word for word in rest if word[:1] not in "+-"):
                self._says(name.partition("=")[0], None)
        elif program in ("read", "mapfile", "readarray", "getopts"):
            for name in (word for word in rest if not word.startswith("-")):
                self._says(name, None)
        elif program == "printf" and rest[:1] == ["-v"] and len(rest) > 1:
            self._says(rest[1], None)
        elif program == "for" and rest[1:2] == ["in"]:
            self._says(rest[0], None)

    def _attempt(self, what: str, why: str) -> None:
        if Attempt(what, why) not in self.judged.attempts:
            self.judged.attempts.append(Attempt(what, why))

    def _bares(self, name: str, word: str, following: str) -> None:
        """Judge an option of a wrapper that takes variables away."""
        if name == "env":
            if word in ("-", "--ignore-environment") or (word[:1] == "-" and word[1:2] != "-" and "i" in _flags(word)):
                self._attempt(f"env {word}", "it takes away what says who is at work")
            elif word in ("-u", "--unset"):
                self._says(following, None)
            elif word.startswith(("--unset=", "-u")):
                self._says(word.partition("=")[2] if word[1] == "-" else word[2:], None)
        elif name == "exec" and word[:1] == "-" and word[1:2] != "-" and "c" in word.partition("a")[0]:
            self._attempt(f"exec {word}", "it takes away what says who is at work")

    def _unwrap(self, words: list[str], cwd: str, piped: str) -> tuple[list[str], str]:
        while words and (name := posixpath.basename(words[0])) in _WRAPPERS:
            with_value, skipped = _WRAPPERS[name]
            index = 1
            while index < len(words) and words[index].startswith("-") and (name == "env" or words[index] != "-"):
                word = words[index]
                following = words[index + 1] if index + 1 < len(words) else ""
                self._bares(name, word, following)
                if name == "env" and word[:2] != "--" and "S" in _flags(f"{word}S")[-1:] + word.partition("S")[1]:
                    self.walk(f"env {word.partition('S')[2] or following}", cwd)
                elif name == "env" and word.startswith("--split-string"):
                    self.walk(f"env {word.partition('=')[2] or following}", cwd)
                if name == "env" and word in ("-C", "--chdir"):
                    cwd = posixpath.join(cwd, following)
                index += 2 if not word.startswith("--") and word[-1] in with_value else 1
                if word == "--":
                    break
            options, words = words[:index], words[index + skipped :]
            for lent in takewhile(_ASSIGNMENT.match, words):
                known = lent.partition("=")[0].removesuffix("+")
                self.lent.setdefault(known, self.variables.get(known))
            words = self._assignments(words, exported=True)
            if name == "xargs":
                words = _filled(words, piped, options)
        return words, cwd

    def _git(self, rest: Sequence[str], cwd: str, command: Command | None = None, piped: str = "") -> None:
        command = command or Command()
        use = shellgit.judge(rest, cwd, self.git_aliases)
        self.git_aliases |= use.aliases
        inside = posixpath.normpath(posixpath.join(cwd, self._home(use.directory)))
        named = use.git_dir or self.variables.get("GIT_DIR", "")
        place = posixpath.join(inside, self._home(named)) if named else inside
        # An exported GIT_DIR may have been exported elsewhere.
        settled = use.git_dir or not named or "GIT_DIR" in self.prefixed
        absolute = posixpath.isabs(use.git_dir or use.directory)
        self._reach(place)
        certain, self.certain = self.certain, bool(settled) and (self.certain or absolute)
        self._deny(use.attempts, (place,))
        if self.other_home and shellgit.has_hooks(use.name):
            self._deny([Attempt(f"{self.other_home}=…", "it brings in another configuration for git")], (place,))
        if use.name in shellgit.STAGERS:
            self.staged = True
        if use.name in ("apply", "am"):
            self._patched(["patch", *use.rest], command, inside, piped)
        if use.name == "commit" and "--dry-run" not in use.rest:
            words = use.rest
            self.judged.commits.append((place, words))
            self.judged.staged_first = self.judged.staged_first or self.staged or shellgit.stages(words)
        if use.name in ("worktree", "clone"):
            for made, of in shellgit.made_folders([use.name, *use.rest]):
                self._copied(made, of, inside)
        self._writes(use.writes, inside)
        for script in use.scripts:
            self._tolerant(script, inside)
        self.certain = certain

    def _copied(self, made: str, of: str, cwd: str) -> None:
        place = posixpath.normpath(posixpath.join(cwd, self._home(made)))
        self.judged.copies[place] = posixpath.join(cwd, self._home(of))

    def _text(self, script: str, cwd: str, *, known: Sequence[str], arguments: Sequence[str] | None = None) -> None:
        """Judge a command line that is given as text; what makes it can't be followed, so it must be plain."""
        if known and known[0].strip() in ("$", "{}") and self.printer not in _INITS:
            self._deny([Attempt("a command that only another program knows", "write it plainly")], (cwd,))
        if script.strip() != "$":
            self.walk(script, cwd, arguments)

    def _others(self, program: str, words: Sequence[str], cwd: str, said: str) -> None:
        """Judge what a program is told to run, in whatever directory; ``said`` is what it reads."""
        bare = [word for word in words[1:] if not word.startswith("-")]
        if program in ("ln", "mv", "cp", "rsync") and len(bare) == 2:
            self._copied(bare[1], bare[0], cwd)
        if program in ("ln", "cp", "install") and len(bare) == 2 and posixpath.basename(bare[0]) in (*_GITS, *_SHELLS):
            self.renamed[posixpath.normpath(posixpath.join(cwd, bare[1]))] = posixpath.basename(bare[0])
        if program in ("git", "find", "fd", "fdfind") or program in shellwrap.READERS:
            return
        if "$" in program:
            self._deny(shellgit.judge(words[1:]).attempts, (cwd,))
        for inner in shellwrap.programs(words):
            self._scoped(inner, Command(), cwd, said)
        for script in shellwrap.scripts(words):
            (self._tolerant if program in _CODED else self.walk)(script, cwd)
        # A program that is not known may run others as well.
        for index, word in enumerate(words[1:], start=1):
            name = posixpath.basename(word)
            if name == "git":
                self._git(list(words[index + 1 :]), cwd)
            elif name in _SHELLS and words[index + 1 : index + 2] and program not in _SHELLS:
                self._shell(words[index + 1 :], Command(), cwd, "")
        self._given(program, words, cwd, said)

    def _given(self, program: str, words: Sequence[str], cwd: str, said: str) -> None:
        """Judge the texts that a program is given, as programs of another language or as what it may have run."""
        if program in _CODED or (list(words[:2]) == ["uv", "run"] and "-" in words):
            self._coded([*words[1:], said, *(self._file(word, cwd) for word in words[1:])], cwd)
        elif program not in _TOLD and program not in _SHELLS and program not in ("eval", "trap", "source", "."):
            # Whatever it is, it may give a shell the command line that it is told.
            for script in (each for word in (*words[1:], said) for each in shellcode.git_lines(word)):
                self._tolerant(script, cwd)
        if program in _WITHOUT_HOOKS and words[1:2] and words[1] not in _LOOKS:
            self._deny([Attempt(f"{program} {words[1]}", "it makes commits that no hook sees")], (cwd,))

    def _coded(self, codes: Iterable[str], cwd: str, arguments: Sequence[str] = ()) -> None:
        for code in codes:
            bypass = shellcode.bypass(code)
            if bypass:
                self._deny([Attempt(bypass, "a program that runs git must leave the hooks on")])
                self.judged.places += _paths(code, cwd, self.variables.get("HOME", ""))
            self._writes(list(shellcode.writes(code, arguments)), cwd)
            for script in shellcode.runs(code):
                self._tolerant(script, cwd)

    def _shell(self, rest: Sequence[str], command: Command, cwd: str, piped: str) -> None:
        rest = [*_without_values(rest)]
        bare = [word for word in rest if not word.startswith(("-", "+"))]
        for place, word in enumerate(rest):
            if word[:1] == "-" != word[1:2] and "c" in word:
                given = [*dropwhile(lambda each: each.startswith(("-", "+")), rest[place + 1 :])]
                self._text(given[0] if given else "", cwd, known=given[:1], arguments=given[1:] or None)
                return
        said = self._read(command, cwd, piped)
        for part in (part for word in command.words for part in word if part.text == shellsyntax.PROCESS):
            printed = self._printer(cwd)(part.commands)
            self._text(printed, cwd, known=[])
        if bare and "-s" not in rest and not _STDIN.fullmatch(bare[0]):
            if text := self._file(bare[0], cwd):
                self._script(text, bare, cwd)
            return  # another file: what it does can't be told here
        if said:
            self._text(said, cwd, known=[said] if said == piped else [], arguments=["sh", *bare] if bare else None)

    def _interpreter(self, program: str, rest: Sequence[str], command: Command, cwd: str, piped: str) -> None:
        flags = _INTERPRETERS.get(program, _INTERPRETERS.get(program.rstrip(".0123456789"), ""))
        codes, arguments = [], list[str]()
        for index, word in enumerate(rest):
            following = rest[index + 1] if index + 1 < len(rest) else ""
            option, _, value = word.partition("=")
            if option in _EVALUATES:
                codes.append(value or following)
            elif word == "-m" and following:
                self._scoped([_MODULES.get(following, following), *rest[index + 2 :]], Command(), cwd, piped)
                return
            elif word.startswith("-") and word[-1:] and word[-1] in flags:
                codes.append(following)
                arguments = list(rest[index + 2 :])
                break
        bare = [word for word in rest if not word.startswith("-")]
        codes += [self._file(word, cwd) for word in bare[:1]]
        said = self._read(command, cwd, piped)
        codes += [said] if said not in ("", "$") else []
        self._coded([code for code in codes if code], cwd, arguments)

    def _find(self, program: str, rest: Sequence[str], cwd: str) -> None:
        """Judge the command that `find -exec` or `fd -x` runs."""
        if program not in ("find", "fd", "fdfind"):
            return
        starts = list(takewhile(lambda word: word[:1] not in ("-", "(", "!"), rest)) if program == "find" else []
        starts += [
            rest[place + 1] for place, word in enumerate(rest[:-1]) if word in ("-path", "-wholename", "-samefile")
        ]
        files = [
            each for each in starts if not self.is_folder(posixpath.join(cwd, each)) and ".git" not in each.split("/")
        ]
        if "-delete" in rest:
            self._writes([Write(each, Action.DELETE) for each in files], cwd)
        for index, word in enumerate(rest):
            if word in ("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"):
                inner = list(_until_semicolon(rest[index + 1 :]))
                for found in files or ["$"]:
                    self._scoped([w.replace("{}", found) for w in inner], Command(), cwd, "")


def _products(values: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the combinations of values; beyond so many, one in which nothing is known stands for the rest."""
    combined = product(*values)
    yield from islice(combined, _MOST_ROUNDS)
    if next(combined, None) is not None:
        yield ("$",) * len(values)


def _flags(word: str) -> str:
    """Return the flags of a cluster of `env`'s, up to one that takes what follows it as its value."""
    for place, char in enumerate(word):
        if char in "uCS":
            return word[:place]
    return word


def _until_semicolon(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word in (";", "+"):
            return
        yield word


def _without_values(words: Sequence[str]) -> Iterator[str]:
    """Leave a shell's options out that take a value, with their values."""
    rest = iter(words)
    for word in rest:
        if word in ("-O", "+O", "-o", "+o", "--rcfile", "--init-file"):
            next(rest, None)
        else:
            yield word


def _filled(words: list[str], piped: str, options: Sequence[str]) -> list[str]:
    """Return what `xargs` runs: what it reads stands for its placeholder, or behind its words."""
    option = next((word for word in options if word[:2] in ("-I", "-i") or word.startswith("--replace")), "")
    if not option:
        return words + piped.split()
    place = option[2:] if option[:2] == "-I" else ""
    mark = place or (options[options.index(option) + 1] if option == "-I" else option.partition("=")[2] or "{}")
    return [word.replace(mark, piped.strip() or "$") for word in words]


def _prints(words: Sequence[str], command: Command, cwd: str) -> str:
    """Return what a command in a substitution prints, or `$`."""
    name, rest = (posixpath.basename(words[0]), words[1:]) if words else ("", [])
    bare = [word for word in rest if not word.startswith("-")]
    if name in ("which", "type", "command", "realpath", "readlink") and len(bare) == 1:
        return bare[0]
    if name in ("echo", "printf"):
        return shellsyntax.ansi(_said([name, *rest], command))
    if name == "pwd":
        return cwd
    if name == "mktemp":
        return "/tmp/mktemp"  # noqa: S108 - a name that stands for a new one
    if name == "git" and list(rest) == ["rev-parse", "--show-toplevel"]:
        return top_of(f"{cwd}/_") or cwd
    if name == "git" and rest[:1] == ["rev-parse"] and any(word in _GIT_FOLDERS for word in rest):
        return posixpath.join(
            top_of(f"{cwd}/_") or cwd, ".git", rest[2] if rest[1:2] == ["--git-path"] and rest[2:] else ""
        )
    return "$"


_GIT_FOLDERS = ("--git-dir", "--git-common-dir", "--absolute-git-dir", "--git-path")


def _said(words: Sequence[str], command: Command) -> str:
    """Return what a command would print, where it only echoes."""
    name = words[0] if words else ""
    if name in ("echo", "printf"):
        rest = list(words[1:])
        decoded = name == "printf"
        while rest and rest[0] in ("-n", "-e", "-E", "-ne", "-en", "--"):
            decoded = decoded or "e" in rest[0]
            rest = rest[1:]
        if name == "printf" and rest and "%s" in rest[0].strip("%s\n\\ 0'\""):
            rest = [rest[0].replace("%s", rest[1] if len(rest) > 1 else "", 1), *rest[2:]]
        said = " ".join(word for word in rest if word.strip() not in ("%s", "%s\\n", "%s\\0", "%s %s"))
        return shellsyntax.ansi(said) if decoded and "\\" in said else said
    if name == "ls":
        return "\n".join(word for word in words[1:] if word[:1] != "-")
    return "".join(literal(r.target) for r in command.redirects if r.operator == "<<") if words[:1] == ["cat"] else ""
