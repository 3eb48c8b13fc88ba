"""Merges of every kind: what the recomputed merge explains passes, everything else is judged."""

from __future__ import annotations

import pytest


def _side(lab, name: str = "side", path: str = "docs/side.md", start: str = "") -> str:
    """A branch with one commit that the guide's task allows."""
    lab.git("checkout", "-q", "-b", name, start or lab.base)
    lab.write(path, f"{name}\n")
    head = lab.record("docs: a page", "auth/guide")
    lab.git("checkout", "-q", "work")
    return head


def _own(lab) -> str:
    lab.write("src/auth.py", "auth\n")
    return lab.record()


def test_a_clean_merge(lab) -> None:
    _own(lab)
    _side(lab)
    lab.git("merge", "-q", "--no-edit", "--no-verify", "side")
    lab.accepts()


def test_a_clean_merge_in_progress(lab) -> None:
    """The whole other side looks staged, and none of it is the merge's own."""
    _own(lab)
    _side(lab)
    lab.git("merge", "-q", "--no-commit", "side")
    assert not lab.staged().refused


def test_an_evil_merge(lab) -> None:
    _own(lab)
    _side(lab)
    lab.git("merge", "-q", "--no-commit", "side")
    lab.write("evil.py")
    assert "SCP001" in lab.staged().codes
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge"))
    lab.refuses("SCP001", path="evil.py")


def test_an_evil_merge_that_edits_a_file_of_the_other_side(lab) -> None:
    _own(lab)
    _side(lab)
    lab.git("merge", "-q", "--no-commit", "side")
    lab.write("docs/side.md", "something else\n")
    assert "SCP001" in lab.staged().codes
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge"))
    lab.refuses("SCP001", path="docs/side.md")


def test_an_evil_merge_without_a_task(lab) -> None:
    _own(lab)
    _side(lab)
    lab.git("merge", "-q", "--no-commit", "side")
    for name in ("a", "b", "c"):
        lab.write(name)
    lab.git("commit", "-q", "--no-verify", "-m", "Merge branch 'side'")
    lab.refuses("MSG001")


def test_a_merge_that_takes_ours_alone(lab) -> None:
    """`-s ours` silently drops the other side."""
    _own(lab)
    _side(lab)
    lab.git("merge", "-q", "-s", "ours", "--no-verify", "-m", lab.message("feat: merge"), "side")
    lab.refuses("SCP001", path="docs/side.md")


def test_a_merge_that_reverts_our_own_work(lab) -> None:
    lab.write("docs/ours.md")
    lab.record("docs: ours", "auth/guide")
    side = _side(lab)
    tree = lab.git("rev-parse", f"{side}^{{tree}}")
    head = lab.record_tree(tree, "feat: merge", parents=("HEAD", "side"))
    lab.refuses("SCP001", head, path="docs/ours.md")


def test_a_merge_of_a_bad_branch(lab) -> None:
    """The merge is clean, the commits that it brings are not."""
    _own(lab)
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.write("evil.py")
    bad = lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "side")
    for name, verdict in lab.everywhere().items():
        assert "SCP001" in verdict.codes, name
        assert bad in verdict.judged, name


