from __future__ import annotations

import json
from pathlib import Path

import pytest

from planfence.agents.answers import reply

PAYLOADS = Path(__file__).parent.parent / "agents" / "payloads"


def ask(repo, tool, arguments, agent="claude", event="PreToolUse", cwd=None, **extra):
    raw = {
        "session_id": "s1",
        "transcript_path": "",
        "cwd": str(cwd or repo.root),
        "hook_event_name": event,
        "tool_name": tool,
        "tool_input": arguments,
    }
    return reply(agent, json.dumps(raw).encode(), repo.environment(**extra))


def reason(answered):
    assert answered.code == 0
    if not answered.stdout:
        return ""
    return json.loads(answered.stdout)["hookSpecificOutput"]["permissionDecisionReason"]


def write(repo, path, **extra):
    return reason(ask(repo, "Write", {"file_path": str(repo.root / path), "content": ""}, **extra))


@pytest.fixture
def working(repo):
    repo.start("auth/middleware")
    return repo


@pytest.mark.parametrize("path", ["src/auth.py", "src/user.py", "tests/auth/deep/test_a.py"])
def test_a_planned_path_is_answered_with_silence(working, path):
    assert write(working, path) == ""


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("docs/index.md", "SCP001"),
        ("src/user_evil.py", "SCP001"),
        ("src/keys/a.py", "SCP003"),
        ("plans/auth.toml", "judges itself"),
        ("planfence.toml", "it is the policy"),
        (".git/hooks/pre-commit", "git's own folder"),
        (".GIT/config", "git's own folder"),
        (".claude/settings.json", "a person changes it"),
        (".github/workflows/ci.yml", "SCP001"),
        ("src/../docs/index.md", "SCP001"),
    ],
)
def test_any_other_path_is_denied_with_its_reason(working, path, why):
    said = write(working, path)
    assert why in said
    assert "auth/middleware" in said


def test_the_denial_names_the_amendment(working):
    assert 'planfence plan amend auth/middleware --add src/other.py --why "…"' in write(working, "src/other.py")


def test_an_addition_where_the_plan_says_modify_is_denied(working):
    working.git("rm", "-q", "src/user.py")
    working.git("commit", "-qm", "x", "--no-verify")
    assert "SCP002" in write(working, "src/user.py")


def test_a_path_through_a_link_is_judged_where_it_leads(working, tmp_path):
    (working.root / "tests/auth").mkdir(parents=True)
    (working.root / "tests/auth/link").symlink_to("../../docs")
    assert "docs/a.md" in write(working, "tests/auth/link/a.md")
    (working.root / "tests/auth/file.md").symlink_to("../../docs/index.md")
    assert "docs/index.md" in write(working, "tests/auth/file.md")


def test_outside_any_repository_and_ignored_files_are_free(working, tmp_path):
    assert write(working, "../elsewhere.txt") == ""
    (working.root / ".git/info").mkdir(exist_ok=True)
    (working.root / ".git/info/exclude").write_text("build/\n")
    assert write(working, "build/out.txt") == ""


def test_the_users_git_configuration_is_not(working, tmp_path):
    assert "git's configuration" in reason(ask(working, "Bash", {"command": "echo '[core]' >> ~/.gitconfig"}))


def test_a_linked_worktree_has_its_own_task(working):
    working.git("worktree", "add", "-q", "../other", "-b", "other")
    assert "docs/a.md" not in write(working, "../other/docs/a.md")
    (working.root / ".git/worktrees/other/planfence").mkdir()
    (working.root / ".git/worktrees/other/planfence/task").write_text("auth/guide\n")
    assert write(working, "../other/docs/a.md") == ""
    assert "SCP001" in write(working, "../other/src/user.py")


def test_without_a_task_the_small_door_is_counted(repo):
    assert write(repo, "a.py") == ""
    repo.write("b.py")
    repo.write("src/user.py", "changed\n")
    said = write(repo, "c.py")
    assert "MSG001" in said
    assert "planfence start" in said
    assert write(repo, "c.py", PLANFENCE_URGENT="down") == ""
    assert write(repo, "plans/new.toml") == ""
    assert "it is the policy" in write(repo, "planfence.toml")


def test_without_a_policy_nothing_is_said(empty_repo):
    assert write(empty_repo, "a.py") == ""
    assert reason(ask(empty_repo, "Bash", {"command": "git commit --no-verify -m x"})) == ""


def test_a_broken_plan_denies_with_its_fault(working):
    working.write("plans/auth.toml", "schema = 1\nid = ")
    working.git("commit", "-qam", "x", "--no-verify")
    said = write(working, "src/user.py")
    assert "could not check" in said
    assert "plans/auth.toml:2" in said


