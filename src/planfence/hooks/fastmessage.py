"""The fast paths of commit-msg and post-commit: a plain message, and a commit that is what its hooks saw.

Neither reads the tree again where the marks of index and HEAD prove that pre-commit saw the same.
"""

import posix

from planfence import prover
from planfence.hooks import fastpath
from planfence.hooks.fastpath import RAW_DIFF, Git, Place, Unsure

#: The types that `change.message` knows.
TYPES = frozenset(("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"))
_SCISSORS = "# ------------------------ >8 ------------------------"
_DIGITS = "0123456789"
#: Stands for the commit's id in what is written down before there is one.
_COMMIT = b"\0"
#: A longer note is not left: a shell reads it byte by byte.
NOTED = 8192
_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def commit_msg(place: Place, name: bytes, began: float) -> bool:
    """Prove a message plain, write its trailers, note it, and log it; False or an exception: not proved."""
    seen = fastpath.read_seen(place)
    index, mark, comment, files = seen[b"fast"]
    unedited = place.environment.get(b"GIT_EDITOR") == b":"
    if comment != fastpath.digest(b"") and not (comment == fastpath.UNASKED and unedited):
        return False
    if place.merging() or index != fastpath.index_mark(place):
        return False
    standing = fastpath.ruling(place)
    if not mark == standing.mark == fastpath.refs_mark(place) or seen[b"pre-commit"][0] != standing.head:
        return False
    plan = fastpath.load(place, standing.cache)
    data = fastpath.read_file(name, 1 << 16)
    text = data.decode("utf-8")
    if unedited and "\n#" in "\n" + text:
        return False  # no editor was opened, so git keeps these lines (githooks(5))
    lines = clean(text)
    block = judge(plan, lines)
    written = with_trailers(text, wanted(place, standing), block=block)
    if written.startswith(text):
        _extend(name, len(data), written[len(text) :].encode())
    else:
        _replace(name, written.encode())
    lines = clean(written)
    what = seen[b"pre-commit"][:2]
    notes = [
        b" ".join((b"pre-commit", *what)),
        b" ".join((b"commit-msg", *what)),
        b" ".join((b"message", said(lines))),
        b" ".join((b"fast", *seen[b"fast"])),
    ]
    fastpath.write_seen(place, notes)
    log, ms = fastpath.log_path(place, plan), fastpath.since(began)
    line = fastpath.log_line(place, plan, b"commit-msg", files=files, stage=standing.stage, ms=ms)
    if fastpath.append(log, line) and b"raw" in seen:
        expected = [standing.head, *shown(lines, b" ".join(seen[b"raw"]))]
        leave(place, recorded(place, plan, standing, files, expected))
    return True


def leave(place: Place, lines: list[bytes]) -> None:
    """Leave for post-commit what it has to record, and all that git must show of the commit for it to be that one.

    The shell of its shim (`setup/shims.py`) reads the note, so that no interpreter need be started. Its lines: the
    log; the line for it, before and after the commit's id; what then stands for the next commit, in three parts
    between that id; and what `diff-tree` prints of the commit after its id. Before and after them stands a word that
    no other note has (they bear the id of the log's line): it is written over what it held, and a mixture of two
    begins with the word of one and ends with that of the other.

    Only the `git commit` that the note was written for believes it. Its process is our parent where the shim does
    not wait for us, which it does where another hook follows, and that one may still change the message. The note is
    written after the log, which is the newer of the two only if somebody else has written to it since.
    """
    whole = note(posix.getppid(), lines)
    if len(whole) < NOTED and b"PRE_COMMIT" not in place.environment:
        try:
            fastpath.write_over(place.state + b"/to-record", whole)
        except (OSError, Unsure):
            return  # the program records it, as it does without a note


