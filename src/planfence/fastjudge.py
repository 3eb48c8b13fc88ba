"""The fast path of pre-commit: is the staged change plainly inside its task?

Every test here is at least as strict as its rule in `rules/`; what it can't settle is :class:`Unsure`.
"""

from planfence import fastpath
from planfence.fastpath import RAW_DIFF, STAGED, Asked, Git, Place, Unsure, elsewhere

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


def pre_commit(place: Place, event: bytes, began: float, asked: Asked | None = None) -> bool:
    """Prove the staged change clean, note that it was seen, and log it; False or an exception: not proved."""
    asked = asked or Asked(place)
    standing = asked.standing
    if asked.changed is None:
        fastpath.hold(place, standing)
        follow(place, standing)
        standing.mark = asked.mark
        standing.write(place)
        asked.ask()
    else:
        fastpath.hold(place, standing)
    plan = fastpath.load(place, standing.cache)
    from planfence import fastahead  # git reads meanwhile

    message = fastahead.look(place, plan, asked)
    raw, counts, comment = asked.answers()
    if not raw and not place.environment.get(b"GIT_INDEX_FILE"):
        return False
    files = parse(raw)
    judge(plan, files)
    added = [path for path, action in files if action == b"A"]
    if added:
        names(added, Git(place, b"ls-files", b"-z", b"--full-name", b"--", b":/").output())
    limit = plan[b"lines"][0]
    if limit != b"-" and files and lines_of(counts if asked.counting else _counts(place, standing.head)) > int(limit):
        raise Unsure(b"lines")
    count = b"%d" % len(files)
    seen = b" ".join((b"pre-commit", standing.head, fastpath.digest(raw)))
    fast = b" ".join((b"fast", asked.index, standing.mark, comment, count))
    told = noted(raw)
    ahead = message.word(count, raw) if message and told else b""
    fastpath.write_seen(place, [seen, fast, *told, *([ahead] if ahead else [])])
    ms = fastpath.since(began)
    line = fastpath.log_line(place, plan, event, files=count, stage=standing.stage, ms=ms)
    if fastpath.append(fastpath.log_path(place, plan), line) and message and ahead:
        message.leave()
    else:
        fastahead.take_back(place)
    return True


def noted(raw: bytes) -> list[bytes]:
    """What the hooks that follow are told of the change itself: its raw records, if they are few and plain."""
    quoted = raw.translate(None, _PLAIN + b"\0") or b'"' in raw or b"\\" in raw
    return [] if quoted or len(raw) > _NOTED else [b"raw " + raw]


def follow(place: Place, standing: fastpath.Standing) -> None:
    """Move what stands to the present HEAD, past commits that can't have changed it; Unsure where they may have.

    These are commits in one line, on top of the one it was found at, that touch no plan and no policy, and that
    name no round of rework (all else of stages and roles comes from the ledger).
    """
    if not standing.lasting:
        raise Unsure(b"standing")
    governed = tuple(fastpath.load(place, standing.cache)[b"governs"])
    fields = Git(
        place, b"log", b"-z", b"-n%d" % _FOLLOWED, *RAW_DIFF, b"--no-show-signature", b"--encoding=UTF-8",
        b"--format=%x01%H %P%n%B%x00", b"HEAD", b"--",
    ).output().split(b"\0")  # fmt: skip
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
        if not fastpath.is_id(parent) or b"plan-rework" in message.lower():
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


def _counts(place: Place, head: bytes) -> bytes:
    options = (b"-r", b"-z", b"--numstat", *RAW_DIFF[4:])
    counted = (*elsewhere(place), b"diff-index", *STAGED, *options, b"--diff-algorithm=myers", head, b"--")
    return Git(place, *counted).output()


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
    """Some of a plan's patterns, without classes (`[…]`): what they name is what `core.paths` says."""

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
    """Match by components: `**` alone in one stands for any number of them, at the end for one or more.

    As in :func:`_component`, only the last `**` is come back to: see `core.paths` on why no other need be.
    """
    at = here = 0
    deep, mark = -1, 0
    while here < len(path):
        if at < len(pattern) and len(pattern[at]) > 1 and not pattern[at].strip(b"*"):
            deep, mark = at, here
            at += 1
            if at == len(pattern):
                return True
        elif at < len(pattern) and _component(pattern[at], path[here]):
            at += 1
            here += 1
        elif deep >= 0:
            mark += 1
            at, here = deep + 1, mark
        else:
            return False
    return at == len(pattern)


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
