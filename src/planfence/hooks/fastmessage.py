"""The light ways of commit-msg and post-commit: a plain message to a plain change, and a commit that is what they saw.

commit-msg judges the change as well as the message: it is the only one to judge where pre-commit has left it to it.
"""

import posix

from planfence import prover
from planfence.hooks import lightrepository as places
from planfence.hooks.fastjudge import Staged
from planfence.hooks.lightrepository import CheckedHead, LightRepository, NotProven, answer
from planfence.tables import RAW_DIFF

#: The types that `change.message` knows.
TYPES = frozenset(("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"))
_SCISSORS = "# ------------------------ >8 ------------------------"
_DIGITS = "0123456789"
_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
#: Stands for the commit's id in what is written down before there is one.
_COMMIT = b"\0"
#: Asks for git's comment prefix, under both of its names.
_COMMENT = ("config", "-z", "--get-regexp", r"^(core\.comment(char|string)|commit\.cleanup|i18n\.commitencoding)$")
#: Shows a commit as the shell of post-commit asks for it (`setup/shims.py`).
_SHOWN = ("--always", "-r", *RAW_DIFF[2:], "--encoding=UTF-8", "--pretty=tformat:%H%n%P%n%B", "HEAD", "--")


def commit_msg(place: LightRepository, name: bytes, began: float) -> bool:
    """Prove change and message plain, write the trailers, leave word, and log it; False or an exception: not proved."""
    change = Staged(place)
    standing = change.standing
    settings = None if place.unedited else place.git(*_COMMENT)
    data = places.read_file(name, 1 << 16)
    text = data.decode("utf-8")
    if place.unedited and "\n#" in "\n" + text:
        return False  # no editor was opened, so git keeps these lines (githooks(5))
    lines = clean(text)
    plan, files = change.prove()
    if not change.raw and _amends():
        return False  # an amended message, whose commit keeps its task
    if _names_encoding(place):
        return False  # the full check says whether readers find trailers in it
    if text.lstrip(" \t\r\n")[:1] == "#":
        return False  # some clean-ups keep it as the subject
    log = place.log(plan)
    block = judge(plan, lines)
    if settings and answer(settings, (0, 1)):
        return False
    written = with_trailers(text, wanted(place, standing), block=block)
    left = places.was_left(place.state)
    if written.startswith(text):
        _extend(name, len(data), written[len(text) :].encode())
    else:
        # By a rename: it is the user's, and what writes over it may be ended in the middle.
        places.replace_file(name, name + b".planfence-%d" % posix.getpid(), written.encode())
    records = change.noted()
    said = [places.log_line(place, plan, b"pre-commit", files=files, stage=standing.stage)] if left else []
    said.append(places.log_line(place, plan, b"commit-msg", files=files, stage=standing.stage, ms=places.since(began)))
    logged = places.append(log, *said)
    record: list[bytes] = []
    if logged and records is not None:
        line = places.log_line(place, plan, b"post-commit", files=files, stage=standing.stage, commit=_COMMIT)
        after = standing.line(places.moved(standing.mark, _COMMIT), _COMMIT) if standing.lasting else _COMMIT + _COMMIT
        shown = [standing.head, *_folded(clean(written)), *([b"", b"", *records] if records else [])]
        record = [log, *line.split(_COMMIT), *after.split(_COMMIT), *shown]
    # After the log: what is newer than the note is a line of somebody else's.
    places.leave(place.state, change.seen(b"commit-msg"), record, shell="PRE_COMMIT" not in place.environment)
    return True


def post_commit(place: LightRepository, began: float) -> bool:
    """Record the commit that commit-msg foresaw, to the letter; False or an exception: it is not that one."""
    _, log, before, after, *rest = places.read_note(place.state)
    commit, _, shown = answer(place.git("diff-tree", *_SHOWN)).rstrip(b"\n").partition(b"\n")
    if not places.is_id(commit) or shown.split(b"\n") != rest[3:]:
        return False
    places.use_up(place.state)
    if rest[0]:
        CheckedHead(commit.join(rest[:3]).split(b" ")).write(place)
    places.append(log, b"%s%s,ms=%s%s" % (before, commit, places.since(began), after))
    return True


