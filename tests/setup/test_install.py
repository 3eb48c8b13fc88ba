import os
import sys

import pytest

from planfence.env import Environment
from planfence.gitio.repository import open_repository
from planfence.setup import frameworks, shimreader, shims


def installed(folder):
    return sorted(name for name in os.listdir(folder) if name in shims.NAMES) if folder.is_dir() else []


EVERY = sorted(shims.NAMES)


def test_install_names_this_interpreter(box):
    assert "installed" in box.planfence("install")
    launcher = shimreader.launcher_of((box.hooks / "pre-commit").read_bytes())
    assert launcher is not None
    assert launcher.python == sys.executable
    assert os.path.exists(f"{launcher.site}/planfence/__init__.py")
    assert "already installed" in box.planfence("install")
    assert "removed" in box.planfence("uninstall")
    assert installed(box.hooks) == []
    assert "not installed" in box.planfence("uninstall")


@pytest.mark.parametrize("sign", ["CODEX_CI", "CLAUDECODE", "AGENT"])
@pytest.mark.parametrize("more", [(), ("--agents", "claude")])
def test_no_model_takes_the_hooks_out(box, sign, more):
    box.planfence("install")
    box.planfence("install", "--agents", "claude")
    said = box.planfence("uninstall", *more, ok=2, **{sign: "1"})
    assert "a person takes the hooks out" in said
    assert installed(box.hooks) == EVERY
    assert "planfence" in (box.top / ".claude/settings.json").read_text()


def test_from_a_subfolder_and_from_a_linked_worktree(box):
    (box.top / "a b").mkdir()
    box.planfence("install", cwd=box.top / "a b")
    assert installed(box.hooks) == EVERY
    box.planfence("uninstall")
    box.git("commit", "--allow-empty", "-m", "x")
    box.git("worktree", "add", "-q", "../linked")
    box.planfence("install", cwd=box.root / "linked")
    assert installed(box.hooks) == EVERY


def test_with_git_dir_in_the_environment(box):
    box.planfence("install", cwd=box.root, GIT_DIR=str(box.top / ".git"), GIT_WORK_TREE=str(box.top))
    assert installed(box.hooks) == EVERY


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_a_bare_repository_and_no_repository(box, verb):
    box.git("init", "-q", "--bare", "bare.git", cwd=box.root)
    assert "bare repository" in box.planfence(verb, cwd=box.root / "bare.git", ok=2)
    if verb == "install":
        assert "push the first commits" in box.planfence(verb, "--server", cwd=box.root / "bare.git", ok=2)
        assert not (box.root / "bare.git" / "hooks" / "pre-receive").exists()
        box.git("config", "planfence.base", "trunk", cwd=box.root / "bare.git")
        assert "push the first commits" in box.planfence(verb, "--server", cwd=box.root / "bare.git", ok=2)
        box.git("commit", "-q", "--allow-empty", "-m", "chore: begin")
        box.git("push", "-q", str(box.root / "bare.git"), "HEAD:refs/heads/trunk")  # its HEAD need name no branch
        assert "every push is judged" in box.planfence(verb, "--server", cwd=box.root / "bare.git")
    (box.root / "empty").mkdir()
    assert "not in a git repository" in box.planfence(verb, cwd=box.root / "empty", ok=2)


def test_a_hooks_path_in_the_worktree_names_nobody_s_interpreter(box):
    box.git("config", "core.hooksPath", ".my hooks")
    assert "belongs to this repository" in box.planfence("install")
    folder = box.top / ".my hooks"
    assert installed(folder) == EVERY
    assert (folder / "pre-commit").read_bytes() == shims.shim("pre-commit", None)
    assert installed(box.hooks) == []


def test_an_ignored_hooks_path_names_the_interpreter(box):
    box.git("config", "core.hooksPath", ".husky/_")
    (box.top / ".husky" / "_").mkdir(parents=True)
    (box.top / ".husky" / "_" / ".gitignore").write_text("*")
    husky = '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n'
    (box.top / ".husky" / "_" / "pre-commit").write_text(husky)
    (box.top / ".husky" / "_" / "pre-commit").chmod(0o755)
    (box.top / ".husky" / "_" / "h").write_text('n=$(basename "$0")\n. ".husky/$n"\n')
    (box.top / ".husky" / "pre-commit").write_text("exit 5\n")
    said = box.planfence("install")
    assert ".husky/pre-commit" in said
    text = (box.top / ".husky" / "_" / "pre-commit").read_bytes()
    assert shimreader.launcher_of(text) is not None
    shim = shims.shim("pre-commit", shims.Launcher(sys.executable, str(box.site)), husky.encode())
    (box.top / ".husky" / "_" / "pre-commit").write_bytes(shim)
    box.run(".husky/_/pre-commit", ok=5)
    assert box.called() == [("planfence", "pre-commit", [], "")]


