"""The first text of a policy and of a plan: `templates/*.toml`, filled in. What a template leaves out is a default."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from planfence.errors import PlanfenceError
from planfence.gitio import paths
from planfence.manifest.policy import Policy
from planfence.manifest.tablereader import NAME, NAME_FIX
from planfence.records import dataclass

_EXAMPLE = "pytest -q --junit-xml={junit}"


@dataclass(frozen=True, slots=True)
class Brief:
    """What somebody said of a new plan: its goal, what it may change (patterns), what shows that it works (commands).

    ``theme`` and ``task`` are names, the plan's own id and `work` if they are empty.
    """

    goal: str
    files: Sequence[str]
    runs: Sequence[str] = ()
    theme: str = ""
    task: str = ""


def policy_text(base: str, command: str = "", *, links: Sequence[str] = (), observe: bool = False) -> str:
    """Return a policy for a repository whose protected branch is ``base``.

    ``command`` is the test command, empty if none is known: then it stays a comment. ``links`` are the folders that it
    needs and the tree has not.
    """
    text = _template("policy")
    if base != Policy().base:
        text = _put(text, '# base = "main"', f"base = {quoted(base)}")
    if observe:
        text = _put(text, '# mode = "enforce"', 'mode = "observe"')
    if command:
        text = _put(text, "# [tests]  ", "[tests]")
        lines = [f"command = {quoted(command)}"]
        lines += [f"links = [{', '.join(map(quoted, links))}]"] if links else []
        text = _put(text, f'# command = "{_EXAMPLE}"', "\n".join(lines))
    return text


def plan_text(plan_id: str) -> str:
    """Return a commented plan to fill in; raises :class:`PlanfenceError` for an id that can't be a file's name."""
    _check_name(plan_id, "a plan's id")
    return _template("plan").replace("ID", plan_id)


def short_plan(plan_id: str, said: Brief, minutes: tuple[int, int]) -> str:
    """Return a plan of one task; ``minutes`` are the least and the most that a task may take.

    Raises :class:`PlanfenceError` for a name that is none, a pattern that is wrong, and a goal that says nothing.
    """
    theme, task = said.theme or plan_id, said.task or "work"
    for name, what in ((plan_id, "a plan's id"), (theme, "a theme's name"), (task, "a task's id")):
        _check_name(name, what)
    if not said.goal.strip() or not said.files:
        raise PlanfenceError("a plan needs a goal and files", hint='planfence plan new ID --goal "…" --files "src/…"')
    for pattern in said.files:
        if problem := paths.fault(pattern):
            raise PlanfenceError(f"--files {pattern}: {problem[0]}", hint=problem[1])
    shown = [
        f'{{ id = "A{number}", text = {quoted(f"`{run}` passes")}, run = {quoted(run)} }}'
        for number, run in enumerate(said.runs, 1)
    ]
    text = _template("short")
    for mark, value in (
        ("id", quoted(plan_id)),
        ("goal", quoted(said.goal)),
        ("theme", quoted(theme)),
        ("task", quoted(task)),
        ("paths", ", ".join(map(quoted, said.files))),
        ("files", ",\n  ".join(f"{{ path = {quoted(each)} }}" for each in said.files)),
        ("acceptance", ",\n  ".join(shown or ['{ id = "A1", text = "OPEN: what must be true", review = true }'])),
    ):
        text = text.replace(f'"${mark}"', value)
    least, most = minutes
    return _put(text, "estimate_min = 45", f"estimate_min = {min(max(45, least), most)}")


def _template(name: str) -> str:
    return resources.files("planfence.plan").joinpath("templates", f"{name}.toml").read_text("utf-8")


def _put(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)


def quoted(text: str) -> str:
    """A text as a TOML string."""
    import tomlkit  # only who writes needs it

    return tomlkit.string(text.encode("utf-8", "replace").decode()).as_string()


def _check_name(name: str, what: str) -> None:
    if not NAME.fullmatch(name):
        raise PlanfenceError(f"{name!r} can't be {what}", hint=NAME_FIX)
