import os
import subprocess
import sys
import time

import pytest

from planfence.files.append import append_line
from planfence.log.reader import Reader


def test_appends_one_line(tmp_path):
    log = tmp_path / "log"
    assert append_line(log, "a") == ""
    assert append_line(log, "b\n") == ""
    assert log.read_bytes() == b"a\nb\n"


def test_ends_a_line_that_has_no_newline(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"typed")
    assert append_line(log, "b") == ""
    assert log.read_bytes() == b"typed\nb\n"


def test_undecodable_bytes_pass_through(tmp_path):
    assert append_line(tmp_path / "log", "a\udcff") == ""
    assert (tmp_path / "log").read_bytes() == b"a\xff\n"


def test_a_folder_is_a_warning(tmp_path):
    assert "directory" in append_line(tmp_path, "a")


def test_a_missing_folder_is_a_warning(tmp_path):
    assert "No such file" in append_line(tmp_path / "no" / "log", "a")


def test_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "target").write_text("")
    (tmp_path / "log").symlink_to("target")
    assert append_line(tmp_path / "log", "a") != ""
    assert (tmp_path / "target").read_text() == ""


def test_a_pipe_does_not_hold_anything_up(tmp_path):
    os.mkfifo(tmp_path / "log")
    assert "not a plain file" in append_line(tmp_path / "log", "a")


def test_a_name_with_a_null_is_a_warning():
    assert append_line("a\0b", "a") != ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write what is read-only")
def test_a_read_only_file_is_a_warning(tmp_path):
    log = tmp_path / "log"
    log.write_text("")
    log.chmod(0o444)
    assert "Permission denied" in append_line(log, "a")


def test_a_full_disk_is_a_warning(tmp_path, monkeypatch):
    def no_space(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("planfence.files.append.os.write", no_space)
    assert "No space left" in append_line(tmp_path / "log", "a")
    monkeypatch.setattr("planfence.files.append.os.write", lambda descriptor, data: 1)
    assert "only a part" in append_line(tmp_path / "log", "a")


def test_a_lock_that_is_held_is_awaited_only_shortly(tmp_path, monkeypatch):
    log = tmp_path / "log"
    code = f"import fcntl; f = open({f'{log}.lock'!r}, 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        slept = []
        monkeypatch.setattr("planfence.files.append.time.sleep", slept.append)
        began = time.monotonic()
        assert append_line(log, "a", timeout_s=0.05) == ""
        assert slept
        assert time.monotonic() - began < 5
        holder.stdin.close()
    assert log.read_text() == "a\n"


def test_a_lock_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "log.lock").mkdir()
    assert append_line(tmp_path / "log", "a") == ""


def test_imports_only_what_is_cheap():
    code = "import sys; import planfence.files.append, planfence.log.line; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert not {"re", "dataclasses", "typing", "pathlib", "subprocess"} & set(_bare(code, done))


def _bare(code, done):
    """Modules beyond those that a site start loads for itself."""
    base = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split()) - set(base.stdout.split())


_WRITER = """
import sys
from planfence.log.line import format_record
from planfence.files.append import append_line
for index in range(int(sys.argv[3])):
    identity = f"{int(sys.argv[2]):04x}{index:012x}"
    line = format_record("2026-11-22_10:00:00", {"task": "t", "event": "check", "id": identity})
    assert not append_line(sys.argv[1], line)
"""


def test_many_writers_lose_and_tear_nothing(tmp_path):
    log = tmp_path / "log"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(log), str(number), "100"]) for number in range(6)]
    assert [writer.wait() for writer in writers] == [0] * 6
    reader = Reader(lambda text, is_utc: 0)
    with open(log, newline="\n") as lines:
        assert len({record.fields["id"] for record in reader.read(lines)}) == 600
    assert reader.counts == {"lines": 600, "records": 600}
