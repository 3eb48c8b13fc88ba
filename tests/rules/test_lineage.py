"""PLN002, PLN003 and POL002 on plans alone: what makes more possible, and who may do it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from support import generate
from support.tables import change, context, found

from planfence.change.change import Action
from planfence.errors import Fault
from planfence.finding import Severity
from planfence.gitio import paths
from planfence.ledger.stages import CommitFact, Facts, fold
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest.allowance import wider
from planfence.manifest.plan import Constraint, Criterion, FileEntry, Plan, Task, Theme
from planfence.manifest.policy import Policy, Trust
from planfence.rules import plan_went_back, plan_widened, policy_by_implementer
from planfence.rules.rule import PlanEdit, Route
from planfence.rules.runner import judge, selected

TASK = Task(
    "t", "T", "own", 45, (FileEntry("src/**"), FileEntry("docs/a.md", Action.MODIFY)),
    (Criterion("A1", "it works", review=True), Criterion("A2", "tests", run="pytest")), ("first",), ("src/keys/**",),
)  # fmt: skip
THEMES = {"own": Theme("own", ("src/**",), ("feat", "fix")), "other": Theme("other", ("src/api/**", "docs/**"))}
THEMES["own"] = replace(THEMES["own"], paths=("src/core/**",))
ROLES = {"plan": "claude", "implement": "codex", "review": "claude"}
PLAN = Plan("p", 1, "g", (TASK, Task("first", "F", "own", 45, (FileEntry("x"),))), THEMES, ROLES, ("tokens",),
            constraints=(Constraint("quick", "bench"),))  # fmt: skip


def task(**changed) -> Plan:
    return replace(PLAN, version=2, tasks=(replace(TASK, **changed), *PLAN.tasks[1:]))


def themes(**changed) -> Plan:
    return replace(PLAN, version=2, themes=THEMES | changed)


WIDER = {
    "a file": task(files=(*TASK.files, FileEntry("new.py"))),
    "what only a theme bars": task(files=(*TASK.files, FileEntry("docs/b.md"))),
    "another change": task(files=(FileEntry("src/**"), FileEntry("docs/a.md"))),
    "another change, said apart": task(files=(*TASK.files, FileEntry("docs/a.md", Action.DELETE))),
    "a deny less": task(deny=()),
    "a deny smaller": task(deny=("src/keys/*",)),
    "other paths in one pattern": task(files=(FileEntry("s*/**"), TASK.files[1])),
    "the other theme is gone": replace(PLAN, version=2, themes={"own": THEMES["own"]}),
    "the other theme is smaller": themes(other=Theme("other", ("src/api/v1/**", "docs/**"))),
    "its own theme is larger": themes(own=Theme("own", ("src/**",), ("feat", "fix"))),
    "its theme is the other one": task(theme="other"),
    "a type more": themes(own=Theme("own", ("src/core/**",), ("feat", "fix", "docs"))),
    "every type": themes(own=Theme("own", ("src/core/**",))),
    "waits for nothing": task(depends_on=()),
    "a criterion less": task(acceptance=TASK.acceptance[:1]),
    "an easier command": task(acceptance=(TASK.acceptance[0], Criterion("A2", "tests", run="true"))),
    "an easier question": task(acceptance=(Criterion("A1", "it is there", review=True), TASK.acceptance[1])),
    "nobody asks": task(acceptance=(Criterion("A1", "it works", run="true"), TASK.acceptance[1])),
    "another reviewer": task(roles={"review": "codex"}),
    "another planner": replace(PLAN, version=2, roles=ROLES | {"plan": "codex"}),
    "nobody reviews": replace(PLAN, version=2, roles={"implement": "codex"}),
    "more time": task(estimate_min=60),
    "no constraint": replace(PLAN, version=2, constraints=()),
    "nothing out of scope": replace(PLAN, version=2, out_of_scope=()),
    "a task more": replace(PLAN, version=2, tasks=(*PLAN.tasks, replace(TASK, id="u"))),
}
NARROWER = {
    "the same": replace(PLAN, version=2),
    "other words": replace(PLAN, version=2, goal="another", rollback="revert"),
    "fewer files": task(files=(FileEntry("src/core/**"),)),
    "files said apart": task(files=(FileEntry("src/*"), FileEntry("src/*/**"), TASK.files[1])),
    "each change said apart": task(files=(*(FileEntry("src/**", each) for each in Action), TASK.files[1])),
    "what is denied anyway": task(files=(*TASK.files, FileEntry("src/keys/a"))),
    "a deny more": task(deny=("src/keys/**", "src/old/**")),
    "a wider deny": task(deny=("src/k*/**",)),
    "the other theme is larger": themes(other=Theme("other", ("src/api/**", "src/net/**", "docs/**"))),
    "a theme more": themes(third=Theme("third", ("src/ui/**",))),
    "a type less": themes(own=Theme("own", ("src/core/**",), ("fix",))),
    "waits for more": task(depends_on=("first", "second")),
    "a criterion more": task(acceptance=(*TASK.acceptance, Criterion("A3", "docs", review=True))),
    "a command said otherwise": task(acceptance=(TASK.acceptance[0], Criterion("A2", "the tests", run="pytest"))),
    "less time": task(estimate_min=30),
    "a task less": replace(PLAN, version=2, tasks=PLAN.tasks[:1]),
}


NOTHING_KNOWN = Facts()


def judged(edit: PlanEdit, model: str = "codex", facts: Facts = NOTHING_KNOWN, **more):
    ctx = context(change("plans/p.toml"), route=Route.GOVERNING, model=model, edits=(edit,), facts=facts, **more)
    return [finding.message for finding in plan_widened.RULE.check(ctx)]


@pytest.mark.parametrize("name", WIDER)
def test_what_makes_more_possible_is_not_for_the_holder(name):
    edit = PlanEdit("plans/p.toml", PLAN, WIDER[name])
    assert judged(edit)
    assert not judged(edit, "human")
    assert not judged(edit, "claude")


@pytest.mark.parametrize("name", NARROWER)
def test_what_makes_less_possible_is_for_everyone(name):
    assert not judged(PlanEdit("plans/p.toml", PLAN, NARROWER[name]))


@pytest.mark.parametrize("name", WIDER)
@pytest.mark.parametrize("way", ["again", "renamed", "a third version", "merged"])
def test_a_plan_is_followed_through_deletes_renames_and_merges(name, way):
    new = WIDER[name]
    edit = {
        "again": PlanEdit("plans/p.toml", None, new, past=(PLAN, task(files=()))),
        "renamed": PlanEdit("plans/q.toml", None, replace(new, id="q"), gone=(PLAN,)),
        "a third version": PlanEdit("plans/p.toml", replace(PLAN, tasks=()), new, past=(PLAN,)),
        "merged": PlanEdit("plans/p.toml", new, replace(new, version=3), others=(PLAN,)),
    }[way]
    assert judged(edit) or (name == "a task more" and way == "merged")
    assert not judged(edit, "human")


def test_what_was_waited_for_and_is_done_is_no_wait():
    done = Move("m", MoveKind.ADVANCE, "p/first", 0, 1, "done", "codex", "", "a" * 40)
    facts = Facts({"p/first": fold("p/first", [done])})
    assert not judged(PlanEdit("plans/p.toml", PLAN, task(depends_on=())), facts=facts)


def test_a_protected_path_is_allowed_by_its_name_alone():
    wide = replace(TASK, files=(FileEntry(".github/**"),))
    named = replace(TASK, files=(FileEntry(".github/ci.yml"),))
    assert list(wider((PLAN, wide), (PLAN, named), protected=(".github/**",)))
    assert not list(wider((PLAN, wide), (PLAN, named)))
    assert not list(wider((PLAN, named), (PLAN, named), protected=(".github/**",)))


@pytest.mark.parametrize(
    ("roles", "refused"),
    [
        ({"plan": "claude", "implement": "codex"}, True),
        ({"plan": "codex", "implement": "codex"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("own", [{"plan": "codex", "implement": "codex"}, {"plan": "codex"}, {}])
def test_a_new_plan_is_for_those_who_plan(roles, refused, own):
    here = replace(PLAN, roles=roles)
    new = Plan("q", 1, "g", (replace(TASK, id="else"),), THEMES, own)
    assert not judged(PlanEdit("plans/q.toml", None, new), "claude", plans=(here,))
    assert not judged(PlanEdit("plans/q.toml", None, new), "gemini", plans=(here,))
    assert not judged(PlanEdit("plans/q.toml", None, replace(new, roles={"implement": "claude"})), plans=(here,))
    assert bool(judged(PlanEdit("plans/q.toml", None, new), plans=(here,))) is refused
    assert not judged(PlanEdit("plans/q.toml", None, new), plans=())


@pytest.mark.parametrize("starter", ["codex", "human"])
def test_where_nobody_is_named_it_is_who_may_work_on_it(starter):
    """Each model may commit to such a task, so that another than began it would give itself room."""
    bare, more = replace(PLAN, roles={}), replace(task(files=(FileEntry("**"),)), roles={})
    edit = PlanEdit("plans/p.toml", bare, more)
    began = Facts({"p/t": fold("p/t", [Move("m", MoveKind.START, "p/t", 0, 1, "implement", starter, "", "a" * 40)])})
    assert judged(edit, facts=began)
    assert judged(edit, "claude", facts=began)
    assert not judged(edit, "human", facts=began)
    planned = PlanEdit("plans/p.toml", replace(bare, roles={"plan": "claude"}), replace(more, roles={"plan": "claude"}))
    assert not judged(planned, "claude", facts=began)
    assert judged(planned, "gemini", facts=began)
    ctx = context(change("plans/p.toml"), route=Route.GOVERNING, model="gemini", edits=(edit,))
    assert not found(plan_widened.RULE, ctx)
    assert found(plan_widened.RULE, replace(ctx, task_name="p/t"))


@pytest.mark.parametrize(
    ("roles", "began", "wrote", "refused", "active"),
    [
        # Nobody is named, so the planner may commit to the task that is active: it does not widen it on the way.
        ({"plan": "claude"}, "human", "", False, True),
        ({"plan": "claude"}, "codex", "codex", False, True),
        ({"plan": "claude"}, "", "", False, True),
        # Who began it, or wrote code for it, implements it, whatever else it does.
        ({"plan": "claude"}, "claude", "", True, True),
        ({"plan": "claude"}, "human", "claude", True, True),
        ({"plan": "claude", "implement": "claude"}, "human", "", True, True),
        ({"plan": "claude", "implement": "codex"}, "human", "claude", False, False),
        ({"plan": "gemini"}, "human", "", True, True),
        ({}, "human", "", True, True),
        ({}, "", "", False, True),
    ],
)
def test_a_planner_widens_a_task_that_it_does_not_implement(roles, began, wrote, refused, active):
    old, new = replace(PLAN, roles=roles), replace(task(files=(*TASK.files, FileEntry("new.py"))), roles=roles)
    moves = [Move("m", MoveKind.START, "p/t", 0, 1, "implement", began, "", "a" * 40)] if began else []
    commits = [CommitFact("b" * 40, "p/t", "implement", wrote)] if wrote else []
    facts = Facts({"p/t": fold("p/t", moves, commits)})
    edit = PlanEdit("plans/p.toml", old, new)
    ctx = context(change("plans/p.toml"), route=Route.GOVERNING, model="claude", edits=(edit,), facts=facts)
    assert bool(found(plan_widened.RULE, ctx)) is refused
    assert bool(found(plan_widened.RULE, replace(ctx, task_name="p/t"))) is active


@pytest.mark.parametrize("starter", ["codex", "human"])
@pytest.mark.parametrize("named", [{"implement": "gemini"}, {"plan": "codex"}, {"plan": "codex", "implement": "codex"}])
def test_who_works_on_a_task_names_nobody_by_whom_it_would_get_out(starter, named):
    bare, after = replace(PLAN, roles={}), replace(PLAN, version=2, roles=named)
    move = Move("m", MoveKind.START, "p/t", 0, 1, "implement", starter, "", "a" * 40)
    facts = Facts({"p/t": fold("p/t", [move])})
    assert judged(PlanEdit("plans/p.toml", bare, after), facts=facts)
    assert not judged(PlanEdit("plans/p.toml", bare, after), "human", facts=facts)
    assert not judged(PlanEdit("plans/p.toml", bare, replace(after, roles={"implement": "codex"})), facts=facts)
    assert not judged(PlanEdit("plans/p.toml", bare, replace(after, roles={"review": "gemini"})), facts=facts)


def test_a_named_holder_does_not_name_itself_the_planner():
    bare = replace(PLAN, roles={"implement": "codex"})
    after = replace(bare, version=2, roles={"implement": "codex", "plan": "codex"})
    assert judged(PlanEdit("plans/p.toml", bare, after))
    assert not judged(PlanEdit("plans/p.toml", bare, after), "human")
    assert not judged(PlanEdit("plans/p.toml", bare, replace(after, roles={"implement": "codex", "plan": "claude"})))


@pytest.mark.parametrize("name", WIDER)
@pytest.mark.parametrize("starter", ["codex", "human"])
def test_what_came_before_a_task_began_is_asked_of_the_plans_own_words_alone(name, starter):
    bare = replace(PLAN, roles={})
    wide = replace(WIDER[name], roles={})
    move = Move("m", MoveKind.START, "p/t", 0, 1, "implement", starter, "", "a" * 40)
    facts = Facts({"p/t": fold("p/t", [move])})
    edit = PlanEdit("plans/p.toml", bare, wide, unbegun=frozenset({"t", "first", "u"}))
    assert not judged(edit, facts=facts)
    assert judged(PlanEdit("plans/p.toml", PLAN, WIDER[name], unbegun=edit.unbegun), facts=facts)


@pytest.mark.parametrize(
    ("old", "others", "new", "refused"),
    [
        (1, (), 2, False),
        (2, (), 2, True),
        (2, (3,), 4, False),
        (2, (3,), 3, True),
        (3, (2,), 3, True),
        (None, (), 1, False),
    ],
)
def test_a_version_rises_over_every_parent(old, others, new, refused):
    def version(number):
        return None if number is None else replace(PLAN, version=number)

    edit = PlanEdit("plans/p.toml", version(old), version(new), others=tuple(map(version, others)))
    ctx = context(change("plans/p.toml"), route=Route.GOVERNING, edits=(edit,))
    assert bool(found(plan_went_back.RULE, ctx)) is refused


@pytest.mark.parametrize("path", ["planfence.toml", "keys", "plans/p.toml", "src/a.py"])
@pytest.mark.parametrize(
    ("model", "facts"), [("codex", Facts()), ("human", Facts()), ("claude", Facts()), ("gemini", None)]
)
def test_who_implements_changes_neither_policy_nor_signers(path, model, facts):
    if facts is None:
        given = Move("m", MoveKind.HANDOVER, "p/t", 0, 1, "implement", "claude", "", "a" * 40, holder="gemini")
        facts = Facts({"p/t": fold("p/t", [given])})
    policy = Policy(trust=Trust(signers="keys"))
    ctx = context(change(path), route=Route.GOVERNING, policy=policy, model=model, facts=facts, plans=(PLAN,))
    refused = path in ("planfence.toml", "keys") and model in ("codex", "gemini")
    assert found(policy_by_implementer.RULE, ctx) == ([path] if refused else [])
    assert not found(policy_by_implementer.RULE, context(change(path), policy=policy, model=model))


def test_random_plans_are_compared_by_what_they_allow():
    """A path that the new plan allows and the old one does not is found, and no other is."""
    random, told = Random(5), 0
    for _ in range(200):
        before = generate.plan(random)
        after = replace(before, version=2, tasks=(_changed(random, before.tasks[0]),))
        if random.random() < 0.5:
            kept = random.sample(list(before.themes), 2)
            after = replace(after, themes={name: before.themes[name] for name in {"own", *kept}})
        (old,), (new,) = before.tasks, after.tasks
        said = list(wider((before, old), (after, new)))
        told += bool(said)
        drawn = [generate.path(random, 0.05) for _ in range(60)]
        for path in () if said else drawn:
            for action in Action:
                assert not _may(after, new, path, action) or _may(before, old, path, action), (before, after, path)
        for line in said:
            if ", such as " in line:
                path = line.partition(", such as ")[2]
                kinds = [(each, themed) for each in Action for themed in (True, False)]
                assert any(_may(after, new, path, *kind) and not _may(before, old, path, *kind) for kind in kinds)
    assert 30 < told < 190


def _changed(random: Random, one: Task) -> Task:
    files = [each for each in one.files if random.random() < 0.8]
    if random.random() < 0.4:
        files.append(FileEntry(generate.pattern(random), random.choice((None, *Action))))
    deny = tuple(each for each in one.deny if random.random() < 0.7)
    return replace(one, files=tuple(files), deny=deny)


def _may(plan: Plan, one: Task, path: str, action: Action, themed: bool = True) -> bool:
    listed = any(entry.change in (None, action) for entry in one.entries(path))
    claimed = plan.themes_of(path)
    return listed and not paths.matches(one.deny, path) and (not themed or not claimed or one.theme in claimed)


@pytest.mark.parametrize("mode", ["enforce", "observe"])
@pytest.mark.parametrize("level", Severity)
@pytest.mark.parametrize("path", ["planfence.toml", "plans/p.toml"])
def test_what_can_not_be_read_is_refused_whatever_the_policy_says(path: str, level: Severity, mode: str) -> None:
    policy = Policy(mode=mode, rules={"plan-went-back": level})
    edits = (PlanEdit(path, None, None, Fault(path, 3, 1, "no TOML", "")), PlanEdit("plans/q.toml", PLAN, PLAN))
    ctx = context(change(path), route=Route.GOVERNING, policy=policy, edits=edits)
    told = [each for each in judge(ctx, selected(policy)) if each.code == "PLN003"]
    assert [each.path for each in told] == [path, *(["plans/q.toml"] if level is not Severity.OFF else [])]
    assert [each.path for each in told if each.refuses] == [each.path for each in told][
        : 1 + (mode == "enforce" and level is Severity.ERROR)
    ]
