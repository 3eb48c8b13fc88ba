"""The stage moves: start, advance, rework, and the reviewer's answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from planfence.change.patches import patch_ids
from planfence.errors import PlanfenceError
from planfence.files.state import read_active_task, write_active_task
from planfence.finding import Finding, Report, Severity
from planfence.gate.gate import blocks
from planfence.gitio.repository import Repository, branch_of
from planfence.identity import checked
from planfence.judge.situation import Scene, look
from planfence.ledger.belief import last_of
from planfence.ledger.records import new_id, now, read_history, write_move
from planfence.ledger.stages import HUMAN, Stage
from planfence.ledger.transitions import Answer, Kind, Move
from planfence.log import writer as records
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


def start(
    repository: Repository, wanted: str, *, prompt: bytes = b"", take_over: str = "", estimate: float = 0.0
) -> Moved:
    """Begin a task, or go back to one: out of the plan stage, and active in this worktree from here on.

    ``prompt`` is kept with the entry; ``take_over`` is a reason by which whoever asks takes
    over the implementer's role; ``estimate`` (minutes) is a forecast to be taken instead of the plan's.
    """
    scene = look(repository, wanted)
    if scene.stage is Stage.DONE:
        raise PlanfenceError(f"{scene.name} is done", hint="add a task to the plan for what is left to do")
    if take_over and scene.model != HUMAN:
        raise _a_persons("takes a role over", scene)
    _free_of_others(scene)
    found = blocks(scene, "start", taking_over=bool(take_over))
    if _refuse(found):
        return _refused(scene, "start", found)
    seq = scene.state.seq
    if take_over:
        seq += 1
        write_move(
            repository,
            scene.policy,
            _move(scene, Kind.HANDOVER, _working_stage(scene), seq=seq, holder=scene.model, why=take_over),
        )
    if scene.stage is Stage.PLAN or prompt or not _is_begun(scene):
        stage = Stage.IMPLEMENT if scene.stage is Stage.PLAN else scene.stage
        attachments = {"prompt.md": prompt} if prompt else {}
        write_move(repository, scene.policy, _move(scene, Kind.START, stage, seq=seq + 1), attachments)
    again = read_active_task(repository.state_dir) == scene.name
    write_active_task(repository.state_dir, scene.name)
    stage = Stage.IMPLEMENT if scene.stage is Stage.PLAN else scene.stage
    notes = [] if again else [records.record_run(repository, scene.policy, scene.name, "start")]
    assigned = assignment(repository, scene.policy, scene.name)
    if assigned.get("flow"):
        notes.append(f"the trial {assigned['trial']} gives this task the flow `{assigned['flow']}`")
    return _accepted(scene, "start", stage, notes, **({"est_min": estimate or scene.task.estimate_min} | assigned))


def _a_persons(what: str, scene: Scene) -> PlanfenceError:
    """Say that a model asks for what is a person's to decide: a role is part of the fence."""
    return PlanfenceError(f"a person {what}, and {scene.model} is none", hint="say to your person what you need")


def _is_begun(scene: Scene) -> bool:
    return any(move.kind is Kind.START for move in scene.state.moves)


def _working_stage(scene: Scene) -> Stage:
    return Stage.IMPLEMENT if scene.stage is Stage.PLAN else scene.stage


def _free_of_others(scene: Scene) -> None:
    """Two stages at once are two tasks: one task is worked on in one worktree."""
    if scene.stage not in (Stage.PLAN, Stage.IMPLEMENT):
        return
    common = scene.repository.common_dir
    folders = [common, *sorted((common / "worktrees").glob("*"))]
    for folder in folders:
        state = folder / "planfence"
        if state != scene.repository.state_dir and read_active_task(state) == scene.name:
            where = _worktree_of(folder)
            if where.is_dir():
                raise PlanfenceError(
                    f"{scene.name} is active in the worktree {where}",
                    hint=f"work on it there, or end it there first: `planfence finish --leave` in {where}",
                )


