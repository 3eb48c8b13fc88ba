"""The message that git was given on its command line, judged by pre-commit while git reads the change.

commit-msg then needs no interpreter: the shell of its shim (`setup/shims.py`) has only to see that the message is,
to the letter, the one that was judged, in the same `git commit`, and that nothing that the verdict rests on has been
touched since. Anything else goes to `fastmessage`, as does every message that an editor or a file gives.
"""

import posix

from planfence.hooks import fastmessage, fastpath
from planfence.hooks.fastpath import Asked, Place, Standing, Unsure

HEAD = b"planfence-ahead 1"
#: Begins the note for post-commit until commit-msg has let the message pass; as long as what then begins it.
COMING = b"planfence-coming 2"


def given() -> str:
    """The message that our parent was given, as git writes it down; empty where that is not known.

    It is a guess, made where there is `/proc`; nothing rests on it.
    """
    try:
        words = fastpath.read_file(b"/proc/%d/cmdline" % posix.getppid(), 1 << 14).decode().split("\0")
    except (OSError, UnicodeDecodeError, Unsure):
        return ""
    parts: list[str] = []
    follows = False
    for word in words[1:]:
        if follows:
            parts.append(word)
        elif word.startswith("--message="):
            parts.append(word.partition("=")[2])
        follows = not follows and (word == "--message" or (word[:1] == "-" and word[-1:] == "m" and word[1:].isalpha()))
    lines: list[str] = []
    for line in map(str.rstrip, "\n\n".join(parts).split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    text = "\n".join(lines).rstrip("\n")
    return text and text + "\n"


def look(place: Place, plan: dict[bytes, list[bytes]], asked: Asked) -> "Ahead | None":
    """Judge the message that git was given; None where there is none, or where commit-msg must look at it."""
    unedited = place.environment.get(b"GIT_EDITOR") == b":" and b"PRE_COMMIT" not in place.environment
    text = given() if unedited and place.environment.get(b"GIT_INDEX_FILE") else ""
    try:
        return Ahead(place, plan, asked, text) if text else None
    except Unsure:
        return None


class Ahead:
    """A message that may pass, and what commit-msg adds to it; :class:`Unsure` for one that must be looked at."""

    __slots__ = ("_added", "_asked", "_lines", "_notes", "_place", "_plan", "_text")

    def __init__(self, place: Place, plan: dict[bytes, list[bytes]], asked: Asked, text: str) -> None:
        if "\n#" in "\n" + text:
            raise Unsure(b"message")
        block = fastmessage.judge(plan, fastmessage.clean(text))
        written = fastmessage.with_trailers(text, fastmessage.wanted(place, asked.standing), block=block)
        if not written.startswith(text):
            raise Unsure(b"message")
        self._place, self._plan, self._asked, self._text = place, plan, asked, text
        self._added, self._lines = written[len(text) :], fastmessage.clean(written)
        self._notes = b"", b""

    def word(self, files: bytes, raw: bytes) -> bytes:
        """Make the notes for this change; the line of hooks-seen that speaks of them."""
        place, plan = self._place, self._plan
        standing = Standing(self._asked.standing.line().split(b" "))
        line = fastpath.log_line(place, plan, b"commit-msg", files=files, stage=standing.stage)
        expected = [standing.head, *fastmessage.shown(self._lines, raw)]
        later = fastmessage.recorded(place, plan, standing, files, expected)
        record = fastmessage.note(posix.getppid(), later)
        word = record.partition(b"\n")[0].rpartition(b" ")[2]
        resting = [name.removeprefix(place.top + b"/") for name in rests_on(place)]
        if any(b"\n" in name for name in (later[0], *resting)):
            return b""
        told = (word, self._text.removesuffix("\n").encode(), word)
        added = [self._added.removesuffix("\n").encode()] if self._added else []
        lines = (HEAD + b" %d " % posix.getppid() + word, later[0], line, *resting, *told, *added)
        note = b"\n".join((*lines, fastpath.END + b" " + word, b""))
        if max(len(note), len(record)) >= fastmessage.NOTED:
            return b""
        self._notes = record.replace(fastpath.RECORD_HEAD, COMING, 1), note
        return b" ".join((b"ahead", word, fastmessage.said(self._lines)))

    def leave(self) -> None:
        """Write both notes down; neither is left unless all that the verdict rests on still is as it was.

        They are newer than all of that, so commit-msg sees whatever is touched from now on.
        """
        place, asked = self._place, self._asked
        record, note = self._notes
        try:
            fastpath.write_over(place.state + b"/to-record", record)
            fastpath.write_over(place.state + b"/ahead", note)
            marks = fastpath.index_mark(place), fastpath.refs_mark(place), fastpath.ledger_mark(place)
            stands = marks == (asked.index, asked.standing.mark, asked.standing.ledger)
            stands = stands and place.active() == place.task and not place.merging()
        except (OSError, Unsure):
            stands = False
        if not stands:
            take_back(place)


def rests_on(place: Place) -> list[bytes]:
    """Whatever changes with the index, with HEAD, with the ledger and with the task, a merge that begins included."""
    head = fastpath.read_file(place.git_dir + b"/HEAD", 4096).strip()
    own = (b"/HEAD", b"/MERGE_HEAD", b"/reftable/tables.list", b"/planfence/task")
    shared = [b"/packed-refs", b"/reftable/tables.list", b"/refs/planfence/ledger"]
    if head[:5] == b"ref: ":
        shared.append(b"/" + head[5:])
    names = [place.index, *(place.git_dir + name for name in own), *(place.common_dir + name for name in shared)]
    return list(dict.fromkeys(names))


def take_back(place: Place) -> None:
    """See to it that no note speaks for this commit's message."""
    if fastpath.exists(place.state + b"/ahead"):
        posix.unlink(place.state + b"/ahead")
