from __future__ import annotations

import json
import subprocess
import tomllib

import pytest

from planfence.errors import PlanfenceError
from planfence.setup import agentsettings, jsontext

MINE = {"matcher": "Bash", "hooks": [{"type": "command", "command": "my-check"}]}

COMMENTED = """\
{
    // what the team agreed on
    "permissions": { "allow": ["Bash(ls)"], },
    "hooks": {
        "PreToolUse": [
            /* mine */
            {"matcher": "Bash", "hooks": [{"type": "command", "command": "my-check"}]}
        ],
        "Notification": []
    },
    "model": "opus" // the last one
}
"""


def has(text, path, agent):
    return agentsettings.present(text, agent, path)


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "cursor", "copilot"])
@pytest.mark.parametrize(
    "before",
    [
        None,
        "{}",
        "{}\n",
        '{"a":1}',
        '{\n  "hooks": {}\n}\n',
        '{\n\t"hooks": {\n\t\t"Stop": [\n\t\t\t{"hooks": []}\n\t\t]\n\t},\n\t"z": [1]\n}',
        COMMENTED,
        COMMENTED.replace("\n", "\r\n"),
        "\ufeff{\n}\n",
    ],
)
def test_in_and_out_is_byte_for_byte(tmp_path, agent, before):
    which = agentsettings.settings(agent, tmp_path)
    if before is not None:
        which.path.parent.mkdir(parents=True)
        which.path.write_bytes(before.encode())
    assert agentsettings.install(which, tmp_path / "memory")
    text = which.path.read_bytes().decode()
    assert has(text, which.path, agent) == "whole"
    assert not agentsettings.install(which, tmp_path / "memory")
    assert agentsettings.uninstall(which, tmp_path / "memory")
    assert agentsettings.read(which.path) == before
    if before is None:
        assert not which.path.parent.exists()


def test_what_is_there_is_kept_with_its_comments(tmp_path):
    text = agentsettings.merged(COMMENTED, "claude", tmp_path / "settings.json")
    for line in COMMENTED.splitlines():
        assert line.rstrip(",") in text
    listed = jsontext.parse(text).value["hooks"]["PreToolUse"]
    assert listed[0] == MINE
    assert len(listed) == 2
    assert agentsettings.stripped(text, tmp_path / "settings.json") == COMMENTED


@pytest.mark.parametrize("renewed", [False, True])
def test_what_was_added_since_is_kept(tmp_path, renewed):
    which = agentsettings.settings("claude", tmp_path)
    agentsettings.install(which, tmp_path / "memory")
    value = json.loads(which.path.read_text())
    value["hooks"]["Stop"].insert(0, MINE)
    value["model"] = "opus"
    which.path.write_text(json.dumps(value).replace('"timeout": 30', '"timeout": 9', renewed))
    assert agentsettings.install(which, tmp_path / "memory") is renewed
    assert agentsettings.uninstall(which, tmp_path / "memory")
    assert json.loads(which.path.read_text()) == {"hooks": {"Stop": [MINE]}, "model": "opus"}


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("place", ["claude", "codex", "gemini", "config.toml", "config.toml as tomlkit writes it"])
def test_what_stands_beside_ours_in_one_entry_is_kept(tmp_path, place, twice):
    agent = "codex" if "toml" in place else place
    if agent != place:
        (tmp_path / ".codex").mkdir()
        (tmp_path / ".codex/config.toml").write_text("")
    which = agentsettings.settings(agent, tmp_path)
    agentsettings.install(which, tmp_path / "memory")
    text, mine = which.path.read_text(), MINE["hooks"][0]
    if "toml" in place:
        more = "[[hooks.SessionEnd.hooks]]\ntype = 'command'\ncommand = 'my-check'\n"
        which.path.write_text(text + ("\n" + more.replace("'", '"') if "tomlkit" in place else more))
    else:
        value = json.loads(text)
        value["hooks"]["SessionStart"][0]["hooks"].insert(0, mine)
        more = ', "hooks": {"Stop": []}' if twice else ""  # which is the one that counts
        which.path.write_text(json.dumps(value)[:-1] + more + "}")
    assert agentsettings.install(which, tmp_path / "memory")
    assert "my-check" in which.path.read_text()
    assert agentsettings.uninstall(which, tmp_path / "memory")
    left = which.path.read_text()
    assert left.count("my-check") == 1
    assert agentsettings.PROGRAM not in left


