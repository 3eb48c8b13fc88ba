from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.change.message import SCISSORS, clean, parse, parse_trailers, with_trailers
from planfence.change.origins import Reverted, request_of, reverted

UNICODE = st.characters(exclude_categories=["Cs"])  # named so, it costs no walk through all code points
OURS = (("Plan-Task", "p/t"), ("Plan-Model", "codex"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("feat: a\n", "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n"),
        ("feat: a", "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n"),
        ("feat: a\n\nbody\n", "feat: a\n\nbody\n\nPlan-Task: p/t\nPlan-Model: codex\n"),
        (
            "feat: a\n\nSigned-off-by: A <a@x>\n",
            "feat: a\n\nSigned-off-by: A <a@x>\nPlan-Task: p/t\nPlan-Model: codex\n",
        ),
        (
            "feat: a\n\nPlan-Task: old/x\nPlan-Model: claude\n",
            "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n",
        ),
        (
            "feat: a\n\nPlan-Task: old/x\nCo-authored-by: B <b@x>\n",
            "feat: a\n\nCo-authored-by: B <b@x>\nPlan-Task: p/t\nPlan-Model: codex\n",
        ),
        (
            "feat: a\n\n# a comment\n# another\n",
            "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n\n# a comment\n# another\n",
        ),
        (
            "feat: a\n\n# ------------------------ >8 ------------------------\ndiff --git\n",
            "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n\n"
            "# ------------------------ >8 ------------------------\ndiff --git\n",
        ),
        ("# only a comment\n", "# only a comment\n"),
        ("\n\n", "\n\n"),
    ],
)
def test_with_trailers(before: str, after: str) -> None:
    assert with_trailers(before, OURS, "#") == after


@given(st.text(alphabet="ab:# \n-P", max_size=60))
def test_trailers_are_kept_once_however_often_they_are_written(text: str) -> None:
    once = with_trailers(text, OURS, "#")
    assert with_trailers(once, OURS, "#") == once
    if once != text:
        assert parse(clean(once, "#")).trailer("plan-task") == ("p/t",)


@given(st.text(UNICODE, max_size=200))
def test_parse_takes_anything(text: str) -> None:
    message = parse(text)
    assert len(set(message.types)) == len(message.types)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: b\n", ()),
        ("s\n\nkey: v\n", (("key", "v"),)),
        ("s\n\nkey: v\n  more\n", (("key", "v more"),)),
        ("s\n\nprose\nkey: v\n", ()),
        ("s\n\nprose\nPlan-Task: p/t\n", ()),
        ("s\n\nprose\nSigned-off-by: A\nPlan-Task: p/t\n", (("Signed-off-by", "A"), ("Plan-Task", "p/t"))),
        ("s\n\nPlan-Task: p/t\nprose\n(cherry picked from commit 1)\n", (("Plan-Task", "p/t"),)),
        ("s\n\nPlan-Task: p/t\n\n# c\n\n# d\n", (("Plan-Task", "p/t"),)),
        ("s\n\nPlan-Task: p/t\n\nConflicts:\n\ta\n", (("Plan-Task", "p/t"),)),
        ("s\n\nPlan-Task: p/t\n\x0c\n", ()),
        ("s\n\nPlan-Task: p/t\n---\n", ()),
        ("s\n\nPlan-Task: p/t\n\n---\n\nKey: v\n", (("Key", "v"),)),
        ("s\n\nKey: v\n# ------------------------ >8 ------------------------\nPlan-Task: p/t\n", (("Key", "v"),)),
        ("s\n\nKey: v\n# ------------------------ >8 -------------------------\nwords\n", ()),
        ("s\n\nkey: v\n\nprose\n", ()),
    ],
)
def test_parse_trailers(text: str, found: tuple[tuple[str, str], ...]) -> None:
    assert parse_trailers(text) == found


def test_scope_and_types() -> None:
    message = parse("feat(auth)!: a")
    assert (message.types, message.scope) == (("feat",), "auth")
    assert parse("Note(x): a").types == ()