def test_a_shared_hooks_path_is_refused_unless_asked_for(box):
    shared = box.root / "shared hooks"
    box.git("config", "--global", "core.hooksPath", str(shared))
    said = box.planfence("install", ok=2)
    assert "other repositories may share" in said
    assert "--outside" in said
    assert not shared.exists()
    box.planfence("install", "--outside")
    assert installed(shared) == EVERY
    box.planfence("uninstall")
    assert installed(shared) == []


def test_uninstall_finds_what_a_later_hooks_path_hides(box):
    box.planfence("install")
    box.git("config", "core.hooksPath", "elsewhere")
    assert "removed" in box.planfence("uninstall")
    assert installed(box.hooks) == []
    assert not (box.top / "elsewhere").exists()


def test_git_starts_the_shims(box):
    for name in shims.NAMES:
        box.hook(name, "").write_bytes(shims.shim(name, shims.Launcher(sys.executable, str(box.site))))
    box.git("commit", "--allow-empty", "-m", "x")
    assert [call[1] for call in box.called()] == ["pre-commit", "commit-msg", "post-commit"]
    box.git("commit", "--allow-empty", "-m", "x", ok=1, REFUSE="commit-msg")
    box.git("init", "-q", "--bare", "../remote.git")
    box.git("push", "-q", "../remote.git", "HEAD:refs/heads/a", "HEAD:refs/heads/b")
    name, arguments, refs = box.called()[-1][1:]
    assert (name, len(arguments), len(str(refs).splitlines())) == ("pre-push", 2, 2)
    box.git("push", "-q", "../remote.git", "HEAD:refs/heads/c", ok=1, REFUSE="pre-push")
    box.git("checkout", "-q", "-b", "side", "HEAD")
    box.git("commit", "--allow-empty", "-m", "y")
    box.git("checkout", "-q", "main")
    box.git("commit", "--allow-empty", "-m", "z")
    box.git("merge", "-q", "--no-edit", "side", ok=None, REFUSE="pre-merge-commit")
    assert box.called()[-1][1] == "pre-merge-commit"


@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_a_framework_that_names_planfence_is_used(box, tool):
    box.planfence("install", "--framework", "native")
    said = box.planfence("install", "--framework", tool, ok=2)
    assert "does not name planfence" in said
    assert "planfence-commit-msg" in said
    (box.top / ".pre-commit-config.yaml").write_text(frameworks.snippet())
    said = box.planfence("install", "--framework", tool)
    assert f"planfence runs through {tool}" in said
    assert installed(box.hooks) == EVERY
    for name in shims.NAMES:
        assert shimreader.generated_by((box.hooks / name).read_bytes()) == tool
        assert not (box.hooks / f"{name}.legacy").exists()
    assert f"planfence runs through {tool}" in box.planfence("install")
    assert "still names planfence" in box.planfence("uninstall")
    assert installed(box.hooks) == EVERY


def test_a_framework_that_refuses_leaves_the_native_hooks(box):
    box.git("config", "core.hooksPath", ".git/hooks")
    box.planfence("install")
    (box.top / ".pre-commit-config.yaml").write_text(frameworks.snippet())
    said = box.planfence("install", "--framework", "pre-commit", ok=3)
    assert "core.hooksPath" in said
    assert shimreader.classify((box.hooks / "pre-commit").read_bytes()) is shimreader.HookOrigin.OURS


def test_native_in_front_of_a_framework(box):
    config = "repos:\n- repo: local\n  hooks:\n  - {id: refuses, name: refuses, entry: 'false',"
    config += " language: system, always_run: true}\n"
    (box.top / ".pre-commit-config.yaml").write_text(config)
    box.run(sys.executable, "-m", "pre_commit", "install")
    original = (box.hooks / "pre-commit").read_bytes()
    assert "runs the stages of pre-commit, after planfence" in box.planfence("install")
    text = shims.shim("pre-commit", shims.Launcher(sys.executable, str(box.site)), original)
    (box.hooks / "pre-commit").write_bytes(text)
    box.git("add", ".")
    done = box.run(".git/hooks/pre-commit", ok=None)
    assert done.returncode == 1
    assert "refuses..." in done.stdout
    assert len(box.called()) == 1
    box.planfence("uninstall")
    assert (box.hooks / "pre-commit").read_bytes() == original


