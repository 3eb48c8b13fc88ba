"""Trailer tricks: what git takes for a trailer is one, and nothing else is."""

from __future__ import annotations

import pytest

GOOD = "Plan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"


def _record(lab, message: str) -> str:
    """Commit three planned files: too many without a task, all in scope with it."""
    lab.write("src/auth.py")
    lab.write("tests/auth/a.py")
    lab.write("tests/auth/b.py")
    tree = lab.git("write-tree")
    head = lab.git("commit-tree", tree, "-p", "HEAD", stdin=message.encode("utf-8", "surrogateescape"))
    lab.git("update-ref", "HEAD", head)
    return head


@pytest.mark.parametrize(
    "message",
    [
        f"feat: x\n\n{GOOD}",
        f"feat: x\n\nwords\n\n{GOOD}",
        f"feat: x\n\n{GOOD}Signed-off-by: A <a@example.org>\n",
        "feat: x\n\nPLAN-TASK: auth/middleware\nplan-stage: implement\nplan-model: human\n",
        "feat: x\n\nPlan-Task:   auth/middleware  \nPlan-Stage: implement\nPlan-Model: human\n\n\n",
        f"feat: x\n\nwords\n\n---\n\n{GOOD}",
    ],
)
def test_a_trailer(lab, message: str) -> None:
    lab.accepts(_record(lab, message))


@pytest.mark.parametrize(
    "message",
    [
        f"feat: x\n{GOOD}",
        f"{GOOD}",
        f"feat: x\n\n{GOOD}\nand then some words\n",
        "feat: x\n\nPlan-Task : auth/middleware, which was nice\nand more prose\nand more prose\nand more\n",
        "feat: x\n\n> Plan-Task: auth/middleware\n",
        "feat: x\n\n Plan-Task: auth/middleware\n",
        "feat: x\n\nwords\x0b\x0bPlan-Task: auth/middleware\n",
        "feat: x\n\nwords\u2028\u2028Plan-Task: auth/middleware\n",
        "feat: x\n\nwords\x85\x85Plan-Task: auth/middleware\n",
        "feat: x\n\nwords\x1c\x1cPlan-Task: auth/middleware\n",
        "feat: x\n\nwords\r\rPlan-Task: auth/middleware\n",
        "feat: x\n\nPlan\u00adTask: auth/middleware\n",
        "feat: x\n\nPlan\u2010Task: auth/middleware\n",
        "feat: x\n\nPlan-Task: auth/m\u0456ddleware\n",
        "feat: x\n\nPlan-Task: auth/middleware\u200b\n",
        "feat: x\n\nPlan-Task:\n",
        "feat: x\n\nplan_task: auth/middleware\n",
        "",
        "\n\n",
    ],
)
def test_what_only_looks_like_a_trailer(lab, message: str) -> None:
    lab.refuses("", _record(lab, message))


def test_the_words_of_git_decide(lab) -> None:
    """The same lines, read by `git interpret-trailers --parse` and by us."""
    from planfence.change.message import parse_trailers

    for message in (
        f"feat: x\n\nwords\n\n{GOOD}",
        f"feat: x\n\n{GOOD}\nprose\n",
        "feat: x\n\nA: b\n c\nD: e\n",
        "feat: x\n\nwords\x0b\n\nPlan-Task: a\x0b\n",
        "feat: x\n\nPlan-Task: a\u2028b\n",
        "feat: x\n\nprose\nPlan-Task: a\n",
        "feat: x\n\nprose\nSigned-off-by: A <a@example.org>\nPlan-Task: a\n",
        "feat: x\n\nPlan-Task: a\nprose\nprose\n folded prose\nprose\n",
        "feat: x\n\nPlan-Task: a\nprose\n folded prose\nprose\n",
        "feat: x\n\nPlan-Task:\n a\n\tb\n",
        "feat: x\n\nPlan-Task: a\n(cherry picked from commit 1)\n",
    ):
        out = lab.git("interpret-trailers", "--parse", "--no-divider", stdin=message.encode())
        said = [tuple(line.split(": ", 1)) for line in out.split("\n") if line]
        assert [(k, " ".join(v.split(" "))) for k, v in parse_trailers(message)] == said, message


def test_two_tasks(lab) -> None:
    lab.refuses("THM002", _record(lab, f"feat: x\n\n{GOOD}Plan-Task: auth/guide\n"))


def test_another_tasks_trailer_judges_by_that_task(lab) -> None:
    lab.refuses("SCP001", _record(lab, f"docs: x\n\n{GOOD.replace('middleware', 'guide')}"))


def test_a_type_of_another_theme(lab) -> None:
    lab.refuses("THM001", _record(lab, f"docs: x\n\n{GOOD}"))


def test_a_model_that_does_not_hold_the_role(lab) -> None:
    lab.refuses("ROL001", _record(lab, f"feat: x\n\n{GOOD.replace('human', 'codex')}"))


@pytest.mark.parametrize("stage", ["review", "done", "plan"])
def test_a_stage_that_is_not_its_own(lab, stage: str) -> None:
    """The trailer may say what it likes: the ledger says that the task is being implemented."""
    head = _record(lab, f"feat: x\n\n{GOOD.replace('implement', stage)}")
    for verdict in lab.everywhere(head).values():
        assert not any(code.startswith("exit") for code in verdict.codes)


def test_urgent_leaves_a_trace(lab) -> None:
    head = _record(lab, "fix: x\n\nPlan-Urgent: production is down\nPlan-Model: human\n")
    for name, verdict in lab.everywhere(head).items():
        assert not verdict.refused, name
        assert any("production is down" in note for note in verdict.notes), name


def test_urgent_does_not_open_protected_paths(lab) -> None:
    lab.write(".github/workflows/ci.yml")
    lab.refuses("SCP004", _record(lab, "fix: x\n\nPlan-Urgent: now\n"))


def test_urgent_does_not_open_dangerous_names(lab) -> None:
    lab.write("con")
    lab.refuses("SCP005", _record(lab, "fix: x\n\nPlan-Urgent: now\n"))


def test_urgent_where_the_policy_forbids_it(lab) -> None:
    lab.write("planfence.toml", "schema = 1\n[unplanned]\nurgent = false\n[tests]\nrequired = []\n")
    lab.base = lab.record("chore: policy", None)
    lab.refuses("MSG001", _record(lab, "fix: x\n\nPlan-Urgent: now\n"))


def test_a_message_of_a_megabyte(lab) -> None:
    lab.accepts(_record(lab, "feat: x\n\n" + "word " * 200_000 + f"\n\n{GOOD}"))


def test_a_message_of_many_colons(lab) -> None:
    lab.refuses("", _record(lab, "feat: x\n\n" + "a:" * 100_000))


def test_a_message_that_is_not_utf8(lab) -> None:
    lab.accepts(_record(lab, f"feat: caf\udce9\n\n{GOOD}"))
