"""Second opinions for the parsers: writers that put back what was read, slow readers that share no code with ours."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from typing import Any

from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy


def _text(value: str) -> str:
    # TOML has JSON's escapes but for pairs of surrogates, and forbids a raw DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_text(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value) if isinstance(value, float) else str(value)


def toml(fields: Mapping[str, Any]) -> bytes:
    """A TOML document of these values."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in fields.items()).encode("utf-8", "replace")


def plan_toml(plan: Plan) -> bytes:
    """A plan as a file that must read as the same plan."""
    return toml(
        {
            "schema": 1,
            "id": plan.id,
            "version": plan.version,
            "goal": plan.goal,
            "out_of_scope": plan.out_of_scope,
            "risks": [{"risk": each.risk, "mitigation": each.mitigation} for each in plan.risks],
            "rollback": plan.rollback,
            "constraints": [{"text": each.text, "run": each.run} for each in plan.constraints],
            "themes": {theme.name: {"paths": theme.paths, "types": theme.types} for theme in plan.themes.values()},
            "roles": plan.roles,
            "tasks": [_task(task) for task in plan.tasks],
        }
    )


def _task(task: Task) -> dict[str, Any]:
    files = [
        {"path": each.path, "why": each.why} | ({"change": str(each.change)} if each.change else {})
        for each in task.files
    ]
    acceptance = [{"id": a.id, "text": a.text, "run": a.run, "review": a.review} for a in task.acceptance]
    return {
        "id": task.id,
        "title": task.title,
        "theme": task.theme,
        "files": files,
        "acceptance": acceptance,
        "depends_on": task.depends_on,
        "deny": task.deny,
        "roles": task.roles,
    } | ({"estimate_min": task.estimate_min} if task.estimate_min else {})


def policy_toml(policy: Policy) -> bytes:
    """A policy as a file that must read as the same policy."""
    tests = policy.tests
    return toml(
        {
            "schema": 1,
            "base": policy.base,
            "plans": policy.plans,
            "log": policy.log,
            "run_log": policy.run_log,
            "protected": policy.protected,
            "rules": {name: str(severity) for name, severity in policy.rules.items()},
            "limits": {name: getattr(policy.limits, name) for name in ("files", "lines", "estimate_min")},
            "unplanned": {"files": policy.unplanned.files, "urgent": policy.unplanned.urgent},
            "tests": {name: getattr(tests, name) for name in type(tests).__slots__},
            "rework": {"max": policy.rework_max},
            "trust": {name: getattr(policy.trust, name) for name in ("plan", "evidence", "signers")},
        }
    )


#: What git writes for one change, and nothing else (git-diff-tree(1), "RAW OUTPUT FORMAT").
RAW_RECORD = re.compile(
    rb":(?P<old>[0-7]{6}) (?P<new>[0-7]{6}) (?P<a>[0-9a-f]{40}|[0-9a-f]{64}) (?P<b>[0-9a-f]{40}|[0-9a-f]{64})"
    rb" [ADMT]\0(?P<path>[^\0]+)\0"
)


def raw_records(data: bytes) -> list[tuple[int, int, str, str, bytes]] | None:
    """The changes that raw output holds, None where it is none."""
    found = []
    at = 0
    while at < len(data):
        match = RAW_RECORD.match(data, at)
        if match is None:
            return None
        found.append(
            (int(match["old"], 8), int(match["new"], 8), match["a"].decode(), match["b"].decode(), match["path"])
        )
        at = match.end()
    return found