def recorded(
    place: Place, plan: dict[bytes, list[bytes]], standing: fastpath.Standing, files: bytes, expected: list[bytes]
) -> list[bytes]:
    """The lines that :func:`leave` leaves; ``standing`` is afterwards what stands for the next commit."""
    line = fastpath.log_line(place, plan, b"post-commit", files=files, stage=standing.stage, commit=_COMMIT)
    return [
        fastpath.log_path(place, plan), *line.split(_COMMIT), *standing_after(standing).split(_COMMIT), *expected
    ]  # fmt: skip


def note(process: int, lines: list[bytes]) -> bytes:
    """The note itself, for the `git commit` that this process is."""
    text = b"\n".join(lines)
    word = fastpath.digest(text)[:16]
    return b"%s %d %s\n%s\n%s %s\n" % (fastpath.RECORD_HEAD, process, word, text, fastpath.END, word)


def standing_after(standing: fastpath.Standing) -> bytes:
    """What will stand after this commit; nothing where that is not known beforehand."""
    if not standing.lasting:
        return _COMMIT + _COMMIT
    standing.mark, standing.head = fastpath.moved(standing.mark, _COMMIT), _COMMIT
    return standing.line()


def shown(lines: list[str], raw: bytes) -> list[bytes]:
    """How `diff-tree` shows the message and the raw records: blank lines are folded as git folds them."""
    folded = [line for above, line in zip(["", *lines], lines, strict=False) if line or above]
    fields = raw.split(b"\0")[:-1]
    records = [b"\t".join(pair) for pair in zip(fields[::2], fields[1::2], strict=True)]
    return [*(line.encode() for line in folded), *([b"", b"", *records] if records else [])]


def said(lines: list[str]) -> bytes:
    """A name for what a message says, however git folds its blank lines."""
    return fastpath.digest("\n".join(line for line in lines if line).encode())


def clean(text: str) -> list[str]:
    """The lines that git keeps, with `#` for comments; Unsure for anything that makes them ambiguous."""
    kept = []
    for line in text.split("\n"):
        if line.startswith(_SCISSORS):
            raise Unsure(b"scissors")
        if line.startswith("#"):
            continue
        if not line.replace("\t", " ").isprintable():
            raise Unsure(b"control characters")
        kept.append(line.rstrip())
    while kept and not kept[-1]:
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    if not kept or kept[0][:1] in (" ", "\t"):
        raise Unsure(b"subject")
    return kept


def judge(plan: dict[bytes, list[bytes]], lines: list[str]) -> bool:
    """Raise Unsure unless the message is about one thing; return whether it ends in a block of trailers."""
    kind = _type(lines[0])
    if not prover.allows(plan, kind.encode()):
        raise Unsure(b"type")
    numbers = 0
    for line in lines:
        if not line.isascii() and any(char.isdecimal() and not char.isascii() for char in line):
            raise Unsure(b"digits")
        numbers += line.count("#") + sum(line.count("-" + digit) for digit in _DIGITS)
        if numbers > 1 or line[:5].lower() == "plan-":
            raise Unsure(b"issues")
    for line in lines[1:]:
        word = line.lstrip("*- \t").partition(":")[0].partition("(")[0].rstrip("!")
        if word in TYPES and ":" in line:
            raise Unsure(b"types")
    return _block(lines)


def _type(subject: str) -> str:
    """The subject's Conventional Commits type, empty where it has none; Unsure where it is not plain."""
    head, colon, _ = subject.partition(":")
    if not colon:
        return ""
    if not head.isascii() or head[:1] == "!" or "! " in subject[:9]:
        raise Unsure(b"subject")
    word, opened, scope = head.removesuffix("!").partition("(")
    if opened and (scope[-1:] != ")" or "(" in scope or ")" in scope[:-1]):
        raise Unsure(b"scope")
    if not word.isalpha():
        if any(char in word for char in ",/+&|!()"):
            raise Unsure(b"types")
        return ""
    if opened and not scope[:-1]:
        raise Unsure(b"scope")
    if not subject[len(head) + 1 :][:1].isspace():
        raise Unsure(b"subject")
    word = word.lower()
    return word if word in TYPES else ""