def test_a_conflict_taken_from_one_side(lab) -> None:
    _own(lab)
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.write("src/auth.py", "other\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "side", ok=False)
    lab.git("checkout", "-q", "--theirs", "src/auth.py")
    lab.git("add", "src/auth.py")
    assert not lab.staged().refused
    lab.git("commit", "-q", "--no-verify", "-m", "Merge branch 'side'")
    lab.accepts()


def test_a_conflict_resolved_with_something_else_in_scope(lab) -> None:
    lab.write("tests/auth/a.py", "ours\n")
    lab.record()
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.write("tests/auth/a.py", "theirs\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "side", ok=False)
    lab.write("tests/auth/a.py", "both\n")
    assert not lab.staged().refused
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge"))
    lab.accepts()


def test_a_conflict_whose_resolution_touches_another_file(lab) -> None:
    _own(lab)
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.write("src/auth.py", "other\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "side", ok=False)
    lab.write("src/auth.py", "both\n")
    lab.write("evil.py")
    assert "SCP001" in lab.staged().codes
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge"))
    lab.refuses("SCP001", path="evil.py")


def test_an_unmerged_index(lab) -> None:
    _own(lab)
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.write("src/auth.py", "other\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "side", ok=False)
    assert lab.staged().codes == {"exit 3"}


def test_an_octopus(lab) -> None:
    _own(lab)
    _side(lab, "one", "docs/1.md")
    _side(lab, "two", "docs/2.md")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "one", "two")
    lab.accepts()
    lab.write("docs/2.md", "something else\n")
    parents = ("HEAD^1", "HEAD^2", "HEAD^3")
    lab.refuses("SCP001", lab.record("feat: merge", parents=parents), path="docs/2.md")


def test_an_octopus_with_one_parent_three_times(lab) -> None:
    tree = lab.git("write-tree")
    head = lab.record_tree(tree, parents=(lab.base, lab.base, lab.base))
    if len(lab.git("cat-file", "commit", head).split("parent ")) > 3:
        lab.refuses("exit 3", head)


def _drivers(lab, attribute: str) -> None:
    lab.git("config", "merge.evil.driver", "echo evil >%A")
    lab.repo.write(".git/info/attributes", f"* {attribute}\n")


@pytest.mark.parametrize("attribute", ["merge=evil", "merge=ours", "merge=union", "-merge"])
def test_a_merge_driver_of_one_clone_decides_nothing(lab, attribute: str) -> None:
    """An evil merge that only a local driver would make looks clean where that driver is believed."""
    lab.write("tests/auth/a.py", "1\n2\n3\n")
    first = lab.record()
    lab.git("checkout", "-q", "-b", "side")
    lab.write("tests/auth/a.py", "1\n2\nthree\n")
    lab.write("src/user.py", "def user():\n    return 3\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.write("tests/auth/a.py", "one\n2\n3\n")
    lab.record()
    _drivers(lab, attribute)
    lab.write("src/user.py", "evil\n")
    lab.write("tests/auth/a.py", "one\n2\nthree\n")
    head = lab.record_tree(lab.git("write-tree"), "Merge branch 'side'\n", parents=("HEAD", "side"))
    clean = lab.range(head, first)
    own = lab.commit(head)
    assert "exit" not in " ".join(clean.codes | own.codes)
    assert _own_paths(lab, head) == {"src/user.py"}


def _own_paths(lab, commit: str) -> set[str]:
    from planfence.change import reader

    return set(reader.commit(lab.repo.open(), commit).paths)


def test_attributes_of_the_worktree_do_not_decide_a_merge(lab) -> None:
    lab.write("tests/auth/a.py", "base\n")
    first = lab.record()
    lab.git("checkout", "-q", "-b", "side")
    lab.write("tests/auth/a.py", "side\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.write("tests/auth/a.py", "work\n")
    lab.record()
    lab.repo.write(".gitattributes", "* merge=union\n")
    lab.write("tests/auth/a.py", "work\nside\n")
    head = lab.record_tree(lab.git("write-tree"), "Merge branch 'side'\n", parents=("HEAD", "side"))
    assert _own_paths(lab, head) == {"tests/auth/a.py"}
    assert first


def test_a_merge_with_renames_switched_off_in_the_configuration(lab) -> None:
    body = "".join(f"line {n}\n" for n in range(30))
    lab.write("tests/auth/a.py", body)
    lab.record()
    lab.git("checkout", "-q", "-b", "side")
    lab.git("mv", "tests/auth/a.py", "tests/auth/b.py")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.write("tests/auth/a.py", body + "more\n")
    lab.record()
    lab.git("merge", "-q", "--no-edit", "--no-verify", "side")
    lab.git("config", "merge.renames", "false")
    lab.git("config", "diff.renames", "false")
    lab.accepts()


def test_a_criss_cross_merge(lab) -> None:
    lab.git("checkout", "-q", "-b", "other")
    lab.write("tests/auth/o.py")
    other = lab.record()
    lab.git("checkout", "-q", "work")
    own = _own(lab)
    lab.git("merge", "-q", "--no-edit", "--no-verify", other)
    lab.git("checkout", "-q", "other")
    lab.git("merge", "-q", "--no-edit", "--no-verify", own)
    lab.write("tests/auth/p.py")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "other")
    lab.accepts()


def test_an_orphan_branch_merged_in(lab) -> None:
    """An unrelated history has no policy at its root: its content must not slip in unjudged."""
    _own(lab)
    lab.git("checkout", "-q", "--orphan", "alien")
    lab.git("rm", "-rfq", ".")
    for name in ("a.py", "b.py", "c.py"):
        lab.write(name)
    lab.git("commit", "-q", "--no-verify", "-m", "feat: alien")
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "--allow-unrelated-histories", "alien")
    for name, verdict in lab.everywhere().items():
        assert verdict.refused, name


def test_an_orphan_merged_with_its_parents_swapped(lab) -> None:
    """The first parent is the one without a policy."""
    own = _own(lab)
    lab.git("checkout", "-q", "--orphan", "alien")
    lab.git("rm", "-rfq", ".")
    for name in ("a.py", "b.py", "c.py"):
        lab.write(name)
    lab.git("commit", "-q", "--no-verify", "-m", "feat: alien")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "--allow-unrelated-histories", own)
    for name, verdict in lab.everywhere().items():
        assert verdict.refused, name


def test_a_merge_with_the_base_as_second_parent(lab) -> None:
    """Foxtrot: the base's newer commits come in by the second parent, and are not judged again."""
    _own(lab)
    lab.git("checkout", "-q", "main")
    lab.write("docs/more.md")
    lab.write("docs/most.md")
    lab.write("docs/moo.md")
    base = lab.record("docs: more", None)
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "main")
    lab.base = base
    lab.accepts()


def test_a_squash_merge_is_judged_whole(lab) -> None:
    lab.git("checkout", "-q", "-b", "side")
    lab.write("evil.py")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--squash", "side")
    lab.refuses("SCP001", path="evil.py", staged=True)


def test_a_subtree_merge_is_not_explained_by_the_recomputed_one(lab) -> None:
    lab.git("checkout", "-q", "--orphan", "lib")
    lab.git("rm", "-rfq", ".")
    lab.write("lib.py")
    lab.git("commit", "-q", "--no-verify", "-m", "feat: lib")
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", "lib")
    lab.git("read-tree", "--prefix=vendor/", "-u", "lib")
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: vendor"))
    lab.refuses("SCP001", path="vendor/lib.py")
