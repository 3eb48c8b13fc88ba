"""What stands in the way of a stage move: evidence, scope, roles, dependencies, answers."""

from __future__ import annotations

from collections.abc import Iterator

from planfence import POLICY_PATH
from planfence.change.patches import patch_ids
from planfence.finding import Finding, Severity
from planfence.gate.testcommand import line_for
from planfence.judge.check import Terms, check_range, judge_commits
from planfence.judge.situation import Scene
from planfence.ledger import evidence, stages
from planfence.ledger.proofs import Proof, latest
from planfence.ledger.records import believed_proofs, read_history
from planfence.ledger.stages import Stage
from planfence.ledger.transitions import Move, MoveKind
from planfence.plan.plans import lint_committed
from planfence.records import replace
from planfence.rules import (
    dependency_open,
    model_not_assigned,
    reviewer_is_author,
    rework_needs_reassignment,
    stage_closed,
    tests_not_passed,
    tests_prove_nothing,
)
from planfence.rules.rule import Rule


def blocks(scene: Scene, move: str, *, taking_over: bool = False, to: str = "") -> tuple[Finding, ...]:
    """Return everything that refuses this move (`start`, `advance`, `review`, `rework`)."""
    if move == "start":
        found = [*_dependencies(scene), *_vague(scene)]
        if not taking_over:
            found += _role(scene, Stage.IMPLEMENT, may_watch=True)
    elif move == "rework":
        found = [*_role(scene, Stage.REVIEW), *_hands(scene, to)]
    elif move == "review":
        found = [*_role(scene, Stage.REVIEW), *_own_work(scene), *_elsewhere(scene)]
    elif scene.stage is Stage.IMPLEMENT:
        is_worn = stages.must_change_hands(scene.state, scene.model, scene.policy.rework_max)
        found = [
            *_role(scene, Stage.IMPLEMENT),
            *_elsewhere(scene),
            *(_changed_hands(scene, scene.model) if is_worn else ()),
            *_dependencies(scene),
            *_tests(scene),
            *_criteria(scene),
            *_proof(scene),
            *_scope(scene),
        ]
    else:
        found = [
            *_role(scene, Stage.REVIEW),
            *_own_work(scene),
            *_elsewhere(scene),
            *_dependencies(scene),
            *_tests(scene),
            *_criteria(scene),
            *_proof(scene),
            *_answers(scene),
            *_unmet(scene),
            *_scope(scene),
        ]
    return tuple(found)


def finding(scene: Scene, rule: Rule, message: str, *fixes: str) -> Iterator[Finding]:
    """Yield one finding with the severity that the policy gives its rule; nothing if it is off."""
    severity = rule.severity_under(scene.policy)
    if severity is not Severity.OFF:
        yield Finding(rule.code, rule.name, severity, message, change=scene.head, fixes=fixes)


def _vague(scene: Scene) -> Iterator[Finding]:
    """What the plan lint refuses: `start` is the gate out of the plan stage."""
    if scene.stage is Stage.PLAN:
        for each in lint_committed(scene.repository, scene.policy, scene.head, scene.plan.id):
            if each.severity is Severity.ERROR:
                yield replace(each, change=scene.head)


def _role(scene: Scene, stage: Stage, *, may_watch: bool = False) -> Iterator[Finding]:
    """The model must hold the stage's role. ``may_watch``: a person may start a task for an agent."""
    holder = scene.state.holder(scene.plan, scene.task, stage)
    if holder in ("", scene.model) or (may_watch and scene.model == stages.HUMAN):
        return
    fixes = f"let {holder} do it", f"or ask a person: give the {stage} role of {scene.name} to {scene.model}"
    if scene.model == stages.HUMAN:
        take = f'planfence start {scene.name} --take-over "why"'
        if scene.stage is Stage.REVIEW:
            take = f'planfence handover {scene.name} --to {scene.model} --why "why"'
        fixes = (
            f"let {holder} do it (PLANFENCE_MODEL={holder} if it is not detected)",
            f"or take the role over, which is recorded: {take}",
        )
    message = f"{scene.model} is not who holds {stage} in {scene.name}: {holder} does"
    yield from finding(scene, model_not_assigned.RULE, message, *fixes)


