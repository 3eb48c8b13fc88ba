"""What is believed of a ledger: random records, signed or not, from here or elsewhere, against a small oracle."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from random import Random

import pytest
from support.repository import copy_tree

from planfence.digests import sha256
from planfence.ledger import intoto, transitions
from planfence.ledger.belief import Belief, believed_runs, last_of
from planfence.ledger.evidence import GateRun, Outcome, Result
from planfence.ledger.facts import load_facts
from planfence.ledger.lineage import Lineage, plan_at, terms_of
from planfence.ledger.records import Basis, read_book, write_move
from planfence.ledger.signatures import Signatures
from planfence.ledger.stages import Stage, fold
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest.policy import Policy, Trust

TASKS = ("auth/middleware", "auth/guide")
HERE = {"here", "rebased"}
DRAWS = 300


@dataclass
class World:
    """A history in which a plan was deleted and another one has its name, and a branch that has the new one's text."""

    repository: object
    head: str
    places: dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def world(templates, tmp_path_factory):
    from conftest import Repo, environment

    folder = tmp_path_factory.mktemp("belief")
    copy_tree(templates / "planned", folder / "repo")
    repo = Repo(folder / "repo", environment(folder))
    first = repo.git("rev-parse", "HEAD")
    text = (repo.root / "plans/auth.toml").read_text()
    repo.git("rm", "-q", "plans/auth.toml")
    gone = repo.commit("chore: done")
    repo.write("plans/auth.toml", text.replace("src/user.py", "src/other.py").replace("docs/*.md", "docs/b.md"))
    again = repo.commit("chore: a new plan")
    repo.git("checkout", "-q", "-b", "side", gone)
    repo.write("plans/auth.toml", text.replace("src/user.py", "src/other.py").replace("docs/*.md", "docs/b.md"))
    side = repo.commit("chore: the new plan before a rebase")
    repo.git("checkout", "-q", "main")
    opened = repo.open()

    def place(commit: str, at: str, task: str, **more: object) -> dict[str, object]:
        plan = plan_at(opened, at, "plans/auth.toml")
        terms = terms_of(plan.task(task.partition("/")[2]))
        return {"roots": (first,), "added": commit, "terms": terms} | more

    places = {
        task: {
            "here": place(again, again, task),
            "earlier": place(first, again, task),
            "earlier text": place(first, first, task),
            "rebased": place(side, again, task),
            "another text": place(side, first, task),
            "foreign": place("f" * 40, again, task, roots=("f" * 40,)),
            "half foreign": place("f" * 40, again, task, roots=(first, "f" * 40)),
            "legacy": {},
        }
        for task in TASKS
    }
    return World(opened, again, places)


@dataclass
class Drawn:
    """A record, and what the oracle knows of it without reading it."""

    move: Move
    place: str
    listed: bool
    follows: tuple[int, ...]
    lost: bool


def draw(random: Random, world: World) -> list[Drawn]:
    found: list[Drawn] = []
    honest = random.random() < 0.4
    for number in range(random.randint(1, 12)):
        task = random.choice(TASKS)
        place = random.choice(("here", "here", "rebased")) if honest else random.choice(list(world.places[task]))
        mine = [n for n, each in enumerate(found) if each.move.task == task]
        follows = tuple(random.sample(mine, random.randint(0, min(2, len(mine))))) if place != "legacy" else ()
        lost = place != "legacy" and random.random() < 0.1
        kind = random.choice(list(MoveKind))
        stage = {MoveKind.ADVANCE: random.choice(("review", "done")), MoveKind.REVIEW: "review"}.get(kind, "implement")
        move = Move(
            random.choice("abcdef"), kind, task, random.randint(0, 2), random.randint(1, 9), stage,
            random.choice(("codex", "claude")), "c" * 40, "b" * 40,
            holder="gemini" if kind is MoveKind.HANDOVER else "", why=str(number),
            at=f"{random.randint(1990, 9999)}-01-01T00:00:00Z",
            after=tuple(found[n].move.digest for n in follows) + (("0" * 64,) if lost else ()),
            **world.places[task][place],
        )  # fmt: skip
        digest = sha256(intoto.encode(transitions.to_statement(move))).hexdigest()
        listed = random.random() < (0.9 if honest else 0.5)
        found.append(Drawn(replace(move, digest=digest, entry=f"{number:040x}"), place, listed, follows, lost))
    return found