def test_a_task_that_no_plan_has_denies(repo):
    repo.start("auth/nothing")
    assert "there is no task auth/nothing" in write(repo, "src/user.py")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("git commit --no-verify -m x", "--no-verify"),
        ("git config core.hooksPath /dev/null", "core.hooksPath"),
        ("echo x > docs/a.md", "docs/a.md"),
        ("rm -rf docs", "docs/index.md"),
        ("rm docs/*.md", "docs/index.md"),
        ("mv src/user.py lib.py", "lib.py"),
        ("chmod -x .git/hooks/pre-commit", "git's own folder"),
        ("sed -i s/1/2/ plans/auth.toml", "judges itself"),
        ("cd docs && touch new.md", "docs/new.md"),
        ("echo x > $HOME/.gitconfig", "git's configuration"),
    ],
)
def test_a_command_that_leaves_the_plan_is_denied(working, command, why):
    assert why in reason(ask(working, "Bash", {"command": command}))


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q tests",
        "git add -A && git commit -m 'feat: x'",
        "echo x >> src/user.py",
        "rm -rf tests/auth && mkdir -p tests/auth && cp -r /tmp/x tests/auth",
        "rm -rf nothing",
        "git log -n 3 > /tmp/log",
        "rm untracked.txt",
    ],
)
def test_a_command_inside_it_is_not(working, command):
    assert reason(ask(working, "Bash", {"command": command})) == ""


def test_a_patch_is_judged_by_all_its_headers(working):
    text = "*** Begin Patch\n*** Update File: src/user.py\n*** Move to: src/people.py\n@@\n-a\n+b\n*** End Patch\n"
    said = reason(ask(working, "apply_patch", {"command": text}, agent="codex"))
    assert "src/people.py" in said
    assert "src/user.py: delete" in said or "SCP002" in said


def test_what_cannot_be_read_is_denied(working):
    assert "without a path" in reason(ask(working, "Write", {}))
    assert reply("claude", b"{", working.environment()).code == 2


def test_the_session_is_told_its_task(working):
    answered = ask(working, "", {}, event="SessionStart")
    said = json.loads(answered.stdout)["hookSpecificOutput"]
    assert said["hookEventName"] == "SessionStart"
    assert "auth/middleware" in said["additionalContext"]
    assert "src/auth.py (add)" in said["additionalContext"]
    assert "outside these files is denied" in said["additionalContext"]
    working.write("planfence.toml", 'schema = 1\nmode = "observe"\n')
    working.commit("chore: observe")
    assert "is denied" not in ask(working, "", {}, event="SessionStart").stdout


def test_the_main_agent_is_told_once_and_a_subagent_each_time(working):
    told = {"session_id": "s1", "cwd": str(working.root), "prompt": "go", "source": "startup"}

    def said(event):
        return reply("claude", json.dumps(told | {"hook_event_name": event}).encode(), working.environment()).stdout

    assert "auth/middleware" in said("SessionStart")
    assert said("UserPromptSubmit") == ""
    subagent = json.loads(said("SubagentStart"))["hookSpecificOutput"]
    assert subagent["hookEventName"] == "SubagentStart"
    assert "src/auth.py (add)" in subagent["additionalContext"]
    assert "auth/middleware" in said("SubagentStart")
    working.start("auth/guide")
    assert "auth/guide" in said("UserPromptSubmit")
    assert said("UserPromptSubmit") == ""
    assert "auth/guide" in said("SessionStart")


@pytest.mark.parametrize("variable", ["CLAUDE_CODE_CHILD_SESSION", "COPILOT_CLI", "OPENCODE", "AI_AGENT"])
def test_a_model_is_told_what_to_ask_for_and_not_what_to_type(working, variable):
    said = write(working, "src/other.py", **{variable: "1"})
    assert "let auth/middleware touch src/other.py" in said
    assert "ask a person" in said
    assert "planfence " not in said
    assert "PLANFENCE_URGENT" not in said


def test_a_prompt_is_kept_for_replay(working):
    raw = {"session_id": "s1", "cwd": str(working.root), "hook_event_name": "UserPromptSubmit", "prompt": "do it\nnow"}
    assert "auth/middleware" in reply("claude", json.dumps(raw).encode(), working.environment()).stdout
    kept = (working.root / ".git/planfence/sessions/s1.jsonl").read_text().splitlines()
    assert json.loads(kept[0])["prompt"] == "do it\nnow"


