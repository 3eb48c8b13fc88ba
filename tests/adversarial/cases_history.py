"""More of the numbered cases: what is about commits, merges, clones, and whose word counts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from adversarial.cases import NONE, PASSES, UNREADABLE, case


def side(lab: Any, *names: str) -> None:
    """Branches beside our own work, each with a page that the guide's task allows."""
    lab.write("src/auth.py", "ours\n")
    lab.record()
    for name in names:
        lab.git("checkout", "-q", "-b", name, lab.base)
        lab.write(f"docs/{name}.md", f"{name}\n")
        lab.record("docs: a page", "auth/guide")
        lab.git("checkout", "-q", "work")


def finish_merge(lab: Any) -> str:
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge"))
    return lab.git("rev-parse", "HEAD")


def move_in(lab: Any, root: Any) -> None:
    """Go on in another clone or worktree."""
    lab.repo = type(lab.repo)(root, lab.repo.variables)


@case(15, "`--amend` over a bad commit: no hook is told that it amends", PASSES, "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    lab.write("evil.py")
    lab.record()
    lab.write("src/auth.py")
    yield {}
    lab.git("commit", "-q", "--amend", "--no-verify", "--no-edit")
    yield lab.git("rev-parse", "HEAD")


@case(16, "cherry-pick, which runs no hook", NONE, "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    lab.write("evil.py")
    bad = lab.record()
    lab.git("checkout", "-q", "-B", "work", lab.base)
    yield None
    lab.git("cherry-pick", bad)
    yield lab.git("rev-parse", "HEAD")


@case(17, "a clean merge: the whole other side looks staged", PASSES, PASSES)
def _(lab: Any) -> Iterator[Any]:
    side(lab, "one")
    lab.git("merge", "-q", "--no-commit", "one")
    yield {}
    yield finish_merge(lab)


@case(18, "an evil merge", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    side(lab, "one")
    lab.git("merge", "-q", "--no-commit", "one")
    lab.write("evil.py")
    yield {}
    yield finish_merge(lab)


@case(19, "an octopus", PASSES, PASSES)
def _(lab: Any) -> Iterator[Any]:
    side(lab, "one", "two")
    lab.git("merge", "-q", "--no-commit", "--no-verify", "one", "two")
    yield {}
    yield finish_merge(lab)


@case(20, "a root commit", NONE, "MSG001", pushed=PASSES)
def _(lab: Any) -> Iterator[Any]:
    # It has no policy before it: the push says that it judged nothing, the boundary judges by the protected branch.
    yield None
    yield lab.git("commit-tree", lab.tree_with("100644", b"evil.py", lab.blob()), stdin=lab.message().encode())


@case(21, "an empty commit of a task that is none", "MSG001", "MSG001")
def _(lab: Any) -> Iterator[Any]:
    yield {"PLANFENCE_TASK": "auth/none"}
    yield lab.record("feat: nothing", "auth/none")


@case(22, "`git replace` of the parent's tree and of the commit", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    lab.write("evil.py")
    tree = lab.git("write-tree")
    lab.git("replace", f"{lab.base}^{{tree}}", tree)
    yield {}
    head = lab.record()
    clean = lab.git("commit-tree", f"{lab.base}^{{tree}}", "-p", lab.base, stdin=lab.message().encode())
    lab.git("replace", head, clean)
    yield head


@case(23, "a partial clone: nothing is fetched, and what is missing refuses", NONE, "")
def _(lab: Any) -> Iterator[Any]:
    lab.write("evil.py")
    head = lab.record()
    yield None
    lab.git("config", "uploadpack.allowFilter", "true")
    root = lab.repo.root.parent / "partial"
    lab.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{lab.repo.root}", str(root))
    move_in(lab, root)
    yield head


@case(24, "a linked worktree", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    bare = lab.bare()
    root = lab.repo.root.parent / "linked"
    lab.git("worktree", "add", "-q", "-b", "linked", str(root), lab.base)
    move_in(lab, root)
    lab.write("evil.py")
    yield {}
    assert bare.root.is_dir()


@case(25, "`git commit --no-verify`", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    assert lab.repo.install().returncode == 0
    lab.write("evil.py")
    yield {}
    lab.git("commit", "-q", "--no-verify", "-m", lab.message())
    yield lab.git("rev-parse", "HEAD")


@case(26, "core.hooksPath by `-c`, by the environment, by include.path; `chmod -x`", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    assert lab.repo.install().returncode == 0
    lab.write("evil.py")
    yield {}
    lab.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", lab.message())
    by_variable = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/dev/null"}
    lab.git("commit", "-q", "--amend", "-m", lab.message("feat: again"), **by_variable)
    lab.repo.write(".git/other", "[core]\n\thooksPath = /dev/null\n")
    lab.git("config", "include.path", "other")
    lab.git("commit", "-q", "--amend", "-m", lab.message("feat: and again"))
    lab.git("config", "--unset", "include.path")
    for name in ("pre-commit", "commit-msg"):
        (lab.repo.root / ".git/hooks" / name).chmod(0o644)
    lab.git("commit", "-q", "--amend", "-m", lab.message("feat: and once more"))
    yield lab.git("rev-parse", "HEAD")


@case(27, "a bad ref behind a deletion and a good ref", NONE, "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    # `Lab.push` sends every case so; the framework's own pre-push looks at the first line alone.
    lab.write("evil.py")
    yield None


@case(28, "sha256: other ids, another zero, another empty tree", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    old, root = lab.repo.root, lab.repo.root.parent / "sha256"
    lab.git("init", "-q", "-b", "main", "--object-format=sha256", str(root))
    server = root.parent / "server.git"
    lab.git("init", "-q", "--bare", "-b", "main", "--object-format=sha256", str(server))
    move_in(lab, root)
    for path in ("planfence.toml", "plans/auth.toml", "src/user.py"):
        lab.repo.write(path, (old / path).read_bytes())
    lab.base = lab.repo.commit("chore: begin")
    lab.repo.begin("auth/middleware")
    lab.git("push", "-q", "--no-verify", str(server), "main", "refs/planfence/*:refs/planfence/*")
    (server / "objects/info/alternates").write_text(f"{root}/.git/objects\n")
    lab.git("checkout", "-q", "-b", "work")
    lab.write("evil.py")
    yield {}


@case(29, "a bad commit that another branch of the server has already", NONE, "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    lab.write("evil.py")
    head = lab.record()
    lab.bare().git("update-ref", "refs/heads/unguarded", head)
    lab.git("update-ref", "refs/remotes/origin/unguarded", head)
    yield None
    yield head


@case(33, "a clone that calls every signature good", PASSES, "PLN004", "")
def _(lab: Any) -> Iterator[Any]:
    lab.write("planfence.toml", 'schema = 1\n[tests]\nrequired = []\n[trust]\nplan = "signed"\nsigners = "signers"\n')
    lab.write("signers", "# nobody\n")
    lab.base = lab.record("chore: trust", None)
    lab.git("update-ref", "refs/heads/main", lab.base)
    program = lab.repo.root.parent / "yes"
    program.write_text("#!/bin/sh\necho 'Good \"git\" signature for ada with ED25519 key SHA256:x'\n")
    program.chmod(0o755)
    for key, value in {
        "gpg.format": "ssh",
        "gpg.ssh.program": program,
        "gpg.ssh.allowedSignersFile": "signers",
    }.items():
        lab.git("config", key, str(value))
    text = (lab.repo.root / "plans/auth.toml").read_text().replace("version = 1", "version = 2")
    lab.write("plans/auth.toml", text.replace('{ path = "src/keys/**" },', '{ path = "new.py" },'))
    yield {"PLANFENCE_TASK": ""}
    yield lab.record("chore: plan", None)


@case(34, "dubious ownership", UNREADABLE, UNREADABLE)
def _(lab: Any) -> Iterator[Any]:
    if os.getuid() != 0:
        pytest.skip("needs another owner")
    lab.write("src/auth.py")
    head = lab.record()
    bare = lab.bare()
    subprocess.run(["chown", "-R", "65534", str(lab.repo.root), str(bare.root)], check=True)
    # The test's own git may go on; what is said by the environment reaches none of the surfaces.
    lab.repo.extra |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    yield {}
    yield head


@case(35, "no loose refs: packed, or a reftable where this git has it", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    lab.git("pack-refs", "--all", "--prune")
    if lab.git("refs", "migrate", "--ref-format=reftable", ok=False) == "":
        lab.git("for-each-ref")
    lab.write("evil.py")
    yield {}


@case(36, "a huge binary file", "SCP001", "SCP001", "big.bin")
def _(lab: Any) -> Iterator[Any]:
    lab.git("config", "core.bigFileThreshold", "1m")
    lab.write("big.bin", bytes(range(256)) * 40000)
    yield {}


@case(37, "a plan widened by the commit that needs it", "PLN001", "PLN001", "plans/auth.toml")
def _(lab: Any) -> Iterator[Any]:
    text = (lab.repo.root / "plans/auth.toml").read_text().replace("version = 1", "version = 2")
    lab.write("plans/auth.toml", text.replace('{ path = "src/keys/**" },', '{ path = "new.py" },'))
    lab.write("new.py")
    yield {}


@case(38, "a conflict whose resolution touches another file", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    side(lab)
    lab.git("checkout", "-q", "-b", "theirs", lab.base)
    lab.write("src/auth.py", "theirs\n")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "theirs", ok=False)
    lab.write("src/auth.py", "both\n")
    lab.write("evil.py")
    yield {}
    yield finish_merge(lab)
