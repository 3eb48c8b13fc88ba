"""The light way of pre-commit: is the staged change plainly inside its task?

Every test here is at least as strict as its rule in `rules/`; what it can't settle is :class:`Unsure`.
"""

import posix

from planfence.gitio.spawn import Process
from planfence.hooks import place as places
from planfence.hooks.place import Place, Standing, Unsure, answer
from planfence.tables import MYERS, NUMSTAT, RAW_DIFF

#: The staged tree, in which an entry of `add -N` is none (git shows it as a change otherwise, and commits nothing).
STAGED = ("--cached", "--ita-invisible-in-index")
#: What a path may be made of here; other bytes are the full check's business.
_PLAIN = bytes(range(0x20, 0x7F))
_MODES = frozenset((b"000000", b"100644", b"100755"))
_DEVICES = frozenset(
    (b"con", b"prn", b"aux", b"nul", *(kind + b"%d" % digit for kind in (b"com", b"lpt") for digit in range(1, 10)))
)
#: So many commits since the last one that was looked at are followed; after more, the full check looks again.
_FOLLOWED = 12
#: Longer raw records are not noted: the shell of post-commit reads a note byte by byte.
_NOTED = 4096
#: From this many added paths on, one set of all folded names is cheaper than counting each.
_MANY = 24


def pre_commit(place: Place, event: bytes, began: float) -> bool:
    """Prove the staged change clean, leave word of it, and log it; False or an exception: not proved."""
    change = Staged(place)
    plan, count = change.prove()
    if not change.raw and not place.environment.get("GIT_INDEX_FILE"):
        return False
    places.leave(place.state, change.seen(b"pre-commit"), [], head=places.EARLY)
    line = places.log_line(place, plan, event, files=count, stage=change.standing.stage, ms=places.since(began))
    places.append(places.log_path(place, plan), line)
    return True


class Staged:
    """The staged change, asked of git at once where HEAD is where it stood; :class:`Unsure` for an unusual commit.

    What judges the answer can be loaded while git looks for it. ``raw`` is the answer, once it is proved clean.
    """

    __slots__ = ("_asked", "_counting", "_place", "raw", "standing")

    def __init__(self, place: Place) -> None:
        known = place.environment
        if place.merging() or (known.get("PRE_COMMIT_FROM_REF") and known.get("PRE_COMMIT_TO_REF")):
            raise Unsure(b"merge or range")
        self._place, self.raw = place, b""
        standing = self.standing = places.read_standing(place)
        mark = places.refs_mark(place)
        if mark != standing.mark:
            hold(place, standing)
            follow(place, standing)
            standing.mark = mark
            standing.write(place)
        # Counting lines along with the paths can't cost much here, should nobody ask for the lines.
        self._counting = posix.stat(place.index).st_size < 1 << 20
        self._asked = self._ask(*RAW_DIFF, *(MYERS if self._counting else ()))

    def _ask(self, *options: str) -> Process:
        place = self._place
        return place.git(*place.elsewhere(), "diff-index", *STAGED, *options, self.standing.head.decode(), "--")

    def prove(self) -> tuple[dict[bytes, list[bytes]], bytes]:
        """Return the compiled plan that the change is clean in, and its number of files; Unsure where it may not be."""
        place, standing = self._place, self.standing
        hold(place, standing)
        plan = places.load(place, standing.cache)
        self.raw, counts = divide(answer(self._asked))
        files = parse(self.raw)
        judge(plan, files)
        added = [path for path, action in files if action == b"A"]
        if added:
            names(added, answer(place.git("ls-files", "-z", "--full-name", "--", ":/")))
        limit = plan[b"lines"][0]
        if limit != b"-" and files:
            counts = counts if self._counting else answer(self._ask(*NUMSTAT))
            if lines_of(counts) > int(limit):
                raise Unsure(b"lines")
        return plan, b"%d" % len(files)

    def seen(self, hook: bytes) -> bytes:
        """The word that this hook leaves of the change, see `place.leave`."""
        return b" ".join((hook, self.standing.head, places.digest(self.raw), b"-"))

    def noted(self) -> list[bytes] | None:
        """The raw records as git prints them without `-z`; None where they are many, or would be quoted."""
        raw = self.raw
        if len(raw) > _NOTED or raw.translate(None, _PLAIN + b"\0") or b'"' in raw or b"\\" in raw:
            return None
        fields = raw.split(b"\0")[:-1]
        return [b"\t".join(pair) for pair in zip(fields[::2], fields[1::2], strict=True)]


