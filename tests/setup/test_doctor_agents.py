from __future__ import annotations

import json

import pytest

from planfence.manifest.policy import Policy
from planfence.setup import agents, doctor_agents
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
    """The keys are those that `hooks/list` of Codex CLI 0.169 names."""
    path = f"{program}:{repo.variables['PATH']}"
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


def test_a_model_that_no_role_names(repo):
    assert "model" not in seen(repo)
    assert "model" not in seen(repo, PLANFENCE_MODEL="claude")
    assert "holds no role" in seen(repo, PLANFENCE_MODEL="gpt-9")["model"].seen
    assert "the agent's own variables" in seen(repo, CODEX_CI="1")["model"].seen
