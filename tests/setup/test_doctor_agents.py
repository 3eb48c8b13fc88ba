from __future__ import annotations

import json
import os
import sys

import pytest

from planfence.agents import codexserver
from planfence.manifest.policy import Policy
from planfence.setup import agents, doctor_agentgit, doctor_agents
from planfence.setup.doctor import Bench, Health


def seen(repo, **extra):
    bench = Bench(repo.open(**extra), Policy())
    return {each.subject: each for each in (*doctor_agents.agents(bench), *doctor_agents.model(bench))}


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "bin"
    path.mkdir()
    (path / "planfence-agent").write_text("#!/bin/sh\n")
    (path / "planfence-agent").chmod(0o755)
    return str(path)


def test_what_is_not_merged_is_said_of_who_is_named(repo):
    found = seen(repo)
    assert "claude's hooks" in found
    assert found["claude's hooks"].health is Health.ODD
    assert "cursor's hooks" not in found


def test_merged_and_disabled(repo, program):
    path = f"{program}:{repo.variables['PATH']}"
    agents.install(repo.open(), "claude")
    assert seen(repo, PATH=path)["claude's hooks"].health is Health.WELL
    repo.write(".claude/settings.local.json", '{"disableAllHooks": true}')
    assert "disableAllHooks" in seen(repo, PATH=path)["claude's hooks"].seen


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"permissions": {"allow": "Bash"}}, "permissions.allow"),
        ({"permissions": {"additionalDirectories": "x"}}, "permissions.additionalDirectories"),
        ({"permissions": {"defaultMode": "sometimes"}}, "permissions.defaultMode"),
        ({"permissions": []}, "`permissions`"),
        ({"env": ["A"]}, "`env`"),
        ({"model": 3}, "`model`"),
        ({"disableAllHooks": "false"}, "`disableAllHooks`"),
        ({"cleanupPeriodDays": "30"}, "`cleanupPeriodDays`"),
        ("{", "is not JSON"),
        ("// mine\n{}", "is not JSON"),
        ('{"a": 1,}', "is not JSON"),
        ("\ufeff{}", ""),
        ({"permissions": {"allow": ["Bash(ls)"], "defaultMode": "plan"}, "env": {"A": 1}, "new": 1}, ""),
    ],
)
def test_settings_that_claude_code_would_drop(repo, program, value, said):
    """Each was run with 2.1.332: with those that are named no hook ran, with the last one all did."""
    agents.install(repo.open(), "claude")
    repo.write(".claude/settings.local.json", value if isinstance(value, str) else json.dumps(value))
    found = seen(repo, PATH=f"{program}:/usr/bin:/bin")["claude's hooks"]
    assert (said in found.seen and found.health is Health.BROKEN) if said else found.health is Health.WELL


def test_a_program_that_is_not_there(repo):
    agents.install(repo.open(), "claude")
    assert "not on PATH" in seen(repo, PATH="/usr/bin:/bin")["claude's hooks"].seen


def test_half_of_the_hooks(repo):
    agents.install(repo.open(), "claude")
    path = repo.root / ".claude/settings.json"
    value = json.loads(path.read_text())
    del value["hooks"]["PreToolUse"]
    path.write_text(json.dumps(value))
    assert seen(repo)["claude's hooks"].health is Health.BROKEN


def test_codex_and_its_trust(repo, tmp_path, program):
    """The keys are those that `hooks/list` of Codex CLI 0.169 names; without codex they are all that tells."""
    path = f"{program}:/usr/bin:/bin"
    agents.install(repo.open(), "codex")
    config = tmp_path / ".codex/config.toml"
    config.parent.mkdir()
    found = seen(repo, PATH=path)["codex's hooks"]
    assert found.health is Health.BROKEN
    trusted = f'[projects."{repo.root}"]\ntrust_level = "trusted"\n'
    config.write_text(trusted)
    assert "until they are trusted" in seen(repo, PATH=path)["codex's hooks"].seen
    key = f"{repo.root}/.codex/hooks.json:pre_tool_use:0:0"
    config.write_text(f'{trusted}[hooks.state."{key}"]\ntrusted_hash = "sha256:0"\n')
    assert seen(repo, PATH=path)["codex's hooks"].health is Health.WELL
    config.write_text(config.read_text() + "[features]\nhooks = false\n")
    assert "switches all hooks off" in seen(repo, PATH=path)["codex's hooks"].seen


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff\xfe", None])
def test_settings_that_can_not_be_read_are_told_by_name(repo, text):
    planted = repo.write(".cursor/hooks.json", text or b"")
    if text is None:
        planted.unlink()
        planted.mkdir()
    told = seen(repo)
    assert told["cursor's hooks"].health is Health.BROKEN
    assert str(planted) in told["cursor's hooks"].seen
    assert "agents" not in told


def test_a_model_that_no_role_names(repo):
    assert "model" not in seen(repo)
    assert "model" not in seen(repo, PLANFENCE_MODEL="claude")
    assert "holds no role" in seen(repo, PLANFENCE_MODEL="gpt-9")["model"].seen
    assert "PLANFENCE_MODEL to the name" in seen(repo, PLANFENCE_MODEL="gpt-9")["model"].fix
    assert "the agent's own variables" in seen(repo, CODEX_CI="1")["model"].seen
    assert "PLANFENCE_MODEL" not in seen(repo, CODEX_CI="1")["model"].fix  # it makes no known agent another


