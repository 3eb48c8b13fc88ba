"""The prompt of a stage: the repository's own template or ours, filled from the plan at HEAD."""

from __future__ import annotations

from importlib import resources

from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.gate.gate import proof_of
from planfence.gitio.repository import Repository
from planfence.judge.situation import Scene, look
from planfence.judge.sources import Sources, require_policy
from planfence.manifest.policy import Policy
from planfence.render import prompts, prove


def template(repository: Repository, policy: Policy, stage: str) -> str:
    """Return the template of a stage: `<plans>/prompts/<stage>.md` at HEAD, or the one that comes with the package."""
    found = repository.objects.read(f"HEAD:{policy.plans}/prompts/{stage}.md")
    if found is not None and found.type == "blob":
        return found.data.decode("utf-8", "replace")
    return (resources.files("planfence") / "render" / "templates" / f"{stage}.md").read_text("utf-8")


def render(repository: Repository, stage: str, wanted: str = "", goal: str = "") -> str:
    """Return a stage's prompt. Of the planner's, ``wanted`` may name a plan, and ``goal`` is what it is to plan."""
    if stage == "plan":
        return _plan(repository, wanted, goal)
    return for_scene(look(repository, wanted), stage)


def _plan(repository: Repository, wanted: str, goal: str) -> str:
    head = reader.head(repository)
    sources = Sources(repository.objects)
    governing = sources.at(head)
    policy = require_policy(governing.policy)
    plan = sources.plan(governing, wanted.partition("/")[0]) if wanted else None
    if not goal and plan is None:
        raise PlanfenceError(
            f"there is no plan {wanted} at HEAD" if wanted else "a planner needs a goal",
            hint='planfence prompt plan --goal "what is to be reached"',
        )
    return prompts.fill(template(repository, policy, "plan"), prompts.for_plan(policy, goal, plan), "plan.md")


def for_scene(scene: Scene, stage: str) -> str:
    """Return the executor's or the reviewer's prompt for a task as it stands."""
    rework = scene.state.last_rework()
    values = prompts.for_task(
        scene.plan,
        scene.task,
        scene.policy,
        base=scene.base,
        rework=rework.why if rework is not None else "",
        tests=[each.run for each in scene.task.acceptance if each.run],
        proof=prove.for_review(proof_of(scene), scene.task.title),
    )
    return prompts.fill(template(scene.repository, scene.policy, stage), values, f"{stage}.md")