def test_without_memory_as_in_another_clone(tmp_path):
    which = agentsettings.settings("claude", tmp_path)
    agentsettings.install(which, tmp_path / "memory")
    assert agentsettings.uninstall(which, tmp_path / "elsewhere")
    assert not which.path.exists()


def test_an_older_entry_of_ours_is_replaced(tmp_path):
    old = {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "planfence-agent claude"}]}, MINE]}}
    text = agentsettings.merged(json.dumps(old), "claude", tmp_path / "settings.json")
    listed = json.loads(text)["hooks"]["PreToolUse"]
    assert listed[0] == MINE
    assert len(listed) == 2


@pytest.mark.parametrize("text", ["[]", "{", '{"a" 1}', '{"a": 1 "b": 2}', '{"hooks": 3}', '{"hooks": {"Stop": {}}}'])
def test_settings_that_cannot_be_merged_are_left_alone(tmp_path, text):
    which = agentsettings.settings("claude", tmp_path)
    which.path.parent.mkdir()
    which.path.write_text(text)
    with pytest.raises(PlanfenceError, match=r"settings\.json"):
        agentsettings.install(which, tmp_path / "memory")
    assert which.path.read_text() == text


def test_a_link_to_itself_is_told(tmp_path):
    which = agentsettings.settings("claude", tmp_path)
    which.path.parent.mkdir()
    which.path.symlink_to(which.path.name)
    for work in (agentsettings.install, agentsettings.uninstall):
        with pytest.raises(PlanfenceError, match=r"settings\.json"):
            work(which, tmp_path / "memory")


CONFIG = """\
# mine
model = "gpt-5"  # the large one

[[hooks.PreToolUse]]
matcher = "Bash"

[[hooks.PreToolUse.hooks]]
type = "command"
command = "my-check"

[projects."/srv/shop"]
trust_level = "trusted"
"""


@pytest.mark.parametrize("before", [CONFIG, "", "# only a comment", 'model = "x"'])
def test_codex_in_toml(tmp_path, before):
    path = tmp_path / ".codex/config.toml"
    path.parent.mkdir()
    path.write_text(before)
    which = agentsettings.settings("codex", tmp_path)
    assert which.path == path
    assert agentsettings.install(which, tmp_path / "memory")
    text = path.read_text()
    assert text.startswith(before)
    assert has(text, path, "codex") == "whole"
    assert not agentsettings.install(which, tmp_path / "memory")
    path.write_text(text + "\n[tui]\nnotifications = true\n")
    agentsettings.uninstall(which, tmp_path / "elsewhere")
    assert "planfence" not in path.read_text()
    assert tomllib.loads(path.read_text()) == tomllib.loads(before) | {"tui": {"notifications": True}}
    path.write_text(text)
    assert agentsettings.uninstall(which, tmp_path / "memory")
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["hooks = { Stop = [] }\n", "[hooks]\nStop = []\n", "hooks.Stop = [{ hooks = [] }]\n"])
def test_an_inline_array_is_refused(tmp_path, text):
    with pytest.raises(PlanfenceError, match="inline"):
        agentsettings.merged(text, "codex", tmp_path / "config.toml")


TOMLS = (
    "",
    "model = 'x'\n",
    CONFIG,
    "# a\n\n[tools]\nx = 1\n\n\n[hooks]\n# b\n",
    'a = 1\r\n[b]\r\nc = """\r\n[[hooks.Stop]]\r\n"""\r\n',
    '[hooks.state]\n"x" = {a = 1}\n[z]\nq = 1\n',
    "[z]\n[hooks]\nnotify = 1\n[y]\n[hooks.extra]\nb = 1\n",
    "[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ncommand = 'mine'\n[z]\n",
)
LATER = ("", "\n# mine\n", "\n# about n\n[n]\na = 1 # x\n", "\n\n[[hooks.Stop]]\n# mine\nmatcher = 'z'\n")


