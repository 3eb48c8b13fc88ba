"""The way through a script: each of its commands in turn, in the directory that the ones before have left it in."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Sequence
from fnmatch import fnmatchcase  # noqa: TID251 - a shell's pattern
from itertools import islice, product

from planfence.agents.paths import Write
from planfence.agents.shell import (
    files,
    git,
    programs,
    runners,
    scripts,
    servers,
    snippets,
    syntax,
    unknown,
    variables,
)
from planfence.agents.shell.syntax import WRITING_REDIRECTIONS, Command, UnreadableError, literal, parse
from planfence.agents.shell.values import Values, is_assignment
from planfence.agents.shell.verdict import Judgement, Notes
from planfence.lazyregex import pattern

#: An expansion that sets a variable.
_SET_IF_UNSET = pattern(r"\$\{([A-Za-z_]\w*):?=")
#: Arithmetic that sets one: `((A=0))`, `let A=0`.
_COUNTED = pattern(r"(?:\(\(|\blet)\s?([A-Za-z_]\w*)\s?=(?!=)")
_DEEPEST = 8
#: So many calls of functions are judged with what they are called with.
_MOST_CALLS = 200
#: So many characters of what runners may run are judged, some for each reading.
_MOST_READ = 60_000
#: A command in loops is judged for so many of the values that their variables have.
_MOST_ROUNDS = 200


class Walker:
    """Follows a script from command to command, and notes what is found."""

    def __init__(
        self,
        judged: Judgement,
        is_folder: Callable[[str], bool],
        variables: dict[str, str],
        own: Collection[str],
        *,
        speaks: bool,
    ) -> None:
        self.values = Values(variables)
        self.notes = Notes(judged, self.values)
        self.is_folder = is_folder
        #: The variables by which the policy knows the team's agents, and whether an agent may speak for a person.
        self.own = own
        self.speaks = speaks
        self.nesting = 0
        #: The calls of functions that are judged, with where and how each leaves the shell, and how deep they are now.
        self.calls: dict[tuple[object, ...], tuple[str, dict[str, str]] | None] = {}
        self.within = 0
        self.read = 0
        self.inner = 0
        self.other_home = ""
        self.staged = False

    def walk(self, script: str, cwd: str, arguments: Sequence[str] | None = None) -> None:
        """Judge a script; ``arguments`` are its `$0`, `$1`, …, if it has its own."""
        self.nesting += 1
        if self.nesting > _DEEPEST:
            raise UnreadableError("too many scripts inside scripts")
        for name in (*_SET_IF_UNSET.findall(script), *_COUNTED.findall(script)):
            variables.says(self, name, None)
        outer = self.values.positional(arguments) if arguments else {}
        commands = parse(script)
        if self.nesting > 1:
            scripts.untold(self, script, commands, cwd)
        self.run(commands, cwd)
        self.values.variables |= outer
        self.nesting -= 1

    def run(self, commands: Sequence[Command], cwd: str) -> str:
        """Judge commands one after another; return the directory in which the last leaves the shell."""
        outer = self.notes.certain, self.notes.later
        called = {literal(command.words[0]) for command in commands if command.words}
        passed = 0
        # In a loop, a `cd` may have gone to several places: what follows is judged in each.
        places: dict[int, dict[str, bool | int]] = {0: {cwd: self.notes.certain}}
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
                # In a substitution or a script of its own, it is defined there alone.
                there = command.certainty == syntax.CERTAIN and not depth and self.nesting == 1 and not self.inner
                bodies = self.values.functions.setdefault(command.defines, [] if there else [None])
                bodies += [] if command.body in bodies else [command.body]
                passed = len(command.body) if command.defines in called else 0
            found: dict[str, tuple[str, bool | int]] = {}
            for here in self._rounds(command, list(places[depth])):
                sure = places[depth].get(here, False)
                self.values.variables["PWD"] = here
                self.notes.certain, self.notes.later = bool(sure), outer[1] or command.certainty == syntax.LATER
                self._inner(command, here)
                self.values.substituted = ""
                words = [text for word in command.words for text in self.values.expanded(word, here)]
                new = self.scoped(words, command, here, before if command.piped else "")
                if new != here or words[:1] in (["popd"], ["cd"], ["pushd"]):
                    self.notes.reach(new)
                    new, sure = self._entered(words, command, new)
                found.setdefault(posixpath.normpath(new), (new, sure))
            places[depth] = dict(found.values())
            before = self.values.handed(words, command, here, before if command.piped else "")
        self.notes.certain, self.notes.later = outer
        return next(iter(places[0]))

    def _rounds(self, command: Command, places: list[str]) -> Iterator[str]:
        """Give the loops' variables that a command names their values, one after another; yield each place for each.

        What it sets to several values is one of them behind it.
        """
        values = self.values
        held = {name: values.loops[name] for name in syntax.named(command) if name in values.loops}
        if not held and len(places) == 1:
            yield places[0]
            return
        for name in held:
            del values.loops[name]
        turn, noted = values.turn, values.noted
        made = {name: dict[str, None]() for name in held}
        for values.turn, (place, *given) in enumerate(_products([places, *held.values()])):
            values.noted = {}
            values.variables |= dict(zip(held, given, strict=True))
            yield posixpath.join(places[0], "$") if place == "$" else place
            for name, old in values.noted.items():
                # What only some rounds set may still be what it was.
                made.setdefault(name, {old: None} if values.turn else {})
                noted.setdefault(name, old)
            for name in held.keys() | values.noted.keys():
                made[name][values.variables.get(name, "$")] = None
        values.turn, values.noted = turn, noted
        values.loops |= {name: [*several] for name, several in made.items() if len(several) > 1}

    def _entered(self, words: Sequence[str], command: Command, place: str) -> tuple[str, bool | int]:
        """Tell how sure the directory is that a `cd` goes to: 1 means that it is within the chain."""
        if words[:1] == ["popd"] or "-" in words[1:]:
            return place, False
        # A relative path is as sure as what it starts from.
        sure = self.notes.certain or any(word.startswith(("/", "~")) for word in words[1:])
        there = command.certainty == syntax.CERTAIN and self.is_folder(place)
        return place, sure and (there or 1)

    def scoped(self, words: list[str], command: Command, cwd: str, piped: str) -> str:
        """Judge one command; what is assigned in front of it is forgotten behind it."""
        names = []
        for word in words:
            if not is_assignment(word):
                break
            names.append(word.partition("=")[0].removesuffix("+"))
        kept = {name: self.values.variables.get(name) for name in names} if len(names) < len(words) else {}
        loops = dict(self.values.loops)
        outer, self.values.lent = self.values.lent, {}
        self.values.prefixed = frozenset(kept)
        certain = self.notes.certain
        program = posixpath.basename(words[len(names)]) if len(names) < len(words) else ""
        for folder in runners.folders(words) if program != "git" and program not in runners.READERS else ():
            self.notes.reach(posixpath.join(cwd, self.values.home(folder)))
            self.notes.certain = False
        new = self._command(words, command, cwd, piped)
        if starts := self.values.keeps(words[len(names) :] or [""], command, cwd, piped):
            outer_later, self.notes.later = self.notes.later, True
            self.tolerant(starts, cwd)
            self.notes.later = outer_later
        self.notes.certain = certain
        kept, self.values.lent = self.values.lent | kept, outer
        self.values.variables |= {name: value for name, value in kept.items() if value is not None}
        for name in (name for name, value in kept.items() if value is None):
            self.values.variables.pop(name, None)
        self.values.loops |= {name: values for name, values in loops.items() if name in kept}
        return new

    def _inner(self, command: Command, cwd: str) -> None:
        """Judge what substitutions run, and where redirections write."""
        for word in (*command.words, *(redirect.target for redirect in command.redirects)):
            for part in word:
                self.inner += 1
                self.run(part.commands, cwd)
                self.inner -= 1
        for redirect in command.redirects:
            if redirect.operator in WRITING_REDIRECTIONS:
                for target in self.values.expanded(redirect.target, cwd):
                    if not (redirect.operator == ">&" and (target.isdigit() or target == "-")):
                        self.notes.wrote((Write(target),), cwd)

    def _command(self, words: list[str], command: Command, cwd: str, piped: str) -> str:
        """Judge one simple command; return the directory that the next one starts in."""
        words = variables.assignments(self, words, exported=len(words) > 1)
        said = self.values.read(command, cwd, piped)
        wrapped = bool(words) and posixpath.basename(words[0]) in ("sudo", "doas")
        whole, wrapper = len(words), words[0] if words else ""
        words, inner_cwd = runners.unwrap(self, words, cwd, said)
        if not words:
            self.values.held = said if wrapper == "exec" else self.values.held
            if wrapped and said:  # `sudo -s`: a shell
                scripts.command_line(self, said, cwd, known=[])
            return cwd
        aliased = (self.values.aliases.get(words[0]) or words[:1]) + words[1:]
        if whole == len(words) or wrapper in ("time", "coproc"):  # the others run no function: `command f`
            new, runs = cwd, True
            for called in (words, aliased) if aliased != words else (words,):
                bodies = self.values.functions.get(called[0], [None])
                left = [self._called(called, turn, body, cwd) for turn, body in enumerate([*bodies]) if body]
                new = next((each for each in reversed(left) if each is not None), new)
                runs = None in bodies or None in left
            if not runs:
                return new
        words = aliased
        program, rest = posixpath.basename(words[0]), words[1:]
        program = self.values.renamed.get(posixpath.normpath(posixpath.join(cwd, words[0])), program)
        # A pattern may stand for git as well.
        program = "git" if program in git.GITS or fnmatchcase("git", program) else program
        if program in ("cd", "pushd"):
            target = next((word for word in rest if not word.startswith("-")), "~")
            return posixpath.join(cwd, self.values.home(target))
        if "/" in words[0] and (text := self.values.file(words[0], cwd)):
            scripts.written(self, text, words, inner_cwd)
        programs.follow(self, program, words, command, inner_cwd, piped)
        written = files.writes(program, rest, lambda path: self.is_folder(posixpath.join(inner_cwd, path)), said)
        self.notes.wrote(list(written), inner_cwd)
        self.notes.judged.attempts.extend(servers.on_server(program, rest))
        variables.forgets(self, program, rest)
        self.notes.judged.attempts.extend(runners.elsewhere(program, rest, said))
        programs.find(self, program, rest, inner_cwd)
        programs.names(self, program, rest, inner_cwd)
        unknown.runs(self, program, words, inner_cwd, said)
        variables.defines(self, program, rest, inner_cwd)
        variables.takes(self, program, rest, said)
        return cwd

    def reads(self, words: Sequence[str]) -> None:
        """Count what a runner may run: each of its readings may have several of its own. Raises if it is too much."""
        self.read += 20 + sum(map(len, words))
        if self.read > _MOST_READ:
            raise UnreadableError("too much that may be run")

    def _called(self, words: Sequence[str], turn: int, body: tuple[Command, ...], cwd: str) -> str | None:
        """Judge a function with what it is called with; return the directory that it leaves the shell in.

        ``turn`` says which of the bodies of that name it is. None: it calls itself as it was called.
        """
        if self.within >= _DEEPEST or len(self.calls) >= _MOST_CALLS:
            words = [words[0], *("$" for _ in words[1:])]  # a call in which nothing is known stands for the rest
        values = self.values
        given = f"{values.loops}{values.aliases}{values.git_aliases}{values.written}{values.renamed}"
        known = frozenset(values.variables.items())
        call = (turn, tuple(words), cwd, known, given, self.notes.certain, self.notes.later, len(values.functions))
        if call in self.calls:
            left = self.calls[call]
            for name, value in left[1].items() if left else ():
                if values.variables.get(name) != value:
                    values.assign(name, value)
            return left[0] if left else None
        if len(self.calls) >= 2 * _MOST_CALLS:
            raise UnreadableError("too many calls of functions")
        self.calls[call] = None
        self.within += 1
        outer = values.positional(words)
        try:
            new = self.run(body, cwd)
        except UnreadableError:
            del self.calls[call]
            raise
        finally:
            self.within -= 1
            values.variables |= outer
        self.calls[call] = new, dict(values.variables)
        return new

    def tolerant(self, text: str, cwd: str, arguments: Sequence[str] | None = None) -> None:
        """Judge what may be a shell's script, or another language."""
        nesting, inner = self.nesting, self.inner
        try:
            self.walk(text, cwd, arguments)
        except UnreadableError:
            self.nesting, self.inner = nesting, inner
            for words in snippets.plain_commands(text):
                if posixpath.basename(words[0]) == "git":
                    git.follow(self, words[1:], cwd)


def _products(values: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the combinations of values; beyond so many, one in which nothing is known stands for the rest."""
    combined = product(*values)
    yield from islice(combined, _MOST_ROUNDS)
    if next(combined, None) is not None:
        yield ("$",) * len(values)
