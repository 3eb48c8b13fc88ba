"""MSG003: what the policy asks of trailers, by who commits; and what commit-msg writes."""

from __future__ import annotations

import pytest

from planfence.change.change import Action, Change, FileChange
from planfence.change.message import parse
from planfence.judge.attribution import team_trailers
from planfence.manifest.policy import Policy
from planfence.manifest.trailers import PRESETS, TrailerRule, Trailers, matches, names_agent
from planfence.rules.refusalcontext import At, RefusalContext
from planfence.rules.rule import Case, Context, Route
from planfence.rules.trailers_wrong import check, without_it

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
    ("no-co-author", "claude", "fix: x\n\nCo-authored-by: Claude Opus\n <noreply@anthropic.com>", False),
    ("no-co-author", "claude", "fix: x\n\nCo-authored-by:\n\tClaude <noreply@anthropic.com>\nA: b", False),
    ("no-co-author", "claude", "fix: x\n\nCo-authored-by: Claude\n Monet <cm@example.org>", True),
    ("kernel", "claude", "fix: x\n\nAssisted-by:\n claude:opus-5", True),
    ("kernel", "claude", "fix: x\n\nAssisted-by: claude\n \n:opus-5", False),
]


@pytest.mark.parametrize(("preset", "model", "text", "passes"), CASES)
def test_presets(preset, model, text, passes):
    assert (not judged(text, PRESETS[preset], model)) is passes


FILE = '"$(git rev-parse --git-path COMMIT_EDITMSG)"'
TAKE_OUT = "sed -e '/^Co-Authored-By[ ]*:[ ]*Claude <noreply@anthropic[.]com>$/d'"


@pytest.mark.parametrize(
    ("preset", "text", "place", "lines"),
    [
        ("no-co-author", CLAUDE, RefusalContext(text="x"), [f"{TAKE_OUT} {FILE} | git commit -F -"]),
        (
            "no-co-author",
            CLAUDE,
            RefusalContext(text="x", edited=True),
            [f"{TAKE_OUT} {FILE} | git commit --cleanup=strip -F -"],
        ),
        (
            "no-co-author",
            CLAUDE,
            RefusalContext(At.TIP),
            [f"git log -1 --format=%B | {TAKE_OUT} | git commit -q --amend -F -"],
        ),
        (
            "co-author",
            ADA,
            RefusalContext(text="x"),
            [f"git commit --trailer 'Co-authored-by: {CLAUDE[16:]}' -F {FILE}"],
        ),
        (
            "co-author",
            ADA,
            RefusalContext(At.TIP),
            [f"git commit -q --amend --no-edit --trailer 'Co-authored-by: {CLAUDE[16:]}'"],
        ),
        ("no-co-author", CLAUDE, RefusalContext(), []),
        ("no-co-author", CLAUDE, RefusalContext(At.REBASE, text="x"), []),
        (
            "kernel",
            ADA,
            RefusalContext(text="x"),
            [
                f"sed -e '/^Signed-off-by[ ]*:[ ]*Ada <ada@example[.]org>$/d' {FILE}"
                " | git commit --trailer 'Assisted-by: claude:unknown' -F -"
            ],
        ),
    ],
)
def test_the_same_commit_with_other_trailers(preset, text, place, lines):
    message = parse(f"fix: x\n\n{text}\n")
    change = Change("c0ffee", ("p",), "t", (FileChange(Action.MODIFY, "src/a.py", "100644", "100644", "1", "2"),))
    ctx = Context(change, Policy(trailers=PRESETS[preset]), Route.SMALL, message=message, model="claude")
    found = tuple(check(ctx))
    assert found
    assert [step.command for step in without_it(Case(ctx, found, place))] == lines


@pytest.mark.parametrize("parents", [("p",), ("p", "q")])
@pytest.mark.parametrize("files", [(), (FileChange(Action.MODIFY, "src/a.py", "100644", "100644", "1", "2"),)])
def test_a_merge_that_decides_nothing_needs_no_trailer(parents, files):
    """A forge's button writes it; what it must not say it must not say there either."""
    made_by_a_button = len(parents) == 2 and not files
    change = Change("c", parents, "t", files)
    for text, wanted, passes in (
        ("Merge branch 'x'", Trailers(require=(TrailerRule("human", "Signed-off-by"),)), made_by_a_button),
        (f"Merge branch 'x'\n\n{CLAUDE}", PRESETS["kernel"], False),
    ):
        ctx = Context(change, Policy(trailers=wanted), Route.SMALL, message=parse(text), model="human")
        assert (not list(check(ctx))) is passes


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
    written = team_trailers(f"fix: x\n\nFixes: 1\n{CLAUDE}\n\n# comment\n", kernel, "claude", "#", ("claude", "opus-5"))
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
    assert team_trailers(f"\n# {CLAUDE}\n", kernel, "claude", "#", finished=lambda _: "") == f"\n# {CLAUDE}\n"
    folded = "fix: x\n\nCo-authored-by: Claude Opus\n\t<noreply@anthropic.com>\nFixes: 1\n"
    assert (
        team_trailers(folded, own, "claude") == "fix: x\n\nWith: claude Claude Opus <noreply@anthropic.com>\nFixes: 1\n"
    )


def test_patterns():
    assert matches("*:*", "a:b")
    assert not matches("*:*", "ab")
    assert matches("", "x")
    assert matches("A*c", "abC")
    assert not matches("ab*bc", "abc")
    assert names_agent("Claude <noreply@anthropic.com>")
    assert not names_agent("Claude Monet")
