"""Reports where people look: a job's summary, a request's comment, GitLab's code quality."""

from __future__ import annotations

import json

import pytest

from planfence.finding import Finding, Report, Severity
from planfence.render.machine import to_gitlab
from planfence.render.markdown import shown, to_markdown

EVIL = "a|b`c`<img src=x onerror=y>\n::error::x\n@team #12 [x](javascript:y) **b** https://evil.example"
EVIL += " www.evil.example Www.x a@b.example \x1b[31m"


def report(text: str = EVIL, *, observed: bool = False) -> Report:
    found = Finding("SCP001", "path-outside-task", Severity.ERROR, text, text, 3, 1, "a" * 40, observed=observed)
    return Report(("a" * 40,), (found,), (text,), {"a" * 40: text})


def test_texts_of_others_do_nothing() -> None:
    found = to_markdown(report())
    for piece in ("<img", "`", "@team", " #12", "](", "**", "://", "\x1b", "\n::", "|b", "www.", "Www.", "&#64;b"):
        assert piece not in found, piece
    assert found.count("<code>") == found.count("</code>") == 4
    rows = [line for line in found.splitlines() if line.startswith("| ❌")]
    assert len(rows) == 1
    assert rows[0].count("|") == 6


@pytest.mark.parametrize("text", ["plain/path.py", "src/über.py", "a b-c.d, e"])
def test_plain_texts_stay_as_they_are(text: str) -> None:
    assert shown(text) == f"<code>{text}</code>"


def test_what_is_observed_is_no_refusal() -> None:
    assert to_markdown(report(observed=True)).startswith("### ✅")
    assert to_markdown(report()).startswith("### ❌")
    assert to_markdown(Report(("a",))).startswith("### ✅ planfence: 1 change judged, nothing to refuse")


def test_gitlabs_code_quality() -> None:
    (issue,) = json.loads(to_gitlab(report()))
    assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert (issue["severity"], issue["location"]["lines"]) == ("major", {"begin": 3})
    assert "\n" not in issue["location"]["path"]
    assert json.loads(to_gitlab(Report())) == []


def test_verify_leaves_a_summary_and_prints_the_formats(repo, tmp_path) -> None:
    repo.write("planfence.toml", "schema = 1\ntests.required = []\n")
    base = repo.commit("chore: no gate")
    for name in ("a", "b", "c"):
        repo.write(f"{name}.py")
    repo.commit("feat: three | files")
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    done = repo.planfence("verify", f"{base}..HEAD", "--format", "github", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1
    text = summary.read_text("utf-8")
    assert text.startswith("before\n### ❌")
    assert "three &#124; files" in text
    assert repo.planfence("verify", f"{base}..HEAD", GITHUB_STEP_SUMMARY=str(tmp_path)).returncode == 1
    assert repo.planfence("verify", f"{base}..HEAD", "--format", "markdown").stdout.startswith("### ❌")
    issues = json.loads(repo.planfence("check", "--range", f"{base}..HEAD", "--format", "gitlab").stdout)
    assert [issue["check_name"] for issue in issues] == ["MSG001 task-missing"]
