"""Reports for programs: JSON, GitHub annotations, SARIF 2.1.0, JUnit XML."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from planfence import __version__
from planfence.change.change import STAGED
from planfence.finding import Finding, Report
from planfence.inert import dumps, whole
from planfence.rules.lint.base import LintRule
from planfence.rules.rule import NextStep, Rule

#: Bumped when a field of the JSON report changes its meaning; new fields don't bump it.
JSON_VERSION = 1


def rendered(report: Report, output: str, rules: Iterable[Rule | LintRule], steps: Iterable[NextStep] = ()) -> str:
    """Return a report in one of the formats that programs read; ``rules`` are those that it could speak of."""
    if output == "json":
        return to_json(report, steps)
    if output == "sarif":
        return to_sarif(report, rules, __version__)
    if output == "markdown":
        from planfence.render.markdown import to_markdown

        return to_markdown(report, steps)
    return {"github": to_github, "gitlab": to_gitlab, "junit": to_junit}[output](report)


def to_json(report: Report, steps: Iterable[NextStep] = ()) -> str:
    """Return the report as one JSON object (schema: docs/formats.md)."""
    return (
        dumps(
            {
                "version": JSON_VERSION,
                "refused": report.refused,
                "judged": [whole(change) for change in report.judged],
                "findings": [_finding(finding) for finding in report.findings],
                "notes": [whole(note) for note in report.notes],
                "next": [{"why": whole(step.why), "command": whole(step.command)} for step in steps],
            },
            indent=2,
        )
        + "\n"
    )


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "message": whole(finding.message),
        "path": whole(finding.path),
        "line": finding.line,
        "column": finding.column,
        "change": whole(finding.change),
        "observed": finding.observed,
    }


def to_github(report: Report) -> str:
    """Return workflow commands that annotate files (GitHub's "Workflow commands" page).

    Ten annotations of a level are shown for each step, so errors stand first.
    """
    ordered = sorted(report.findings, key=lambda finding: not finding.refuses)
    return "".join(_annotation(finding) for finding in ordered)


def _annotation(finding: Finding) -> str:
    level = "error" if finding.refuses else "warning"
    properties = {"title": f"{finding.code} {finding.name}"}
    if finding.path:
        properties = {"file": whole(finding.path), "line": str(finding.line or 1)} | properties
    escaped = {key: _data(value).replace(":", "%3A").replace(",", "%2C") for key, value in properties.items()}
    inside = ",".join(f"{key}={value}" for key, value in escaped.items())
    change = "" if finding.change in ("", STAGED) else f" (commit {whole(finding.change[:12])})"
    # A job's log shows the message alone, without the file that it is about.
    path = f"{whole(finding.path)}: " if finding.path else ""
    return f"::{level} {inside}::{_data(f'{finding.code} {path}{whole(finding.message)}{change}')}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def to_sarif(report: Report, rules: Iterable[Rule | LintRule], version: str) -> str:
    """Return a SARIF 2.1.0 log; fingerprints stay the same while code, path and change do."""
    used = {finding.code for finding in report.findings}
    results = [
        {
            "ruleId": finding.code,
            "level": "error" if finding.refuses else "warning",
            # SARIF reads `[text](target)` as a link (section 3.11.6).
            "message": {"text": whole(finding.message).replace("](", "]\\x28")},
            "locations": [_location(finding)],
            "partialFingerprints": {"planfence/v1": _fingerprint(finding)},
        }
        for finding in report.findings
    ]
    driver = {
        "name": "planfence",
        "semanticVersion": version,
        "rules": [
            {
                "id": rule.code,
                "name": rule.name,
                "shortDescription": {"text": rule.documentation.split("\n", 1)[0]},
                "help": {"text": rule.documentation},
            }
            for rule in rules
            if rule.code in used
        ],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}],
    }
    return dumps(log, indent=2) + "\n"


def _location(finding: Finding) -> dict[str, object]:
    # A finding without a path is about the change; code hosts need a file, so it hangs on the policy.
    place = {"uri": _uri(finding.path or "planfence.toml")}
    return {"physicalLocation": {"artifactLocation": place, "region": {"startLine": finding.line or 1}}}


def _uri(path: str) -> str:
    """Percent-encode a path (RFC 3986); an undecodable byte becomes itself."""
    safe = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
    return "".join(chr(b) if b in safe else f"%{b:02X}" for b in path.encode("utf-8", "surrogateescape"))


def _fingerprint(finding: Finding) -> str:
    text = "\0".join((finding.code, finding.path, finding.change, finding.message))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def to_gitlab(report: Report) -> str:
    """Return a code quality report (docs.gitlab.com, "Code Quality report format"), for the request's diff."""
    issues = [
        {
            "description": f"{finding.code} {whole(finding.message)}",
            "check_name": f"{finding.code} {finding.name}",
            "fingerprint": _fingerprint(finding),
            "severity": "major" if finding.refuses else "minor",
            "location": {"path": whole(finding.path or "planfence.toml"), "lines": {"begin": finding.line or 1}},
        }
        for finding in report.findings
    ]
    return dumps(issues, indent=2) + "\n"


def to_junit(report: Report) -> str:
    """Return JUnit XML: one test case a judged change; its error findings are its failure."""
    # Two commits may have one subject, and readers of these reports take two cases of one name for one.
    names = {
        change: f"{change[:12]} {report.subjects[change]}" if report.subjects.get(change) else change
        for change in report.judged
    }
    if any(f.change not in names and f.refuses for f in report.findings):
        names[""] = "the range as a whole"
    cases: list[str] = []
    failures = 0
    for change, title in names.items():
        found = [
            f for f in report.findings if f.refuses and (f.change == change or (not change and f.change not in names))
        ]
        name = quoteattr(_xml(title))
        if not found:
            cases.append(f'  <testcase classname="planfence" name={name}/>\n')
            continue
        failures += 1
        lines = "\n".join(f"{f.code} {whole(f.path)} {whole(f.message)}" for f in found)
        cases.append(
            f'  <testcase classname="planfence" name={name}>\n'
            f"    <failure message={quoteattr(_xml(found[0].message))}>{escape(_xml(lines))}</failure>\n  </testcase>\n"
        )
    head = f'<testsuite name="planfence" tests="{len(names)}" failures="{failures}" errors="0" skipped="0">'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}\n{"".join(cases)}</testsuite>\n'


def _xml(text: str) -> str:
    """Make every character one that XML 1.0 allows."""
    return "\n".join(whole(line) for line in text.split("\n"))
