"""The agents' own programs, where they are on PATH, with a stand-in model behind them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from planfence.env import Environment
from planfence.report import costs_claude, costs_codex

_spec = importlib.util.spec_from_file_location("standin_models", Path(__file__).with_name("standin_models.py"))
standin_models = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(standin_models)


def needs(name):
    program = shutil.which(name)
    return pytest.mark.skipif(program is None, reason=f"{name} is not installed (npm install, no account needed)")


@pytest.fixture
def shop(repo, tmp_path):
    """A planned repository with a task at work and the agents' hooks merged, and `planfence-agent` on PATH."""
    program = Path(sys.executable).with_name("planfence-agent")
    if not program.exists():
        pytest.skip("planfence-agent is not installed beside this Python")
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\n')
    repo.git("commit", "-qam", "chore: tests", "--no-verify")
    assert repo.planfence("install", "--agents", "claude,codex,copilot,opencode,gemini").returncode == 0
    repo.git("add", "-A")
    repo.git("commit", "-qm", "chore: agents", "--no-verify")
    repo.git("checkout", "-q", "-b", "work")
    assert repo.planfence("start", "auth/middleware").returncode == 0
    return repo


def run(repo, command, **extra):
    variables = repo.variables | {
        "PATH": f"{repo.variables['PATH']}{os.pathsep}{os.environ['PATH']}",
        "IS_SANDBOX": "1",
    }
    return subprocess.run(
        command,
        cwd=repo.root,
        env=variables | extra,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
        check=False,
    )


def spent(collector, repo):
    """The output tokens of each answer that the agent's own session files tell of: 20 + n for the stand-in's n-th."""
    return [turn.output for turn in collector.collect(collector.files(Environment(repo.variables), 0)).turns]


@needs("claude")
def test_claude_code_obeys(shop):
    script = [
        {"name": "Write", "input": {"file_path": str(shop.root / "src/auth.py"), "content": "x = 1\n"}},
        {"name": "Write", "input": {"file_path": str(shop.root / "docs/new.md"), "content": "x\n"}},
        {"name": "Bash", "input": {"command": "git add -A && git commit -nm x", "description": "Commit"}},
    ]
    with standin_models.serving(script) as server:
        done = run(
            shop,
            [
                "claude",
                "-p",
                "Do it",
                "--output-format",
                "json",
                "--permission-mode",
                "acceptEdits",
                "--allowedTools",
                "Bash",
            ],
            ANTHROPIC_API_KEY="stand-in",
            ANTHROPIC_BASE_URL=f"http://127.0.0.1:{server.server_port}",
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            DISABLE_AUTOUPDATER="1",
        )
        told, answers = "\n".join(server.asked), server.answers
    result = json.loads(done.stdout)
    assert [each["tool_name"] for each in result["permission_denials"]] == ["Write", "Bash"]
    assert (shop.root / "src/auth.py").exists()
    assert not (shop.root / "docs/new.md").exists()
    assert "the task is auth/middleware" in told
    assert "docs/new.md: not in the files of auth/middleware (SCP001 path-outside-task)" in told
    assert "is not tested as it stands: src/auth.py" in told
    assert "event=session" in (shop.root / ".ai-benchmark.csv").read_text()
    counted = spent(costs_claude, shop)
    assert len(counted) == len(set(counted)) >= 4
    assert set(counted) <= {20 + n for n in range(1, answers + 1)}


@needs("codex")
def test_codex_obeys_once_its_hooks_are_trusted(shop, tmp_path):
    home = tmp_path / ".codex"
    home.mkdir()
    script = [
        {"name": "apply_patch", "input": "*** Begin Patch\n*** Add File: src/auth.py\n+x = 1\n*** End Patch\n"},
        {"name": "apply_patch", "input": "*** Begin Patch\n*** Add File: docs/new.md\n+x\n*** End Patch\n"},
        {"name": "exec_command", "input": {"cmd": "git commit -anm x"}},
    ]
    with standin_models.serving(script) as server:
        catalog = run(shop, ["codex", "debug", "models"]).stdout
        models = json.loads(catalog)["models"]
        model = next(each["slug"] for each in models if each.get("apply_patch_tool_type"))
        (home / "config.toml").write_text(
            f'model = "{model}"\nmodel_provider = "standin"\n[model_providers.standin]\nname = "standin"\n'
            f'base_url = "http://127.0.0.1:{server.server_port}/v1"\nwire_api = "responses"\n'
            f'[projects."{shop.root}"]\ntrust_level = "trusted"\n'
        )
        flags = ["--dangerously-bypass-approvals-and-sandbox", "--dangerously-bypass-hook-trust"]
        run(shop, ["codex", "exec", "--json", *flags, "Do it"])
        told, answers = "\n".join(server.asked), server.answers
    assert (shop.root / "src/auth.py").exists()
    assert not (shop.root / "docs/new.md").exists()
    assert "the task is auth/middleware" in told
    assert "docs/new.md: not in the files of auth/middleware (SCP001 path-outside-task)" in told
    assert "git commit --no-verify: the hooks are part of the plan" in told
    assert spent(costs_codex, shop) == [20 + n for n in range(1, answers + 1)]


