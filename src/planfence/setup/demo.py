"""The whole story in a scratch repository with real git."""

from __future__ import annotations

from collections.abc import Iterator

from planfence.env import Environment
from planfence.gitio.scratch import scratch
from planfence.records import dataclass

_PLAN = """\
schema = 1
id = "hello"
version = 1
goal = "Greet people by name"
out_of_scope = ["translations"]
risks = [{ risk = "an empty name", mitigation = "a test for it" }]
rollback = "Revert the merge commit"

[themes.code]
paths = ["src/**", "tests/**"]
types = ["feat", "fix", "test", "refactor"]

[themes.docs]
paths = ["docs/**"]
types = ["docs"]

[roles]
plan = "opus"
implement = "sonnet"
review = "opus"

[[tasks]]
id = "greet"
title = "Greet by name"
theme = "code"
estimate_min = 30
files = [
  { path = "src/greet.py", change = "add" },
  { path = "tests/greet.sh", change = "add" },
]
acceptance = [{ id = "A1", text = "The greeting names the person", run = "sh tests/greet.sh" }]

[[tasks]]
id = "guide"
title = "Say how to greet"
theme = "docs"
estimate_min = 30
files = [{ path = "docs/guide.md", change = "add" }]
acceptance = [{ id = "A1", text = "The guide is right", review = true }]
"""

_POLICY = """\
schema = 1

[tests]
command = "sh tests/greet.sh"
"""


@dataclass(frozen=True, slots=True)
class DemoLine:
    """One command line of the story, and the exit status that the story expects."""

    command: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """One part of the story. ``quiet`` lines prepare it and are not shown."""

    title: str
    lines: tuple[DemoLine, ...]
    quiet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoStep:
    """What is shown: an act's title, or a command with its output and whether it ended as expected."""

    title: str = ""
    command: str = ""
    output: str = ""
    expected: bool = True


#: The line of the story that the README shows.
REFUSAL = "git add src && PLANFENCE_MODEL=sonnet git commit -qm 'feat: bill people too'"

STORY = (
    Act(
        "A repository gets a policy, a plan and the hooks.",
        (DemoLine("planfence init"), DemoLine("git add -A"), DemoLine("git commit -qm 'chore: begin with planfence'")),
        ("git init -q -b main",),
    ),
    Act(
        "The planner writes the plan: which files, which theme, which model.",
        (
            DemoLine("planfence plan lint hello"),
            DemoLine("git add -A && PLANFENCE_MODEL=opus git commit -qm 'chore: plan the greeting'"),
            DemoLine("PLANFENCE_MODEL=sonnet planfence start hello/greet"),
        ),
        (
            "mkdir plans",
            f"cat > plans/hello.toml <<'END'\n{_PLAN}END",
            f"cat > planfence.toml <<'END'\n{_POLICY}END",
        ),
    ),
    Act(
        "Sonnet does what the plan says: accepted, with trailers that say who did what.",
        (
            DemoLine("git add src tests && PLANFENCE_MODEL=sonnet git commit -qm 'feat: greet by name'"),
            DemoLine("git log -1 --format=%B"),
        ),
        (
            "mkdir -p src tests docs",
            "printf 'def greet(name):\\n    return \"Hello \" + name\\n' > src/greet.py",
            "printf 'exit 1\\n' > tests/greet.sh",
        ),
    ),
    Act(
        "It reaches for a file that nobody planned: refused, and told what to type next.",
        (DemoLine(REFUSAL, 1),),
        ("printf 'def bill():\\n    return 1\\n' > src/billing.py",),
    ),
    Act(
        "It mixes themes in one commit: refused.",
        (DemoLine("git add src docs && PLANFENCE_MODEL=sonnet git commit -qm 'feat: greet politely'", 1),),
        ("git rm -qf --cached src/billing.py; rm src/billing.py", "printf '# Guide\\n' > docs/guide.md"),
    ),
    Act(
        "The tests fail, so the next stage stays shut.",
        (
            DemoLine("PLANFENCE_MODEL=sonnet planfence test", 1),
            DemoLine("PLANFENCE_MODEL=sonnet planfence advance", 1),
        ),
        ("git rm -qf --cached docs/guide.md; rm -r docs",),
    ),
    Act(
        "The tests pass on exactly this tree: the gate opens.",
        (
            DemoLine("git add tests && PLANFENCE_MODEL=sonnet git commit -qm 'fix: test the greeting'"),
            DemoLine("PLANFENCE_MODEL=sonnet planfence test"),
            DemoLine("PLANFENCE_MODEL=sonnet planfence advance"),
            DemoLine("planfence status"),
        ),
        ("printf 'grep -q Hello src/greet.py\\n' > tests/greet.sh",),
    ),
    Act(
        "Every run left a line in the benchmark log, the refused ones too.",
        (DemoLine("planfence log show"), DemoLine("planfence report")),
    ),
)


def play(environment: Environment) -> Iterator[DemoStep]:
    """Play the story in a scratch repository; yields what to show as it happens."""
    with scratch(environment) as folder:
        for act in STORY:
            yield DemoStep(title=act.title)
            for line in act.quiet:
                status, output = folder.shell(line)
                if status:
                    yield DemoStep(command=line, output=output, expected=False)
            for each in act.lines:
                status, output = folder.shell(each.command)
                yield DemoStep(command=each.command, output=output, expected=status == each.status)
