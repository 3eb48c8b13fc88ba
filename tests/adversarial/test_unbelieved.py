"""Records that nobody believes change nothing: whatever stands beside them in the ledger is seen as before.

`PLANFENCE_DRAWN=200 pytest tests/adversarial/test_unbelieved.py` draws more of them.
"""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest
from adversarial.test_signed import _entry, _run, keys  # noqa: F401 - a fixture

from planfence.gitio import signing
from planfence.judge.situation import look
from planfence.ledger import intoto, records
from planfence.ledger.facts import load_facts, states_along
from planfence.ledger.records import new_id, read_book, write_move
from planfence.ledger.transitions import Claim, Move, MoveKind
from planfence.manifest.policy import Policy

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")

DRAWN = int(os.environ.get("PLANFENCE_DRAWN", "12"))
TASKS = ("auth/middleware", "auth/guide")
HOW = ("unsigned", "other key", "another purpose", "signature of another", "stripped", "elsewhere", "no place")


@pytest.fixture
def signed(lab, keys):  # noqa: F811 - the fixture
    lab.write(
        "planfence.toml",
        'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\n[rules]\nSCP007 = "error"\n'
        '[trust]\nevidence = "signed"\nsigners = "signers"\n',
    )
    lab.write("signers", f'ada namespaces="git,planfence" {(keys / "listed.pub").read_text()}')
    lab.base = lab.record("chore: trust", None)
    lab.git("update-ref", "refs/heads/main", lab.base)
    for ref in lab.git("for-each-ref", "--format=%(refname)", "refs/planfence").split():
        lab.git("update-ref", "-d", ref)
    (lab.repo.root / ".git/planfence/ledger-tip").unlink(missing_ok=True)
    lab.git("config", "planfence.signingKey", str(keys / "listed"))
    return lab


def believed(lab, random: random.Random) -> None:
    """A history that counts: some of these moves, one after the other."""
    head, tree = lab.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    for task in TASKS:
        path = "src/auth.py" if task == TASKS[0] else "src/**"
        kinds = [("start", "implement"), ("advance", "review"), ("rework", "implement"), ("handover", "implement")]
        after: tuple[str, ...] = ()
        for seq, (kind, stage) in enumerate(kinds[: random.randint(1, 4)], 1):
            move = Move(
                new_id(), MoveKind(kind), task, int(seq > 2), seq, stage, "human", head, tree, after=after,
                at=f"2026-01-0{seq}T00:00:00Z", claim=Claim((path,)) if kind == "start" else None,
                holder="codex" if kind == "handover" else "",
            )  # fmt: skip
            write_move(lab.repo.open(), Policy(), move)
            after = (next(each.digest for each in read_book(lab.repo.open()).moves if each.id == move.id),)


def seen(lab) -> object:
    """Everything that any reader is told of the tasks, of the tree's tests and of who claims what."""
    repository = lab.repo.open()
    policy = look(repository, TASKS[0]).policy
    facts, book = load_facts(repository, policy, ["HEAD"], TASKS)
    holds = facts.holds
    plan = look(repository, TASKS[0]).plan
    runs = records.believed_runs(repository, book, policy, lab.git("rev-parse", "HEAD^{tree}"))
    along, _ = states_along(repository, policy, book, records.read_history(repository, ["HEAD"]), {"auth": ("HEAD",)})
    return [
        *([facts.state(task), along.get(task, facts.state(task)), holds.of(task)] for task in TASKS),
        *(holds.beside(f"auth/{task.id}", plan, task) for task in plan.tasks),
        [(hold, holds.stale(hold)) for hold in holds.all],
        sorted(run.id for run in runs),
    ]


