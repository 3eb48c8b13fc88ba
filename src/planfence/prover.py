"""Proves that a plain change breaks no rule, by the clauses that the rules give for it (`rules.rule.Proof`).

It never refuses: what it does not prove is left to the rules. It stands alone, since the hooks' fast path runs it in an
interpreter that loads nothing else. Its clauses are lines of a word, the group that they belong to (a rule's code), and
a value; those of one word and one group go together:

- `need ACTION PATTERN`: every path matches one of the group's patterns whose action is `*` or its own (`A`, `M`, `D`);
- `bar PATTERN`, `free PATTERN`: a path that matches a `bar` matches a `free` of the group too;
- `files N`, `lines N`: so many paths and changed lines at most;
- `names`: added names mean the same everywhere, and none is another one's but for case;
- `type WORD`, `no-type WORD`: the message has no type, or one of the first and none of the others.

`governs PREFIX` has no group: no path begins with it.
"""

import posix

import planfence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: Raised by one when the words, or what they prove, change.
FORMAT = 3

#: The words that a rule's proof may use.
WORDS = ("need", "bar", "free", "files", "lines", "names", "type", "no-type")

#: What a path may be made of here; other bytes are the rules' business.
PLAIN = bytes(range(0x20, 0x7F))
_MODES = frozenset((b"000000", b"100644", b"100755"))
_DEVICES = frozenset(
    (b"con", b"prn", b"aux", b"nul", *(kind + b"%d" % digit for kind in (b"com", b"lpt") for digit in range(1, 10)))
)
#: From this many added paths on, one set of all folded names is cheaper than counting each.
_MANY = 24
#: Folders of which it is remembered whether all in them is clean.
_KEPT = 4096


def made() -> bytes:
    """What changes with the rules: this program's version, and the list of them on disk."""
    status = posix.stat(planfence.__path__[0] + "/rules/__init__.py")
    return b"%d %s %d %d" % (FORMAT, planfence.__version__.encode(), status.st_size, status.st_mtime_ns)