def _block(lines: list[str]) -> bool:
    start = len(lines)
    while start and lines[start - 1]:
        start -= 1
    if not start:
        return False
    found = [_is_trailer(line) for line in lines[start:]]
    if not any(":" in line for line in lines[start:]):
        return False
    if not all(found):
        raise Unsure(b"trailers")
    return True


def _is_trailer(line: str) -> bool:
    key, colon, _ = line.partition(":")
    key = key.rstrip(" \t")
    return bool(colon and key) and not set(key) - _KEY


def wanted(place: Place, standing: fastpath.Standing) -> list[str]:
    """The trailers, as `hooks.full.trailers` has them."""
    model = f"Plan-Model: {place.model.decode()}"
    if not place.task:
        return [model] if place.model != b"human" else []
    found = [f"Plan-Task: {place.task.decode()}"]
    if standing.stage != b"-":
        found.append(f"Plan-Stage: {standing.stage.decode()}")
    found.append(model)
    if standing.rework != b"0":
        found.append(f"Plan-Rework: {standing.rework.decode()}")
    return found


def with_trailers(text: str, trailers: list[str], *, block: bool) -> str:
    """Return the file's text with our trailers, as `change.message.with_trailers` does where none of ours stand."""
    lines = text.split("\n")
    end = len(lines)
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    head, tail = lines[:end], lines[end:]
    if trailers and not block:
        head.append("")
    return "\n".join(head + trailers + (tail or [""]))


def _extend(name: bytes, size: int, added: bytes) -> None:
    """Write behind the message, which is this long: whatever ends that in the middle, the user's text is whole."""
    if not added:
        return
    flags = posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC | posix.O_NOFOLLOW
    descriptor = posix.open(name, flags)
    try:
        if posix.fstat(descriptor).st_size != size:
            raise Unsure(b"message")
        if posix.write(descriptor, added) != len(added):
            posix.ftruncate(descriptor, size)
            raise Unsure(b"write")
    finally:
        posix.close(descriptor)


def _replace(name: bytes, data: bytes) -> None:
    """Replace the message by a rename: it is the user's, and what writes over it may be ended in the middle."""
    own = name + b".planfence-%d" % posix.getpid()
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC | posix.O_NOFOLLOW
    descriptor = posix.open(own, flags, 0o644)
    try:
        whole = posix.write(descriptor, data) == len(data)
    finally:
        posix.close(descriptor)
    if not whole:
        posix.unlink(own)
        raise Unsure(b"write")
    posix.rename(own, name)


def post_commit(place: Place, began: float) -> bool:
    """Prove that the commit is what its hooks saw, and log it; False or an exception: not proved."""
    seen = fastpath.read_seen(place)
    parent, key = what = seen[b"commit-msg"][:2]
    if seen[b"pre-commit"][:2] != what:
        return False
    standing = fastpath.read_standing(place)
    if standing.head != parent or standing.mark != seen[b"fast"][1]:
        return False
    mark = fastpath.refs_mark(place)
    pretty = b"--pretty=tformat:%H %P%n%B"
    out = Git(place, b"diff-tree", b"--always", *RAW_DIFF, b"--encoding=UTF-8", pretty, b"HEAD", b"--").output()
    header, _, raw = out.partition(b"\0")
    first, _, message = header.partition(b"\n")
    commit, _, real_parent = first.partition(b" ")
    if real_parent != parent or fastpath.digest(raw.removeprefix(b"\n")) != key:
        return False
    if [said(clean(message.decode("utf-8")))] != seen[b"message"]:
        return False
    plan = fastpath.load(place, standing.cache)
    posix.unlink(place.state + b"/hooks-seen")
    if fastpath.exists(place.state + b"/to-record"):
        posix.unlink(place.state + b"/to-record")
    standing.mark, standing.head = mark, commit
    if standing.lasting:
        standing.write(place)
    ms = fastpath.since(began)
    fields = {"files": seen[b"fast"][-1], "stage": standing.stage, "ms": ms, "commit": commit}
    fastpath.append(fastpath.log_path(place, plan), fastpath.log_line(place, plan, b"post-commit", **fields))
    return True