def calls(shop, names):
    """An edit inside the task and one outside, a heredoc, a script, a commit without hooks, by an agent's own tools."""
    write, path, text, shell = names
    script = shop.root.parent / "script.py"
    script.write_text("open('docs/script.md', 'w').write('x')\n")
    commands = ["cat > docs/here.md <<'E'\nx\nE", f"python3 {script}", "git add -A && git commit -nm x"]
    return [
        {"name": write, "input": {path: str(shop.root / "src/auth.py"), text: "x = 1\n"}},
        {"name": write, "input": {path: str(shop.root / "docs/new.md"), text: "x\n"}},
        *({"name": shell, "input": {"command": each, "description": "x"}} for each in commands),
    ]


def held(shop, told):
    assert (shop.root / "src/auth.py").exists()
    assert not (shop.root / "docs/new.md").exists()
    assert not (shop.root / "docs/here.md").exists()
    assert "the task is auth/middleware" in told
    assert "docs/new.md: not in the files of auth/middleware (SCP001 path-outside-task)" in told
    assert "docs/here.md: not in the files of auth/middleware (SCP001 path-outside-task)" in told
    assert "This is changed outside the task auth/middleware" in told
    assert "git commit --no-verify: the hooks are part of the plan" in told
    assert shop.git("log", "--format=%s", "-1") == "chore: agents"


@needs("copilot")
def test_copilot_obeys(shop):
    with standin_models.serving(calls(shop, ("create", "path", "file_text", "bash"))) as server:
        run(
            shop,
            ["copilot", "-p", "Do it", "--trust-folder", "--allow-all-tools", "--allow-all-paths", "--no-auto-update"],
            COPILOT_PROVIDER_BASE_URL=f"http://127.0.0.1:{server.server_port}",
            COPILOT_PROVIDER_TYPE="anthropic",
            COPILOT_PROVIDER_API_KEY="stand-in",
            COPILOT_MODEL="claude-sonnet-4",
            COPILOT_OFFLINE="true",
        )
        told = "\n".join(server.asked)
    held(shop, told)
    assert "docs/script.md" in told


@needs("opencode")
def test_opencode_obeys(shop):
    with standin_models.serving(calls(shop, ("write", "filePath", "content", "bash"))) as server:
        options = {"baseURL": f"http://127.0.0.1:{server.server_port}/v1", "apiKey": "stand-in"}
        settings = {"provider": {"anthropic": {"options": options}}, "autoupdate": False}
        settings["small_model"] = "openai/none"  # what writes the title would take an answer from the script
        shop.write("opencode.json", json.dumps(settings))
        run(shop, ["opencode", "run", "--model", "anthropic/claude-sonnet-4-5", "Do it"], ANTHROPIC_API_KEY="stand-in")
        told = "\n".join(server.asked)
    held(shop, told)


@needs("gemini")
def test_gemini_obeys(shop):
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"disableAutoUpdate": True}}
    settings |= {"privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}
    (shop.root.parent / ".gemini").mkdir()
    (shop.root.parent / ".gemini/settings.json").write_text(json.dumps(settings))
    with standin_models.serving(calls(shop, ("write_file", "file_path", "content", "run_shell_command"))) as server:
        run(
            shop,
            ["gemini", "-p", "Do it", "--yolo", "--skip-trust", "-m", "gemini-2.5-pro"],
            GOOGLE_GEMINI_BASE_URL=f"http://127.0.0.1:{server.server_port}",
            GEMINI_API_KEY="stand-in",
            GEMINI_CLI_TRUST_WORKSPACE="true",
        )
        told = "\n".join(server.asked)
    held(shop, told)