@pytest.mark.parametrize("before", TOMLS)
@pytest.mark.parametrize("later", LATER)
def test_what_a_user_writes_around_our_tables_stays_to_the_letter(tmp_path, before, later):
    path = tmp_path / "config.toml"
    text = agentsettings.merged(before, "codex", path)
    assert text.startswith(before)
    assert agentsettings.present(text + later, "codex", path) == "whole"
    assert agentsettings.stripped(text + later, path) == before + later


@pytest.mark.parametrize("before", TOMLS)
@pytest.mark.parametrize("later", LATER)
def test_tables_that_were_laid_out_anew_go_or_the_file_is_refused(tmp_path, before, later):
    path = tmp_path / "config.toml"
    text = agentsettings.merged(before, "codex", path).replace("timeout = 30\n", "timeout=30\n") + later
    try:
        after = agentsettings.stripped(text, path)
    except PlanfenceError:
        return
    assert "planfence" not in after
    assert after.count("#") == text.count("#")
    assert {"hooks": {}} | tomllib.loads(after) == {"hooks": {}} | tomllib.loads(before + later)


def test_a_missing_program_denies(tmp_path):
    line = agentsettings.command("claude", "PreToolUse")
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={"PATH": "/nonexistent"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "denied" in done.stderr


@pytest.mark.parametrize("home", [False, True])
def test_opencode_has_a_plugin_of_its_own(tmp_path, home):
    which = agentsettings.settings("opencode", tmp_path, tmp_path if home else None)
    assert agentsettings.install(which, tmp_path / "memory")
    text = which.path.read_text()
    assert has(text, which.path, "opencode") == "whole"
    assert not agentsettings.install(which, tmp_path / "memory")
    assert agentsettings.uninstall(which, tmp_path / "memory")
    assert not which.path.parent.exists()
    which.path.parent.mkdir(parents=True)
    which.path.write_text("export const Mine = async () => ({})\n")
    for change in (agentsettings.install, agentsettings.uninstall):
        if change is agentsettings.install:
            with pytest.raises(PlanfenceError, match="not a file of ours"):
                change(which, tmp_path / "memory")
        else:
            assert not change(which, tmp_path / "memory")
    assert "Mine" in which.path.read_text()
    which.path.write_text(text.replace("30000", "1"))
    assert has(which.path.read_text(), which.path, "opencode") == "part"
    with pytest.raises(PlanfenceError, match="changed since"):
        agentsettings.uninstall(which, tmp_path / "memory")


def test_an_old_claude_gets_no_event_that_it_would_drop_all_hooks_for(repo, tmp_path):
    """2.0.30 to 2.1.100 run no hook at all if one is of an event that they do not know."""
    program = tmp_path / "bin/claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho '2.0.30 (Claude Code)'\n")
    program.chmod(0o755)
    path = f"{program.parent}:{repo.variables['PATH']}"
    done = repo.planfence("install", "--agents", "claude", PATH=path)
    assert done.returncode == 0, done.stderr
    assert "2.0.30 is installed here" in done.stdout
    settings = repo.root / ".claude/settings.json"
    old = set(json.loads(settings.read_text())["hooks"])
    assert not old & {*agentsettings.NEWER}
    assert has(settings.read_text(), settings, "claude") == "whole"
    program.write_text("#!/bin/sh\necho '2.1.332 (Claude Code)'\n")
    assert repo.planfence("install", "--agents", "claude", PATH=path).returncode == 0
    assert set(json.loads(settings.read_text())["hooks"]) == old | {*agentsettings.NEWER}
    program.write_text("#!/bin/sh\necho '2.1.20 (Claude Code)'\n")
    doctor = repo.planfence("doctor", PATH=path).stdout
    assert "Claude Code 2.1.20 drops all hooks" in doctor