#: Lines that git's own reader treats apart, to be drawn from.
LINES = (
    "", "", "", " ", "\t", "feat: x", "words", "a: b", "Plan-Task: p/t", "Plan-Model : codex", "plan-task:q/u", "Key:",
    "Signed-off-by: A <a@example.org>", "signed-off-by: B", "(cherry picked from commit 12)", "(cherry picked", "# c",
    "#", " folded", "\tfolded: too", "Conflicts:", "\tpath/of.py", "---", "--- a", "\x0c", "\x0b", "k\x0c: v", "a b: c",
    ": v", "-: v", "é: v", "a: \x85b\u2028c", "; c", "a: b\r", "\r", "# Conflicts:", "https://example.org/x",
    "# ------------------------ >8 ------------------------x", "; ----------------------- >8 -------------------------",
    "# ------------------------ >8 ------------------------", "; ------------------------ >8 ------------------------",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_trailers_are_gits_own(empty_repo, seed: int) -> None:
    """Thousands of messages as commits of one fast-import, read by one `git log`."""
    random = Random(seed)
    texts = [
        "\n".join(random.choices(LINES, k=random.randint(1, 12))) + "\n" * random.randint(0, 2) for _ in range(1500)
    ]
    texts += ["feat: x\n\n" + "\n".join(random.choices(LINES[3:], k=random.randint(1, 7))) for _ in range(1500)]
    assert _of_git(empty_repo, texts) == [parse_trailers(text) for text in texts]


@pytest.mark.parametrize("comment", ["#", ";", ""])
def test_git_finds_the_trailers_whatever_it_cleans_away(empty_repo, comment: str) -> None:
    random = Random(comment)
    texts: list[str] = []
    for _ in range(500):
        text = "feat: x\n" + "\n".join(random.choices(LINES[:-2], k=random.randint(0, 9)))
        written = with_trailers(text, OURS, comment)
        cut = f"\n{comment or '#'} {SCISSORS}\ndiff --git a b\n"
        texts += [
            written,
            clean(written, ""),
            clean(written, comment),
            clean(with_trailers(text + cut, OURS, comment), comment or "#"),
        ]
    for reader in {"#", comment or "#"}:
        for text, found in zip(texts, _of_git(empty_repo, texts, reader), strict=True):
            assert found[-2:] == OURS, text
            assert [key.lower() for key, _ in found].count("plan-task") == 1, text


def _of_git(repo, texts: list[str], comment: str = "#") -> list[tuple[tuple[str, str], ...]]:
    stream = bytearray()
    for text in texts:
        data = text.encode()
        stream += b"commit refs/heads/texts\ncommitter A <a@example.org> 1 +0000\ndata %d\n%s\n" % (len(data), data)
    repo.git("fast-import", "--quiet", "--force", stdin=bytes(stream))
    form = "--format=%x01%(trailers:only,unfold,separator=%x02,key_value_separator=%x03)"
    out = repo.git("-c", f"core.commentChar={comment}", "log", "--reverse", "--topo-order", form, "refs/heads/texts")
    found = [block.removesuffix("\n") for block in out.split("\x01")[1:]]
    return [tuple(tuple(one.split("\x03")) for one in block.split("\x02") if one) for block in found]


def test_nothing_is_read_behind_a_nul() -> None:
    """Git shows a commit's message up to it, whoever wrote the object."""
    assert parse("feat: x\n\nwords\0\n\nPlan-Task: p/a\n").trailers == ()


@pytest.mark.parametrize("seed", range(4))
def test_ours_stand_once_whatever_block_they_make_of_a_paragraph(seed: int) -> None:
    """One more trailer can make a block of a paragraph with a `Signed-off-by` in it, and with older lines of ours."""
    draw = Random(f"block {seed}")
    lines = (
        "Signed-off-by: A <a@b>",
        "Plan-Model: codex",
        "plan-task: p/b",
        "words",
        "more words",
        " folded",
        "# x",
        "k: v",
    )
    wanted = (("Plan-Task", "p/a"), ("Plan-Model", "human"))
    for _ in range(60):
        text = "feat: x\n\n" + "".join(f"{line}\n" for line in draw.choices(lines, k=draw.randint(1, 12)))
        marked = with_trailers(text, wanted, "#")
        for read in (marked, clean(marked, "#")):
            ours = tuple(pair for pair in parse_trailers(read) if pair[0].lower().startswith("plan-"))
            assert ours == wanted, text
        assert with_trailers(marked, wanted, "#") == marked, text


ID = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "request_number", "issues"),
    [
        ("Merged in fix-34 (pull request #12)\n\nTitle", "12", ()),
        ("AB-7: Merged in fix-34 (pull request #12)", "12", ("AB-7",)),
        ("Pull request #12: fix #34 for good", "12", ("#34",)),
        ("Merge pull request 12 from x into main", "12", ()),
        ("Merge pull request #12 in A/b from x to main", "12", ()),
        ("Merge pull request 'Title (#9)' (#12) from a/b into main", "12", ("#9",)),
        ("Merge pull request 'Title' (!12) from a:b into main", "12", ()),
        ("Merged PR 12: Title\n\nRelated work items: #34", "12", ()),
        ("Auto merge of #12 - al:x, r=bo", "12", ()),
        ("Merge #12\n\n12: Title r=bo a=al", "12", ()),
        ("Title\r\n\r\nSee merge request a/b!12\r\n", "12", ()),
        ('Revert "fix #34 (#12)" (#13)', "13", ("#34",)),
        ('Revert "Revert "fix #34 (#12)" (#13)" (#14)', "14", ("#34",)),
        ("fix #34 and #35 (#12)", "12", ("#34", "#35")),
        ("fix #34 and #12 (#12)", "12", ("#34", "#12")),
        ("fix #34 and #12 (!12)", "12", ("#34", "#12")),
        ("Title (!12)\n\nCloses #12", "12", ("#12",)),
        ("Merged PR 12: Title\n\nCloses #12", "12", ("#12",)),
        ("x" + '"(#9)' * 3000, "9", ()),
        ("Merge #12 and fix #34, #35", "12", ("#34", "#35")),
    ],
)
def test_a_requests_number_is_no_issue(text: str, request_number: str, issues: tuple[str, ...]) -> None:
    message = parse(text)
    assert request_of(message) == request_number
    assert message.all_issues == issues


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'Revert "Title"\n\nThis reverts commit {ID}.', Reverted((ID,), "", ("Title",))),
        ('Revert "Title (#12)" (#13)', Reverted((), "12", ("Title (#12)",))),
        ('Reapply "Title" (#14)\n\nReverts a/b#13', Reverted((), "13", ('Revert "Title"',))),
        ('Revert "Revert "Title (#12)"" (#14)', Reverted((), "", ('Revert "Title (#12)"',))),
        ("revert(auth)!: feat: x (#12) (#13)", Reverted((), "", ("feat: x",))),
        ("revert: x\n\nreverts #12", Reverted((), "12", ("x",))),
        ("chore: x\n\nRollback: none\nrevert: y", None),
        ("chore: x\n\n* Revert \"y\"\n- revert: z", Reverted((), "", ("y", "z"))),
        ('Back out "x" (#13)', Reverted((), "", ("x",))),
        ('Merged in revert-pr-12 (pull request #13)\n\nRevert "x (pull request #12)"',
         Reverted((), "12", ("x (pull request #12)",))),
        (f"Merged PR 13: Revert 'x'\n\nReverted commit `{ID[:8]}`.", Reverted((ID[:8],), "", ("x",))),
        ("Say more when a revert fails\n\nThe word `revert` stands here.", None),
    ],
)  # fmt: skip
def test_what_is_undone_is_said_in_many_words(text: str, said: Reverted | None) -> None:
    assert reverted(parse(text)) == said