@pytest.mark.parametrize("file", sorted(PAYLOADS.glob("*/*.json")), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_recorded_payloads_are_answered(working, file):
    """As recorded, byte for byte but for the folder that the agent was in."""
    agent, _, version = file.parent.name.partition("-")
    recorded = file.read_bytes().replace(f"/home/dev/{agent}-{version}/shop".encode(), str(working.root).encode())
    answered = reply(agent, recorded, working.environment())
    assert answered.code == 0
    denied = b"PreToolUse" in recorded or b"BeforeTool" in recorded
    assert ("deny" in answered.stdout) is denied


CAMEL = PAYLOADS.parent / "camel"


@pytest.mark.parametrize("file", sorted(CAMEL.rglob("*.json")), ids=lambda file: file.name)
@pytest.mark.parametrize("agent", ["copilot", "claude"])
def test_recorded_payloads_that_name_no_event_are_answered_in_their_own_form(working, file, agent):
    recorded = file.read_bytes().replace(f"/home/dev/{file.parent.name}/shop".encode(), str(working.root).encode())
    answered = reply(agent, recorded, working.environment())
    assert answered.code == 0
    said = json.loads(answered.stdout or "{}")
    assert (said.get("permissionDecision") == "deny") is ("-preToolUse" in file.name)
    assert "hookSpecificOutput" not in said
    told = ("sessionStart", "userPromptSubmitted", "subagentStart")
    assert ("the task is auth/middleware" in said.get("additionalContext", "")) is any(
        each in file.name for each in told
    )


def test_vs_code_is_answered_in_its_form(tested):
    common = {"timestamp": "2026-02-09T10:30:00.000Z", "cwd": str(tested.root), "sessionId": "s1"}
    call = {"hookEventName": "PreToolUse", "tool_name": "create_file", "tool_use_id": "t"}
    call["tool_input"] = {"filePath": str(tested.root / "docs/new.md"), "content": "x"}
    for agent in ("claude", "copilot"):
        said = json.loads(reply(agent, json.dumps(common | call).encode(), tested.environment()).stdout)
        assert said["hookSpecificOutput"]["permissionDecision"] == "deny"
        call["tool_input"]["filePath"] = str(tested.root / "src/auth.py")
        assert reply(agent, json.dumps(common | call).encode(), tested.environment()).stdout == ""
        call["tool_input"]["filePath"] = str(tested.root / "docs/new.md")
    tested.write("src/auth.py")
    stop = common | {"hookEventName": "Stop", "stop_hook_active": False}
    said = json.loads(reply("copilot", json.dumps(stop).encode(), tested.environment()).stdout)
    assert said["hookSpecificOutput"] == {"hookEventName": "Stop", "decision": "block", "reason": said["reason"]}


def test_antigravity_is_never_answered_by_an_empty_object(tested):
    """Before a tool, `{}` is a denial to it, and silence lets it run (seen with 1.2.3)."""
    common = {"conversationId": "c", "workspacePaths": [str(tested.root)]}
    call = {"toolCall": {"name": "run_command", "args": {"CommandLine": "ls", "Cwd": str(tested.root)}}}
    assert reply("antigravity", json.dumps(common | call).encode(), tested.environment()).stdout == ""
    call["toolCall"]["args"]["CommandLine"] = "git commit -nm x"
    said = json.loads(reply("antigravity", json.dumps(common | call).encode(), tested.environment()).stdout)
    assert said["decision"] == "deny"
    assert "--no-verify" in said["reason"]
    call["toolCall"] = {"name": "write_to_file", "args": {"TargetFile": str(tested.root / "docs/new.md")}}
    said = json.loads(reply("antigravity", json.dumps(common | call).encode(), tested.environment()).stdout)
    assert "docs/new.md" in said["reason"]


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({}, True),
        ({"background_tasks": []}, True),
        ({"background_tasks": [{"id": "a1", "type": "subagent", "status": "running", "agent_type": "x"}]}, False),
        ({"background_tasks": [{"id": "b1", "type": "shell", "status": "running", "command": "npm start"}]}, True),
        ({"background_tasks": [{"id": "b1", "type": "shell", "status": "completed"}]}, True),
        ({"agent_id": "a1", "background_tasks": [{"id": "a1", "type": "subagent", "status": "running"}]}, True),
        ({"agent_id": "a1", "agent_type": "Explore"}, False),
        ({"agent_id": "a1", "agent_type": "general-purpose"}, True),
        ({"background_tasks": "none"}, True),
    ],
)
def test_a_stop_waits_for_children_and_not_for_readers(tested, fields, held):
    tested.write("src/auth.py")
    assert bool(end(tested, "SubagentStop" if "agent_id" in fields else "Stop", **fields).stdout) is held


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ({"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "planfence-agent claude"}]}]}}, ""),
        ({"hooks": {}}, "takes the plan's hooks out"),
        (
            {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "mine"}]}]}},
            "takes the plan's hooks out",
        ),
        ({"disableAllHooks": True}, "switches the plan's hooks off"),
        ([], "not a JSON object"),
        ("{", "can't be read as JSON"),
    ],
)
def test_settings_that_change_during_a_session_keep_our_hooks(tested, after, why):
    tested.write(".claude/settings.json", after if isinstance(after, str) else json.dumps(after))
    answered = end(tested, "ConfigChange", source="project_settings", file_path=".claude/settings.json")
    assert (why in json.loads(answered.stdout)["reason"]) if why else not answered.stdout


