"""The environment and the object store lie: exported variables, configuration, replaced objects, missing ones."""

from __future__ import annotations

import os
import subprocess

import pytest


def _evil(lab) -> str:
    lab.write("evil.py")
    return lab.record()


@pytest.mark.parametrize(
    "extra",
    [
        {"GIT_EXTERNAL_DIFF": "true"},
        {"GIT_DIFF_OPTS": "-u0"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "diff.ignoreSubmodules", "GIT_CONFIG_VALUE_0": "all"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.worktree", "GIT_CONFIG_VALUE_0": "/"},
        {"GIT_CONFIG_PARAMETERS": "'core.quotepath=false' 'diff.renames=copies'"},
        {"GIT_LITERAL_PATHSPECS": "1"},
        {"GIT_GLOB_PATHSPECS": "1"},
        {"GIT_ICASE_PATHSPECS": "1"},
        {"GIT_NAMESPACE": "elsewhere"},
        {"GIT_REPLACE_REF_BASE": "refs/heads/"},
        {"GIT_GRAFT_FILE": "/nonexistent"},
        {"GIT_SHALLOW_FILE": "/dev/null"},
        {"GIT_ATTR_SOURCE": "HEAD"},
        {"GIT_TRACE": "1"},
        {"GIT_TRACE_PACKET": "1"},
        {"GIT_OPTIONAL_LOCKS": "1"},
        {"GIT_PAGER": "false", "PAGER": "false"},
        {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"},
        {"GIT_PREFIX": "src/"},
    ],
    ids=",".join,
)
def test_a_variable_hides_nothing(lab, extra: dict[str, str]) -> None:
    lab.write("evil.py")
    assert "SCP001" in lab.staged(**extra).codes
    head = lab.record()
    assert "SCP001" in lab.range(head, **extra).codes
    assert "SCP001" in lab.verify(head, **extra).codes
    assert lab.receive((lab.base, head, "refs/heads/main"), **extra).refused


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.renames", "copies"),
        ("diff.ignoreSubmodules", "all"),
        ("diff.external", "true"),
        ("diff.relative", "true"),
        ("diff.noprefix", "true"),
        ("diff.orderFile", "/nonexistent"),
        ("core.quotePath", "false"),
        ("core.ignoreCase", "true"),
        ("core.precomposeUnicode", "true"),
        ("core.fsmonitor", "false #"),
        ("core.untrackedCache", "true"),
        ("core.commitGraph", "true"),
        ("core.attributesFile", "/nonexistent"),
        ("log.showSignature", "true"),
        ("log.showRoot", "false"),
        ("log.follow", "true"),
        ("log.excludeDecoration", "*"),
        ("grep.fallbackToNoIndex", "true"),
        ("color.ui", "always"),
        ("pager.diff-tree", "false"),
        ("i18n.logOutputEncoding", "utf-16"),
        ("gpg.program", "true"),
        ("core.hooksPath", "/dev/null"),
        ("core.notesRef", "refs/heads/main"),
        ("submodule.recurse", "true"),
        ("alias.diff-tree", "!true"),
        ("alias.rev-list", "!true"),
        ("core.bigFileThreshold", "1"),
    ],
)
def test_a_setting_hides_nothing(lab, key: str, value: str) -> None:
    lab.git("config", key, value)
    lab.write("evil.py")
    assert "SCP001" in lab.staged().codes
    head = lab.record()
    assert "SCP001" in lab.range(head).codes
    assert "SCP001" in lab.verify(head).codes


def test_a_file_system_monitor_is_never_run(lab) -> None:
    trace = lab.repo.root.parent / "ran"
    monitor = lab.repo.root.parent / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {trace}\n")
    monitor.chmod(0o755)
    lab.write("evil.py")
    lab.git("config", "core.fsmonitor", str(monitor))
    trace.unlink(missing_ok=True)
    assert "SCP001" in lab.staged().codes
    assert not trace.exists()


def test_a_replaced_commit(lab) -> None:
    head = _evil(lab)
    clean = lab.git("commit-tree", f"{lab.base}^{{tree}}", "-p", lab.base, stdin=lab.message().encode())
    lab.git("replace", head, clean)
    lab.refuses("SCP001", head, path="evil.py")


def test_a_replaced_tree(lab) -> None:
    head = _evil(lab)
    lab.git("replace", "-f", f"{head}^{{tree}}", f"{lab.base}^{{tree}}")
    lab.refuses("SCP001", head, path="evil.py")


def test_a_replaced_policy(lab) -> None:
    loose = lab.blob(b'schema = 1\n[rules]\npath-outside-task = "off"\n[tests]\nrequired = []\n')
    lab.git("replace", lab.git("rev-parse", f"{lab.base}:planfence.toml"), loose)
    lab.refuses("SCP001", _evil(lab), path="evil.py")


