"""The stage moves: start, advance, rework, and the reviewer's answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from planfence.change.patches import patch_ids
from planfence.errors import PlanfenceError, a_persons
from planfence.files.state import locked, read_active_task, write_active_task
from planfence.finding import Finding, Report
from planfence.gate import claims
from planfence.gate.gate import blocks
from planfence.gitio.repository import Repository, branch_of
from planfence.gitio.worktrees import opened, worktrees
from planfence.identity import checked
from planfence.judge.situation import Scene, look
from planfence.ledger.belief import last_of
from planfence.ledger.records import new_id, now, read_history, renewed, write_move
from planfence.ledger.stages import HUMAN, Stage
from planfence.ledger.transitions import Answer, Claim, Move, MoveKind
from planfence.log import writer as log_writer
from planfence.records import dataclass, replace
from planfence.report.costs import finish_line
from planfence.report.trial import assignment


@dataclass(frozen=True, slots=True)
class Moved:
    """What a stage move came to: the task as it now stands, the verdict, and what else there is to say."""

    scene: Scene
    report: Report
    stage: Stage
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the move was refused."""
        return self.report.refused


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What else a start is asked for.

    ``prompt`` is kept with the entry; ``take_over`` is a reason by which whoever asks takes over the implementer's
    role; ``estimate`` (minutes) is a forecast to be taken instead of the plan's; ``shared`` are patterns of files that
    other active tasks may change too, ``why`` says why.
    """

    prompt: bytes = b""
    take_over: str = ""
    estimate: float = 0.0
    shared: tuple[str, ...] = ()
    why: str = ""


def start(scene: Scene, wish: StartOptions | None = None) -> Moved:
    """Begin a task, or go back to one: out of the plan stage, and active in this worktree from here on.

    Of two starts of one clone at once, the second sees what the first claims.
    """
    wish, repository = wish or StartOptions(), scene.repository
    if scene.stage is Stage.DONE:
        raise PlanfenceError(f"{scene.name} is done", hint="add a task to the plan for what is left to do")
    if wish.take_over and scene.model != HUMAN:
        raise a_persons("takes a role over", scene.model)
    if wish.shared and scene.model != HUMAN:
        raise a_persons("shares a file between tasks", scene.model)
    claims.checked_shares(scene, wish.shared, wish.why)
    found = _weighed(scene, blocks(scene, "start", taking_over=bool(wish.take_over)))
    again = read_active_task(repository.state_dir) == scene.name
    with _alone(scene) as current:
        met = claims.contests(current)
        found += _weighed(scene, tuple(claims.in_the_way(current, met, wish.shared)))
        if not _refuse(found):
            _begin(current, met, wish)
    if _refuse(found):
        return _refused(scene, "start", found)
    notes = [] if again else [log_writer.record_run(repository, scene.policy, scene.name, "start")]
    notes += claims.told(current, met)
    assigned = assignment(repository, scene.policy, scene.name)
    if assigned.get("flow"):
        notes.append(f"the trial {assigned['trial']} gives this task the flow `{assigned['flow']}`")
    minutes = wish.estimate or scene.task.estimate_min
    return accepted(scene, "start", _working_stage(scene), notes, found, **({"est_min": minutes} | assigned))


#: So long a start waits for those of other worktrees (seconds): many may begin at once, on a busy machine.
_PATIENCE_S = 600.0


@contextmanager
def _alone(scene: Scene) -> Iterator[Scene]:
    """Hold every other start of this clone off; yield the task as it stands then."""
    folder = scene.repository.common_dir / "planfence"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, _PATIENCE_S):
        if renewed(scene.repository, scene.book) is not scene.book:
            scene = look(scene.repository, scene.name)  # something was begun meanwhile
        _free_of_others(scene)
        yield scene


def _begin(scene: Scene, met: tuple[claims.Contest, ...], wish: StartOptions) -> None:
    """Record what a start records, and make the task this worktree's active one."""
    repository, following = scene.repository, scene.state.seq + (2 if wish.take_over else 1)
    if wish.take_over:
        stage = _working_stage(scene)
        record(scene, move_of(scene, MoveKind.HANDOVER, stage, wish.take_over, holder=scene.model))
    over = [digest for each in met if scene.facts.holds.stale(each.other) for digest in each.other.starts]
    claim = claims.claim_of(scene, wish.shared, over)
    begun = any(move.kind is MoveKind.START for move in scene.state.moves)
    if scene.stage is Stage.PLAN or wish.prompt or not begun or _claims_more(scene, claim):
        attachments = {"prompt.md": wish.prompt} if wish.prompt else {}
        move = move_of(scene, MoveKind.START, _working_stage(scene), wish.why)
        record(scene, replace(move, seq=following, claim=claim), attachments)
        claims.mark(repository)
    write_active_task(repository.state_dir, scene.name)