def trailers(text: str) -> list[tuple[str, str]]:
    """The trailers of a message, character by character: the last paragraph, if it is one and not the first."""
    paragraphs = _paragraphs(_looked_at(text.partition("\0")[0]))
    if len(paragraphs) == 1:
        return []
    # Folded lines first: each belongs to the line above it, whatever that is, and behind a comment to none.
    whole: list[list[str]] = []
    strange, behind = 0, False
    for line in paragraphs[-1]:
        if line[0] in " \t\r" and whole and behind:
            strange += 1
        elif line[0] in " \t\r" and whole:
            whole[-1].append(line)
        elif line[0] != "#":
            whole.append([line])
            behind = False
        behind = behind or line[0] == "#"
    found: list[tuple[str, str]] = []
    known, counted = False, 0
    for first, *folded in whole:
        key, colon, value = first.partition(":")
        key = key.rstrip(" \t")
        gits = first.startswith(("Signed-off-by: ", "(cherry picked from commit "))  # its own, without configuration
        if colon and key and all(c.isascii() and (c.isalnum() or c == "-") for c in key):
            found.append((key, " ".join([value, *(each.lstrip(" \t\n\r") for each in folded)]).strip(" \t\n\r")))
        elif not gits:
            strange += 1 + len(folded)
            continue
        known, counted = known or gits, counted + 1
    return [] if strange and not (known and 3 * counted >= strange) else found


def _looked_at(text: str) -> str:
    """What git looks for trailers in: not what its wt_status_locate_end and ignored_log_message_bytes cut off."""
    scissors = "\n# ------------------------ >8 ------------------------\n"
    before, cut, _ = f"\n{text}".partition(scissors)
    lines = re.findall(r"[^\n]*\n|[^\n]+", f"{before}\n"[1:] if cut else text)
    end, conflicts = 0, False  # git takes the first line for none
    for place, line in enumerate(lines):
        if line[0] == "#" or line in ("\n", "Conflicts:\n"):
            end = end or place
            conflicts = conflicts or line[0] == "C"
        elif end and not (conflicts and line[0] == "\t"):
            end, conflicts = 0, False
    return "".join(lines[: end or None])


def _paragraphs(text: str) -> list[list[str]]:
    """The paragraphs without those of comments, but for the first."""
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip(" \t\n\r"):
            paragraphs[-1].append(line)
        elif paragraphs[0]:
            paragraphs.append([])
    kept = [each for each in paragraphs[1:] if not each or any(line[0] != "#" for line in each)]
    while kept and not kept[-1]:
        kept.pop()
    return [paragraphs[0], *kept]


def commit_ids(data: bytes) -> list[str]:
    """The tree and the parents of a raw commit, as git's parse_commit_buffer takes them."""
    lines = data.split(b"\n")
    found = [lines[0].removeprefix(b"tree ").decode()]
    for line in lines[1:]:
        if not line.startswith(b"parent "):
            break
        found.append(line.removeprefix(b"parent ").decode())
    return found


def report_counts(data: bytes) -> tuple[int, int, int]:
    """Tests, failed and skipped of a JUnit report: every case, wherever it stands."""
    tests = failed = skipped = 0
    for element in ElementTree.fromstring(data).iter():
        if _local(element) == "testcase":
            kinds = {_local(inner) for inner in element.iter()}
            tests += 1
            failed += bool(kinds & {"failure", "error"})
            skipped += "skipped" in kinds and not kinds & {"failure", "error"}
    return tests, failed, skipped


def shows_failure(data: bytes) -> bool:
    """Whether a report speaks of a failure anywhere."""
    return any(_local(element) in ("failure", "error") for element in ElementTree.fromstring(data).iter())


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def proves(value: Any, tree: str, command: str, least: int) -> bool:
    """Whether a decoded ledger entry says in so many words that ``command`` passed on ``tree``."""
    try:
        told = value["predicate"]
        results = told["configuration"][0]["annotations"]["commands"]
        ours = [each for each in results if each["name"] == "tests" and each["command"] == command]
        return (
            value["_type"] == "https://in-toto.io/Statement/v1"
            and value["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
            and value["subject"][0]["digest"]["gitTree"] == tree
            and told["result"] == ("PASSED" if all(map(_passed, results)) else "FAILED")
            and bool(ours)
            and all(_passed(each) and (each["counts"] is None or each["counts"][0] >= least) for each in ours)
        )
    except (KeyError, IndexError, TypeError):
        return False


def _passed(result: dict[str, Any]) -> bool:
    counts = result["counts"] or [1, 0, 0]
    return (result["outcome"], result["exit"], counts[1]) == ("passed", 0, 0) and counts[2] <= counts[0]