def test_a_framework_that_writes_its_hooks_anew_is_told_of(box):
    hook = box.hooks / "pre-commit"
    hook.write_text('#!/bin/sh\nlefthook run "pre-commit" "$@"\n')
    hook.chmod(0o755)
    assert "no_auto_install" in box.planfence("install")
    assert "no_auto_install" in box.planfence("install")
    box.planfence("uninstall")
    assert "no_auto_install" not in box.planfence("uninstall")


def test_a_hook_that_calls_planfence_itself_is_left(box):
    mine = '#!/bin/sh\nmake || exit 1\nexec planfence hook pre-commit "$@"\n'
    box.hook("pre-commit", mine)
    box.hook("commit-msg", "#!/bin/sh\n# not planfence hook commit-msg\n")
    assert "calls planfence itself" in box.planfence("install")
    assert (box.hooks / "pre-commit").read_text() == mine
    assert (box.hooks / "commit-msg.planfence-chained").exists()
    assert "pre-commit calls planfence" in box.planfence("doctor", ok=None)


def test_a_husky_hook_that_calls_planfence_itself(box):
    box.git("config", "core.hooksPath", ".husky/_")
    (box.top / ".husky" / "_").mkdir(parents=True)
    for name in shims.NAMES:
        (box.top / ".husky" / "_" / name).write_text('#!/bin/sh\n. "${0%/*}/h"\n')
        (box.top / ".husky" / "_" / name).chmod(0o755)
        (box.top / ".husky" / name).write_text(f'planfence hook {name} "$@"\n')
    before = {path: path.read_bytes() for path in (box.top / ".husky" / "_").iterdir()}
    assert "anew" not in box.planfence("install")
    assert "still call planfence" in box.planfence("uninstall")
    assert {path: path.read_bytes() for path in (box.top / ".husky" / "_").iterdir()} == before


@pytest.mark.parametrize("path", ["/dev/null", ""])
def test_hooks_that_are_switched_off(box, path):
    box.git("config", "core.hooksPath", path)
    for verb in ("install", "init"):
        assert "git runs no hooks" in box.planfence(verb, ok=2)
    assert "git runs no hooks" in box.planfence("doctor", ok=1)
    assert "not installed" in box.planfence("uninstall")
    assert box.git("status", "--porcelain") == ""


def test_a_hooks_folder_that_is_a_link_out_of_the_repository(box):
    shared = box.root / "shared"
    shared.mkdir()
    for path in box.hooks.iterdir():
        path.unlink()
    box.hooks.rmdir()
    box.hooks.symlink_to(shared)
    assert "other repositories may share" in box.planfence("install", ok=2)
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize("name", ["we ird", "quo'te\"s", "new\nline", "$(touch x)`touch x`", "-rf", "\u00fc\U0001f600"])
def test_any_path(box, name):
    top = box.root / name / name
    top.mkdir(parents=True)
    box.git("init", "-q", cwd=top)
    box.planfence("install", cwd=top)
    hooks = top / ".git" / "hooks"
    assert installed(hooks) == EVERY
    for hook in shims.NAMES:
        behind = b'#!/bin/sh\nbasename "$0" >> "$CALLS"\n'
        (hooks / f"{hook}.planfence-chained").write_bytes(behind)
        (hooks / f"{hook}.planfence-chained").chmod(0o755)
        (hooks / hook).write_bytes(shims.shim(hook, shims.Launcher(sys.executable, str(box.site)), behind))
    assert open_repository(Environment(box.env), top).git_dir == top / ".git"
    box.git("commit", "--allow-empty", "-m", "x", cwd=top)
    said = box.calls.read_text().splitlines()
    assert said[1::2] == ["pre-commit", "commit-msg", "post-commit"]
    assert [eval(line)[1] for line in said[::2]] == said[1::2]
    box.planfence("uninstall", cwd=top)
    assert installed(hooks) == EVERY  # what was behind ours is back
    assert not list(hooks.glob("*.planfence-*"))
    assert not list(box.root.rglob("x"))
    linked = box.root / name / f"linked {name}"
    box.git("worktree", "add", "-q", "--detach", str(linked), cwd=top)
    seen = open_repository(Environment(box.env), linked)
    assert (seen.top, seen.common_dir) == (linked, top / ".git")
    assert seen.git_dir.parent == top / ".git" / "worktrees"
