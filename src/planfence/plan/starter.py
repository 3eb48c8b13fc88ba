"""The commented plan that `planfence plan new` and `init` write: fill in each `TODO`, and it lints clean."""

from __future__ import annotations

from planfence.errors import PlanfenceError
from planfence.manifest.tablereader import NAME, NAME_MEND

_STARTER = """\
# A plan: one goal, and the tasks that reach it. Write what every TODO asks for, then run
# `planfence plan lint {id}`. Patterns mean what git's `:(glob)` pathspecs mean: `*` stops at `/`,
# `**` crosses it. Try one with: git ls-files ':(glob)src/auth/**'
schema = 1
id = "{id}"
version = 1                        # one higher with each change; `planfence plan amend` does it
goal = "TODO: what is true when the plan is done"
out_of_scope = ["TODO: what this plan leaves alone"]
risks = [
  {{ risk = "TODO: what could go wrong", mitigation = "TODO: what is done about it" }},
]
rollback = "TODO: how to take it back"
# What every task must keep to; `run` is a command that exits 0 where it holds.
# constraints = ["API v2 unchanged", {{ text = "p99 under 50 ms", run = "make bench" }}]

# A theme is a kind of change: its paths, and the commit types that may carry it.
# One commit, one theme.
[themes.TODO-name]
paths = ["TODO/**"]
types = ["feat", "fix", "refactor", "test"]

# Who does what; a task may have its own. The reviewer must not be the implementer.
# [roles]
# plan = "claude"
# implement = "codex"
# review = "human"

# A task is the unit of a commit, 30 to 60 minutes. It may touch what `files` lists, nothing else.
[[tasks]]
id = "TODO-name"
title = "TODO: what the task does"
theme = "TODO-name"
estimate_min = 45
# depends_on = ["another-task"]
# deny = ["dir/not-this/**"]
files = [
  {{ path = "TODO/new-file", change = "add", why = "TODO: why it is needed" }},
  {{ path = "TODO/old-file", change = "modify" }},
  {{ path = "TODO/tests/**" }},        # any change
]
acceptance = [
  {{ id = "A1", text = "TODO: what must be true", run = "TODO: the command that shows it" }},
  # {{ id = "A2", text = "what a reviewer must see", review = true }},
]
"""


def starter(plan_id: str) -> str:
    """Return a new plan's text; raises :class:`PlanfenceError` for an id that can't be a file's name."""
    if not NAME.fullmatch(plan_id):
        raise PlanfenceError(f"{plan_id!r} can't be a plan's id", hint=NAME_MEND)
    return _STARTER.format(id=plan_id)
