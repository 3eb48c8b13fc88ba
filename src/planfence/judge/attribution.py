"""What a change says of itself: who made it, for which task. Light: commands that judge nothing read it too."""

from __future__ import annotations

from planfence.files.state import read_active_task
from planfence.gitio.repository import Repository
from planfence.identity import HUMAN, checked_task, detect
from planfence.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from planfence.change.message import Message
    from planfence.manifest.policy import Policy


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a change says of itself: its task, who made it, in which stage, whether it was urgent.

    ``marked`` says that the hooks let it through as a small change, if its branch holds a task's commits.
    """

    task: str = ""
    model: str = HUMAN
    stage: str = ""
    urgent: str = ""
    rework: int = 0
    marked: bool = False


#: The attribution of a change that says nothing.
NOBODY = Attribution()


def attribution_of(message: Message) -> Attribution:
    """Read a commit's attribution from its trailers."""
    from planfence.change import message as messages

    def first(key: str) -> str:
        return next(iter(message.trailer(key)), "")

    task = first(messages.TASK_TRAILER)
    marked = task == messages.NO_TASK
    return Attribution(
        "" if marked else task,
        first(messages.MODEL_TRAILER) or HUMAN,
        first(messages.STAGE_TRAILER),
        first(messages.URGENT_TRAILER),
        marked=marked,
    )


def squashed_attributions(text: str) -> tuple[Attribution, ...]:
    """Read the attributions of the commits that a message was squashed from, each once; those without a task too."""
    from planfence.change import message as messages

    found: list[dict[str, str]] = []
    for key, value in messages.inner_trailers(text):
        if not found or key in (messages.TASK_TRAILER, messages.URGENT_TRAILER) or key in found[-1]:
            found.append({})
        found[-1][key] = value
    attributions = []
    for said in found:
        task = said.get(messages.TASK_TRAILER, "")
        marked = task == messages.NO_TASK
        model = said.get(messages.MODEL_TRAILER, HUMAN)
        stage, urgent = said.get(messages.STAGE_TRAILER, ""), said.get(messages.URGENT_TRAILER, "")
        attributions.append(Attribution("" if marked else task, model, stage, urgent, marked=marked))
    return tuple(dict.fromkeys(attributions))


def tasks_of(text: str) -> frozenset[str]:
    """Return the tasks that a message names anywhere: a squash's has those of each of its commits."""
    from planfence.change import message as messages

    return frozenset(value for key, value in messages.inner_trailers(text) if key == messages.TASK_TRAILER)


def split_task(name: str) -> tuple[str, str]:
    """Divide `<plan>/<task>`; the second part is empty if there is no slash."""
    plan, _, task = name.partition("/")
    return plan, task


def active_task(repository: Repository) -> str:
    """Return `<plan>/<task>`: what `PLANFENCE_TASK` says, or this worktree's active task, or nothing."""
    named = repository.environment.get("PLANFENCE_TASK")
    return checked_task(named, "PLANFENCE_TASK") if named else read_active_task(repository.state_name)


def staged_attribution(repository: Repository, policy: Policy | None = None) -> Attribution:
    """What the next commit will say of itself; ``policy`` knows the team's own agents."""
    environment = repository.environment
    urgent = " ".join(environment.get("PLANFENCE_URGENT").split())
    return Attribution(active_task(repository), detect(environment, policy.identity if policy else None), "", urgent)


def team_trailers(
    text: str,
    policy: Policy,
    who: str,
    comment: str = "",
    names: tuple[str, str] = ("", ""),
    finished: Callable[[str], str] = str,
) -> str:
    """Return a message file's text with the trailers that the policy rewrites and requires in commits by ``who``.

    ``names`` are who it is by its own name (empty: ``who``), and its model's, if it is known. ``finished`` is what git
    will keep of such a text.
    """
    from planfence.change import message as messages
    from planfence.manifest.trailers import filled, missing, rewritten

    wanted, name, model = policy.trailers, names[0] or who, names[1]
    subject = messages.parse(finished(text)).subject
    if not wanted or not subject:
        return text
    text = messages.changed_trailers(text, subject, lambda pair: rewritten(pair, wanted, who, name, model))
    there = messages.parse(finished(text))
    if there.autosquash:
        return text
    lacking = [wish for wish in missing(messages.trailer_lines(there.body), wanted, who) if wish.write]
    added = tuple((wish.key, value) for wish in lacking if (value := filled(wish.write, name, model, "").strip()))
    return messages.with_trailers(text, added, comment, others_too=True) if added else text


def trailers(attribution: Attribution, policy: Policy | None) -> tuple[tuple[str, str], ...]:
    """The trailers that say which task a commit belongs to, in which stage, and who made it."""
    from planfence.change import message as messages

    if attribution.urgent and (policy is None or policy.unplanned.lets(attribution.model)):
        return ((messages.URGENT_TRAILER, attribution.urgent), (messages.MODEL_TRAILER, attribution.model))
    if not attribution.task:
        marked = ((messages.TASK_TRAILER, messages.NO_TASK),) if attribution.marked else ()
        return (*marked, (messages.MODEL_TRAILER, attribution.model)) if attribution.model != HUMAN else marked
    found = [(messages.TASK_TRAILER, attribution.task)]
    if attribution.stage:
        found.append((messages.STAGE_TRAILER, attribution.stage))
    found.append((messages.MODEL_TRAILER, attribution.model))
    if attribution.rework:
        found.append((messages.REWORK_TRAILER, str(attribution.rework)))
    return tuple(found)