def test_hooks_of_the_user_are_enough(tested):
    tested.write(".claude/settings.json", "{}")
    home = tested.root.parent / ".claude"
    home.mkdir()
    (home / "settings.json").write_text(
        '{"hooks": {"PreToolUse": [{"hooks": [{"command": "planfence-agent claude"}]}]}}'
    )
    assert not end(tested, "ConfigChange").stdout
    elsewhere = {"CLAUDE_CONFIG_DIR": str(tested.root.parent / "elsewhere")}
    raw = json.dumps({"session_id": "s1", "cwd": str(tested.root), "hook_event_name": "ConfigChange"}).encode()
    assert reply("claude", raw, tested.environment(**elsewhere)).stdout
    tested.write(".claude/settings.local.json", '{"disableAllHooks": true}')
    assert end(tested, "ConfigChange").stdout


@pytest.mark.parametrize(
    "path",
    [
        ".github/hooks/planfence.json",
        ".github/hooks/new.json",
        ".opencode/plugins/planfence.js",
        ".opencode/plugin/x.ts",
    ],
)
def test_the_other_agents_hooks_are_no_agents_to_change(working, path):
    assert "decides whether hooks run" in write(working, path)


def test_a_command_may_be_what_an_editor_does_to_a_file(working):
    made = {"command": "create", "file_text": "x"}
    assert "SCP001" in reason(ask(working, "fs_write", made | {"path": "docs/a.md"}))
    assert reason(ask(working, "fs_write", made | {"path": "src/user.py"})) == ""


def test_no_word_makes_a_tool_that_writes_one_that_looks(working):
    script = {"script": "echo x > docs/a.md", "command": "view"}
    assert reason(ask(working, "mcp__fs__execute", script))


def test_a_tool_that_nobody_knows_is_looked_at_afterwards(working):
    assert not ask(working, "mcp__x__run_magic", {"spell": "x"}).stdout
    working.write("docs/magic.md")
    told = json.loads(ask(working, "mcp__x__run_magic", {"spell": "x"}, event="PostToolUse").stdout)
    assert "docs/magic.md" in told["reason"]


def end(repo, event, **fields):
    raw = {"session_id": "s1", "cwd": str(repo.root), "hook_event_name": event} | fields
    return reply("claude", json.dumps(raw).encode(), repo.environment())


@pytest.fixture
def tested(working):
    """A task at work in a repository whose policy names a test command."""
    working.git("checkout", "-q", "-b", "work")
    working.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\n')
    working.git("commit", "-qam", "chore: tests", "--no-verify")
    working.git("branch", "-f", "main", "work")
    assert working.planfence("start", "auth/middleware").returncode == 0
    return working


@pytest.mark.parametrize("event", ["Stop", "SubagentStop"])
def test_the_stop_is_held_until_the_tests_pass(tested, event):
    assert end(tested, event).stdout == ""
    tested.write("src/auth.py", "x = 1\n")
    assert "src/auth.py" in json.loads(end(tested, event).stdout)["reason"]
    assert end(tested, event, stop_hook_active=True).stdout == ""
    tested.git("add", "src/auth.py")
    held = json.loads(end(tested, event).stdout)
    assert held["decision"] == "block"
    assert "planfence test --staged" in held["reason"]
    assert tested.planfence("test", "--staged").returncode == 0
    assert end(tested, event).stdout == ""


def test_a_sessions_end_is_logged(tested):
    end(tested, "UserPromptSubmit", prompt="go")
    answered = end(tested, "SessionEnd", reason="exit")
    assert (answered.code, answered.stdout) == (0, "")
    line = next(
        line for line in (tested.root / ".ai-benchmark.csv").read_text().splitlines() if "event=session" in line
    )
    assert "task=auth/middleware,model=claude" in line
    assert "session=s1" in line


def test_a_commit_by_a_servers_interface_is_denied_for_this_repository_alone(working):
    working.git("remote", "add", "origin", "git@github.com:acme/app.git")
    put = "gh api -X PUT repos/{}/contents/docs/a.md -f message=x"
    assert "no hook here sees" in reason(ask(working, "Bash", {"command": put.format("acme/app")}))
    assert "no hook here sees" in reason(ask(working, "Bash", {"command": put.format("{owner}/{repo}")}))
    assert reason(ask(working, "Bash", {"command": put.format("acme/other")})) == ""


def test_a_word_that_a_tool_reads_as_something_else_is_no_file(working):
    assert reason(ask(working, "Bash", {"command": "ruff check --select I --fix src/user.py"})) == ""
    assert "docs/index.md" in reason(ask(working, "Bash", {"command": "ruff check --select I --fix docs/index.md"}))
