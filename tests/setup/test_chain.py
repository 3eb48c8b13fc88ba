import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import program

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.setup import chain, shims
from planfence.setup.chain import Deed
from planfence.setup.shims import Launcher

LAUNCHER = Launcher("/usr/bin/python3", "/site")
OLD = b"#!/bin/sh\necho 'the old hook'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / 'it\'s a "hooks"\nfolder'
    path.mkdir()
    return path


def snapshot(folder):
    """Every name with its mode and bytes, or its target."""
    return {
        entry.name: (entry.lstat().st_mode, os.readlink(entry) if entry.is_symlink() else entry.read_bytes())
        for entry in sorted(folder.iterdir())
    }


def deeds(outcomes):
    return {outcome.deed for outcome in outcomes}


def test_in_and_out_of_an_empty_folder(folder):
    assert deeds(chain.install(folder, LAUNCHER)) == {Deed.INSTALLED}
    assert set(snapshot(folder)) == set(shims.NAMES)
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in folder.iterdir())
    before = snapshot(folder)
    assert deeds(chain.install(folder, LAUNCHER)) == {Deed.UNCHANGED}
    assert snapshot(folder) == before
    assert deeds(chain.uninstall(folder)) == {Deed.REMOVED}
    assert snapshot(folder) == {}
    assert deeds(chain.uninstall(folder)) == {Deed.ABSENT}


def test_a_folder_that_does_not_exist(tmp_path):
    assert deeds(chain.uninstall(tmp_path / "a/b")) == {Deed.ABSENT}
    assert not (tmp_path / "a").exists()
    assert deeds(chain.install(tmp_path / "a/b", LAUNCHER)) == {Deed.INSTALLED}


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o644, 0o4555])
def test_the_hook_that_was_there_comes_back_exactly(folder, mode):
    old = folder / "commit-msg"
    old.write_bytes(b"#!/bin/sh\r\n\x00\xff")
    old.chmod(mode)
    (folder / "pre-push").symlink_to("../../tools/push")
    (folder / "post-update.sample").write_bytes(b"x")
    before = snapshot(folder)
    outcomes = {outcome.name: outcome.deed for outcome in chain.install(folder, LAUNCHER)}
    assert outcomes["commit-msg"] is outcomes["pre-push"] is Deed.CHAINED
    assert snapshot(folder)["commit-msg.planfence-chained"] == before["commit-msg"]
    assert deeds(chain.install(folder, LAUNCHER)) == {Deed.UNCHANGED}
    chain.uninstall(folder)
    assert snapshot(folder) == before


def test_another_interpreter_updates_the_shims_and_keeps_the_chain(folder):
    (folder / "pre-commit").write_bytes(OLD)
    chain.install(folder, LAUNCHER)
    assert deeds(chain.install(folder, Launcher("/new/python", "/site"))) == {Deed.UPDATED}
    assert shims.CHAINED_SUFFIX.encode() in (folder / "pre-commit").read_bytes()
    chain.uninstall(folder)
    assert snapshot(folder) == {"pre-commit": ((folder / "pre-commit").lstat().st_mode, OLD)}


def test_a_shim_that_lost_its_bit_is_fixed(folder):
    chain.install(folder, LAUNCHER)
    (folder / "pre-commit").chmod(0o644)
    assert Deed.UPDATED in deeds(chain.install(folder, LAUNCHER))
    assert os.access(folder / "pre-commit", os.X_OK)


def test_an_edited_shim_is_left_and_nothing_is_written(folder):
    chain.install(folder, LAUNCHER)
    with (folder / "post-commit").open("ab") as file:
        file.write(b"echo mine\n")
    before = snapshot(folder)
    with pytest.raises(PlanfenceError, match="edited since"):
        chain.install(folder, Launcher("/new/python", "/site"))
    assert snapshot(folder) == before
    outcomes = {outcome.name: outcome.deed for outcome in chain.uninstall(folder)}
    assert outcomes["post-commit"] is Deed.LEFT
    assert set(snapshot(folder)) == {"post-commit"}


def test_a_hook_that_replaced_ours_is_never_overwritten(folder):
    (folder / "pre-commit").write_bytes(OLD)
    chain.install(folder, LAUNCHER)
    (folder / "pre-commit").write_bytes(b"#!/bin/sh\nnew\n")
    before = snapshot(folder)
    with pytest.raises(PlanfenceError, match="replaced since"):
        chain.install(folder, LAUNCHER)
    assert snapshot(folder) == before
    outcomes = {outcome.name: outcome for outcome in chain.uninstall(folder)}
    assert outcomes["pre-commit"].deed is Deed.LEFT
    assert (folder / "pre-commit").read_bytes() == b"#!/bin/sh\nnew\n"
    assert (folder / "pre-commit.planfence-chained").read_bytes() == OLD


def test_a_hook_written_at_the_last_moment_is_not_lost(folder, monkeypatch):
    path = folder / "commit-msg"
    path.write_bytes(OLD)
    link = os.link

    def link_then_somebody_writes(*arguments, **options):
        link(*arguments, **options)
        path.with_name("other").write_bytes(b"newer")
        path.with_name("other").replace(path)

    monkeypatch.setattr(os, "link", link_then_somebody_writes)
    with pytest.raises(CouldNotCheck, match="changed while"):
        chain.install(folder, LAUNCHER)
    assert path.read_bytes() == b"newer"
    assert not [name for name in snapshot(folder) if name.endswith("tmp")]


