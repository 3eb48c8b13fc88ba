"""MSG003: what the policy asks of trailers, by who commits; and what commit-msg writes."""

from __future__ import annotations

import pytest

from planfence.change.change import Change
from planfence.change.message import parse
from planfence.judge.attribution import team_trailers
from planfence.manifest.policy import Policy
from planfence.manifest.trailers import PRESETS, TrailerRule, Trailers, matches, names_agent
from planfence.rules.rule import Context, Route
from planfence.rules.trailers_wrong import check

CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"
ADA = "Signed-off-by: Ada <ada@example.org>"


def judged(text: str, trailers: Trailers, model: str) -> list[str]:
    change = Change("c", ("p",), "t", ())
    ctx = Context(change, Policy(trailers=trailers), Route.SMALL, message=parse(text), model=model)
    return [finding.message for finding in check(ctx)]


CASES = [
    ("kernel", "human", "fix: x", True),
    ("kernel", "human", f"fix: x\n\n{ADA}", True),
    ("kernel", "claude", "fix: x", False),
    ("kernel", "claude", "fix: x\n\nAssisted-by: claude:opus-5", True),
    ("kernel", "claude", "fix: x\n\nassisted-by:  claude:opus-5 coccinelle", True),
    ("kernel", "claude", "fix: x\n\nAssisted-by: claude", False),
    ("kernel", "codex", f"fix: x\n\nAssisted-by: codex:gpt-5\n{ADA}", False),
    ("kernel", "codex", f"fix: x\n\n{ADA}\n\nAssisted-by: codex:gpt-5", False),
    ("kernel", "human", f"fix: x\n\n{CLAUDE}", False),
    ("kernel", "human", "fix: x\n\nCo-authored-by: Claude Monet <cm@example.org>", True),
    ("kernel", "human", "fix: x\n\nCo-authored-by: Codex", False),
    ("kernel", "human", "fix: x\n\nSigned-off-by: Copilot <223556219+Copilot@users.noreply.github.com>", False),
    ("kernel", "claude", "fixup! fix: x", True),
    ("no-co-author", "claude", "fix: x", True),
    ("no-co-author", "claude", f"fix: x\n\n{CLAUDE}", False),
    ("co-author", "claude", "fix: x", False),
    ("co-author", "claude", f"fix: x\n\n{CLAUDE}", True),
    ("co-author", "human", "fix: x", True),
    ("none", "claude", f"fix: x\n\n{CLAUDE}\n{ADA}", True),
]


@pytest.mark.parametrize(("preset", "model", "text", "passes"), CASES)
def test_presets(preset, model, text, passes):
    assert (not judged(text, PRESETS[preset], model)) is passes


@pytest.mark.parametrize("by", ["any", "human", "agent", "codex"])
@pytest.mark.parametrize("model", ["human", "codex", "claude"])
def test_by_whom(by, model):
    about = by in ("any", model) or (by == "agent" and model != "human")
    assert bool(judged("fix: x\n\nA: 1", Trailers(forbid=(TrailerRule(by, "A"),)), model)) is about
    assert bool(judged("fix: x", Trailers(require=(TrailerRule(by, "A"),)), model)) is about


@pytest.mark.parametrize("preset", ["kernel", "no-co-author", "co-author"])
@pytest.mark.parametrize("model", ["human", "claude", "codex", "gemini", "copilot", "cursor"])
@pytest.mark.parametrize("text", ["fix: x\n", f"fix: x\n\nbody\n\n{CLAUDE}\n", "fix: x\n\nA: b\n", "x: y\n"])
def test_what_is_written_passes_and_is_written_once(preset, model, text):
    policy = Policy(trailers=PRESETS[preset])
    written = team_trailers(text, policy, model)
    assert judged(written, policy.trailers, model) == []
    assert team_trailers(written, policy, model) == written
    assert parse(written).subject == parse(text).subject


def test_what_is_written():
    kernel = Policy(trailers=PRESETS["kernel"])
    written = team_trailers(f"fix: x\n\nFixes: 1\n{CLAUDE}\n\n# comment\n", kernel, "claude", "#", "claude", "opus-5")
    assert written == "fix: x\n\nFixes: 1\nAssisted-by: claude:opus-5\n\n# comment\n"
    own = Policy(
        trailers=Trailers(
            rewrite=(TrailerRule("agent", "Co-authored-by", "*@anthropic.com>", "{agent} {value}", "With"),)
        )
    )
    assert team_trailers(f"fix: x\n\n{CLAUDE}\n", own, "claude") == (
        "fix: x\n\nWith: claude Claude <noreply@anthropic.com>\n"
    )
    assert team_trailers(f"fix: x\n\n{CLAUDE}\n", own, "human") == f"fix: x\n\n{CLAUDE}\n"
    assert team_trailers(f"\n# {CLAUDE}\n", kernel, "claude", "#") == f"\n# {CLAUDE}\n"


def test_patterns():
    assert matches("*:*", "a:b")
    assert not matches("*:*", "ab")
    assert matches("", "x")
    assert matches("A*c", "abC")
    assert not matches("ab*bc", "abc")
    assert names_agent("Claude <noreply@anthropic.com>")
    assert not names_agent("Claude Monet")