def _own_work(scene: Scene) -> Iterator[Finding]:
    if stages.is_own_work(scene.state, scene.model):
        yield from finding(
            scene,
            reviewer_is_author.RULE,
            f"{scene.model} implemented {scene.name}, so another must review it",
            "let another model or a person review it",
        )


def _hands(scene: Scene, to: str) -> Iterator[Finding]:
    """Whether the next round may open for whoever would hold the role in it."""
    state = scene.state
    holder = to or state.holder(scene.plan, scene.task, Stage.IMPLEMENT)
    candidates = {holder} if holder else set(state.authors.get(state.round, ()))
    for model in sorted(candidates):
        had = sum(1 for models in state.authors.values() if model in models)
        if had > scene.policy.rework_max:
            yield from _changed_hands(scene, model)


def _changed_hands(scene: Scene, model: str) -> Iterator[Finding]:
    yield from finding(
        scene,
        rework_needs_reassignment.RULE,
        f"{model} has had its {scene.policy.rework_max} rounds of rework of {scene.name}: the role must change hands",
        f'planfence rework --why "…" --to MODEL   (another than {model}; `human` is one)',
    )


def _dependencies(scene: Scene) -> Iterator[Finding]:
    for name in stages.open_dependencies(scene.facts, scene.plan, scene.task):
        yield from finding(
            scene,
            dependency_open.RULE,
            f"{scene.name} waits for {name}, which is in {scene.facts.state(name).stage}",
            f"finish {name} first (`planfence status {name}`)",
            "or fetch what others recorded: planfence sync",
        )


def _tests(scene: Scene) -> Iterator[Finding]:
    if "advance" not in scene.policy.tests.required:
        return
    why = evidence.missing(scene.runs, scene.tree, scene.policy.tests)
    if why:
        line = f"planfence test {scene.name}"
        if not scene.policy.tests.command:
            line = f"write `{line_for(scene.repository.top)}` under [tests] in {POLICY_PATH}, and commit that"
            line = line if scene.model == stages.HUMAN else f"ask a person: {line}"
        yield from finding(scene, tests_not_passed.RULE, f"{why} ({scene.tree[:12]})", line)


def _criteria(scene: Scene) -> Iterator[Finding]:
    commands = {each.id: each.run for each in scene.task.acceptance if each.run}
    for name in evidence.unmet(scene.runs, scene.tree, commands):
        yield from finding(
            scene,
            tests_not_passed.RULE,
            f"{name} is not met on this tree: `{commands[name]}` has not passed",
            f"planfence test {scene.name}",
        )


def _proof(scene: Scene) -> Iterator[Finding]:
    """Whether the tests would have noticed the change: asked once they pass, of what was recorded."""
    tests = scene.policy.tests
    if tests.prove == "off" or not tests.command or any(_tests(scene)):
        return
    for message, fixes in tests_prove_nothing.faults(proof_of(scene), tests, scene.name):
        yield from finding(scene, tests_prove_nothing.RULE, message, *fixes)


def proof_of(scene: Scene) -> Proof | None:
    """The newest believed proof about this very tree of the task, by the policy's command; None if nobody asked."""
    command = scene.policy.tests.command.replace("{files}", "")
    found = believed_proofs(scene.repository, scene.book, scene.policy, scene.tree)
    asked = (
        each
        for each in found
        if any(name == evidence.TESTS and evidence.is_command(line, command) for name, line in each.commands)
    )
    return latest(asked, scene.tree, scene.name)


