import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from planfence.setup import shimreader, shims
from planfence.setup.shimreader import HookOrigin
from planfence.setup.shims import Launcher

SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh") if shutil.which(shell)]
ROOT = Path(__file__).resolve().parents[2]


def launcher(box):
    return Launcher(sys.executable, str(box.site))


def put(box, name, launcher, chained=None, chained_mode=0o755):
    if chained is not None:
        box.hook(name + shims.CHAINED_SUFFIX, chained, chained_mode)
    box.hook(name, "").write_bytes(shims.shim(name, launcher, None if chained is None else chained.encode()))


@pytest.mark.parametrize("name", shims.NAMES)
def test_the_generic_shims_are_the_generator_s(name):
    path = ROOT / "hooks" / name
    assert path.read_bytes() == shims.shim(name, None)
    assert path.stat().st_mode & 0o111
    text = path.read_bytes().removeprefix(b"#!/bin/sh").replace(b"/dev/null", b"")
    # Only what stands in the repository's own git directory is named besides, by variables.
    own = (b"${GIT_DIR:-.git}/planfence/note", b'"${n%/*}/standing"', b"${n%/*}")
    beside = (b"d=${0%/*}", b'"$d/pre-commit"', b'"$d/commit-msg"', b'"$d/prepare-commit-msg"', b"#!/bin/sh")
    for known in (*own, *beside):
        text = text.replace(known, b"")
    assert b"/" not in text


@pytest.mark.parametrize("name", shims.NAMES)
@pytest.mark.parametrize("chained", [None, b"#!/bin/sh\necho $0\n", b"\x7fELF"])
def test_every_shell_parses_every_shim(name, chained):
    for given in (None, Launcher("/a 'b\"\n$c/python", "/s`i te")):
        text = shims.shim(name, given, chained)
        assert shimreader.classify(text) is HookOrigin.OURS
        assert shimreader.classify(text + b"echo mine\n") is HookOrigin.EDITED
        assert (shims.CHAINED_SUFFIX.encode() in text) is (chained is not None)
        assert shimreader.launcher_of(text) == given
        for shell in SHELLS:
            command = [shell, "sh", "-n"] if shell == "busybox" else [shell, "-n"]
            assert subprocess.run(command, input=text, check=False).returncode == 0


def test_other_hooks_are_foreign():
    assert shimreader.classify(b"") is HookOrigin.FOREIGN
    assert (
        shimreader.classify(b"#!/bin/sh\n# planfence is called below\nplanfence hook pre-commit\n")
        is HookOrigin.FOREIGN
    )
    with pytest.raises(ValueError, match="update"):
        shims.shim("update", None)


def test_a_shim_starts_the_fast_path_with_the_hook_s_arguments(box):
    put(box, "commit-msg", launcher(box))
    box.run(".git/hooks/commit-msg", "a file", "*", "")
    assert box.called() == [("planfence", "commit-msg", ["a file", "*", ""], "")]


@pytest.mark.parametrize("gone", ["python", "package"])
def test_a_vanished_interpreter_falls_back_to_path(box, gone):
    site = box.root / "nothing" if gone == "package" else box.site
    put(box, "pre-commit", Launcher("/nowhere/python" if gone == "python" else sys.executable, str(site)))
    programs = box.root / "bin"
    programs.mkdir()
    (programs / "planfence").write_text('#!/bin/sh\necho "$@" > "$CALLS"\nexit 1\n')
    (programs / "planfence").chmod(0o755)
    box.run(".git/hooks/pre-commit", ok=1, PATH=f"{programs}:/usr/bin:/bin")
    assert box.calls.read_text() == "hook pre-commit\n"


@pytest.mark.parametrize("chained", [None, '#!/bin/sh\necho chained >> "$CALLS"\n'])
@pytest.mark.parametrize("given", [None, Launcher("/nowhere/python", "/nowhere")])
@pytest.mark.parametrize("name", shims.NAMES)
def test_nothing_to_start_is_said_and_refused(box, name, given, chained):
    put(box, name, given, chained)
    done = box.run(f".git/hooks/{name}", ok=None, PATH="/usr/bin:/bin")
    assert f"planfence: the {name} hook found neither" in done.stderr
    assert "hint: pip install planfence" in done.stderr
    assert done.returncode == (0 if name == "post-commit" else 3)
    assert box.calls.exists() is (name == "post-commit" and chained is not None)


