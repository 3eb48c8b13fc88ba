"""Plans in the form of other tools; the texts are ours, the form is theirs."""

from __future__ import annotations

import json
import tomllib

import pytest

from planfence.errors import PlanfenceError
from planfence.manifest.planfile import parse_plan
from planfence.plan.importers import openspec, speckit, taskmaster
from planfence.plan.importers.draft import Draft, DraftTask, identifier, paths_in, to_toml

TASKS = [
    {"id": 1, "title": "Read the price list", "status": "done", "dependencies": []},
    {
        "id": 2,
        "title": "Cache the price list",
        "description": "Keep it for an hour.",
        "status": "pending",
        "dependencies": [1],
        "details": "Change `src/prices/cache.py` and tests/test_cache.py.\nSee https://example.org/a.py",
        "testStrategy": "A second read makes no request.",
    },
    {
        "id": 3,
        "title": 'Show "stale" prices',
        "status": "in-progress",
        "dependencies": [2],
        "subtasks": [
            {
                "id": 1,
                "title": "Mark them",
                "status": "pending",
                "dependencies": [],
                "acceptanceCriteria": "- grey\n- a date",
            },
            {"id": 2, "title": "Refresh", "status": "pending", "dependencies": [1]},
            {"id": 3, "title": "Old", "status": "done", "dependencies": []},
        ],
    },
    {"id": 4, "title": "Announce", "status": "pending", "dependencies": [3, "3.1"]},
]

SPECKIT = """\
# Tasks: Ticket refunds

## Phase 1: Setup

- [X] T001 Create the folder
- [ ] T002 [P] Configure linting in pyproject.toml

## Phase 2: User Story 1 - Refund a ticket (Priority: P1)

**Goal**: A ticket can be refunded

**Independent Test**: Refund one and see the money

- [ ] T003 [P] [US1] Create Refund model in src/models/refund.py
- [ ] T004 [US1] Implement RefundService in src/services/refund_service.py (depends on T003, T001)
"""

OPENSPEC = """\
## 1. Type definitions
- [ ] 1.1 Create `src/core/graph/types.ts` with `z.infer<>`
- [x] 1.2 Define the state
## 2. Templates
- [ ] 2.1 Write `.agents/skills/` files
"""
PROPOSAL = b"## Why\nPeople ask.\n\n## What Changes\n- Add a graph of artifacts\n- **BREAKING** drop the list\n"
DESIGN = (
    b"## Goals / Non-Goals\n\n**Goals:**\n- a graph\n\n**Non-Goals:**\n- Scheduling\n- A viewer\n\n## Decisions\n- x\n"
)


def parsed(draft):
    return parse_plan(to_toml(draft, "imported").encode(), "plans/imported.toml")


@pytest.mark.parametrize(
    "whole", [{"tasks": TASKS}, {"master": {"tasks": TASKS, "metadata": {"description": "Tasks for master"}}}]
)
def test_taskmaster(whole):
    draft = taskmaster.read(json.dumps(whole).encode())
    assert [task.id for task in draft.tasks] == ["t2", "t3-1", "t3-2", "t4"]
    tasks = {task.id: task for task in draft.tasks}
    assert tasks["t2"].files == ("src/prices/cache.py", "tests/test_cache.py")
    assert tasks["t2"].depends_on == ()
    assert tasks["t2"].criteria == (("A1", "A second read makes no request."),)
    assert tasks["t3-1"].criteria == (("A1", "grey"), ("A2", "a date"))
    assert tasks["t3-2"].depends_on == ("t2", "t3-1")
    assert tasks["t4"].depends_on[:2] == ("t3-1", "t3-2")
    assert draft.goal == ""
    assert "Read the price list" in draft.left_out[0]


def test_taskmasters_tags():
    two = {"a": {"tasks": TASKS}, "b": {"tasks": []}}
    with pytest.raises(PlanfenceError, match="several tags"):
        taskmaster.read(json.dumps(two).encode())
    assert taskmaster.read(json.dumps(two).encode(), tag="a").tasks
    with pytest.raises(PlanfenceError, match="no tag c"):
        taskmaster.read(json.dumps(two).encode(), tag="c")