def forged(lab, keys, draw: random.Random) -> str:  # noqa: F811 - the fixture
    """Append a record of another writer that nobody should believe, made of one that is there or of nothing."""
    repository = lab.repo.open()
    book = read_book(repository)
    model = draw.choice([move for move in book.moves if move.entry in book.envelopes])
    how = draw.choice(HOW)
    digests = [move.digest for move in book.moves]
    task = draw.choice(TASKS)
    change = {
        "id": draw.choice((new_id(), model.id)),
        "kind": draw.choice([str(kind) for kind in MoveKind]),
        "task": task,
        "round": draw.choice((0, 1, 2, 99)),
        "seq": draw.choice((1, 2, 9, 10**9)),
        "stage": draw.choice(("plan", "implement", "review", "done")),
        "model": draw.choice(("human", "codex", "claude")),
        "holder": draw.choice(("", "codex")),
        "at": draw.choice(("2000-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "x")),
        "after": draw.choice(([], digests, [draw.choice(digests)], ["f" * 64])),
        "answers": draw.choice(([], [["A1", True, "x"]], [["A1", False, "x"]])),
    }  # fmt: skip
    stated = json.loads(_payload(repository, model))
    kept = draw.sample(sorted(change), draw.randint(0, len(change) - 1)) if draw.random() < 0.5 else []
    stated["predicate"] |= {name: value for name, value in change.items() if name not in kept}
    if draw.random() < 0.5:
        stated["predicate"]["claim"] = {
            "files": draw.choice((["src/**"], ["docs/x.md"], [])), "deny": draw.choice(([], ["src/**"])),
            "shared": draw.choice(([], ["src/**", "src/auth.py"])), "over": draw.choice(([], digests)),
        }  # fmt: skip
    if draw.random() < 0.3:
        stated["predicate"]["grantMicro"] = {"usd": 10**9, "min": 10**9, "tokens": 10**9}
    if how == "elsewhere":
        stated["predicate"] |= {"roots": ["1" * 40], "added": "2" * 40}
    if how == "no place":
        for name in ("roots", "added", "terms", "text", "after"):
            stated["predicate"].pop(name, None)
    payload = intoto.canonical(stated)
    if how in ("unsigned", "stripped"):
        entry = _payload(repository, model) if how == "stripped" else payload
    elif how == "signature of another":
        entry = intoto.seal(payload, "listed", book.envelopes[model.entry].signatures[0][1])
        if payload == _payload(repository, model):
            return how
    else:
        key = "other" if how == "other key" else "listed"
        entry = intoto.seal(payload, key, _sign(payload, keys / key, repository, how == "another purpose"))
    tree = lab.git("mktree", stdin=f"100644 blob {lab.blob(entry)}\tentry.json\n".encode())
    ref = f"refs/planfence/ledger/{draw.choice('abcdef') * 16}"
    old = lab.git("rev-parse", "-q", "--verify", ref, ok=False).split()
    parents = [word for each in old for word in ("-p", each)]
    lab.git("update-ref", ref, lab.git("commit-tree", tree, *parents, stdin=b"x"))
    return f"{how} {payload.decode()}"


def _sign(payload: bytes, key, repository, another: bool) -> str:
    import subprocess

    purpose = "git" if another else signing.NAMESPACE
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", purpose, "-f", str(key)]
    return subprocess.run(command, input=intoto.pae(payload), capture_output=True, check=True).stdout.decode()


def _payload(repository, move: Move) -> bytes:
    data = repository.git.run("cat-file", "blob", f"{move.entry}:entry.json")
    return intoto.unseal(data)[0].payload


@pytest.mark.parametrize("seed", range(3))
def test_what_nobody_believes_changes_nothing(signed, keys, seed: int) -> None:  # noqa: F811 - the fixture
    draw = random.Random(f"unbelieved {seed}")
    believed(signed, draw)
    _run(signed, signed.git("rev-parse", "HEAD"), "listed", keys)
    assert seen(signed)[-1]
    before = seen(signed)
    for _ in range(max(DRAWN // 3, 1)):
        how = forged(signed, keys, draw)
        assert seen(signed) == before, how