def _amends() -> bool:
    """Whether the `git commit` above this process amends; also if none is seen. Raises OSError without /proc."""
    number = b"%d" % posix.getppid()
    for _ in range(8):
        words = places.read_file(b"/proc/" + number + b"/cmdline", 1 << 16).split(b"\0")
        if b"commit" in words:
            return any(word[:4] == b"--am" for word in words)
        number = places.read_file(b"/proc/" + number + b"/stat", 4096).rpartition(b")")[2].split()[1]
    return True


def _names_encoding(place: LightRepository) -> bool:
    """Whether the command was told how to clean or encode messages; with no editor, if a file names an encoding too."""
    said = [value.lower() for name, value in place.environment.items() if name[:11] == "GIT_CONFIG_"]
    told = any(word in value for value in said for word in ("core.comment", "commit.", "commitencoding"))
    if told or not place.unedited:
        return told
    home = place.environment.get("HOME", "").encode()
    for file in (place.common_dir + b"/config", *([home + b"/.gitconfig"] if home else [])):
        try:
            if b"commitencoding" in places.read_file(file, 1 << 16).lower():
                return True
        except FileNotFoundError:
            continue
    return False


def _folded(lines: list[str]) -> list[bytes]:
    """The lines of a message as git folds blank ones."""
    return [line.encode() for above, line in zip(["", *lines], lines, strict=False) if line or above]


def clean(text: str) -> list[str]:
    """The lines that git keeps, with `#` for comments; NotProven for anything that makes them ambiguous."""
    kept = []
    for line in text.split("\n"):
        if line.startswith(_SCISSORS):
            raise NotProven(b"scissors")
        if line.startswith("#"):
            continue
        if not line.replace("\t", " ").isprintable():
            raise NotProven(b"control characters")
        kept.append(line.rstrip())
    while kept and not kept[-1]:
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    if not kept or kept[0][:1] in (" ", "\t"):
        raise NotProven(b"subject")
    return kept


def judge(plan: dict[bytes, list[bytes]], lines: list[str]) -> bool:
    """Raise NotProven unless the message is about one thing; return whether it ends in a block of trailers."""
    kind = _type(lines[0])
    if not prover.allows(plan, kind.encode()):
        raise NotProven(b"type")
    numbers = 0
    for line in lines:
        if not line.isascii() and any(char.isdecimal() and not char.isascii() for char in line):
            raise NotProven(b"digits")
        numbers += line.count("#") + sum(line.count("-" + digit) for digit in _DIGITS)
        if numbers > 1 or line[:5].lower() == "plan-":
            raise NotProven(b"issues")
    for line in lines[1:]:
        word = line.lstrip("*- \t").partition(":")[0].partition("(")[0].rstrip("!")
        if word in TYPES and ":" in line:
            raise NotProven(b"types")
    return _block(lines)


def _type(subject: str) -> str:
    """The subject's Conventional Commits type, empty if it has none; NotProven if it is not plain."""
    head, colon, _ = subject.partition(":")
    if not colon:
        return ""
    if not head.isascii() or head[:1] == "!" or "! " in subject[:9]:
        raise NotProven(b"subject")
    word, opened, scope = head.removesuffix("!").partition("(")
    if opened and (scope[-1:] != ")" or "(" in scope or ")" in scope[:-1]):
        raise NotProven(b"scope")
    if not word.isalpha():
        if any(char in word for char in ",/+&|!()"):
            raise NotProven(b"types")
        return ""
    if opened and not scope[:-1]:
        raise NotProven(b"scope")
    if not subject[len(head) + 1 :][:1].isspace():
        raise NotProven(b"subject")
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
        raise NotProven(b"trailers")
    return True


def _is_trailer(line: str) -> bool:
    key, colon, _ = line.partition(":")
    key = key.rstrip(" \t")
    return bool(colon and key) and not set(key) - _KEY


def wanted(place: LightRepository, standing: CheckedHead) -> list[str]:
    """The trailers, as `judge.attribution.trailers` has them."""
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
    """Return the file's text with our trailers, as `change.message.with_trailers` does if none of ours stand."""
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
            raise NotProven(b"message")
        if posix.write(descriptor, added) != len(added):
            posix.ftruncate(descriptor, size)
            raise NotProven(b"write")
    finally:
        posix.close(descriptor)