def test_speckit():
    draft = speckit.read(SPECKIT.encode())
    assert draft.goal == "Ticket refunds"
    assert [task.id for task in draft.tasks] == ["t002", "t003", "t004"]
    assert draft.tasks[0].files == ("pyproject.toml",)
    assert draft.tasks[1].files == ("src/models/refund.py",)
    assert draft.tasks[2].depends_on == ("t003",)
    assert draft.tasks[2].title == "Implement RefundService in src/services/refund_service.py"
    assert draft.tasks[2].criteria == (("checkpoint", "Refund one and see the money"),)


def test_openspec():
    draft = openspec.read(OPENSPEC.encode(), proposal=PROPOSAL, design=DESIGN)
    assert draft.goal == "Add a graph of artifacts"
    assert draft.out_of_scope == ("Scheduling", "A viewer")
    assert [task.id for task in draft.tasks] == ["1-type-definitions", "2-templates"]
    assert draft.tasks[0].files == ("src/core/graph/types.ts",)
    assert draft.tasks[1].files == (".agents/skills/**",)
    assert [name for name, _ in draft.tasks[0].criteria] == ["1.1"]


@pytest.mark.parametrize(
    "draft",
    [
        taskmaster.read(json.dumps({"tasks": TASKS}).encode()),
        speckit.read(SPECKIT.encode()),
        openspec.read(OPENSPEC.encode(), proposal=PROPOSAL, design=DESIGN),
        Draft("x", 'a "quoted" \\ goal\x1b', (DraftTask("t", "é\n\tx"),)),
    ],
)
def test_what_is_missing_is_marked_and_the_plan_parses(draft):
    text = to_toml(draft, "imported")
    value = tomllib.loads(text)
    assert value["rollback"].startswith("TODO")
    assert value["risks"][0]["risk"].startswith("TODO")
    assert all("estimate_min" not in task and task["theme"].startswith("TODO") for task in value["tasks"])
    assert not any("run" in each for task in value["tasks"] for each in task["acceptance"])
    assert parsed(draft).id == "imported"


@pytest.mark.parametrize("reader", [taskmaster.read, speckit.read, openspec.read])
@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"hello\n", b"\xff\xfe"])
def test_what_is_no_plan(reader, data):
    with pytest.raises(PlanfenceError):
        reader(data)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("edit `a/b.py`, then c/d.ts.", ("a/b.py", "c/d.ts")),
        ("run `npm test` and/or `x y.py`", ()),
        ("see https://example.org/a.py or `~/.config/x.toml` or ../up.py", ()),
        ("`zod.infer<>` of `src/[name].py`", ()),
        ("`src/` and package.json", ("src/**", "package.json")),
    ],
)
def test_paths_in_a_text(text, found):
    assert paths_in(text) == found


@pytest.mark.parametrize("title", ['a "b" \\ c', "\x1b[31m", "\x7f", "\u200b", "\U000e0001", "\ud800"])
def test_any_title_is_a_text_of_the_plan(title):
    (task,) = tomllib.loads(to_toml(Draft("x", tasks=(DraftTask("t", title),)), "p"))["tasks"]
    assert task["title"] == title.encode("utf-8", "replace").decode()


def test_identifiers():
    assert identifier("Ünï cöde: 1!") == "n-c-de-1"
    assert identifier("...") == "task"


def test_the_command(repo, tmp_path):
    folder = repo.root / "specs" / "refunds"
    folder.mkdir(parents=True)
    (folder / "tasks.md").write_text(SPECKIT)
    done = repo.planfence("plan", "import", "--from", "spec-kit", str(folder / "tasks.md"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "plans/refunds.toml\n"
    again = repo.planfence("plan", "import", "--from", "spec-kit", str(folder / "tasks.md"))
    assert again.returncode == 2
    lint = repo.planfence("plan", "lint", "refunds")
    assert lint.returncode == 1
    for word in ("rollback", "theme", "estimate_min"):
        assert word in lint.stdout + lint.stderr
