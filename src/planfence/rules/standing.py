"""Standing work: which changes come in by it, and why others do not.

A change is standing work if its author's address is one of the standing task's, all its paths are among its files, its
message has no other type, and no model made it. Whoever can commit can write any author, so that the route opens no
more than the policy lists; `trust.plan = "signed"` asks for a listed signature besides.
"""

from __future__ import annotations

import fnmatch  # noqa: TID251 - for addresses, not for paths
import re
from functools import lru_cache

from planfence.change.change import Change
from planfence.change.message import TASK_TRAILER, Message
from planfence.gitio import paths
from planfence.manifest.policy import Policy, StandingTask
from planfence.manifest.trailers import names_agent
from planfence.tables import HUMAN


@lru_cache(maxsize=64)
def _addresses(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Addresses have brackets (`[bot]`) that mean themselves, and the case of their letters means nothing."""
    # `fnmatch` writes its stars as groups that do not go back (since Python 3.9): no pattern takes long.
    each = (fnmatch.translate(pattern.replace("[", "[[]")) for pattern in patterns)
    return re.compile("|".join(each) or "(?!)", re.IGNORECASE)


def made_by_model(change: Change, model: str, message: Message | None) -> bool:
    """Whether a model made the change: it says so, its author is one, or one is named as its co-author."""
    named = message.trailer("Co-authored-by") if message is not None else ()
    return model != HUMAN or names_agent(f"<{change.author}>") or any(map(names_agent, named))


def names(policy: Policy, task: str) -> bool:
    """Whether a task's name (`standing/<id>`) is that of standing work."""
    return any(task == each.name for each in policy.standing)


def standing_of(
    change: Change, policy: Policy, model: str, message: Message | None, task: str = ""
) -> StandingTask | None:
    """Return the standing work that a change is; ``task`` (empty: any) is the one that it names."""
    if not policy.standing or not change.files or made_by_model(change, model, message):
        return None
    if any(policy.governs(file.path) for file in change.decided):
        return None
    if message is not None and len(message.trailer(TASK_TRAILER)) > 1:
        return None
    known = (each for each in policy.standing if task in ("", each.name))
    return next((each for each in known if not _missed(each, change, message)), None)


def _missed(standing: StandingTask, change: Change, message: Message | None) -> str:
    """Return why a change is not this standing work; empty if it is."""
    if not _addresses(standing.authors).fullmatch(change.author):
        return f"{change.author or 'its author'} is none of its authors"
    outside = [path for path in change.paths if not paths.matches(standing.files, path)]
    if outside:
        more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        return f"it does not list {outside[0]}{more}"
    kind = "".join(message.types[:1]) if message is not None else ""
    if kind and standing.types and kind not in standing.types:
        return f"`{kind}:` is not a type of it ({', '.join(standing.types)})"
    return ""


def near_miss(change: Change, policy: Policy, model: str, message: Message | None, task: str = "") -> str:
    """Return why the change of a standing task's author, or one that names it, is none; empty if it is near none."""
    for each in policy.standing:
        if each.name != task and not _addresses(each.authors).fullmatch(change.author):
            continue
        if made_by_model(change, model, message):
            return f"standing work ({each.id}) is never a model's"
        governing = next((file.path for file in change.decided if policy.governs(file.path)), "")
        if governing:
            return f"it is not the standing work {each.id}: {governing} governs"
        why = _missed(each, change, message)
        return f"it is not the standing work {each.id}: {why or 'no listed key signed it'}"
    return ""
