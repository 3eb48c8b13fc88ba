"""The policy that `init` writes: the schema, and every other key as a comment that shows its default."""

from __future__ import annotations

from planfence.manifest.policy import Policy

_HEAD = """\
# How this repository holds commits to the plans in `plans/`.
# Every key has a default, which the commented lines show; `planfence explain RULE` explains a rule.
schema = 1
"""

_REST = """
# plans = "plans"
# log = ".ai-benchmark.csv"
# run_log = ".ai-run.log"
# protected = ["planfence.toml", ".pre-commit-config.yaml", ".gitmodules", ".gitattributes", ".github/**"]

# [rules]                # code or name = "error", "warn" or "off"
# mixed-content = "warn"

# [limits]               # of one commit, and of a task's estimate
# files = 20
# lines = 800
# estimate_min = [30, 60]
# count_generated = false  # lines of lock files, generated and vendored files and pure renames count too

# [unplanned]            # work without a plan: small, or urgent, and always recorded
# files = 2
# urgent = "human"
"""

_TESTS = """
# [tests]                # what a task must pass before its next stage, and before a push
# command = "pytest -q --junit-xml={junit}"
# required = ["advance", "push"]
"""

_MORE = """
# [rework]               # after that many rounds the role changes hands
# max = 2

# [branches]             # patterns; the base is always guarded
# guarded = []           # judged whatever they hold, never deleted or forced: "release/*"
# integration = []       # what the remote has of them is not new any more: "develop"
# ignored = []           # not judged: "gh-pages"
"""


def starter(base: str, command: str = "") -> str:
    """Write a policy for a repository whose protected branch is ``base``.

    ``command``: the test command, where it is plain to see; empty: it stays a comment.
    """
    written = f'base = "{base}"\n' if base != Policy().base else f'# base = "{base}"\n'
    tests = _TESTS
    if command:
        tests = tests.replace("# [tests]  ", "[tests]").replace(
            '# command = "pytest -q --junit-xml={junit}"', f'command = "{command}"'
        )
    return _HEAD + written + _REST + tests + _MORE