def _worktree_of(git_dir: Path) -> Path:
    try:
        return Path((git_dir / "gitdir").read_text("utf-8").strip()).parent
    except OSError:
        return git_dir.parent


def advance(repository: Repository, wanted: str = "") -> Moved:
    """Move a task on: from implement to review, from review to done.

    Refuses, as findings, what the stage needs and is not there.
    """
    scene = look(repository, wanted)
    if scene.stage is Stage.PLAN:
        raise PlanfenceError(f"{scene.name} has not begun", hint=f"planfence start {scene.name}")
    if scene.stage is Stage.DONE:
        raise PlanfenceError(f"{scene.name} is done already")
    found = blocks(scene, "advance")
    if _refuse(found):
        return _refused(scene, "advance", found)
    following = Stage.REVIEW if scene.stage is Stage.IMPLEMENT else Stage.DONE
    runs = tuple(run.id for run in scene.runs if run.passed)
    move = _move(scene, Kind.ADVANCE, following, seq=scene.state.seq + 1, runs=runs)
    write_move(repository, scene.policy, replace(move, patches=_patches(scene)))
    done = _accepted(scene, "advance", following, [], review_round=scene.state.round + 1)
    return replace(done, report=Report((scene.head,), found))


def _patches(scene: Scene) -> tuple[str, ...]:
    """What the task's commits change, so that they are known again after a rebase, also where the old ones are gone."""
    span = [scene.head, f"^{scene.base}"] if scene.base != scene.head and scene.base else [scene.head]
    mine = [fact.commit for fact in read_history(scene.repository, span).facts if fact.task == scene.name]
    return tuple(sorted(patch_ids(scene.repository, mine).values()))


def rework(repository: Repository, why: str, wanted: str = "", *, to: str = "") -> Moved:
    """Send a task back from review to implement; ``to`` gives the implementer's role to another model."""
    if not why.strip():
        raise PlanfenceError("a rework needs a reason", hint='planfence rework --why "what must change"')
    to = checked(to, "--to") if to else ""
    scene = look(repository, wanted)
    if scene.stage is not Stage.REVIEW:
        raise PlanfenceError(
            f"{scene.name} is in {scene.stage}, not in review", hint="only what is under review can be sent back"
        )
    found = blocks(scene, "rework", to=to)
    if _refuse(found):
        return _refused(scene, "rework", found)
    state = scene.state
    move = _move(scene, Kind.REWORK, Stage.IMPLEMENT, seq=state.seq + 1, holder=to, why=why)
    write_move(repository, scene.policy, replace(move, round=state.round + 1))
    return _accepted(scene, "rework", Stage.IMPLEMENT, [], review_round=state.round + 1, why=why)


def answer(repository: Repository, answers: Mapping[str, Answer], wanted: str = "", notes: bytes = b"") -> Moved:
    """Record a reviewer's answers (by criterion id), bound to HEAD's tree; ``notes`` are kept with them."""
    scene = look(repository, wanted)
    if scene.stage is not Stage.REVIEW:
        raise PlanfenceError(
            f"{scene.name} is in {scene.stage}, not in review", hint="`planfence advance` moves it there once it may"
        )
    empty = [name for name, each in answers.items() if not each.evidence.strip()]
    if empty:
        raise PlanfenceError(f"no word of evidence for {', '.join(empty)}", hint="say what you looked at or ran")
    found = blocks(scene, "review")
    if _refuse(found):
        return _refused(scene, "review", found)
    move = _move(scene, Kind.REVIEW, Stage.REVIEW, seq=scene.state.seq + 1)
    attachments = {"review.md": notes} if notes else {}
    write_move(repository, scene.policy, replace(move, answers=tuple(answers.values())), attachments)
    met = all(each.met for each in answers.values())
    return _accepted(
        scene, "review", Stage.REVIEW, [], outcome="met" if met else "unmet", review_round=scene.state.round + 1
    )


