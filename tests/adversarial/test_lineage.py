"""A plan's lineage, with real git: deletes, renames and merges by the model that holds a task, and by others."""

from __future__ import annotations

import pytest

PLAN = "plans/auth.toml"
WIDE = '{ path = "evil.py" },\n  { path = "src/user.py"'


@pytest.fixture
def held(lab):
    """`codex` implements all tasks of the plan, and plans them too; what it holds begins with version 1."""
    text = (lab.repo.root / PLAN).read_text()
    text = text.replace('implement = "human"', 'implement = "codex"').replace('plan = "claude"', 'plan = "codex"')
    text = text.replace('id = "guide"', 'id = "guide"\ndepends_on = ["middleware"]')
    lab.write(PLAN, text)
    lab.base = lab.record("chore: roles", None)
    lab.git("update-ref", "refs/heads/main", lab.base)
    return lab


def text_of(lab, version: int, *changes: tuple[str, str], at: str = "") -> str:
    text = lab.git("cat-file", "blob", f"{at or lab.base}:{PLAN}") + "\n"
    for old, new in (*changes, ("version = 1", f"version = {version}")):
        assert old in text
        text = text.replace(old, new)
    return text


def by(lab, model: str = "codex", parents: tuple[str, ...] = ("HEAD",)) -> str:
    message = f"feat: plan\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: {model}\n"
    return lab.record(message, parents=parents)


WIDER = ('{ path = "src/user.py"', WIDE)


@pytest.mark.parametrize("name", ["auth", "other"])
@pytest.mark.parametrize("apart", [False, True], ids=["at once", "apart"])
def test_a_plan_that_goes_and_comes_back_wider(held, name: str, apart: bool) -> None:
    held.git("rm", "-q", PLAN)
    if apart or name == "auth":
        by(held)
    if apart and name == "auth":
        held.write("docs/note.md")
        held.git("update-ref", "HEAD", held.record("docs: note", None))
    held.write(f"plans/{name}.toml", text_of(held, 1, WIDER).replace('id = "auth"', f'id = "{name}"'))
    head = by(held)
    held.refuses("PLN002", head, path=f"plans/{name}.toml")
    for changed in ("human", "claude"):
        held.git("reset", "-q", "--soft", "HEAD^")
        assert "PLN002" not in held.commit(by(held, changed)).codes


@pytest.mark.parametrize(
    "change",
    [
        ('paths = ["docs/**", "README.md"]', 'paths = ["docs/**"]'),
        ('depends_on = ["middleware"]', "depends_on = []"),
        ('deny = ["src/keys/**"]', "deny = []"),
        ("estimate_min = 45", "estimate_min = 60"),
    ],
)
def test_what_the_holder_takes_out(held, change: tuple[str, str]) -> None:
    fewer = (WIDER[0], '{ path = "*.md" },\n  { path = "src/user.py"')
    held.write(PLAN, text_of(held, 2, fewer) if "README" in change[0] else text_of(held, 2))
    held.base = by(held, "human")
    held.git("update-ref", "refs/heads/main", held.base)
    held.write(PLAN, _again(held, change))
    held.refuses("PLN002", by(held), path=PLAN)


def _again(lab, change: tuple[str, str]) -> str:
    text = lab.git("cat-file", "blob", f"HEAD:{PLAN}") + "\n"
    assert change[0] in text
    return text.replace(*change).replace("version = 2", "version = 3")


def _two_versions(lab) -> tuple[str, str]:
    """Two branches that amend the same line: version 2 here, 3 (by way of 2) there."""
    lab.write(PLAN, text_of(lab, 2, ("Extract the auth check", "Extract the check")))
    ours = by(lab, "human")
    lab.git("checkout", "-q", "-b", "theirs", lab.base)
    for version in (2, 3):
        lab.write(PLAN, text_of(lab, version, ("Extract the auth check", f"Extract it, {version}")))
        theirs = by(lab, "human")
    lab.git("checkout", "-q", "work")
    return ours, theirs


