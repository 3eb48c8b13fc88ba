"""Hooks from git's configuration: written, read, looked at by the doctor, and taken out again."""

from __future__ import annotations

import json
import sys

import pytest

from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.gitio.run import git_version
from planfence.setup import confighooks, install
from planfence.setup.chain import Deed
from planfence.setup.doctor import Bench, Health
from planfence.setup.doctor_hooks import hooks
from planfence.setup.shims import NAMES


@pytest.fixture
def opened(box):
    return open_repository(Environment(box.env), box.top)


@pytest.fixture
def new_git(monkeypatch, opened):
    monkeypatch.setattr(confighooks, "are_read", lambda repository: True)
    return opened


def config(box) -> bytes:
    return (box.top / ".git/config").read_bytes()


def healths(opened) -> dict[str, tuple[Health, str]]:
    from planfence.manifest.policy import Policy

    return {each.subject: (each.health, each.seen) for each in hooks(Bench(opened, Policy()))}


def test_an_older_git_is_refused_and_nothing_is_written(box, opened, monkeypatch):
    monkeypatch.setattr(confighooks, "are_read", lambda repository: False)
    before = config(box)
    with pytest.raises(PlanfenceError, match=r"2\.54"):
        install.install(opened, "config")
    assert config(box) == before


def test_in_and_out_leaves_the_configuration_as_it_was(box, new_git):
    box.git("config", "hook.mine.command", "echo mine")
    box.git("config", "hook.mine.event", "pre-commit")
    before = config(box)
    done = install.install(new_git, "config")
    assert [(each.name, each.deed) for each in done.outcomes] == [(name, Deed.INSTALLED) for name in NAMES]
    assert {each.deed for each in install.install(new_git, "config").outcomes} == {Deed.UNCHANGED}
    assert {name: health for name, (health, _) in healths(new_git).items() if name in NAMES} == dict.fromkeys(
        NAMES, Health.WELL
    )
    assert healths(new_git)["hook.*.command"] == (Health.ODD, "git runs these from its configuration too: mine")
    install.uninstall(new_git)
    assert config(box) == before


def test_no_folder_of_the_repository_and_no_variable_is_run(box, new_git):
    """The command as git runs it: by a shell, in the worktree, with the caller's variables."""
    install.install(new_git, "config")
    (box.top / "planfence").mkdir()
    (box.top / "planfence/__init__.py").write_text("raise SystemExit(77)\n")
    command = box.git("config", "hook.planfence-pre-commit.command")
    done = box.run("sh", "-c", command, ok=None, PYTHONPATH=str(box.top))
    assert done.returncode == 0, done
    assert "nothing is enforced yet" in done.stderr


def test_from_files_to_the_configuration_and_back(box, new_git):
    install.install(new_git, "native")
    done = install.install(new_git, "config")
    assert "the hook file pre-commit: removed" in done.remarks
    assert not (box.hooks / "pre-commit").exists()
    install.install(new_git, "native")
    assert (box.hooks / "pre-commit").exists()
    assert not confighooks.look(new_git)


def test_the_doctor_sees_what_is_off_doubled_or_gone(box, new_git):
    install.install(new_git, "config")
    box.git("config", "hook.planfence-pre-commit.enabled", "false")
    assert healths(new_git)["pre-commit"] == (
        Health.BROKEN, "hook.planfence-pre-commit.enabled is false: git skips it"
    )  # fmt: skip
    box.git("config", "hook.planfence-commit-msg.command", "/gone/python -m planfence hook commit-msg")
    health, seen = healths(new_git)["commit-msg"]
    assert health is Health.BROKEN
    assert seen.startswith("/gone/python has vanished")
    box.hook("pre-push", "#!/bin/sh\nplanfence hook pre-push\n")
    assert healths(new_git)["pre-push"][0] is Health.ODD
    box.git("config", "hook.planfence-post-commit.event", "")
    assert healths(new_git)["post-commit"][0] is Health.BROKEN


def test_git_runs_them(box, opened):
    if git_version(opened.git) < confighooks.SINCE:
        pytest.skip("this git reads no hooks from its configuration")
    (box.top / "planfence.toml").write_text("schema = 1\n[unplanned]\nfiles = 1\n")
    box.git("add", "-A")
    box.git("commit", "-qm", "chore: begin")
    box.planfence("install", "--framework", "config")
    rows = {row["subject"]: row["health"] for row in json.loads(box.planfence("doctor", "--json", ok=None))}
    assert {rows[name] for name in NAMES} == {"ok"}, sys.version
    for name in ("a", "b"):
        (box.top / name).write_text("x\n")
    box.git("add", "a", "b")
    # An empty `core.hooksPath`, as some agents set it, does not switch these off.
    assert "MSG001" in box.run("git", "-c", "core.hooksPath=/dev/null", "commit", "-qm", "chore: two", ok=1).stderr
    box.git("rm", "-qf", "--cached", "b")
    box.git("commit", "-qm", "chore: one")