def oracle(drawn: list[Drawn], *, signed: bool) -> set[int]:
    """What is believed: in the order of writing, so that what a record follows is decided before it."""
    good: set[int] = set()
    for number, each in enumerate(drawn):
        if not signed:
            ok = each.place in HERE | {"legacy"}
        else:
            ok = each.place in HERE and each.listed and not each.lost and good.issuperset(each.follows)
        if ok:
            good.add(number)
    return good


def stage_of(moves: list[Move]) -> str:
    rounds = max((m.round for m in moves if m.kind in ("advance", "rework")), default=0)
    reached = {m.stage for m in moves if m.kind == "advance" and m.round == rounds}
    for name in ("done", "review"):
        if name in reached:
            return name
    return "implement" if any(m.kind in ("start", "advance", "rework") for m in moves) else "plan"


@pytest.mark.parametrize("signed", [False, True], ids=["local", "signed"])
def test_only_what_the_oracle_believes_moves_a_task(world, signed):
    random, counted = Random(13), 0
    lineage = Lineage(world.repository, Policy(), [world.head])
    for _ in range(DRAWS):
        drawn = draw(random, world)
        listed = {each.move.entry: "ada" for each in drawn if each.listed}
        order = random.sample(drawn, len(drawn))
        signer = (lambda entry, of=listed: of.get(entry, "")) if signed else None
        belief = Belief([each.move for each in order], lineage, signer)
        good = oracle(drawn, signed=signed)
        for task in TASKS:
            wanted = [drawn[n].move for n in good if drawn[n].move.task == task]
            got = belief.moves(task)
            assert {move.why for move in got} == {move.why for move in wanted}, (drawn, signed)
            assert fold(task, got).stage == stage_of(wanted)
            counted += len(wanted)
            less = Belief([each.move for each in order[1:]], lineage, signer)
            assert set(less.moves(task)) <= set(got), "what is lost opens nothing"
    assert counted > DRAWS


def test_a_chain_that_was_cut_is_taken_up_again(world):
    """What `last_of` names is what the next move follows; with all of them there, all are believed."""
    lineage, moves = Lineage(world.repository, Policy(), [world.head]), []
    for number in range(4):
        move = Move(f"{number}", MoveKind.START, TASKS[0], 0, number, "implement", "codex", "c" * 40, "b" * 40,
                    after=last_of(moves), **world.places[TASKS[0]]["here"])  # fmt: skip
        digest = sha256(intoto.encode(transitions.to_statement(move))).hexdigest()
        moves.append(replace(move, digest=digest, entry=str(number)))
    for kept in itertools.chain.from_iterable(itertools.combinations(moves, size) for size in range(5)):
        got = Belief(kept, lineage, lambda _: "ada").moves(TASKS[0])
        unbroken = list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(moves, kept, strict=False)))
        assert len(got) == len(unbroken)


def test_what_is_not_believed_is_explained_where_it_closes_a_gate(world):
    lineage = Lineage(world.repository, Policy(), [world.head])

    def said(place: str, signer) -> str:
        move = Move("a", MoveKind.START, TASKS[0], 0, 1, "implement", "codex", "c" * 40, "b" * 40,
                    entry="1", **world.places[TASKS[0]][place])  # fmt: skip
        belief = Belief([move], lineage, signer, ["known"])
        belief.moves(TASKS[0])
        assert belief.problems[0] == "known"
        return " ".join(belief.problems[1:])

    assert "0.1.0" in said("legacy", lambda _: "ada")
    assert "no listed key" in said("here", lambda _: "")
    assert "another repository" in said("foreign", None)
    for signer in (None, lambda _: "ada"):
        assert not said("here", signer)
        assert not said("earlier", signer)