def _claims_more(scene: Scene, claim: Claim) -> bool:
    """Whether the ledger lacks what the task claims: its plan was amended, the claim had ended, or a share is new.

    A task under review keeps what it claimed: its reviewer starts it too, and claims nothing.
    """
    own = scene.facts.holds.of(scene.name)
    if claim.shared or claim.over or own is None:
        return bool(claim.shared) or scene.stage is Stage.IMPLEMENT
    return (own.claim.files, own.claim.deny) != (claim.files, claim.deny) and scene.stage is Stage.IMPLEMENT


def renew(repository: Repository, name: str) -> tuple[str, ...]:
    """Have an active task claim what its amended plan lists; return what other tasks claim of that."""
    scene = look(repository, name)
    if scene.facts.holds.of(name) is None:
        return ()
    with _alone(scene) as current:
        own, claim = current.facts.holds.of(name), claims.claim_of(current)
        if own is None or not _claims_more(current, claim):
            return ()
        move = move_of(current, MoveKind.START, current.stage, "the plan was amended")
        record(current, replace(move, model=own.model, claim=claim))
        claims.mark(repository)
        return tuple(claims.told(current, claims.contests(current)))


def _working_stage(scene: Scene) -> Stage:
    return Stage.IMPLEMENT if scene.stage is Stage.PLAN else scene.stage


def _free_of_others(scene: Scene) -> None:
    """Two stages at once are two tasks: one task is worked on in one worktree."""
    if scene.stage not in (Stage.PLAN, Stage.IMPLEMENT):
        return
    for place in worktrees(scene.repository):
        there = opened(scene.repository, place)
        if there is not scene.repository and read_active_task(there.state_name) == scene.name:
            raise PlanfenceError(
                f"{scene.name} is active in the worktree {place.top}",
                hint=f"work on it there, or end it there first: `planfence finish --leave` in {place.top}",
            )


def advance(scene: Scene) -> Moved:
    """Move a task on: from implement to review, from review to done.

    Refuses, as findings, what the stage needs and is not there.
    """
    if scene.stage is Stage.PLAN:
        raise PlanfenceError(f"{scene.name} has not begun", hint=f"planfence start {scene.name}")
    if scene.stage is Stage.DONE:
        raise PlanfenceError(f"{scene.name} is done already")
    found = _weighed(scene, blocks(scene, "advance"))
    if _refuse(found):
        return _refused(scene, "advance", found)
    following = Stage.REVIEW if scene.stage is Stage.IMPLEMENT else Stage.DONE
    runs = tuple(run.id for run in scene.runs if run.passed)
    move = move_of(scene, MoveKind.ADVANCE, following)
    record(scene, replace(move, runs=runs, patches=_patches(scene)))
    return accepted(scene, "advance", following, [], found, review_round=scene.state.round + 1)


def _patches(scene: Scene) -> tuple[str, ...]:
    """What the task's commits change, so that they are known again after a rebase, also if the old ones are gone."""
    span = [scene.head, f"^{scene.base}"] if scene.base != scene.head and scene.base else [scene.head]
    mine = read_history(scene.repository, span).of(scene.name)
    return tuple(sorted(patch_ids(scene.repository, mine).values()))


def rework(scene: Scene, why: str, *, to: str = "") -> Moved:
    """Send a task back from review to implement; ``to`` gives the implementer's role to another model."""
    if not why.strip():
        raise PlanfenceError("a rework needs a reason", hint='planfence rework --why "what must change"')
    to = checked(to, "--to") if to else ""
    if scene.stage is not Stage.REVIEW:
        raise PlanfenceError(
            f"{scene.name} is in {scene.stage}, not in review", hint="only what is under review can be sent back"
        )
    found = _weighed(scene, blocks(scene, "rework", to=to))
    if _refuse(found):
        return _refused(scene, "rework", found)
    following = scene.state.round + 1
    move = move_of(scene, MoveKind.REWORK, Stage.IMPLEMENT, why, holder=to)
    record(scene, replace(move, round=following))
    return accepted(scene, "rework", Stage.IMPLEMENT, [], found, review_round=following, why=why)


def answer(scene: Scene, answers: Mapping[str, Answer], notes: bytes = b"") -> Moved:
    """Record a reviewer's answers (by criterion id), bound to HEAD's tree; ``notes`` are kept with them."""
    if scene.stage is not Stage.REVIEW:
        raise PlanfenceError(
            f"{scene.name} is in {scene.stage}, not in review", hint="`planfence advance` moves it there once it may"
        )
    empty = [name for name, each in answers.items() if not each.evidence.strip()]
    if empty:
        raise PlanfenceError(f"no word of evidence for {', '.join(empty)}", hint="say what you looked at or ran")
    found = _weighed(scene, blocks(scene, "review"))
    if _refuse(found):
        return _refused(scene, "review", found)
    move = move_of(scene, MoveKind.REVIEW, Stage.REVIEW)
    attachments = {"review.md": notes} if notes else {}
    record(scene, replace(move, answers=tuple(answers.values())), attachments)
    met = all(each.met for each in answers.values())
    outcome = "met" if met else "unmet"
    return accepted(scene, "review", Stage.REVIEW, [], found, outcome=outcome, review_round=scene.state.round + 1)