def test_the_generic_shim_takes_the_interpreter_that_it_is_told(box):
    put(box, "pre-commit", None)
    fake = box.root / "my python"
    fake.write_text('#!/bin/sh\nprintf "%s," "$@" > "$CALLS"\n')
    fake.chmod(0o755)
    box.run(".git/hooks/pre-commit", "x y", PLANFENCE_PYTHON=str(fake))
    assert box.calls.read_text() == "-I,-m,planfence,hook,pre-commit,x y,"


CHAINED = """#!/bin/sh
echo "('chained', '$(basename "$0")', '$(dirname "$0")', '$*', '$(cat)')" >> "$CALLS"
exit 7
"""


def test_the_hook_behind_gets_its_name_its_arguments_and_its_say(box):
    put(box, "commit-msg", launcher(box), CHAINED)
    box.run(".git/hooks/commit-msg", "M", ok=7)
    assert box.called() == [
        ("planfence", "commit-msg", ["M"], ""),
        ("chained", "commit-msg", ".git/hooks", "M", ""),
    ]


def test_a_refusal_stops_before_the_hook_behind(box):
    put(box, "pre-commit", launcher(box), CHAINED)
    box.run(".git/hooks/pre-commit", ok=1, REFUSE="pre-commit")
    assert [call[0] for call in box.called()] == ["planfence"]


def test_a_post_commit_hook_behind_runs_whatever_ours_said(box):
    put(box, "post-commit", launcher(box), CHAINED)
    box.run(".git/hooks/post-commit", ok=7, REFUSE="post-commit")
    assert [call[0] for call in box.called()] == ["planfence", "chained"]


@pytest.mark.parametrize("refs", ["", "refs/heads/a 1 refs/heads/a 0\n", "a 1 b 0\nc\\n%s 2 d 0\n"])
def test_both_push_hooks_read_the_refs(box, refs):
    behind = """#!/usr/bin/env python3
import os, sys
open(os.environ["CALLS"], "a").write(repr(("chained", sys.argv[1:], sys.stdin.read())) + "\\n")
"""
    put(box, "pre-push", launcher(box), behind)
    subprocess.run(
        [box.hooks / "pre-push", "origin", "url"], input=refs, text=True, env=box.env, cwd=box.top, check=True
    )
    assert box.called() == [
        ("planfence", "pre-push", ["origin", "url"], refs),
        ("chained", ["origin", "url"], refs),
    ]


def test_a_push_hook_behind_has_its_say_even_if_it_reads_nothing(box):
    put(box, "pre-push", launcher(box), "#!/bin/sh\nexit 9\n")
    refs = "".join(f"refs/heads/{n} {n:040} refs/heads/{n} {0:040}\n" for n in range(5000))
    done = subprocess.run([box.hooks / "pre-push"], input=refs, text=True, env=box.env, cwd=box.top, check=False)
    assert done.returncode == 9
    assert box.called()[0][3] == refs


def test_a_hook_that_git_did_not_run_is_not_run_behind_ours(box):
    put(box, "pre-commit", launcher(box), CHAINED, chained_mode=0o644)
    box.run(".git/hooks/pre-commit")
    assert [call[0] for call in box.called()] == ["planfence"]


@pytest.mark.parametrize(
    "text",
    [
        '#!/bin/sh -e\nfalse\necho "$0"\n',
        "#! /bin/bash -eu\nfalse # $0\nexit 0\n",
        "false; exit 1 # no shebang, $0\n",
    ],
)
def test_a_shell_hook_keeps_its_flags(box, text):
    put(box, "pre-commit", launcher(box), text)
    box.run(".git/hooks/pre-commit", ok=1)


def test_a_renamed_shim_still_finds_the_hook_behind(box):
    put(box, "pre-commit", launcher(box), CHAINED)
    (box.hooks / "pre-commit").rename(box.hooks / "pre-commit.legacy")
    box.run(".git/hooks/pre-commit.legacy", ok=7)
    assert box.called()[1][1] == "pre-commit"