def test_a_graft(lab) -> None:
    """A graft makes the bad commit's parent disappear, or skips it."""
    bad = _evil(lab)
    lab.write("src/auth.py")
    head = lab.record()
    lab.repo.write(".git/info/grafts", f"{head} {lab.base}\n{bad}\n")
    for name, verdict in lab.everywhere(head).items():
        assert "SCP001" in verdict.codes, name


def test_a_shallow_file_that_hides_a_commit(lab) -> None:
    """`.git/shallow` cuts the history above a bad commit: it must be judged, or nothing."""
    _evil(lab)
    lab.write("src/auth.py")
    head = lab.record()
    lab.repo.write(".git/shallow", f"{head}\n")
    verdicts = {"range": lab.range(head), "verify": lab.verify(head)}
    for name, verdict in verdicts.items():
        assert verdict.refused, name


def test_a_shallow_clone_refuses_rather_than_guesses(lab) -> None:
    lab.write("src/auth.py")
    lab.record()
    lab.write("tests/auth/a.py")
    lab.record()
    root = lab.repo.root.parent / "shallow"
    lab.git("clone", "-q", "--depth=1", "--branch", "work", f"file://{lab.repo.root}", str(root))
    from planfence.boundary import verify

    shallow = type(lab.repo)(root, lab.repo.variables)
    from planfence.errors import PlanfenceError

    with pytest.raises(PlanfenceError):
        verify.verify(shallow.open(), f"{lab.base}..HEAD")


def test_a_shallow_clone_that_holds_the_range_is_enough(lab) -> None:
    lab.write("src/auth.py")
    lab.record()
    root = lab.repo.root.parent / "shallow"
    lab.git("clone", "-q", "--depth=2", "--branch", "work", f"file://{lab.repo.root}", str(root))
    shallow = type(lab.repo)(root, lab.repo.variables)
    shallow.git("fetch", "-q", "origin", "refs/planfence/*:refs/planfence/*")
    from planfence.boundary import verify

    assert len(verify.verify(shallow.open(), "HEAD^..HEAD").report.judged) == 1
    assert not verify.verify(shallow.open(), "HEAD^..HEAD").report.refused


def test_a_partial_clone_reads_what_it_has_and_fetches_nothing(lab) -> None:
    _evil(lab)
    lab.git("config", "uploadpack.allowFilter", "true")
    root = lab.repo.root.parent / "partial"
    lab.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{lab.repo.root}", str(root))
    partial = type(lab.repo)(root, lab.repo.variables)
    done = partial.planfence("verify", f"{lab.base}..{lab.git('rev-parse', 'work')}")
    assert done.returncode in (1, 3), done
    missing = partial.git("rev-list", "--objects", "--all", "--missing=print")
    assert "?" in missing


def test_objects_in_an_alternate(lab) -> None:
    head = _evil(lab)
    root = lab.repo.root.parent / "borrower"
    lab.git("clone", "-q", "--shared", "--no-checkout", str(lab.repo.root), str(root))
    borrower = type(lab.repo)(root, lab.repo.variables)
    assert borrower.planfence("verify", f"{lab.base}..{head}").returncode == 1


def test_a_linked_worktree(lab) -> None:
    other = lab.repo.root.parent / "linked"
    lab.git("worktree", "add", "-q", "-b", "other", str(other), lab.base)
    linked = type(lab.repo)(other, lab.repo.variables)
    linked.write("evil.py")
    linked.git("add", "-A")
    from planfence.judge import staged

    outcome = staged.check_staged(linked.open(PLANFENCE_TASK="auth/middleware"))
    assert {finding.path for finding in outcome.report.errors} == {"evil.py"}


def test_a_separate_index(lab) -> None:
    """`commit --only` and `commit -a` hand their own index to the hook; its tree is what is committed."""
    index = str(lab.repo.root / ".git/other-index")
    lab.git("read-tree", "HEAD", GIT_INDEX_FILE=index)
    lab.repo.write("evil.py")
    lab.git("add", "evil.py", GIT_INDEX_FILE=index)
    assert "SCP001" in lab.staged(GIT_INDEX_FILE=index).codes
    assert not lab.staged().refused


def test_intent_to_add_is_not_committed(lab) -> None:
    lab.repo.write("evil.py")
    lab.git("add", "-N", "evil.py")
    assert not lab.staged().refused


def test_skip_worktree_and_assume_unchanged_hide_nothing_that_is_staged(lab) -> None:
    lab.write("docs/index.md", "changed\n")
    lab.git("update-index", "--skip-worktree", "docs/index.md")
    lab.git("update-index", "--assume-unchanged", "docs/index.md")
    assert "docs/index.md" in lab.staged().paths