def test_a_merge_settles_a_plan_by_an_older_version(lab) -> None:
    ours, theirs = _two_versions(lab)
    for version, good in ((2, False), (3, True), (4, True)):
        kept = {2: ours, 3: theirs}.get(version)
        text = lab.git("cat-file", "blob", f"{kept}:{PLAN}") if kept else text_of(lab, 4)
        lab.write(PLAN, text + "\n" if kept else text)
        for parents in ((ours, theirs), (theirs, ours)):
            head = by(lab, "human", parents)
            if good:
                lab.accepts(head)
            else:
                lab.refuses("PLN003", head, path=PLAN)
            lab.git("update-ref", "HEAD", ours)


def test_a_merge_puts_an_older_version_back_where_there_was_no_conflict(lab) -> None:
    lab.write(PLAN, text_of(lab, 2))
    narrow = by(lab, "human")
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.write("docs/x.md")
    side = lab.record("docs: x", "auth/guide")
    lab.write(PLAN, text_of(lab, 1, WIDER))
    for parents in ((narrow, side), (side, narrow)):
        lab.refuses("PLN003", by(lab, "human", parents), path=PLAN)
    lab.git("read-tree", narrow)
    lab.git("update-index", "--add", "--cacheinfo", f"100644,{lab.blob()},docs/x.md")
    lab.accepts(by(lab, "human", (narrow, side)))


def test_a_holder_settles_no_plan_wider_than_either_side(held) -> None:
    ours, theirs = _two_versions(held)
    held.write(PLAN, text_of(held, 4))
    assert "PLN002" not in held.commit(by(held, "codex", (ours, theirs))).codes
    held.write(PLAN, text_of(held, 4, WIDER))
    held.refuses("PLN002", by(held, "codex", (ours, theirs)), path=PLAN)


@pytest.mark.parametrize(
    "text", ['schema = 1\n[rules]\npath-outside-task = "off"\n', "schema = 1\nprotected = []\n", None]
)
def test_a_policy_by_who_implements(held, text: str | None) -> None:
    if text is None:
        held.git("rm", "-q", "planfence.toml")
    else:
        held.write("planfence.toml", text)
    held.refuses("POL002", by(held), path="planfence.toml")
    held.git("reset", "-q", "--soft", "HEAD^")
    assert "POL002" not in held.commit(by(held, "human")).codes


def test_a_merge_settles_the_policy_by_who_implements(held) -> None:
    for branch, log in (("work", ".a.csv"), ("theirs", ".b.csv")):
        held.git("checkout", "-q", "-B", branch, held.base)
        held.write("planfence.toml", f'schema = 1\nlog = "{log}"\n[tests]\nrequired = []\n')
        by(held, "human")
    ours, theirs = held.git("rev-parse", "work", "theirs").split()
    held.refuses("POL002", by(held, "codex", (ours, theirs)), path="planfence.toml")
    held.accepts(by(held, "human", (ours, theirs)))


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("name", ["q", "r"])
def test_a_plan_that_went_on_a_branch_of_its_own_comes_back_wider(held, name: str, merged: bool) -> None:
    """Git leaves a branch out of a path's history if nothing of it is left."""
    held.git("rm", "-q", "--cached", PLAN)
    start = held.git("rev-parse", "HEAD")
    text = text_of(held, 1).replace('id = "auth"', 'id = "q"').replace('plan = "codex"', 'plan = "claude"')
    held.git("reset", "-q", "HEAD")
    held.write("plans/q.toml", text)
    by(held, "human")
    held.git("rm", "-q", "-f", "plans/q.toml")
    gone = by(held, "human")
    if merged:
        held.git("update-ref", "HEAD", start)
        by(held, "human", (start, gone))
    back = text.replace(*WIDER).replace('plan = "claude"', 'plan = "codex"').replace('id = "q"', f'id = "{name}"')
    held.write(f"plans/{name}.toml", back)
    assert "PLN002" in held.commit(by(held)).codes


def test_a_plan_that_only_a_merged_branch_deleted_is_not_gone(held) -> None:
    start, tree = held.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    held.git("rm", "-q", "--cached", PLAN)
    gone = by(held, "human")
    kept = held.git("commit-tree", "-m", "chore: merge", "-p", start, "-p", gone, tree)
    held.git("reset", "-q", "--hard", kept)
    held.write(
        "plans/r.toml",
        text_of(held, 1, WIDER).replace('id = "auth"', 'id = "r"').replace('plan = "claude"', 'plan = "codex"'),
    )
    assert "PLN002" not in held.commit(by(held)).codes
