"""Small builders, so that a rule's table reads like the change that it judges."""

from __future__ import annotations

from planfence.change import message as messages
from planfence.change.change import STAGED, Action, Change, FileChange
from planfence.manifest.plan import FileEntry, Plan, Task, Theme
from planfence.manifest.policy import Policy
from planfence.rules.rule import Context, Route

MODES = {"f": 0o100644, "x": 0o100755, "l": 0o120000, "s": 0o160000, "-": 0}


def file(text: str) -> FileChange:
    """`src/a.py` modified; `+src/a.py` added; `-src/a.py` deleted; `src/a.py f>l` by modes; `src/a.py =30` lines."""
    name, *rest = text.split(" ")
    old, new = {"+": ("-", "f"), "-": ("f", "-")}.get(name[0], ("f", "f"))
    name = name[1:] if name[0] in "+-" else name
    lines = -1
    for word in rest:
        if word.startswith("="):
            lines = int(word[1:])
        else:
            old, new = word.split(">")
    return FileChange(name.replace("␠", " "), MODES[old], MODES[new], "1" * 40, "2" * 40, lines)


def change(*files: str, parents: int = 1, message: str | None = None) -> Change:
    return Change(STAGED, ("a" * 40,) * parents, "b" * 40, tuple(map(file, files)), message)


def task(*files: str, deny: tuple[str, ...] = (), theme: str = "auth") -> Task:
    """Files as `pattern` or `add:pattern`."""
    entries = []
    for text in files:
        action, colon, pattern = text.partition(":")
        entries.append(FileEntry(pattern, Action(action)) if colon else FileEntry(text))
    return Task("t", "T", theme, 45, tuple(entries), deny=deny)


def context(
    judged: Change,
    of: Task | None = None,
    *,
    route: Route | None = None,
    message: str | None = None,
    policy: Policy | None = None,
    themes: dict[str, tuple[str, ...]] | None = None,
    types: tuple[str, ...] = (),
    **more: object,
) -> Context:
    kinds = {name: Theme(name, patterns, types) for name, patterns in (themes or {}).items()}
    plan = Plan("p", 1, "goal", (of,), themes=kinds) if of else None
    return Context(
        change=judged,
        policy=policy or Policy(),
        route=route or (Route.TASK if of else Route.SMALL),
        plan=plan,
        task=of,
        task_name="p/t" if of else "",
        message=messages.parse(message) if message is not None else None,
        **more,
    )


def found(rule, ctx: Context) -> list[str]:
    """The paths (or messages, where there is no path) that the rule names."""
    return [finding.path or finding.message for finding in rule.check(ctx)]