def test_a_merged_project_makes_no_other_repository(repo):
    """`git subtree add` brings a first commit of its own, which a squash of the branch leaves behind."""
    theirs = repo.git("commit-tree", "HEAD^{tree}", "-m", "theirs")
    ours = repo.git("rev-parse", "HEAD")
    merged = repo.git("commit-tree", "HEAD^{tree}", "-p", ours, "-p", theirs, "-m", "merge of theirs")
    opened = repo.open()
    lines = {head: Lineage(opened, Policy(), [head]) for head in (ours, theirs, merged)}
    assert lines[merged].roots() == lines[ours].roots() == {repo.git("rev-list", "--max-parents=0", ours)}
    where = {"added": "a" * 40, "terms": terms_of(plan_at(opened, ours, "plans/auth.toml").task("middleware"))}
    for heads, said in (((ours, theirs), False), ((ours,), True), ((theirs,), False), ((), False)):
        where["roots"] = tuple(repo.git("rev-list", "--max-parents=0", head) for head in heads)
        move = Move("m", MoveKind.START, TASKS[0], 0, 1, "implement", "codex", ours, "b" * 40, **where)
        assert (lines[merged].foreign(move) == "") is (lines[ours].foreign(move) == "") is said


def test_an_unsigned_run_of_a_signed_ones_id_shadows_nothing():
    good = GateRun("x", "a" * 40, "", "", "p/t", 1, "implement", "codex", "", (), "export", "0", "1", entry="1")
    forged = replace(good, results=(Result("tests", "false", 0, Outcome.PASSED),), at="9999", entry="2")
    for runs in ((good, forged), (forged, good)):
        (kept,) = believed_runs(runs, {"1": "ada"}.get)
        assert kept.signer == "ada"
        assert kept.results == good.results


def _trusting(repo, folder):
    """Two keys, of which one is listed on main, and a policy that believes signed records alone."""
    for name in ("listed", "other"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    repo.write("signers", f'ada namespaces="planfence" {(folder / "listed.pub").read_text()}')
    repo.commit("chore: signers")
    return Policy(trust=Trust(evidence="signed", signers="signers"))


def _write(repo, policy, task, key, **changed):
    head, tree = repo.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    move = Move(os.urandom(8).hex(), MoveKind.START, task, 0, 1, "implement", "codex", head, tree)
    if key:
        repo.git("config", "planfence.signingKey", str(key))
    else:
        repo.git("config", "--unset", "planfence.signingKey", ok=False)
        policy = Policy()
    write_move(repo.open(), policy, replace(move, **changed))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_only_the_tasks_that_are_asked_about_cost_anything(repo, tmp_path, monkeypatch):
    policy = _trusting(repo, tmp_path)
    for number in range(5):
        _write(repo, policy, f"auth/other{number}", tmp_path / "listed")
    _write(repo, policy, TASKS[0], tmp_path / "listed")
    _write(repo, policy, TASKS[0], tmp_path / "other")
    asked = []
    from planfence.ledger import signatures

    monkeypatch.setattr(signatures, "_KNOWN", {})
    real = signatures.signing.verify
    monkeypatch.setattr(signatures.signing, "verify", lambda *words: asked.append(1) or real(*words))
    head = repo.git("rev-parse", "HEAD")
    opened = repo.open()
    for _ in range(2):
        facts, _book = load_facts(opened, policy, [head], [TASKS[0]], basis=Basis(remembers=True))
        assert facts.state(TASKS[0]).stage is Stage.IMPLEMENT
        assert len(asked) == 2
        signatures._KNOWN.clear()  # as in the next process
    assert len(asked) == 2
    kept = repo.root / ".git/planfence/signatures"
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.chmod(0o666)
    load_facts(opened, policy, [head], [TASKS[0]], basis=Basis(remembers=True))
    assert len(asked) == 4, "a file that others may write is not believed"
    signatures._KNOWN.clear()
    kept.write_text("".join(f"{line.split(' ')[0]} ada\n" for line in kept.read_text().splitlines()))
    kept.chmod(0o600)
    load_facts(opened, policy, [head], [TASKS[0]])
    assert len(asked) == 6, "the boundary and the stage moves ask anew"


def test_an_answer_depends_on_all_that_it_was_given(repo, monkeypatch):
    from planfence.ledger import signatures

    asked = []
    monkeypatch.setattr(signatures, "_KNOWN", {})
    monkeypatch.setattr(signatures.signing, "verify", lambda *words: asked.append(words[:3]) or "ada")
    (repo.root / ".git/planfence").mkdir(exist_ok=True)
    for payload, sig, signers in itertools.product((b"a", b"b"), ("s", "t"), (b"x", b"y")):
        for _ in range(2):
            envelope = intoto.Envelope(payload, (("k", sig),))
            assert Signatures(repo.open(), signers, remembers=True).signer(envelope) == "ada"
    assert len(asked) == len(set(asked)) == 8


@pytest.mark.parametrize("option", [b'Valid-Before="20270101"', b"cert-authority"])
def test_what_was_believed_of_a_key_that_ends_is_asked_anew(repo, monkeypatch, option):
    from planfence.ledger import signatures

    (repo.root / ".git/planfence").mkdir(exist_ok=True)
    envelope = intoto.Envelope(b"a", (("k", "s"),))
    for answer in ("ada", ""):
        monkeypatch.setattr(signatures, "_KNOWN", {})  # another process
        monkeypatch.setattr(signatures.signing, "verify", lambda *_, answer=answer: answer)
        kept = Signatures(repo.open(), b"ada %s key" % option, remembers=True)
        assert kept.signer(envelope) == answer


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_a_signer_may_have_a_name_with_spaces(repo, tmp_path):
    from planfence.gitio import signing

    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, capture_output=True)
    environment, signers = repo.open().environment, b'"Ada Lovelace" ' + key.with_suffix(".pub").read_bytes()
    assert signing.verify(b"x", signing.sign(b"x", key, environment), signers, environment) == "Ada Lovelace"