def parse(raw: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the path and the action (A, M, D) of each record of `--raw -z`.

    None: there is a link, a submodule, a name beyond plain ASCII, or an entry that is only intended.
    """
    fields = raw.split(b"\0")
    if fields.pop() or len(fields) % 2:
        return None
    names = fields[1::2]
    if b"".join(names).translate(None, PLAIN):
        return None
    files = []
    for record, path in zip(fields[::2], names, strict=True):
        words = record.split(b" ")
        if len(words) != 5 or words[0][1:] not in _MODES or words[1] not in _MODES:
            return None
        old, new, action = words[0] != b":000000", words[1] != b"000000", words[4]
        if action != (b"M" if old and new else b"D" if old else b"A") or not (old or new):
            return None
        if new and not words[3].strip(b"0"):
            return None
        files.append((path, action))
    return files


def divide(output: bytes) -> tuple[bytes, bytes]:
    """Divide what `--raw --numstat -z` prints: first come all raw records (two fields each), then the counts."""
    if b"\t" not in output:
        return output, b""
    fields = output.split(b"\0")
    end = 0
    while fields[end][:1] == b":":
        end += 2
    return b"".join(field + b"\0" for field in fields[:end]), b"\0".join(fields[end:])


def lines_of(counts: bytes) -> int | None:
    """Added plus deleted lines in all, of numstat's records; None: a setting of this clone may call any file binary."""
    total = 0
    for record in counts.split(b"\0")[:-1]:
        added, deleted, _ = record.split(b"\t", 2)
        if added == b"-":
            return None
        total += int(added) + int(deleted)
    return total


class Prover:
    """What some clauses prove; ``plan`` has by word what stands behind it, as the fast path reads a compiled plan.

    ``lines`` is how many lines may change, None: any number; ``names`` whether added names matter.
    """

    __slots__ = ("_barred", "_clean", "_files", "_governed", "_needed", "lines", "names")

    def __init__(self, plan: dict[bytes, list[bytes]]) -> None:
        self._clean: dict[bytes, bool] = {}
        self._governed = tuple(plan[b"governs"])
        self._needed = [Entries(lines) for lines in _groups(plan, b"need").values()]
        free = _groups(plan, b"free")
        bars = _groups(plan, b"bar")
        self._barred = [(Patterns(lines), Patterns(free.get(group, []))) for group, lines in bars.items()]
        self._files = _least(plan, b"files")
        self.lines = _least(plan, b"lines")
        self.names = b"names" in plan

    def holds(self, files: list[tuple[bytes, bytes]]) -> bool:
        """Whether these paths, each with its action, surely break no rule; names and lines are asked for elsewhere."""
        if self._files is not None and len(files) > self._files:
            return False
        clean = self._clean
        for path, action in files:
            folder = path.rpartition(b"/")[0]
            whole = clean.get(folder)
            if whole is None:
                if len(clean) == _KEPT:
                    clean.clear()
                whole = clean[folder] = self._holds_all(folder)
            if whole:
                continue
            if path.startswith(self._governed):
                return False
            for entries in self._needed:
                if not entries.allow(path, action):
                    return False
            for barred, free in self._barred:
                if barred.match(path) and not free.match(path):
                    return False
        return True

    def _holds_all(self, folder: bytes) -> bool:
        """Whether anything may happen to whatever stands in the folder."""
        above = folder + b"/" if folder else b""
        return (
            all(entries.allow_all(folder) for entries in self._needed)
            and all(free.take(folder) or not barred.touch(folder) for barred, free in self._barred)
            and not any(word.startswith(above) or above.startswith(word) for word in self._governed)
        )


def allows(plan: dict[bytes, list[bytes]], kind: bytes) -> bool:
    """Whether a message of this type (empty: of none) surely breaks no rule."""
    if not kind:
        return True
    barred = any(kind in words for words in _groups(plan, b"no-type").values())
    return not barred and all(kind in words for words in _groups(plan, b"type").values())


def read(lines: "Iterable[bytes]") -> dict[bytes, list[bytes]]:
    """Read clauses: each is a word, a space, and a value; a word may come often."""
    found: dict[bytes, list[bytes]] = {}
    for line in lines:
        word, _, value = line.partition(b" ")
        found.setdefault(word, []).append(value)
    return found


def _groups(plan: dict[bytes, list[bytes]], word: bytes) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for line in plan.get(word, []):
        group, _, value = line.partition(b" ")
        found.setdefault(group, []).append(value)
    return found


def _least(plan: dict[bytes, list[bytes]], word: bytes) -> int | None:
    return min((int(line.partition(b" ")[2]) for line in plan.get(word, [])), default=None)


class Patterns:
    """Some patterns, as `gitio.paths` has them; what is malformed names nothing."""

    __slots__ = ("_folders", "_homes", "_literals", "_others")

    def __init__(self, patterns: "Iterable[bytes]") -> None:
        folders = []
        self._literals = set()
        self._others: list[tuple[bytes, bytes, list[list[_Step]]]] = []
        for pattern in patterns:
            start = _plain_start(pattern)
            if start == len(pattern):
                self._literals.add(pattern)
            elif start == len(pattern) - 2 and pattern[-3:] == b"/**":
                folders.append(pattern[:-2])
            elif names := components(pattern):
                end = b"" if b"[" in pattern else pattern[max(map(pattern.rfind, (b"*", b"?", b"/"))) + 1 :]
                self._others.append((pattern[:start], end, names))
        self._folders = tuple(folders)
        self._homes = {literal.rpartition(b"/")[0] for literal in self._literals}

    def match(self, path: bytes) -> bool:
        """Whether any of the patterns names the path."""
        if path in self._literals or path.startswith(self._folders):
            return True
        for start, end, names in self._others:
            if path.startswith(start) and path.endswith(end) and _matches(names, path.split(b"/")):
                return True
        return False

    def take(self, folder: bytes) -> bool:
        """Whether they name every path that stands in the folder (empty: the top)."""
        return (folder + b"/").startswith(self._folders)

    def touch(self, folder: bytes) -> bool:
        """Whether they may name a path that stands in the folder."""
        return bool(self._others) or self.take(folder) or folder in self._homes


class Entries:
    """The lines of one group of `need`: `ACTION PATTERN`."""

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


def _plain_start(pattern: bytes) -> int:
    """Where the first `*`, `?` or `[` of a pattern stands; its length if there is none."""
    found = [at for at in map(pattern.find, (b"*", b"?", b"[")) if at >= 0]
    return min(found, default=len(pattern))


#: One step in a name: a byte, any byte, any number of any bytes, or one byte of a class.
_Step = int | frozenset[int]
_ANY, _STAR = -1, -2
_SLASH = 0x2F
#: What POSIX's classes hold, as pairs of a first and a last byte.
_CLASSES = {
    b"alnum": b"09AZaz",
    b"alpha": b"AZaz",
    b"blank": b"\t\t  ",
    b"cntrl": b"\x00\x1f\x7f\x7f",
    b"digit": b"09",
    b"graph": b"!~",
    b"lower": b"az",
    b"print": b" ~",
    b"punct": b"!/:@[`{~",
    b"space": b"\t\r  ",
    b"upper": b"AZ",
    b"xdigit": b"09AFaf",
}


def components(pattern: bytes) -> "list[list[_Step]] | None":
    """Return the steps of each of a pattern's names; None: a class is malformed. A `/` in a class divides nothing."""
    names: list[list[_Step]] = [[]]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == _SLASH:
            names.append([])
        elif char == 0x5B:
            found = members(pattern, at)
            if found is None:
                return None
            names[-1].append(found[0])
            at = found[1]
        else:
            names[-1].append(_STAR if char == 0x2A else _ANY if char == 0x3F else char)
    return names


def members(pattern: bytes, at: int) -> tuple[frozenset[int], int] | None:
    """Return the bytes of the class whose `[` stands before ``at``, and where it ends; None: it is malformed."""
    negated = pattern[at : at + 1] in (b"!", b"^")
    at = first = at + negated
    held: set[int] = set()
    while pattern[at : at + 1] != b"]" or at == first:
        low, high = pattern[at : at + 1], pattern[at + 2 : at + 3]
        if not low:
            return None
        if pattern[at : at + 2] == b"[:":
            end = pattern.find(b":]", at + 2)
            pairs = _CLASSES.get(pattern[at + 2 : end]) if end >= 0 else None
            if pairs is None:
                return None
            for index in range(0, len(pairs), 2):
                held.update(range(pairs[index], pairs[index + 1] + 1))
            at = end + 2
        elif pattern[at + 1 : at + 2] == b"-" and high not in (b"", b"]"):
            held.update(range(low[0], high[0] + 1))
            at += 3
        else:
            held.add(low[0])
            at += 1
    return frozenset(set(range(256)) - held if negated else held) - {_SLASH}, at + 1


def _matches(names: "list[list[_Step]]", path: list[bytes]) -> bool:
    """Match name by name: `**` alone stands for any number of them, at the end for one or more.

    What stands between two `**` is a fixed number of names, and between two `*` of a name a fixed number of bytes. So
    the first place that fits is as good as any later one, and only the last `**` or `*` is come back to.
    """
    at = here = 0
    deep, mark = -1, 0
    while here < len(path):
        if at < len(names) and len(names[at]) > 1 and names[at].count(_STAR) == len(names[at]):
            deep, mark = at, here
            at += 1
            if at == len(names):
                return True
        elif at < len(names) and _fits(names[at], path[here]):
            at += 1
            here += 1
        elif deep >= 0:
            mark += 1
            at, here = deep + 1, mark
        else:
            return False
    return at == len(names)


def _fits(steps: "list[_Step]", name: bytes) -> bool:
    """Match one name: the usual two pointers with one point to come back to."""
    at = here = 0
    star, mark = -1, 0
    while here < len(name):
        step = steps[at] if at < len(steps) else None
        if step == _STAR:
            star, mark = at, here
            at += 1
        elif step == _ANY or step == name[here] or (isinstance(step, frozenset) and name[here] in step):
            at += 1
            here += 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return all(step == _STAR for step in steps[at:])


def portable(added: list[bytes]) -> bool:
    """Whether no added name could mean something else on another system (`change.unsafenames`)."""
    parts = set()
    for path in added:
        parts.update(path.lower().split(b"/"))
    for part in parts:
        bare = part.rstrip(b". ")
        odd = b"\\" in part or b":" in part or b"~" in part or not part or bare != part
        if odd or bare == b".git" or part.partition(b".")[0].rstrip(b" ") in _DEVICES:
            return False
    return True


def alone(added: list[bytes], listing: bytes) -> bool:
    """Whether no added name is, but for case, the same as another one of the listing (NUL-terminated paths)."""
    if not listing.isascii():
        return False  # a letter beyond ASCII may fold into one within
    folded = listing.lower()
    if folded == listing:
        return True
    if len(added) > _MANY:
        return _all_differ(listing)
    listing = b"\0" + listing.replace(b"\0", b"\0\0")  # so that no two names share a boundary
    folded = listing.lower()
    for name in {name for path in added for name in _prefixes(path)}:
        for end in (b"\0", b"/"):
            if folded.count(b"\0" + name.lower() + end) != listing.count(b"\0" + name + end):
                return False
    return True


def _prefixes(path: bytes) -> list[bytes]:
    """A path, and the folders that it stands in."""
    found = [path]
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        found.append(path)
    return found


def _all_differ(listing: bytes) -> bool:
    names = set(listing.split(b"\0"))
    folders = {name.rpartition(b"/")[0] for name in names}
    for folder in folders:
        names.update(_prefixes(folder))
    return len({name.lower() for name in names}) == len(names)