def divide(output: bytes) -> tuple[bytes, bytes]:
    """Divide what `--raw --numstat -z` prints: first come all raw records (two fields each), then the counts."""
    if b"\t" not in output:
        return output, b""
    fields = output.split(b"\0")
    end = 0
    while fields[end][:1] == b":":
        end += 2
    return b"".join(field + b"\0" for field in fields[:end]), b"\0".join(fields[end:])


def hold(place: Place, standing: Standing) -> None:
    """Raise :class:`Unsure` where the ledger has moved since this was found to stand."""
    if standing.ledger != places.ledger_mark(place):
        raise Unsure(b"ledger")


def follow(place: Place, standing: Standing) -> None:
    """Move what stands to the present HEAD, past commits that can't have changed it; Unsure where they may have.

    These are commits in one line, on top of the one it was found at, that touch no plan and no policy, and that
    name no round of rework (all else of stages and roles comes from the ledger).
    """
    if not standing.lasting:
        raise Unsure(b"standing")
    governed = tuple(places.load(place, standing.cache)[b"governs"])
    printed = place.git(
        "log", "-z", f"-n{_FOLLOWED}", *RAW_DIFF, "--no-show-signature", "--encoding=UTF-8",
        "--format=%x01%H %P%n%B%x00", "HEAD", "--",
    )  # fmt: skip
    fields = answer(printed).split(b"\0")
    head = expected = b""
    position = 0
    while position < len(fields):
        words, _, message = fields[position].partition(b"\n")
        commit, _, parent = words[1:].partition(b" ")
        head = head or commit
        if words[:1] != b"\1" or (expected and commit != expected):
            break
        if commit == standing.head:
            standing.head = head
            return
        if not places.is_id(parent) or b"plan-rework" in message.lower():
            break
        expected = parent
        position += 2
        while fields[position].removeprefix(b"\n")[:1] == b":":
            if fields[position + 1].startswith(governed):
                raise Unsure(commit)
            position += 2
    raise Unsure(head)


