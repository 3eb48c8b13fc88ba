"""The light way of pre-commit: is the staged change plainly inside its task?

`prover` says so by what the rules themselves give it; what it can't settle is :class:`NotProven`.
"""

import posix

from planfence import prover
from planfence.gitio.spawn import Process
from planfence.hooks import lightrepository as places
from planfence.hooks.lightrepository import CheckedHead, LightRepository, NotProven, answer
from planfence.tables import MYERS, NUMSTAT, RAW_DIFF

#: The staged tree, in which an entry of `add -N` is none (git shows it as a change otherwise, and commits nothing).
STAGED = ("--cached", "--ita-invisible-in-index")
_LISTING = ("ls-files", "-z", "--full-name", "--", ":/")
#: So many commits since the last one that was looked at are followed; after more, the full check looks again.
_FOLLOWED = 12
#: Longer raw records are not noted: the shell of post-commit reads a note byte by byte.
_NOTED = 4096


def pre_commit(place: LightRepository, event: bytes, began: float) -> bool:
    """Prove the staged change clean, leave word of it, and log it; False or an exception: not proved."""
    change = Staged(place)
    plan, count = change.prove()
    if not change.raw and not place.environment.get("GIT_INDEX_FILE"):
        return False
    log = place.log(plan)
    places.leave(place.state, change.seen(b"pre-commit"), [], head=places.EARLY)
    line = places.log_line(place, plan, event, files=count, stage=change.standing.stage, ms=places.since(began))
    places.append(log, line)
    return True


class Staged:
    """The staged change, asked of git at once where HEAD is where it stood; :class:`NotProven` for an unusual commit.

    What judges the answer can be loaded while git looks for it. ``raw`` is the answer, once it is proved clean.
    """

    __slots__ = ("_asked", "_counting", "_place", "raw", "standing")

    def __init__(self, place: LightRepository) -> None:
        known = place.environment
        if place.merging() or (known.get("PRE_COMMIT_FROM_REF") and known.get("PRE_COMMIT_TO_REF")):
            raise NotProven(b"merge or range")
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
        """Return the compiled plan that the change is clean in, and its number of files; NotProven if it may not be."""
        place, standing = self._place, self.standing
        hold(place, standing)
        plan = places.load(place, standing.cache)
        self.raw, counts = prover.divide(answer(self._asked))
        files, proof = prover.parse(self.raw), prover.Prover(plan)
        if files is None or not proof.holds(files):
            raise NotProven(b"files")
        added = [path for path, action in files if action == b"A"] if proof.names else []
        if added and not (prover.portable(added) and prover.alone(added, answer(place.git(*_LISTING)))):
            raise NotProven(b"names")
        if proof.lines is not None and files:
            lines = prover.lines_of(counts if self._counting else answer(self._ask(*NUMSTAT)))
            if lines is None or lines > proof.lines:
                raise NotProven(b"lines")
        return plan, b"%d" % len(files)

    def seen(self, hook: bytes) -> bytes:
        """The word that this hook leaves of the change, see `place.leave`."""
        return b" ".join((hook, self.standing.head, places.digest(self.raw), b"-"))

    def noted(self) -> list[bytes] | None:
        """The raw records as git prints them without `-z`; None if they are many, or would be quoted."""
        raw = self.raw
        if len(raw) > _NOTED or raw.translate(None, prover.PLAIN + b"\0") or b'"' in raw or b"\\" in raw:
            return None
        fields = raw.split(b"\0")[:-1]
        return [b"\t".join(pair) for pair in zip(fields[::2], fields[1::2], strict=True)]


def hold(place: LightRepository, standing: CheckedHead) -> None:
    """Raise :class:`NotProven` if the ledger has moved since this was found to stand."""
    if standing.ledger != places.ledger_mark(place):
        raise NotProven(b"ledger")


def follow(place: LightRepository, standing: CheckedHead) -> None:
    """Move what stands to the present HEAD, past commits that can't have changed it; NotProven if they may have.

    These are commits in one line, on top of the one it was found at, that touch no plan and no policy, and that
    name no round of rework (all else of stages and roles comes from the ledger).
    """
    if not standing.lasting:
        raise NotProven(b"standing")
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
        said = message.lower()
        # Where a branch holds a task's commits, the full check marks what belongs to none.
        if not places.is_id(parent) or b"plan-rework" in said or (not place.task and b"plan-task" in said):
            break
        expected = parent
        position += 2
        while fields[position].removeprefix(b"\n")[:1] == b":":
            if fields[position + 1].startswith(governed):
                raise NotProven(commit)
            position += 2
    raise NotProven(head)