SERVER = """\
#!{python}
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "initialize":
        print(json.dumps({{"id": 1, "result": {{}}}}))
        print(json.dumps({{"method": "configWarning", "params": {{}}}}), flush=True)
    if asked["method"] == "hooks/list":
        assert asked["params"]["cwds"] == [{top!r}]
        ours = {{"eventName": "preToolUse", "command": "planfence-agent codex || exit 2"}}
        hooks = [ours | each for each in {hooks!r}]
        hooks.append({{"eventName": "stop", "command": "mine", "trustStatus": "untrusted", "enabled": True}})
        print(json.dumps({{"id": 2, "result": {{"data": [{{"hooks": hooks}}]}}}}), flush=True)
"""


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        ([{"trustStatus": "trusted", "enabled": True}], ""),
        ([{"trustStatus": "managed", "enabled": True}], ""),
        ([{"trustStatus": "modified", "enabled": True}], "they are modified"),
        ([{"trustStatus": "trusted", "enabled": True}, {"trustStatus": "untrusted", "enabled": True}], "are untrusted"),
        ([{"trustStatus": "trusted", "enabled": False}], "they are off"),
        ([], "runs none of planfence's hooks here"),
    ],
)
def test_codex_itself_is_asked_where_it_is_there(repo, program, hooks, said):
    agents.install(repo.open(), "codex")
    codex = f"{program}/codex"
    with open(codex, "w") as file:
        file.write(SERVER.format(python=sys.executable, top=str(repo.root), hooks=hooks))
    os.chmod(codex, 0o755)
    found = seen(repo, PATH=f"{program}:/usr/bin:/bin")["codex's hooks"]
    assert (said in found.seen and found.health is Health.BROKEN) if said else found.health is Health.WELL


@pytest.mark.parametrize("text", ["exit 1", "cat > /dev/null", 'echo \'{"id": 2, "error": {}}\'', "echo nonsense"])
def test_a_codex_that_does_not_tell_is_read_by_its_settings(repo, program, text, monkeypatch):
    monkeypatch.setattr(codexserver, "_PATIENCE_S", 1)
    agents.install(repo.open(), "codex")
    codex = f"{program}/codex"
    with open(codex, "w") as file:
        file.write(f"#!/bin/sh\n{text}\n")
    os.chmod(codex, 0o755)
    assert "until they are trusted" in seen(repo, PATH=f"{program}:/usr/bin:/bin")["codex's hooks"].seen


def test_gemini_and_its_trust(repo, tmp_path, program):
    path = f"{program}:/usr/bin:/bin"
    agents.install(repo.open(), "gemini")
    assert "does not trust" in seen(repo, PATH=path)["gemini's hooks"].seen
    home = tmp_path / ".gemini"
    home.mkdir()
    trusted = home / "trustedFolders.json"
    trusted.write_text(json.dumps({str(repo.root.parent): "TRUST_FOLDER"}))
    assert seen(repo, PATH=path)["gemini's hooks"].health is Health.WELL
    trusted.write_text(json.dumps({str(repo.root.parent): "TRUST_FOLDER", str(repo.root): "DO_NOT_TRUST"}))
    assert seen(repo, PATH=path)["gemini's hooks"].health is Health.BROKEN
    (home / "settings.json").write_text('{"security": {"folderTrust": {"enabled": false}}}')
    assert seen(repo, PATH=path)["gemini's hooks"].health is Health.WELL


def gits(repo, **extra):
    return {each.subject: each for each in doctor_agentgit.gits(Bench(repo.open(**extra), Policy()))}


def test_an_agent_whose_git_runs_no_hooks_is_told_of(repo, program):
    path = f"{program}:/usr/bin:/bin"
    assert gits(repo, PATH=path) == {}
    for name in ("gemini", "claude", "copilot", "opencode"):
        with open(f"{program}/{name}", "w") as file:
            file.write("#!/bin/sh\n")
        os.chmod(f"{program}/{name}", 0o755)
    found = gits(repo, PATH=path)
    assert found["gemini's git"].health is Health.ODD
    plan = (repo.root / "plans/auth.toml").read_text().replace('implement = "human"', 'implement = "gemini"')
    repo.write("plans/auth.toml", plan)
    repo.git("commit", "-qam", "docs: roles")
    found = gits(repo, PATH=path)
    assert found["gemini's git"].health is Health.BROKEN
    assert found["gemini's git"].fix == "planfence install --agents gemini"
    assert all(name in found["agents' git"].seen for name in ("claude", "copilot", "opencode"))
    agents.install(repo.open(), "gemini")
    assert gits(repo, PATH=path)["gemini's git"].health is Health.ODD


def test_hooks_in_a_folder_of_the_users_configuration_are_not_every_agents(repo, tmp_path, program):
    """Gemini CLI hides the user's configuration, Copilot does not."""
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {tmp_path}/hooks\n")
    (tmp_path / "hooks").mkdir()
    agents.install(repo.open(), "gemini,copilot")
    found = gits(repo, PATH="/usr/bin:/bin", GIT_CONFIG_GLOBAL=str(config))
    assert "gemini's git" in found
    assert "copilot" in found["agents' git"].seen


@pytest.mark.parametrize(("text", "health"), [('shift 2; exec "$@"', Health.WELL), ("exit 1", Health.WELL),
                                              ("echo /elsewhere/pre-commit", Health.ODD)])  # fmt: skip
def test_an_agent_that_can_run_a_command_is_asked_itself(repo, program, text, health):
    with open(f"{program}/codex", "w") as file:
        file.write(f"#!/bin/sh\n{text}\n")
    os.chmod(f"{program}/codex", 0o755)
    found = gits(repo, PATH=f"{program}:/usr/bin:/bin")
    assert [each.health for each in found.values()] == [health]
    if health is Health.WELL:
        assert ("by what" in found["agents' git"].seen) is (text == "exit 1")