def finish(repository: Repository, wanted: str = "", *, leave: bool = False) -> Moved:
    """Close a task whose review is done; with ``leave``, only stop working on it in this worktree."""
    scene = look(repository, wanted)
    stage = scene.stage
    if not leave and stage is not Stage.DONE:
        if stage is not Stage.REVIEW:
            raise PlanfenceError(
                f"{scene.name} is in {stage}, and its review is not done",
                hint="`planfence test`, `planfence advance` and the review come first;"
                " `planfence finish --leave` only stops here",
            )
        moved = advance(repository, scene.name)
        if moved.refused:
            return moved
        stage = Stage.DONE
    notes = []
    if read_active_task(repository.state_dir) == scene.name:
        write_active_task(repository.state_dir, "")
        notes.append(records.record_run(repository, scene.policy, scene.name, "end"))
    if leave:
        return _accepted(scene, "leave", stage, notes)
    line = finish_line(repository, scene.policy, scene.name)
    notes += line.notes
    return _accepted(scene, "finish", stage, notes, **({"review_round": scene.state.round + 1} | line.fields))


def hand_over(repository: Repository, why: str, to: str, wanted: str = "") -> Moved:
    """Give the role of the task's present stage to another model, or take it (as `human`); recorded with its reason."""
    to = checked(to or HUMAN, "--to")
    scene = look(repository, wanted)
    if not why.strip():
        raise PlanfenceError("a handover needs a reason")
    if scene.model != HUMAN:
        raise _a_persons("hands a role over", scene)
    stage = _working_stage(scene)
    write_move(
        repository,
        scene.policy,
        _move(scene, Kind.HANDOVER, stage, seq=scene.state.seq + 1, holder=to, why=why),
    )
    return _accepted(scene, "handover", scene.stage, [], why=why)


def _move(
    scene: Scene, kind: Kind, stage: Stage, *, seq: int, holder: str = "", why: str = "", runs: tuple[str, ...] = ()
) -> Move:
    return Move(
        id=new_id(),
        kind=kind,
        task=scene.name,
        round=scene.state.round,
        seq=seq,
        stage=stage,
        model=scene.model,
        commit=scene.head,
        tree=scene.tree,
        base=scene.base,
        plan_version=scene.plan.version,
        holder=holder,
        why=why,
        runs=runs,
        at=now(),
        after=last_of(scene.state.moves),
    )


def _refuse(found: tuple[Finding, ...]) -> bool:
    """Whether what was found stands in the way: advice does not."""
    return any(each.severity is Severity.ERROR for each in found)


def _refused(scene: Scene, event: str, found: tuple[Finding, ...]) -> Moved:
    note = _log(scene, event, "refused", rules=tuple(dict.fromkeys(finding.code for finding in found)))
    return Moved(scene, Report((scene.head,), found), scene.stage, _said(note, scene))


def _accepted(scene: Scene, event: str, stage: Stage, notes: list[str], **fields: records.Value) -> Moved:
    note = _log(scene, event, "accepted", **fields)
    return Moved(scene, Report((scene.head,)), stage, (*(each for each in notes if each), *_said(note, scene)))


def _said(note: str, scene: Scene) -> tuple[str, ...]:
    return (*((note,) if note else ()), *scene.facts.problems)


def _log(scene: Scene, event: str, result: str, **fields: records.Value) -> str:
    known: dict[str, records.Value] = {
        "model": scene.model,
        "stage": str(scene.stage),
        "theme": scene.task.theme,
        "flow": flow(scene),
        # Hooks' lines do not say where they ran: a commit must not pay for it, and the lines of moves tell a reader.
        "worktree": "" if scene.repository.bare else scene.repository.top.name,
        "branch": branch_of(scene.repository),
    }
    return records.record(
        scene.repository, scene.policy, event=event, result=result, task=scene.name, **(known | fields)
    )


def flow(scene: Scene) -> str:
    """`single` where one model holds all roles of the task, `dual` where several do; empty where none is named."""
    held = {scene.state.holder(scene.plan, scene.task, stage) for stage in ("plan", "implement", "review")} - {""}
    return "" if not held else "single" if len(held) == 1 else "dual"
