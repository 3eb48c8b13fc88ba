from __future__ import annotations

import json

import pytest

from planfence.change import hunkreader, hunks
from planfence.errors import PlanfenceError
from planfence.render import summary as render
from planfence.risks.summary import summarise


def shown(repo, **which):
    found = summarise(repo.open(), **which)
    return render.text(found.title, found.files, found.found, found.themes)


def test_the_risky_diffs_come_first_each_with_its_reason(repo):
    repo.start("auth/middleware")
    repo.commit("test: one", **{"tests/auth/test_a.py": "def test_a():\n    assert f() == 3\n"})
    repo.write("tests/auth/test_a.py", "def test_a():\n    f()\n")
    repo.write("src/user.py", "def user(name):\n    try:\n        return 1\n    except Exception:\n        pass\n")
    repo.write("docs/index.md", "# Documents\n")
    repo.git("add", "-A")
    text = shown(repo)
    lines = text.splitlines()
    assert lines[0].startswith("staged: 3 files")
    assert lines.index("Risky diffs:") < lines.index(
        next(line for line in lines if line.startswith("theme auth (2 files"))
    )
    assert "    tests/auth/test_a.py:2  1 assertions fewer than before" in lines
    assert "src/user.py:4  an error is caught and dropped: `except Exception:`" in text
    assert "the signature changed to `def user(name):`" in text
    assert "theme docs (1 file" in text


def test_a_commit_a_range_and_the_branch(repo):
    base = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "-b", "work")
    first = repo.commit("feat: one", **{"src/a.py": "x = 1\n"})
    repo.commit("feat: two", **{"src/b.py": "y = 2\n"})
    assert [f.path for f in summarise(repo.open(), revision=first).files] == ["src/a.py"]
    assert [f.path for f in summarise(repo.open(), span=f"{base}..HEAD").files] == ["src/a.py", "src/b.py"]
    assert [f.path for f in summarise(repo.open()).files] == ["src/a.py", "src/b.py"]
    assert summarise(repo.open(), revision=repo.git("rev-list", "--max-parents=0", "HEAD")).files
    with pytest.raises(PlanfenceError, match="is not a range"):
        summarise(repo.open(), span="HEAD")


NAMES = ["a b.py", 'qu"ote.py', "tab\there.py", "new\nline.py", "ü.py", "日本.py", "back\\slash.py", "-dash.py"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_exact(repo, name):
    repo.write(name, "x = 1\n")
    repo.git("add", "-A")
    assert [file.path for file in summarise(repo.open()).files] == [name]


def test_a_name_that_is_no_utf8(repo):
    import os

    (repo.root / os.fsdecode(b"caf\xe9.py")).write_text("x\n")
    repo.git("add", "-A")
    found = summarise(repo.open())
    assert [file.path for file in found.files] == ["caf\udce9.py"]
    assert "caf\\xe9.py" in render.names(found.files)


def test_modes_renames_binaries_and_deletions(repo):
    repo.commit("chore: x", **{"run.sh": "echo\n" * 9, "a.bin": b"\0\1\2", "gone.py": "x\n"})
    repo.git("mv", "run.sh", "go.sh")
    (repo.root / "go.sh").chmod(0o755)
    repo.write("a.bin", b"\0\1\3")
    repo.git("rm", "-q", "gone.py")
    repo.git("add", "-A")
    files = {file.path: file for file in summarise(repo.open()).files}
    assert files["go.sh"].old_path == "run.sh"
    assert (files["go.sh"].old_mode, files["go.sh"].new_mode) == (0o100644, 0o100755)
    assert files["a.bin"].binary
    assert files["gone.py"].is_deleted
    text = shown(repo)
    assert "the file becomes executable" in text
    assert "run.sh → go.sh" in text


def test_a_text_is_read_whole_whatever_its_size_and_a_binary_file_never(repo):
    """As many assets as a commit has, they cost no memory."""
    size = hunkreader.LARGEST_TEXT + 1
    repo.commit("chore: x", **{"old.bin": b"\0" + b"a" * size, "late.txt": b"a" * hunks.BINARY_PROBE + b"\0\n"})
    repo.write("old.bin", b"\1\0" + b"b" * size)
    repo.write("new.bin", b"c" * (hunks.BINARY_PROBE - 1) + b"\0" + b"c" * size)
    repo.write("late.txt", b"b" * hunks.BINARY_PROBE + b"\0\n")
    repo.write("large.txt", "x" * size + "\nkey\n")
    repo.write("after.txt", "y\n")
    repo.git("add", "-A")
    opened, trees = repo.open(), (repo.git("rev-parse", "HEAD"), repo.git("write-tree"))
    read = {file.path: file for file in hunkreader.read_files(opened, *trees, None)}
    held = {path: [len(side or b"") for side in (file.old, file.new)] for path, file in read.items()}
    probe = hunks.BINARY_PROBE
    assert held == {
        "old.bin": [probe, probe],
        "new.bin": [0, probe],
        "late.txt": [probe + 2, probe + 2],
        "large.txt": [0, size + 5],
        "after.txt": [0, 2],
    }
    found = summarise(opened)
    assert {file.path for file in found.files if file.binary} == {"old.bin", "new.bin"}
    (large,) = (file for file in found.files if file.path == "large.txt")
    assert large.added[-1].text == "key"


def test_lines_that_look_like_headers_are_lines(repo):
    repo.commit("chore: x", **{"a.sql": "-- old\n"})
    repo.write("a.sql", "++ new\n-- a/x\n+++ b/x\n@@ -1 +1 @@\r\nno end\x0cof line")
    repo.git("add", "-A")
    (file,) = summarise(repo.open()).files
    assert [line.text for line in file.removed] == ["-- old"]
    assert [line.text for line in file.added] == ["++ new", "-- a/x", "+++ b/x", "@@ -1 +1 @@\r", "no end\x0cof line"]


def test_the_command(repo):
    repo.write("src/user.py", "def user():\n    return 2\n")
    repo.git("add", "-A")
    assert repo.planfence("summary", "--name-only").stdout == "src/user.py\n"
    assert "     1 +      1 -  src/user.py" in repo.planfence("summary", "--stat").stdout
    value = json.loads(repo.planfence("summary", "--format", "json").stdout)
    assert value["files"][0]["path"] == "src/user.py"
    assert repo.planfence("summary", "--staged", "--commit", "HEAD").returncode == 2