def finish(scene: Scene, *, leave: bool = False) -> Moved:
    """Close a task whose review is done; with ``leave``, only stop working on it in this worktree."""
    repository, stage = scene.repository, scene.stage
    if not leave and stage is not Stage.DONE:
        if stage is not Stage.REVIEW:
            raise PlanfenceError(
                f"{scene.name} is in {stage}, and its review is not done",
                hint="`planfence test`, `planfence advance` and the review come first;"
                " `planfence finish --leave` only stops here",
            )
        moved = advance(scene)
        if moved.refused:
            return moved
        stage = Stage.DONE
    notes = []
    if read_active_task(repository.state_dir) == scene.name:
        write_active_task(repository.state_dir, "")
        notes.append(log_writer.record_run(repository, scene.policy, scene.name, "end"))
    if leave:
        return accepted(scene, "leave", stage, notes)
    line = finish_line(repository, scene.policy, scene.name)
    notes += line.notes
    return accepted(scene, "finish", stage, notes, (), **({"review_round": scene.state.round + 1} | line.fields))


def hand_over(scene: Scene, why: str, to: str) -> Moved:
    """Give the role of the task's present stage to another model, or take it (as `human`); recorded with its reason."""
    to = checked(to or HUMAN, "--to")
    if not why.strip():
        raise PlanfenceError("a handover needs a reason")
    if scene.model != HUMAN:
        raise a_persons("hands a role over", scene.model)
    record(scene, move_of(scene, MoveKind.HANDOVER, _working_stage(scene), why, holder=to))
    return accepted(scene, "handover", scene.stage, [], why=why)


def move_of(scene: Scene, kind: MoveKind, stage: Stage, why: str = "", *, holder: str = "") -> Move:
    """Return the next move of a task, as things stand."""
    return Move(
        id=new_id(),
        kind=kind,
        task=scene.name,
        round=scene.state.round,
        seq=scene.state.seq + 1,
        stage=stage,
        model=scene.model,
        commit=scene.head,
        tree=scene.tree,
        base=scene.base,
        plan_version=scene.plan.version,
        holder=holder,
        why=why,
        at=now(),
        after=last_of(scene.state.moves),
    )


def record(scene: Scene, move: Move, attachments: Mapping[str, bytes] | None = None) -> None:
    """Write a move of a task into the ledger."""
    write_move(scene.repository, scene.policy, move, attachments, scene.lineage)


def _weighed(scene: Scene, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What was found; under a policy that only observes nothing of it stands in the way."""
    return tuple(replace(each, observed=scene.policy.observes) for each in found)


def _refuse(found: tuple[Finding, ...]) -> bool:
    """Whether what was found stands in the way: advice does not."""
    return any(each.refuses for each in found)


def _refused(scene: Scene, event: str, found: tuple[Finding, ...]) -> Moved:
    note = _log(scene, event, "refused", rules=tuple(dict.fromkeys(finding.code for finding in found)))
    return Moved(scene, Report((scene.head,), found), scene.stage, _said(note, scene))


def accepted(
    scene: Scene,
    event: str,
    stage: Stage,
    notes: list[str],
    found: tuple[Finding, ...] = (),
    **fields: log_writer.Value,
) -> Moved:
    """Log a move that was made, and return what it came to; ``found`` did not stand in its way."""
    report = Report((scene.head,), found)
    rules = tuple(dict.fromkeys(each.code for each in report.observed))
    observed: dict[str, log_writer.Value] = {"rules": rules} if rules else {}
    note = _log(scene, event, "observed" if rules else "accepted", **(fields | observed))
    return Moved(scene, report, stage, (*(each for each in notes if each), *_said(note, scene)))


def _said(note: str, scene: Scene) -> tuple[str, ...]:
    return (*((note,) if note else ()), *scene.facts.problems)


def _log(scene: Scene, event: str, result: str, **fields: log_writer.Value) -> str:
    known: dict[str, log_writer.Value] = {
        "model": scene.model,
        "stage": str(scene.stage),
        "theme": scene.task.theme,
        "flow": flow(scene),
        # Hooks' lines do not say where they ran: a commit must not pay for it, and the lines of moves tell a reader.
        "worktree": "" if scene.repository.bare else scene.repository.top.name,
        "branch": branch_of(scene.repository),
    }
    return log_writer.record(
        scene.repository, scene.policy, event=event, result=result, task=scene.name, **(known | fields)
    )


def flow(scene: Scene) -> str:
    """`single` where one model holds all roles of the task, `dual` where several do; empty if none is named."""
    held = {scene.state.holder(scene.plan, scene.task, stage) for stage in ("plan", "implement", "review")} - {""}
    return "" if not held else "single" if len(held) == 1 else "dual"