def test_without_hard_links_the_hook_is_copied(folder, monkeypatch):
    def no_links(*arguments, **options):
        raise PermissionError(1, "Operation not permitted")

    (folder / "pre-commit").write_bytes(OLD)
    (folder / "pre-commit").chmod(0o711)
    (folder / "pre-push").symlink_to("nowhere")
    before = snapshot(folder)
    monkeypatch.setattr(os, "link", no_links)
    assert Deed.CHAINED in deeds(chain.install(folder, LAUNCHER))
    chain.uninstall(folder)
    assert snapshot(folder) == before


def test_a_folder_where_a_hook_should_be(folder):
    (folder / "pre-push").mkdir()
    with pytest.raises(PlanfenceError, match="is not a hook"):
        chain.install(folder, LAUNCHER)
    assert [path.name for path in folder.iterdir()] == ["pre-push"]


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "hooks").write_bytes(b"")
    with pytest.raises(CouldNotCheck, match="could not be written"):
        chain.install(tmp_path / "hooks", LAUNCHER)


FRAMEWORK = b"#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\nexit 0\n"


def test_behind_a_framework_s_hook_ours_is_left_to_run(folder):
    chain.install(folder, LAUNCHER)
    (folder / "pre-commit").rename(folder / "pre-commit.legacy")
    (folder / "pre-commit").write_bytes(FRAMEWORK)
    before = snapshot(folder)
    assert deeds(chain.install(folder, LAUNCHER)) == {Deed.UNCHANGED}
    assert snapshot(folder) == before
    chain.uninstall(folder)
    assert {name: data for name, (_, data) in snapshot(folder).items()} == {"pre-commit": FRAMEWORK}


def test_a_framework_s_hook_that_would_call_itself_is_put_in_order(folder):
    (folder / "pre-commit").write_bytes(FRAMEWORK)
    chain.install(folder, LAUNCHER)
    (folder / "pre-commit").rename(folder / "pre-commit.legacy")
    (folder / "pre-commit").write_bytes(FRAMEWORK)
    chain.install(folder, LAUNCHER)
    assert not (folder / "pre-commit.legacy").exists()
    assert (folder / "pre-commit.planfence-chained").read_bytes() == FRAMEWORK
    chain.uninstall(folder)
    assert {name: data for name, (_, data) in snapshot(folder).items()} == {"pre-commit": FRAMEWORK}


KILLED = """
import os, signal, sys
from pathlib import Path
from planfence.setup import chain, shims
left = int(sys.argv[3])
def deadly(function):
    def call(*arguments, **options):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return function(*arguments, **options)
    return call
for name in ("open", "link", "replace", "unlink", "fsync", "fchmod"):
    setattr(os, name, deadly(getattr(os, name)))
folder = Path(sys.argv[2])
if sys.argv[1] == "install":
    chain.install(folder, shims.Launcher("/usr/bin/python3", "/site"))
else:
    chain.uninstall(folder)
raise SystemExit
"""


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_killed_at_any_step_every_hook_is_whole_and_the_next_run_finishes(tmp_path, verb):
    template = tmp_path / "template"
    template.mkdir()
    for name in ("commit-msg", "pre-push"):
        (template / name).write_bytes(OLD)
        (template / name).chmod(0o750)
    before = snapshot(template)
    installed = tmp_path / "installed"
    subprocess.run(["cp", "-a", template, installed], check=True)
    chain.install(installed, LAUNCHER)
    after = snapshot(installed)
    for step in range(200):
        folder = tmp_path / str(step)
        subprocess.run(["cp", "-a", template if verb == "install" else installed, folder], check=True)
        done = program.run_raw([verb, str(folder), str(step)], tmp_path, {}, prepare=KILLED)
        for name in shims.NAMES:
            now = snapshot(folder).get(name)
            assert now in (before.get(name), after[name]), (step, name)
            if before.get(name) is not None:
                assert now is not None
                assert before[name] in (now, snapshot(folder).get(name + shims.CHAINED_SUFFIX))
        chain.install(folder, LAUNCHER)
        assert snapshot(folder) == after, step
        chain.uninstall(folder)
        assert snapshot(folder) == before, step
        if done.returncode != -signal.SIGKILL:
            assert done.returncode == 0
            break
    assert step > 10


def test_installs_at_once(folder):
    (folder / "pre-commit").write_bytes(OLD)
    (folder / "pre-commit").chmod(0o755)
    before = snapshot(folder)
    code = "import sys; from pathlib import Path; from planfence.setup import chain, shims\n"
    code += "chain.install(Path(sys.argv[1]), shims.Launcher('/usr/bin/python3', '/site'))"
    running = [subprocess.Popen([sys.executable, "-c", code, folder]) for _ in range(6)]
    assert [process.wait() for process in running] == [0] * 6
    assert snapshot(folder)["pre-commit.planfence-chained"] == before["pre-commit"]
    assert len(snapshot(folder)) == len(shims.NAMES) + 1
    chain.uninstall(folder)
    assert snapshot(folder) == before


def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "hooks"
    folder.mkdir()
    (folder / "pre-commit").write_bytes(OLD)
    folder.chmod(0o555)
    code = "import os, sys; from pathlib import Path; from planfence.setup import chain\n"
    code += "from planfence.errors import CouldNotCheck\n"
    code += "os.geteuid() or os.setuid(65534)\n"
    code += "try: chain.install(Path(sys.argv[1]), None)\nexcept CouldNotCheck as error: sys.exit(int(error.code))\n"
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
        if parent.name.startswith("pytest-of") or parent == Path("/tmp"):
            break
    before = snapshot(folder)
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == 3
    assert snapshot(folder) == before