def test_a_move_says_where_it_belongs(repo):
    _write(repo, Policy(), TASKS[0], None)
    (move,) = [each for each in read_book(repo.open()).moves if each.kind is MoveKind.START and each.model == "codex"]
    first = repo.git("rev-list", "--max-parents=0", "HEAD")
    assert (move.roots, move.added) == ((first,), first)
    assert move.terms
    _write(repo, Policy(), "nothing/at-all", None)
    assert not next(each for each in read_book(repo.open()).moves if each.task == "nothing/at-all").added


def _stage(repo, policy: Policy) -> Stage:
    head = repo.git("rev-parse", "HEAD")
    return load_facts(repo.open(), policy, [head])[0].state(TASKS[0]).stage


def test_a_new_plan_of_an_old_name_begins_anew(repo):
    assert _stage(repo, Policy()) is Stage.IMPLEMENT
    repo.git("rm", "-q", "plans/auth.toml")
    repo.commit("chore: finished")
    repo.git("checkout", "-q", "HEAD^", "--", "plans")
    repo.commit("chore: even the same text is another plan")
    assert _stage(repo, Policy()) is Stage.PLAN
    _write(repo, Policy(), TASKS[0], None)
    assert _stage(repo, Policy()) is Stage.IMPLEMENT


def test_a_plan_that_was_moved_amended_or_rebased_goes_on(repo):
    repo.git("commit", "-q", "--amend", "-m", "chore: begin, in other words")
    assert _stage(repo, Policy()) is Stage.PLAN, "with its first commit a repository is another one"
    _write(repo, Policy(), TASKS[0], None)
    text = (repo.root / "plans/auth.toml").read_text()
    repo.write("plans/auth.toml", text.replace("version = 1", "version = 2").replace("src/user.py", "src/it.py"))
    repo.commit("chore: amend")
    assert _stage(repo, Policy()) is Stage.IMPLEMENT
    repo.git("mv", "plans", "later")
    repo.write("planfence.toml", 'schema = 1\nplans = "later"\n')
    repo.commit("chore: move the plans")
    assert _stage(repo, Policy(plans="later")) is Stage.PLAN, "moved and amended: nothing says that it is the same"
    repo.git("checkout", "-q", "-b", "late", "HEAD^")
    _write(repo, Policy(), TASKS[0], None)
    repo.git("checkout", "-q", "main")
    assert _stage(repo, Policy(plans="later")) is Stage.IMPLEMENT


def test_a_squash_keeps_what_its_commits_were_moved_by(repo):
    text = (repo.root / "plans/auth.toml").read_text()
    repo.git("checkout", "-q", "-b", "work")
    repo.write("plans/more.toml", text.replace('id = "auth"', 'id = "more"'))
    repo.commit("chore: plan")
    _write(repo, Policy(), "more/middleware", None)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--squash", "work")
    head = repo.commit("chore: squashed")
    state = load_facts(repo.open(), Policy(), [head])[0].state("more/middleware")
    assert state.stage is Stage.IMPLEMENT