def test_a_sparse_checkout(lab) -> None:
    lab.git("sparse-checkout", "set", "--sparse-index", "src")
    lab.git("update-index", "--add", "--cacheinfo", f"100644,{lab.blob()},evil/x.py")
    assert "SCP001" in lab.staged().codes


def test_a_split_index(lab) -> None:
    lab.git("update-index", "--split-index")
    lab.write("evil.py")
    assert "SCP001" in lab.staged().codes


def test_a_repository_with_sha256(lab, tmp_path) -> None:
    root = tmp_path / "sha256"
    lab.git("init", "-q", "-b", "main", "--object-format=sha256", str(root))
    other = type(lab.repo)(root, lab.repo.variables)
    for path in ("planfence.toml", "plans/auth.toml", "src/user.py"):
        other.write(path, (lab.repo.root / path).read_bytes())
    base = other.commit("chore: begin")
    other.begin("auth/middleware")
    other.write("evil.py")
    other.git("add", "-A")
    from planfence.boundary import verify
    from planfence.judge import staged

    assert staged.check_staged(other.open(PLANFENCE_TASK="auth/middleware")).report.refused
    head = other.commit(lab.message(), "--no-verify")
    found = verify.verify(other.open(), f"{base}..{head}").report
    assert {finding.code for finding in found.errors} == {"SCP001"}


def test_a_root_commit(lab) -> None:
    """It has no parent; everything in it is added."""
    tree = lab.tree_with("100644", b"evil.py", lab.blob())
    root = lab.git("commit-tree", tree, stdin=lab.message().encode())
    assert lab.verify(root).refused
    assert lab.receive((lab.base, root, "refs/heads/main")).refused


def test_an_amended_commit_is_judged_against_its_parent(lab) -> None:
    _evil(lab)
    lab.write("src/auth.py")
    lab.git("commit", "-q", "--amend", "--no-verify", "--no-edit")
    lab.refuses("SCP001", path="evil.py")


def test_a_cherry_picked_commit_is_judged(lab) -> None:
    head = _evil(lab)
    lab.git("checkout", "-q", "-b", "other", lab.base)
    lab.git("cherry-pick", head)
    lab.refuses("SCP001", path="evil.py")


def test_a_rebased_branch_is_judged(lab) -> None:
    _evil(lab)
    lab.write("src/auth.py")
    lab.record()
    lab.git("rebase", "-q", "--root", "--onto", lab.base, "--force-rebase", ok=False)
    for name, verdict in lab.everywhere().items():
        assert verdict.refused, name


def test_fast_import_runs_no_hook_and_is_judged(lab) -> None:
    message = lab.message()
    stream = (
        f"commit refs/heads/imported\ncommitter A <a@example.org> 1 +0000\ndata {len(message.encode())}\n{message}\n"
        f"from {lab.base}\nM 100644 inline evil.py\ndata 2\nx\n\n"
    )
    lab.git("fast-import", "--quiet", stdin=stream.encode())
    lab.refuses("SCP001", lab.git("rev-parse", "imported"), path="evil.py")


def test_a_repository_that_git_calls_dubious(lab) -> None:
    if os.getuid() != 0:
        pytest.skip("needs another owner")
    subprocess.run(["chown", "-R", "65534", str(lab.repo.root)], check=True)
    from planfence.errors import PlanfenceError
    from planfence.judge import staged

    with pytest.raises(PlanfenceError):
        staged.check_staged(lab.repo.open())


def test_a_broken_object(lab) -> None:
    lab.write("evil.py")
    head = lab.record()
    tree = lab.git("rev-parse", f"{head}^{{tree}}")
    place = lab.repo.root / ".git/objects" / tree[:2] / tree[2:]
    place.chmod(0o644)
    place.write_bytes(b"garbage")
    lab.refuses("exit", head)


def test_a_commit_graph_that_lies(lab) -> None:
    _evil(lab)
    lab.git("commit-graph", "write", "--reachable")
    graph = lab.repo.root / ".git/objects/info/commit-graph"
    data = bytearray(graph.read_bytes())
    graph.chmod(0o644)
    graph.write_bytes(data[:-60] + bytes(40) + data[-20:])
    lab.refuses("SCP001", path="evil.py")


def test_many_branches_that_are_symbolic(lab) -> None:
    head = _evil(lab)
    lab.git("symbolic-ref", "refs/heads/alias", "refs/heads/work")
    assert "SCP001" in lab.range("alias").codes
    assert head


def test_another_git_holds_the_index_for_a_moment(lab) -> None:
    """An editor asks for the status, say: what is staged is judged all the same."""
    import threading

    lab.write("evil.py")
    lock = lab.repo.root / ".git/index.lock"
    lock.touch()
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()
    assert lab.staged().codes == {"SCP001"}
    timer.join()