def parse(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return the path and the action (A, M, D) of each record; Unsure for links, submodules and odd names."""
    fields = raw.split(b"\0")
    if fields.pop() or len(fields) % 2:
        raise Unsure(b"raw")
    names = fields[1::2]
    if b"".join(names).translate(None, _PLAIN):
        raise Unsure(b"names")
    files = []
    for record, path in zip(fields[::2], names, strict=True):
        words = record.split(b" ")
        if (
            len(words) != 5
            or words[0][1:] not in _MODES
            or words[1] not in _MODES
            or words[4] not in (b"A", b"M", b"D")
        ):
            raise Unsure(record)
        if (words[4] == b"A") != (words[0] == b":000000") or (words[4] == b"D") != (words[1] == b"000000"):
            raise Unsure(record)
        if words[1] != b"000000" and not words[3].strip(b"0"):
            raise Unsure(record)  # an entry that is only intended
        files.append((path, words[4]))
    return files


def judge(plan: dict[bytes, list[bytes]], files: list[tuple[bytes, bytes]]) -> None:
    """Raise :class:`Unsure` unless this change, in this compiled plan, is clean."""
    limit = plan[b"files"][0]
    if limit != b"-" and len(files) > int(limit):
        raise Unsure(b"files")
    entries, own = Entries(plan.get(b"may", [])), Patterns(plan.get(b"theme-own", []))
    denied, guarded, others = (Patterns(plan.get(word, [])) for word in (b"deny", b"protected", b"theme-other"))
    named = frozenset(plan.get(b"named", []))
    governed = tuple(plan[b"governs"])
    clean: dict[bytes, bool] = {}
    for path, action in files:
        folder = path.rpartition(b"/")[0]
        whole = clean.get(folder)
        if whole is None:
            whole = clean[folder] = (
                entries.allow_all(folder)
                and not denied.touch(folder)
                and not guarded.touch(folder)
                and (own.take(folder) or not others.touch(folder))
                and not any(word.startswith(folder + b"/") or (folder + b"/").startswith(word) for word in governed)
            )
        if whole:
            continue
        if path.startswith(governed) or not entries.allow(path, action) or denied.match(path):
            raise Unsure(path)
        if path not in named and guarded.match(path):
            raise Unsure(path)
        if others.match(path) and not own.match(path):
            raise Unsure(path)


def lines_of(counts: bytes) -> int:
    """Added plus deleted lines in all; Unsure for binary files: a setting of this clone may call any file that."""
    total = 0
    for record in counts.split(b"\0")[:-1]:
        added, deleted, _ = record.split(b"\t", 2)
        if added == b"-":
            raise Unsure(record)
        total += int(added) + int(deleted)
    return total


class Patterns:
    """Some of a plan's patterns, without classes (`[…]`): what they name is what `gitio.paths` says."""

    __slots__ = ("folders", "literals", "others")

    def __init__(self, patterns: list[bytes]) -> None:
        self.literals = set()
        self.folders: list[bytes] = []
        self.others: list[list[bytes]] = []
        for pattern in patterns:
            if b"[" in pattern:
                raise Unsure(pattern)
            if b"*" not in pattern and b"?" not in pattern:
                self.literals.add(pattern)
            elif pattern[-3:] == b"/**" and b"*" not in pattern[:-3] and b"?" not in pattern:
                self.folders.append(pattern[:-2])
            else:
                self.others.append(pattern.split(b"/"))

    def match(self, path: bytes) -> bool:
        """Whether any of the patterns names the path."""
        return (
            path in self.literals
            or path.startswith(tuple(self.folders))
            or any(_segments(other, path.split(b"/")) for other in self.others)
        )

    def take(self, folder: bytes) -> bool:
        """Whether they name every path that stands in the folder (empty: the top)."""
        return (folder + b"/").startswith(tuple(self.folders))

    def touch(self, folder: bytes) -> bool:
        """Whether they may name a path that stands in the folder."""
        return (
            bool(self.others)
            or self.take(folder)
            or any(literal.rpartition(b"/")[0] == folder for literal in self.literals)
        )


class Entries:
    """The lines of a task's `files`: `ACTION PATTERN`, the action `A`, `M`, `D`, or `*` for any."""

    __slots__ = ("_any", "_by_action")

    def __init__(self, lines: list[bytes]) -> None:
        words = [line.partition(b" ") for line in lines]
        self._any = Patterns([pattern for action, _, pattern in words if action == b"*"])
        self._by_action = {
            wanted: Patterns([pattern for action, _, pattern in words if action == wanted])
            for wanted in (b"A", b"M", b"D")
        }

    def allow(self, path: bytes, action: bytes) -> bool:
        """Whether a line names the path and plans this, or anything."""
        return self._any.match(path) or self._by_action[action].match(path)

    def allow_all(self, folder: bytes) -> bool:
        """Whether whatever happens to whatever stands in the folder is planned."""
        return self._any.take(folder)


def _segments(pattern: list[bytes], path: list[bytes]) -> bool:
    """Match by components: `**` alone in one stands for any number of them, at the end for one or more."""
    if not pattern:
        return not path
    first = pattern[0]
    if len(first) > 1 and not first.strip(b"*"):
        if len(pattern) == 1:
            return bool(path)
        return any(_segments(pattern[1:], path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and _component(first, path[0]) and _segments(pattern[1:], path[1:])


def _component(pattern: bytes, name: bytes) -> bool:
    """Match one component: `*` is any bytes, `?` one; the usual two pointers with one point to come back to."""
    at = here = 0
    star, mark = -1, 0
    while here < len(name):
        if at < len(pattern) and pattern[at] == 0x2A:
            star, mark = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in (0x3F, name[here]):
            at += 1
            here += 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return not pattern[at:].strip(b"*")


def names(added: list[bytes], listing: bytes) -> None:
    """Raise Unsure where an added name could be unsafe elsewhere, or the same as another one of the listing."""
    parts = set()
    for path in added:
        parts.update(path.lower().split(b"/"))
    for part in parts:
        bare = part.rstrip(b". ")
        odd = b"\\" in part or b":" in part or b"~" in part or not part or bare != part
        if odd or bare == b".git" or part.partition(b".")[0].rstrip(b" ") in _DEVICES:
            raise Unsure(part)
    if not listing.isascii():
        raise Unsure(b"listing")  # a letter beyond ASCII may fold into one within
    folded = listing.lower()
    if folded == listing:
        return
    if len(added) > _MANY:
        _all_differ(listing)
        return
    listing = b"\0" + listing.replace(b"\0", b"\0\0")  # so that no two names share a boundary
    folded = listing.lower()
    for name in {name for path in added for name in prefixes(path)}:
        for end in (b"\0", b"/"):
            if folded.count(b"\0" + name.lower() + end) != listing.count(b"\0" + name + end):
                raise Unsure(name)


def prefixes(path: bytes) -> list[bytes]:
    """A path, and the folders that it stands in."""
    found = [path]
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        found.append(path)
    return found


def _all_differ(listing: bytes) -> None:
    names = set(listing.split(b"\0"))
    folders = {name.rpartition(b"/")[0] for name in names}
    for folder in folders:
        names.update(prefixes(folder))
    if len({name.lower() for name in names}) != len(names):
        raise Unsure(b"listing")