def _answers(scene: Scene) -> Iterator[Finding]:
    """Each criterion for the reviewer: answered on this very tree, met, by one who may review."""
    given = scene.state.answers(scene.tree)
    held = scene.state.ever_held(scene.plan, scene.task, Stage.REVIEW)
    for each in scene.task.acceptance:
        if not each.review:
            continue
        reply = given.get(each.id)
        allowed = reply is not None and (
            (reply[1].model in held or not any(held)) and not stages.is_own_work(scene.state, reply[1].model)
        )
        if reply is None or not allowed:
            yield from finding(
                scene,
                tests_not_passed.RULE,
                f"no reviewer has answered {each.id} on this tree: {each.text}",
                f"planfence review {scene.name}",
            )


def _unmet(scene: Scene) -> Iterator[Finding]:
    """Whatever a reviewer found not met, a point of every review too, until one finds it met."""
    for each in scene.state.unmet():
        yield from finding(
            scene,
            tests_not_passed.RULE,
            f"the reviewer found {each.criterion} not met: {each.evidence}",
            f'planfence rework --why "{each.criterion}: …" {scene.name}',
        )


def _elsewhere(scene: Scene) -> Iterator[Finding]:
    """This tree must hold the task's work: what was moved on, and what other worktrees have of it."""
    git, head = scene.repository.git, scene.head
    sealed = [move for move in scene.state.moves if move.commit in scene.state.sealed and move.kind is MoveKind.ADVANCE]
    lacking = [move for move in sealed if not _holds(scene, move)]
    for move in lacking[:1]:
        yield from finding(
            scene,
            stage_closed.RULE,
            f"{scene.name} was moved on at {move.commit[:12]}, which the tree here ({scene.tree[:12]}) does not hold",
            f"git merge {move.commit[:12]}   (or go on in the worktree that has it)",
        )
    if lacking:
        return
    listed = git.run("worktree", "list", "--porcelain", "-z").split(b"\0")
    heads = [line[5:].decode() for line in listed if line[:5] == b"HEAD "]
    others = [each for each in dict.fromkeys(heads) if each != head and each.strip("0")]
    loose = read_history(scene.repository, [*others, f"^{head}"]).of(scene.name) if others else []
    if loose:
        mine = read_history(scene.repository, [head]).of(scene.name)
        here = set(patch_ids(scene.repository, mine).values())
        loose = [commit for commit, patch in patch_ids(scene.repository, loose).items() if patch not in here]
    for commit in loose[:1]:
        yield from finding(
            scene,
            stage_closed.RULE,
            f"another worktree has work on {scene.name} that the tree here lacks: {commit[:12]}",
            f"git merge {commit[:12]}   (or go on in the worktree that has it)",
        )


def _holds(scene: Scene, move: Move) -> bool:
    """Whether HEAD has what was there at a move: its commit or tree, its changes, or its files as they were then."""
    git, head = scene.repository.git, scene.head
    if move.tree == scene.tree or git.is_ancestor(move.commit, head):
        return True
    mine = read_history(scene.repository, [head]).of(scene.name)
    if move.patches and set(move.patches) <= set(patch_ids(scene.repository, mine).values()):
        return True
    options = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff")
    status, out = git.status(*options, move.base or f"{move.commit}^", move.commit, "--", ok=(0, 128))
    paths = [path for path in out.decode("utf-8", "surrogateescape").split("\0") if path] if status == 0 else []
    if not paths:
        return False
    same = ("--literal-pathspecs", "diff-tree", "-r", "--quiet", "--no-ext-diff", move.commit, head, "--")
    parts = (paths[at : at + 500] for at in range(0, len(paths), 500))
    return all(git.status(*same, *part, ok=(0, 1))[0] == 0 for part in parts)


def _scope(scene: Scene) -> Iterator[Finding]:
    """The branch's commits must be clean, on the base branch itself the task's: each against its real parent."""
    repository = scene.repository
    if scene.base != scene.head:
        terms = Terms(basis=scene.basis, leaving=True)
        yield from check_range(repository, scene.base, scene.head, terms).report.errors
        return
    mine = read_history(repository, [scene.head]).of(scene.name)
    terms = Terms(basis=replace(scene.basis, lineage=None))
    for commit in reversed(mine):
        yield from judge_commits(repository, [commit], walk=False, terms=terms).report.errors
