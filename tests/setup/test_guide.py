"""Sections in files that agents read: in and out without a trace, whatever the file was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.errors import PlanfenceError
from planfence.setup import guide, sections

OURS = "# ours\n\n- one\n- two\n"
LINES = st.lists(st.sampled_from(["", "# Mine", "- a", "  ", "```", "<!-- note -->", "é"]), max_size=6)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["", "\ufeff"]))
def test_what_was_there_comes_back_byte_for_byte(lines, newline, closed, mark):
    before = (mark + newline.join(lines) + (newline if closed else "")).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "AGENTS.md")
        path.write_bytes(before)
        assert sections.put(path, Path(folder), OURS) == "merged"
        assert path.read_bytes().startswith(before)
        assert sections.put(path, Path(folder), OURS) == "there already"
        assert sections.put(path, Path(folder), "# ours, newer\n") == "brought up to date"
        assert sections.take_out(path, Path(folder), OURS) == "taken out"
        assert path.read_bytes() == before
        assert sections.take_out(path, Path(folder), OURS) == ""


@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_was_written_around_it_stays(above, below, newline, closed):
    before = (newline.join(["# Mine", *above]) + (newline if closed else "")).encode()
    first, last = (newline.join([*above, "new"]) + newline).encode(), (newline.join([*below, "last"])).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "AGENTS.md")
        path.write_bytes(before)
        sections.put(path, Path(folder), OURS)
        text = path.read_bytes()
        # An editor closes the last line before it adds another.
        path.write_bytes(first + text + (b"" if text.endswith(b"\n") else newline.encode()) + last)
        assert sections.take_out(path, Path(folder), OURS) == "taken out"
        left = path.read_bytes()
        assert left.startswith(first + before.rstrip(b"\r\n"))
        assert left.endswith(last)
        assert b"planfence" not in left
        assert b"ours" not in left
        if closed:
            assert left == first + before + last


def test_what_was_written_inside_it_stays(tmp_path):
    path = tmp_path / "AGENTS.md"
    path.write_text("# Mine\n")
    sections.put(path, tmp_path, OURS)
    path.write_text(path.read_text().replace("- two\n", "- two\n- my own word\n"))
    assert "edited" in sections.put(path, tmp_path, "# newer\n")
    assert "- my own word" in path.read_text()
    assert "stays" in sections.take_out(path, tmp_path, OURS)
    assert path.read_text() == "# Mine\n\n- my own word\n"


@pytest.mark.parametrize("text", ["<!-- planfence:begin 1 -->\nx\n", "a\n<!-- planfence:end -->\n",
                                  "<!-- planfence:end -->\n<!-- planfence:begin 1 -->\n"])  # fmt: skip
def test_half_a_fence_is_left_alone(tmp_path, text):
    path = tmp_path / "AGENTS.md"
    path.write_text(text)
    with pytest.raises(PlanfenceError, match=r"AGENTS\.md:\d+: the fence"):
        sections.put(path, tmp_path, OURS)
    with pytest.raises(PlanfenceError, match=r"AGENTS\.md:\d+: the fence"):
        sections.take_out(path, tmp_path, OURS)
    assert path.read_text() == text


def test_a_file_of_others_is_not_written_to(tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "shared.md").write_text("# Shared\n")
    (tmp_path / "top/AGENTS.md").symlink_to("../shared.md")
    with pytest.raises(PlanfenceError, match="leads out of this repository"):
        sections.put(tmp_path / "top/AGENTS.md", tmp_path / "top", OURS)
    (tmp_path / "top/CLAUDE.md").write_bytes("# UTF-16\n".encode("utf-16"))
    with pytest.raises(PlanfenceError, match="not UTF-8 text"):
        sections.put(tmp_path / "top/CLAUDE.md", tmp_path / "top", OURS)
    assert (tmp_path / "shared.md").read_text() == "# Shared\n"


def test_a_checkout_with_other_line_ends_is_known(tmp_path):
    assert guide.install(tmp_path, "skill")
    for path in tmp_path.rglob("SKILL.md"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [said for _, said, _ in guide.install(tmp_path, "skill")] == ["there already"] * 2
    assert len(guide.uninstall(tmp_path, "skill")) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("claude", "written"),
    [(None, False), ("# Mine\n", True), ("# Mine\n@AGENTS.md\n", False), ("link", False)],
)
def test_claude_md_is_told_if_it_is_its_own(tmp_path, claude, written):
    (tmp_path / "AGENTS.md").write_text("# Mine\n")
    if claude == "link":
        (tmp_path / "CLAUDE.md").symlink_to("AGENTS.md")
    elif claude is not None:
        (tmp_path / "CLAUDE.md").write_text(claude)
    done = guide.install(tmp_path, "agents-md")
    assert [path for _, _, path in done] == ["AGENTS.md", *(["CLAUDE.md"] if written else [])]
    guide.uninstall(tmp_path, "agents-md")
    assert (tmp_path / "AGENTS.md").read_text() == "# Mine\n"
    assert (tmp_path / "CLAUDE.md").exists() == (claude is not None)


def test_init_writes_them_and_uninstall_takes_them_out(empty_repo):
    mine = {"AGENTS.md": "# House rules\n\nbe kind", "CLAUDE.md": "# Claude\n", "README.md": "# Shop\n"}
    for path, text in mine.items():
        empty_repo.write(path, text)
    empty_repo.git("add", "-A")
    empty_repo.git("commit", "-qm", "chore: begin")
    done = empty_repo.planfence("init", "--commit")
    assert done.returncode == 0, done.stderr
    kept = empty_repo.git("show", "--name-only", "--format=", "HEAD").split()
    assert {"AGENTS.md", "CLAUDE.md", ".claude/skills/planfence/SKILL.md", ".agents/skills/planfence/SKILL.md"} < {
        *kept
    }
    assert "planfence status" in (empty_repo.root / "AGENTS.md").read_text()
    for path in (".claude/skills/planfence/SKILL.md", ".agents/skills/planfence/SKILL.md"):
        assert (empty_repo.root / path).read_text().startswith("---\nname: planfence\ndescription: ")
    assert empty_repo.planfence("uninstall").returncode == 0
    assert {path: (empty_repo.root / path).read_text() for path in mine} == mine
    assert not (empty_repo.root / ".claude").exists()
    assert not (empty_repo.root / ".agents").exists()


def test_a_section_that_cannot_be_written_stops_nothing_else(empty_repo):
    empty_repo.write("AGENTS.md", "<!-- planfence:end -->\n")
    done = empty_repo.planfence("init")
    assert done.returncode == 0
    assert "the fence of planfence's section is not whole" in done.stdout
    assert (empty_repo.root / "AGENTS.md").read_text() == "<!-- planfence:end -->\n"


def test_by_name_and_not_at_all(repo):
    repo.write("CLAUDE.md", "# Mine\n")
    assert repo.planfence("init", "--agents", "none").returncode == 0
    assert not (repo.root / "AGENTS.md").exists()
    done = repo.planfence("install", "--agents", "agents-md,skill")
    assert done.returncode == 0, done.stderr
    assert (repo.root / "AGENTS.md").exists()
    assert "there already" in repo.planfence("install", "--agents", "agents-md").stdout
    assert repo.planfence("install", "--agents", "skill", "--user").returncode == 2
    assert repo.planfence("uninstall", "--agents", "agents-md,skill").returncode == 0
    assert not (repo.root / "AGENTS.md").exists()
    assert (repo.root / "CLAUDE.md").read_text() == "# Mine\n"
    assert "was not there" in repo.planfence("uninstall", "--agents", "skill").stdout
    wrong = repo.planfence("install", "--agents", "agent-md")
    assert wrong.returncode == 2
    assert "agents-md" in wrong.stderr


def test_init_takes_any_name(empty_repo):
    assert empty_repo.planfence("init", "--agents", "nobody").returncode == 2
    assert not (empty_repo.root / "planfence.toml").exists()
    done = empty_repo.planfence("init", "--agents", "claude,agents-md", "--commit")
    assert done.returncode == 0, done.stderr
    kept = set(empty_repo.git("ls-tree", "-r", "--name-only", "HEAD").split())
    assert kept == {".claude/settings.json", ".gitignore", "AGENTS.md", "planfence.toml"}
