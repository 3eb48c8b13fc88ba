"""An export holds exactly the raw blobs, touches nothing, and goes away; the worktree's proof believes no one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planfence.change.export import export
from planfence.change.worktreeproof import difference, fingerprint
from planfence.errors import CouldNotCheck
from planfence.files.private import sweep
from planfence.gitio.isolated import BareView


def files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(os.readlink(path))
        elif path.is_file():
            found[name] = (b"x " if os.access(path, os.X_OK) else b"") + path.read_bytes()
    return found


def test_it_holds_the_raw_blobs_whatever_filters_say(repo):
    repo.git("config", "filter.evil.smudge", "touch hit; cat")
    repo.git("config", "filter.evil.clean", "cat")
    repo.git("config", "core.autocrlf", "true")
    repo.write(".gitattributes", "*.e filter=evil\n*.i ident\n*.c text eol=crlf\n*.u working-tree-encoding=UTF-16\n")
    repo.write("a.e", "evil\n")
    repo.write("a.i", "$Id$\n")
    repo.write("a.c", "one\ntwo\n")
    repo.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    (repo.root / "link").symlink_to("a.c")
    (repo.root / "sub dir").mkdir()
    repo.write("sub dir/ü\t.txt", "x")
    repo.commit()
    with export(repo.open(), repo.git("rev-parse", "HEAD^{tree}")) as out:
        found = files(out.files)
        place = out.files
    assert not place.exists()
    assert found["a.e"] == b"evil\n"
    assert found["a.i"] == b"$Id$\n"
    assert found["a.c"] == b"one\ntwo\n"
    assert found["run.sh"] == b"x #!/bin/sh\n"
    assert found["link"] == b"-> a.c"
    assert found["sub dir/ü\t.txt"] == b"x"
    assert "hit" not in found
    assert set(found) == set(repo.git("ls-tree", "-r", "-z", "--name-only", "HEAD").strip("\0").split("\0"))


def test_a_sha256_repository_and_a_missing_blob(empty_repo):
    repo = empty_repo
    subprocess.run(["rm", "-rf", str(repo.root / ".git")], check=True)
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.write("a", "1")
    repo.commit()
    tree = repo.git("rev-parse", "HEAD^{tree}")
    with export(repo.open(), tree) as out:
        assert files(out.files) == {"a": b"1"}
    blob = repo.git("rev-parse", "HEAD:a")
    (repo.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CouldNotCheck), export(repo.open(), tree):
        pass


CHILD = """
import sys, time
from pathlib import Path
sys.path[:0] = {path!r}
from planfence.env import current
from planfence.change.export import export
from planfence.gitio.repository import open_repository
repository = open_repository(current(), Path({root!r}))
with export(repository, {tree!r}) as out:
    print(out.files.parent, flush=True)
    time.sleep(60)
"""


def test_after_kill_9_it_is_gone(repo, tmp_path):
    tree = repo.git("rev-parse", "HEAD^{tree}")
    code = CHILD.format(path=sys.path, root=str(repo.root), tree=tree)
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=repo.variables, text=True)
    assert child.stdout is not None
    folder = Path(child.stdout.readline().strip())
    assert (folder / "tree" / "README.md").exists()
    child.kill()
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 10
    while (folder.exists() or Path(f"{folder}.lock").exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.exists()
    assert not Path(f"{folder}.lock").exists()


def test_the_sweep_takes_what_nobody_holds(repo, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stale = tmp_path / "planfence-export-stale"
    stale.mkdir()
    Path(f"{stale}.lock").touch()
    with export(repo.open(), repo.git("rev-parse", "HEAD^{tree}")) as out:
        assert not stale.exists()
        sweep()
        assert out.files.exists()


def test_the_sweep_takes_the_scratch_repository_of_who_was_killed(repo, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    repo.variables["TMPDIR"] = str(tmp_path)
    others = tmp_path / "planfence-mine"
    others.mkdir()
    with BareView(repo.open()) as held:
        left = tmp_path / "planfence-0123456789abcdef"
        left.mkdir()
        for folder in (left, held.root, others):
            os.utime(folder, (0, 0))
        young = tmp_path / "planfence-0123456789abcdee"
        young.mkdir()
        assert sweep() == 1
        assert [folder.exists() for folder in (left, held.root, others, young)] == [False, True, True, True]
    assert not held.root.exists()


def tree_of(repo) -> str:
    return repo.git("rev-parse", "HEAD^{tree}")


def test_a_clean_worktree_is_the_tree(repo):
    assert difference(repo.open(), tree_of(repo)) == ""


def harm(repo, how: str) -> None:
    if how == "modified":
        repo.write("README.md", "y")
    elif how == "untracked":
        repo.write("new.py")
    elif how == "ignored":
        repo.write(".git/info/exclude", "hidden.py\n")
        repo.write("hidden.py")
    elif how == "assumed":
        repo.git("update-index", "--assume-unchanged", "README.md")
        repo.write("README.md", "y")
    elif how == "skipped":
        repo.git("update-index", "--skip-worktree", "README.md")
        repo.write("README.md", "y")
    elif how == "stale timestamp":
        info = (repo.root / "README.md").stat()
        repo.write("README.md", b"# Prxject\n")
        os.utime(repo.root / "README.md", ns=(info.st_atime_ns, info.st_mtime_ns))
    elif how == "mode":
        (repo.root / "README.md").chmod(0o755)
    elif how == "link":
        (repo.root / "README.md").unlink()
        (repo.root / "README.md").symlink_to("docs/index.md")
    elif how == "gone":
        (repo.root / "README.md").unlink()


@pytest.mark.parametrize(
    "how", ["modified", "untracked", "ignored", "assumed", "skipped", "stale timestamp", "mode", "link", "gone"]
)
def test_what_differs_is_named(repo, how):
    harm(repo, how)
    assert difference(repo.open(), tree_of(repo))


def test_filters_in_play_make_a_difference(repo):
    repo.git("config", "core.autocrlf", "true")
    repo.write("README.md", "# Project\r\n")
    assert repo.git("diff", "--stat") == ""
    assert difference(repo.open(), tree_of(repo))


def test_links_and_logs_may_be_there(repo):
    repo.write("node_modules/x/index.js")
    repo.write(".ai-run.log")
    assert difference(repo.open(), tree_of(repo), ["node_modules", ".ai-run.log"]) == ""


def test_the_fingerprint_sees_head_index_and_configuration(repo):
    opened = repo.open()
    seen = {fingerprint(opened)}
    repo.git("config", "core.bare", "false")
    repo.git("config", "x.y", "1")
    seen.add(fingerprint(opened))
    repo.write("new")
    repo.git("add", "new")
    seen.add(fingerprint(opened))
    repo.git("commit", "-qm", "x")
    seen.add(fingerprint(opened))
    assert len(seen) == 4
