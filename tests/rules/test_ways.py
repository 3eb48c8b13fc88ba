"""Which ways out are offered where a refusal stands, and whether each settles what was found.

That the first of them is true when typed is tests/contract/test_next_steps.py's; here is what is not offered, too.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from support.tables import change, context, task

from planfence.change.change import STAGED
from planfence.finding import Finding, Severity
from planfence.manifest.policy import Policy, Unplanned
from planfence.rules import ways
from planfence.rules.refusalcontext import At, RefusalContext
from planfence.rules.rule import Case

COMMIT = "c0ffee" * 6 + "c0de"
MESSAGE = "feat: one\n\nPlan-Task: p/t\n"
MADE = (At.TIP, At.EARLIER)
FILE = '"$(git rev-parse --git-path COMMIT_EDITMSG)"'
STOP = "GIT_SEQUENCE_EDITOR=\"sed -i.bak 's/^pick c0ffeec/edit c0ffeec/'\" git rebase -q -i -r c0ffeec^"
GO_ON = "GIT_EDITOR=: git rebase --continue"


def case(at: At, files: str = "src/a.py src/b.py", parents: int = 1, message: str = "feat: one", **more) -> Case:
    """Of the files those but `src/a.py` were found; ``more`` are fields of the place, `model` and `policy`."""
    model, policy = more.pop("model", "human"), more.pop("policy", None)
    judged = replace(change(*files.split(), parents=parents), name=COMMIT if at in MADE else STAGED)
    ctx = context(judged, task("src/a.py"), message=message, policy=policy, model=model)
    found = tuple(
        Finding("SCP001", "path-outside-task", Severity.ERROR, "", path) for path in judged.paths if path != "src/a.py"
    )
    return Case(ctx, found, RefusalContext(at, **more))


def told(way, where: Case) -> list[str]:
    """The lines; what settles nothing is in brackets, and `?` stands before what a person must be asked for."""
    steps = [step.for_model() if where.ctx.model != "human" else step for step in way(where)]
    lines = [f"{'?' if step.asks else ''}{step.command or step.why}" for step in steps]
    return [line if step.settles else f"[{line}]" for line, step in zip(lines, steps, strict=True)]


@pytest.mark.parametrize(
    ("at", "files", "lines"),
    [
        (At.INDEX, "src/a.py src/b.py", ["git restore --staged -- src/b.py"]),
        (At.INDEX, "src/b.py", ["[git restore --staged -- src/b.py]"]),
        (At.ALL, "src/a.py src/b.py -src/c.py", ["git stash push -- src/b.py && git restore -SW -- src/c.py"]),
        (At.ALL, "src/b.py", ["[git stash push -- src/b.py]"]),
        (At.PATHS, "src/a.py src/b.py", ["git stash push -- src/b.py"]),
        (At.PATHS, "src/a.py +src/b.py", [f"[git commit -F {FILE} -- src/a.py]"]),
        (At.MERGE, "src/a.py src/b.py", []),
        (At.PICK, "src/a.py src/b.py", ["git stash push -- src/b.py"]),
        (At.REVERT, "src/a.py -src/b.py", ["git restore -SW -- src/b.py"]),
        (At.REBASE, "src/b.py", []),
        (
            At.TIP,
            "src/a.py src/b.py",
            ["git reset -q --soft HEAD^ && git restore --staged -- src/b.py && git commit -q -C c0ffeec0ffee"],
        ),
        (
            At.EARLIER,
            "src/a.py src/b.py",
            [
                f"{STOP} && git reset -q --soft HEAD^ && git restore -SW -- src/b.py"
                f" && git commit -q -C c0ffeec0ffee && {GO_ON}"
            ],
        ),
        (At.TIP, "src/b.py", ["[git reset -q --soft HEAD^]"]),
        (At.EARLIER, "src/b.py", [f"[{STOP.replace('edit', 'drop')}]"]),
        (At.EDIT, "src/b.py", []),
    ],
)
def test_paths_are_kept_out(at, files, lines):
    assert told(ways.keep_out, case(at, files)) == lines
    assert told(ways.keep_out, case(at, "src/a.py")) == [], "nothing was found"


def test_a_path_is_typed_as_it_is_whatever_stands_in_it():
    hostile = ["plain.py", "it's $(x) `y`.py", "\x1b[2J.py", "a\nb\\c%d\t1.py", "-n 0z{|~\x01.py", "caf\udce9\x85.py"]
    line = " ".join(map(ways.quote, hostile))
    assert line.isprintable()
    script = f"for each in {line}; do printf '%s\\0' \"$each\"; done"
    typed = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert typed.stdout.split(b"\0")[:-1] == [os.fsencode(each) for each in hostile]


def test_what_can_not_be_made_anew():
    assert told(ways.keep_out, case(At.TIP, parents=2)) == []
    assert told(ways.keep_out, case(At.TIP, "src/b.py", parents=0)) == []
    amended = case(At.INDEX, "src/b.py", words=("git", "commit", "--amend"))
    assert told(ways.keep_out, amended) == ["git restore --staged -- src/b.py"], "the last commit's files remain"
    named = case(At.PATHS, "src/a.py +src/b.py", text="feat: one\n")
    assert told(ways.keep_out, named) == [f"git commit -F {FILE} -- src/a.py"]


def test_one_side_of_a_merge():
    assert told(ways.one_side, case(At.MERGE)) == ["[git checkout MERGE_HEAD -- src/b.py]"]
    assert told(ways.one_side, case(At.MERGE, "src/a.py")) == told(ways.one_side, case(At.PICK)) == []


AMEND = 'planfence plan amend p/t --add src/b.py --why "…"'


@pytest.mark.parametrize(
    ("where", "lines"),
    [
        (case(At.INDEX), [AMEND]),
        (case(At.EDIT), [AMEND]),
        (case(At.TIP), [f"git reset -q --soft HEAD^ && {AMEND} && git commit -q -C c0ffeec0ffee"]),
        (case(At.TIP, parents=2), []),
        (case(At.EARLIER), []),
        (case(At.MERGE), []),
        (case(At.REBASE), []),
        (case(At.INDEX, words=("git", "commit", "--amend")), []),
        (case(At.INDEX, "src/a.py"), []),
        (case(At.INDEX, "src/a.py src/*.py"), [AMEND.replace("src/b.py", "'src/?.py'")]),
        (case(At.INDEX, "src/b.py planfence.toml"), [f"[{AMEND}]"]),
        (case(At.INDEX, model="codex"), ["?let p/t touch src/b.py, by a commit of the plan"]),
    ],
)
def test_the_plan_is_amended(where, lines):
    assert told(ways.amend_plan, where) == lines


def test_who_implements_does_not_settle_it_by_widening():
    where = case(At.INDEX, model="codex")
    assert where.ctx.plan is not None
    theirs = replace(where.ctx, plan=replace(where.ctx.plan, roles={"implement": "codex"}))
    assert told(ways.amend_plan, where._replace(ctx=theirs)) == ["[?let p/t touch src/b.py, by a commit of the plan]"]
    other = replace(where.ctx, plan=replace(where.ctx.plan, roles={"implement": "claude"}))
    assert told(ways.amend_plan, where._replace(ctx=other)) == ["?let p/t touch src/b.py, by a commit of the plan"]


def test_a_denied_path_is_not_offered_to_the_plan():
    where = case(At.INDEX)
    denied = where._replace(ctx=replace(where.ctx, task=task("src/a.py", deny=("src/b.py",))))
    assert told(ways.amend_plan, denied) == []
    assert told(ways.amend_plan, where._replace(ctx=replace(where.ctx, task=None, plan=None))) == []


@pytest.mark.parametrize(
    ("where", "lines"),
    [
        (case(At.INDEX), ["planfence start p/t", "planfence start p/u"]),
        (case(At.INDEX, message=MESSAGE), []),
        (case(At.INDEX, model="codex"), [f"?start the task p/{each}, which lists these files" for each in "tu"]),
        (
            case(At.TIP),
            [
                f'planfence start p/{each} && git commit -q --amend --no-edit --trailer "Plan-Task: p/{each}"'
                for each in "tu"
            ],
        ),
        (case(At.TIP, message=MESSAGE), []),
        (case(At.TIP, parents=2), []),
    ],
)
def test_a_task_that_lists_the_files_is_begun(where, lines):
    listing = replace(where.place, tasks=lambda _: ("p/t", "p/u", "p/v"))
    assert told(ways.begin_task, where._replace(place=listing)) == lines
    assert told(ways.begin_task, where) == [], "no task lists them"
    assert told(ways.some_task, where._replace(place=listing)) == []


def test_some_task_is_begun():
    assert told(ways.some_task, case(At.INDEX)) == ["[planfence start PLAN/TASK]"]
    assert told(ways.some_task, case(At.INDEX, model="codex")) == ["[?start a task that lists these files]"]
    assert told(ways.some_task, case(At.TIP)) == []


ANYBODY, NOBODY = (Policy(unplanned=Unplanned(urgent=who)) for who in ("any", "off"))
AS_URGENT = 'git commit -q --amend --no-edit --trailer "Plan-Urgent: why"'


@pytest.mark.parametrize(
    ("where", "lines"),
    [
        (case(At.INDEX), ['PLANFENCE_URGENT="why" git commit']),
        (case(At.ALL), ['PLANFENCE_URGENT="why" git commit -a']),
        (case(At.PATHS, "src/b.py"), ['PLANFENCE_URGENT="why" git commit -- src/b.py']),
        (case(At.INDEX, words=("git", "commit", "-m", "a b")), ["PLANFENCE_URGENT=\"why\" git commit -m 'a b'"]),
        (case(At.INDEX, text="x\n", edited=True), [f'PLANFENCE_URGENT="why" git commit --cleanup=strip -F {FILE}']),
        (
            case(At.INDEX, words=("git", "commit", "--amend", "-F", "x"), text="x\n"),
            [f'PLANFENCE_URGENT="why" git commit --amend -F {FILE}'],
        ),
        (
            case(At.INDEX, words=("git", "commit", "-m", "a\x1b[2J"), text="x\n"),
            [f'PLANFENCE_URGENT="why" git commit -F {FILE}'],
        ),
        (case(At.MERGE), ['PLANFENCE_URGENT="why" git commit --no-edit']),
        (case(At.REBASE), ['PLANFENCE_URGENT="why" git commit --no-edit']),
        (case(At.REBASE, message=MESSAGE), []),
        (case(At.PICK, message=MESSAGE), ['PLANFENCE_URGENT="why" git commit --no-edit']),
        (case(At.TIP), [AS_URGENT]),
        (case(At.TIP, parents=2), [AS_URGENT]),
        (case(At.EARLIER), [f"{STOP} && {AS_URGENT} && {GO_ON}"]),
        (case(At.EARLIER, parents=2), []),
        (case(At.EDIT), []),
        (case(At.INDEX, policy=NOBODY), []),
        (case(At.INDEX, model="codex"), ["?commit it as urgent, if it can't wait"]),
        (case(At.TIP, model="codex"), []),
        (case(At.TIP, model="codex", policy=ANYBODY), [AS_URGENT]),
    ],
)
def test_it_is_urgent(where, lines):
    assert told(ways.urgent, where) == lines


@pytest.mark.parametrize(
    ("at", "lines"),
    [
        (At.REBASE, ["[git rebase --abort]"]),
        (At.MERGE, ["[git merge --abort]"]),
        (At.PICK, ["[git cherry-pick --abort]"]),
        (At.REVERT, ["[git revert --abort]"]),
        (At.INDEX, []),
        (At.TIP, []),
    ],
)
def test_what_is_under_way_is_given_up(at, lines):
    assert told(ways.give_up, case(at)) == lines


@pytest.mark.parametrize(
    ("at", "line"),
    [(At.INDEX, "git commit"), (At.TIP, "git reset --soft HEAD^"), (At.EARLIER, "git rebase -i c0ffeec^")],
)
def test_somebody_else_is_asked(at, line):
    assert told(ways.ask(lambda _: "let codex do it"), case(at)) == [f"[?{line}]"]


@pytest.mark.parametrize(
    ("where", "lines"),
    [
        (case(At.INDEX), ["planfence split --apply"]),
        (case(At.INDEX, "src/b.py"), []),
        (case(At.INDEX, words=("git", "commit", "--amend")), []),
        (case(At.ALL), ["git add -u && planfence split --apply"]),
        (case(At.TIP), ["planfence split --commit c0ffeec0ffee --apply"]),
        (case(At.TIP, parents=2), []),
        (case(At.EARLIER), []),
    ],
)
def test_it_is_split(where, lines):
    assert told(ways.split, where) == [f"[{line}]" for line in lines]


def test_another_message():
    def said(where: Case) -> list[str]:
        return told(lambda it: ways.retyped(it, "fix", "", it.findings), where)

    assert said(case(At.INDEX, text="feat: one\n")) == ["git commit -m 'fix: one'"]
    assert said(case(At.INDEX)) == [], "the message is not written yet"
    assert said(case(At.INDEX, message="one", text="one\n")) == []
    assert said(case(At.TIP, message=MESSAGE)) == ["git commit -q --amend -m 'fix: one' --trailer 'Plan-Task: p/t'"]
    assert said(case(At.TIP, message="feat(a)!: one\n\nWhy.\n")) == [
        "git log -1 --format=%B | sed '1s/^feat(a)!/fix(a)!/' | git commit -q --amend -F -"
    ]
    longer = "feat: one\n\nWhy.\n"
    assert said(case(At.INDEX, message=longer, text=longer)) == [f"sed '1s/^feat/fix/' {FILE} | git commit -F -"]
    assert said(case(At.INDEX, message=longer, text=longer, edited=True)) == [
        f"sed '1s/^feat/fix/' {FILE} | git commit --cleanup=strip -F -"
    ]
    assert said(case(At.INDEX, message=longer, text=f"# a comment\n{longer}")) == []
    assert told(ways.edit_message, case(At.INDEX, text="x\n")) == [f"[git commit -e -F {FILE}]"]
    assert told(ways.edit_message, case(At.INDEX)) == []
    assert told(ways.edit_message, case(At.TIP)) == ["[git commit --amend]"]
    assert told(ways.edit_message, case(At.TIP, parents=2)) == []


def test_a_type_that_is_true():
    asked = change("src/a.py")
    assert ways.true_type(context(asked)) == "feat"
    assert (
        ways.true_type(context(asked, task("src/a.py"), themes={"auth": ("src/**",)}, types=("fix", "feat"))) == "fix"
    )
    assert ways.true_type(context(asked, task("src/a.py"), themes={"auth": ("src/**",)})) == "feat"
    assert ways.true_type(context(asked, task("src/a.py"), themes={"docs": ("docs/**",)}, types=("docs",))) == "feat"
