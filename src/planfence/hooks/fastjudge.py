"""The fast path of pre-commit: is the staged change plainly inside its task?

`prover` says so by what the rules themselves give it; what it can't settle goes to the full check.
"""

from planfence import prover
from planfence.hooks import fastpath
from planfence.hooks.fastpath import RAW_DIFF, STAGED, Asked, Git, Place, Unsure, elsewhere
from planfence.prover import Prover

#: So many commits since the last one that was looked at are followed; after more, the full check looks again.
_FOLLOWED = 12
#: Longer raw records are not noted: the shell of post-commit reads a note byte by byte.
_NOTED = 4096


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
    from planfence.hooks import fastahead  # git reads meanwhile

    message = fastahead.look(place, plan, asked)
    raw, counts, comment = asked.answers()
    if not raw and not place.environment.get(b"GIT_INDEX_FILE"):
        return False
    files = prover.parse(raw)
    proof = Prover(plan)
    if files is None or not proof.holds(files):
        return False
    added = [path for path, action in files if action == b"A"] if proof.names else []
    if added and not (prover.portable(added) and prover.alone(added, _listing(place))):
        return False
    if proof.lines is not None and files:
        lines = prover.lines_of(counts if asked.counting else _counts(place, standing.head))
        if lines is None or lines > proof.lines:
            return False
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
    quoted = raw.translate(None, prover.PLAIN + b"\0") or b'"' in raw or b"\\" in raw
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


def _counts(place: Place, head: bytes) -> bytes:
    options = (b"-r", b"-z", b"--numstat", *RAW_DIFF[4:])
    counted = (*elsewhere(place), b"diff-index", *STAGED, *options, b"--diff-algorithm=myers", head, b"--")
    return Git(place, *counted).output()


def _listing(place: Place) -> bytes:
    return Git(place, b"ls-files", b"-z", b"--full-name", b"--", b":/").output()
