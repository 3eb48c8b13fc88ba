"""What is proven clean of a range changes nothing of what its judge says.

`PLANFENCE_RANGES=200 pytest tests/judge` tries more than the default.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from planfence.boundary import verify
from planfence.change import message as messages
from planfence.content.committypes import LICENCES
from planfence.judge import check
from planfence.judge.check import Terms
from planfence.judge.plaincommits import PlainCommits

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"


def test_types_that_need_the_content_are_those_with_a_licence() -> None:
    assert set(LICENCES) == messages.NARROW_TYPES


_MESSAGES = (
    *(
        "feat: x",
        "fix(auth): x",
        "feat: x\n\nWith words\nin lines.",
        "feat: wörter",
        "feat: x (#12)",
        "fix: closes #1, #2",
    ),
    *("docs: x", "feat/fix: both", "feat: x\n\n- fix: y", "Just words", "fixup! feat: x", "feat: x\n\nCloses AB-12"),
)
_TRAILERS = (
    *(TRAILERS,) * 8,
    "\n\nPlan-Task: auth/middleware\n",
    "\n\nPlan-Task: auth/middleware\nPlan-Stage: review\nPlan-Model: codex\nPlan-Rework: 1\n",
    "\n\nPlan-Task: auth/middleware\nPlan-Task: auth/guide\nPlan-Model: human\n",
    "\n\nPlan-Task: auth/guide\nPlan-Model: human\n",
    "\n\nplan-task: auth/middleware\nSigned-off-by: A <a@b>\n",
    "\n\nPlan-Task: auth/none\n",
    "\n\nPlan-Urgent: the roof is on fire\n",
    "",
    "\n\nPlan-Task: auth/middleware\nPlan-Model: human\n\0\n\nPlan-Task: auth/guide\n",
)
_PLACES = ("tests/auth/a.py", "tests/auth/b/c.py", "src/user.py", "tests/auth/d.py")
_ODD_PLACES = (
    *(
        "tests/auth/A.py",
        "tests/AUTH/x",
        "src/keys/k",
        "src/auth.py",
        "docs/a.md",
        "other",
        "tests/auth/con",
        "tests/auth/\xe9",
    ),
    *("tests/auth/end.", "planfence.toml", "plans/more.toml", ".gitmodules"),
)


def _takes_linked_modules(repo) -> bool:
    """Whether fast-import takes a link for `.gitmodules`: later versions of git refuse it as an invalid path."""
    asked = b"commit refs/asked\ncommitter A <a@b> 0 +0000\ndata 0\nM 120000 inline .gitmodules\ndata 1\nx\n"
    repo.git("fast-import", "--quiet", stdin=asked, ok=False)
    taken = repo.git("for-each-ref", "refs/asked") != ""
    repo.git("update-ref", "-d", "refs/asked")
    return taken


def _stream(random: Random, commits: int, plan: str, head: str, *, linked_modules: bool) -> bytes:
    """A fast-import stream: mostly plain commits of the task, here and there something else, branches and merges."""
    odd = random.choice((0.0, 0.03, 0.15))
    out: list[bytes] = []
    made = [head.encode()]
    version = 1
    for number in range(commits):
        strange = random.random() < odd
        text = (
            random.choice(_MESSAGES if strange else _MESSAGES[:5])
            + random.choice(_TRAILERS if strange else _TRAILERS[:1])
        ).encode()
        when = f"committer A <a@b> {1_700_000_000 + number} +0000\n".encode()
        extra = b"encoding latin-1\n" if strange and random.random() < 0.1 else b""
        out.append(b"commit refs/heads/work\nmark :%d\n" % (number + 1) + b"author" + when[9:] + when + extra)
        out.append(b"data %d\n%s\n" % (len(text), text))
        merges = len(made) > 3 and random.random() < odd / 2
        start = random.choice(made[-4:]) if random.random() < odd else made[-1]
        out.append(b"from %s\n" % start)
        if merges:
            other = random.choice([each for each in made[-4:] if each != start] or [made[0]])
            out.append(b"merge %s\n" % other if other != start else b"")
        made.append(b":%d" % (number + 1))
        for _ in range(random.choice((1, 1, 2, 3))):
            place = random.choice(_ODD_PLACES if random.random() < odd else _PLACES).encode(
                "latin-1" if random.random() < 0.1 else "utf-8"
            )
            mode = random.choice((b"100644", b"100755", b"120000")) if random.random() < odd else b"100644"
            if place == b".gitmodules" and not linked_modules:
                mode = mode.replace(b"120000", b"100644")
            body = b"x = %d\n" % random.randrange(10**6) * random.choice((1, 3, 700 if random.random() < odd else 2))
            if place == b"planfence.toml":
                body = b"schema = 1\n[tests]\nrequired = []\n[limits]\nfiles = %d\n" % random.randrange(1, 4)
            out.append(b"M %s inline %s\ndata %d\n%s\n" % (mode, place, len(body), body))
        if random.random() < 0.15:
            out.append(b"D %s\n" % random.choice(_PLACES).encode())
        if random.random() < odd / 2:
            version += 1
            body = plan.replace("version = 1", f"version = {version}").encode()
            out.append(b"M 100644 inline plans/auth.toml\ndata %d\n%s\n" % (len(body), body))
        out.append(b"\n")
    return b"".join(out)


@pytest.mark.parametrize("seed", range(int(os.environ.get("PLANFENCE_RANGES", "12"))))
def test_a_range_is_judged_the_same_with_and_without_it(repo, seed: int, monkeypatch) -> None:
    random = Random(seed)
    required = '["push"]' if seed % 3 == 0 else "[]"
    unplanned = random.choice((0, 2))
    repo.write("planfence.toml", f"schema = 1\n[tests]\nrequired = {required}\n[unplanned]\nfiles = {unplanned}\n")
    base = repo.commit("chore: settle")
    if seed % 4:
        repo.begin("auth/middleware")
    plan = (repo.root / "plans/auth.toml").read_text()
    stream = _stream(random, 150, plan, base, linked_modules=_takes_linked_modules(repo))
    repo.git("fast-import", "--quiet", "--force", stdin=stream)
    head = repo.git("rev-parse", "work")
    repository = repo.open()
    proven = []
    take = PlainCommits.take

    def counted(self, step, governing):
        found = take(self, step, governing)
        proven.append(found)
        return found

    monkeypatch.setattr(PlainCommits, "take", counted)
    terms = Terms(gates={head: "push"} if seed % 2 else {})
    each = [
        lambda: check.judge_commits(repository, [head, f"^{base}"], terms=terms),
        lambda: verify.verify(repository, f"{base}..{head}"),
    ]
    with_it = [_said(judge) for judge in each]
    monkeypatch.setattr(PlainCommits, "take", lambda *_: False)
    assert [_said(judge) for judge in each] == with_it
    # A second root may bring another plan of that name, of which nothing has begun.
    if seed % 4 and not (
        isinstance(with_it[0], check.CheckResult) and any(each.code == "GAT002" for each in with_it[0].report.findings)
    ):
        assert isinstance(with_it[0], tuple) or sum(proven) > 30, "little of this range is clean"


def _said(judge):
    try:
        return judge()
    except Exception as error:
        return type(error), str(error)
