"""What a command line amounts to: the ways round the fence that it tries, the files that it writes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from planfence.agents.paths import Write
from planfence.agents.shell.values import Values
from planfence.lazyregex import pattern
from planfence.records import dataclass, field

#: Devices and streams (bash(1), Redirection); `/dev/shm/` and `/dev/../` lead to files.
_DEVICE = pattern(
    r"/dev/(?:null|zero|full|u?random|tty\w*|console|std(?:in|out|err)|(?:fd|pts)/\d+|(?:tcp|udp)/[^/]+/\w+)"
)


class Attempt(NamedTuple):
    """A way round the fence: what was seen in the command, and why it is denied.

    ``places`` are the directories in whose repository it would act; none: all that the command reaches. ``on_server``
    is the repository of a server (`owner/name`) in which it would act instead.
    """

    what: str
    why: str
    places: tuple[str, ...] = ()
    on_server: str = ""


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


class Notes:
    """Writes down what a command line amounts to, while it is followed.

    ``certain``: the directory at hand is surely the one that the command works in. ``later``: what is followed
    is run at another time, and anywhere.
    """

    def __init__(self, judged: Judgement, values: Values) -> None:
        self.judged = judged
        self.values = values
        self.reached = {*judged.places}
        self.certain = True
        self.later = False

    def reach(self, place: str) -> None:
        """Note a directory in which the command line works."""
        if place not in self.reached:
            self.reached.add(place)
            self.judged.places.append(place)

    def deny(self, attempts: Iterable[Attempt], places: Sequence[str] = ()) -> None:
        """Note attempts. Without a place that is sure, each counts for all that the command reaches."""
        sure = tuple(places) if self.certain and not self.later else ()
        for attempt in attempts:
            placed = attempt._replace(places=sure)
            if placed not in self.judged.attempts:
                self.judged.attempts.append(placed)

    def attempt(self, what: str, why: str) -> None:
        """Note an attempt that counts for all that the command reaches."""
        if Attempt(what, why) not in self.judged.attempts:
            self.judged.attempts.append(Attempt(what, why))

    def wrote(self, writes: Sequence[Write], cwd: str) -> None:
        """Note the files that are written, by words of a command in ``cwd``."""
        for write in writes:
            # A path with an unknown variable can't be told; one in the git directory still can.
            known = "$" not in write.path or "/.git/" in f"/{write.path}/"
            named = write.path not in ("", "-") and write.path[0] != "&" and not _DEVICE.fullmatch(write.path)
            if known and named:
                # Where a `cd` went that can't be told, the directory before it stands for it.
                known_cwd = cwd.partition("/$")[0] or "/"
                self.judged.writes.append(write._replace(path=posixpath.join(known_cwd, self.values.home(write.path))))

    def copied(self, made: str, of: str, cwd: str) -> None:
        """Note that one folder would be made of another."""
        place = posixpath.normpath(posixpath.join(cwd, self.values.home(made)))
        self.judged.copies[place] = posixpath.join(cwd, self.values.home(of))
