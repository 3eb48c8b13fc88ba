"""OpenCode's plugin, run by Node with a stand-in for `planfence-agent`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from planfence.setup import agentsettings

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

DRIVER = """\
const { Planfence } = await import(process.argv[2])
const hooks = await Planfence({ directory: process.cwd() })
const said = {}
const output = { args: { command: "git status" }, output: "ran", parts: [{ type: "text", text: "Do it" }], system: [] }
await hooks["chat.message"]({ sessionID: "s" }, output)
await hooks["experimental.chat.system.transform"]({ sessionID: "s" }, output)
await hooks["experimental.chat.system.transform"]({ sessionID: "other" }, output)
const before = hooks["tool.execute.before"]
await before({ tool: "bash", sessionID: "s" }, output).catch((error) => { said.denied = error.message })
await hooks["tool.execute.after"]({ tool: "bash", sessionID: "s", args: output.args }, output)
const mcp = { content: [{ type: "text", text: "ok" }] }
await hooks["tool.execute.after"]({ tool: "fs_run", sessionID: "s", args: {} }, mcp)
const all = { ...said, output: output.output, system: output.system, content: mcp.content }
await new Promise((done) => process.stdout.write(JSON.stringify(all), done))
process.exit(0)  // Node keeps the timer of a program that never started
"""


def told(tmp_path, answer, *, there=True):
    plugin, program = tmp_path / "planfence.mjs", tmp_path / "bin/planfence-agent"
    plugin.write_text(agentsettings.plugin())
    (tmp_path / "driver.mjs").write_text(DRIVER)
    program.parent.mkdir()
    if there:
        program.write_text(f"#!/bin/sh\ncat >> {tmp_path}/asked\necho >> {tmp_path}/asked\n{answer}\n")
        program.chmod(0o755)
    done = subprocess.run(
        [NODE, tmp_path / "driver.mjs", plugin],
        cwd=tmp_path,
        env={"PATH": f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"},
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_denial_a_word_afterwards_and_the_task(tmp_path):
    specific = {"permissionDecision": "deny", "permissionDecisionReason": "no", "additionalContext": "the task"}
    answer = json.dumps({"hookSpecificOutput": specific, "decision": "block", "reason": "outside"})
    said = told(tmp_path, f"echo '{answer}'")
    assert said["denied"] == "no"
    assert said["output"] == "ran\n\noutside"
    assert said["content"][-1] == {"type": "text", "text": "outside"}
    assert said["system"] == ["the task"]
    asked = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert [each["hook_event_name"] for each in asked] == ["UserPromptSubmit", "PreToolUse", *["PostToolUse"] * 2]
    assert asked[0]["prompt"] == "Do it"
    assert asked[1]["tool_input"] == {"command": "git status"}
    assert {each["cwd"] for each in asked} == {str(tmp_path)}


def test_silence_lets_it_run(tmp_path):
    assert told(tmp_path, "true") == {"output": "ran", "system": [], "content": [{"type": "text", "text": "ok"}]}


@pytest.mark.parametrize("answer", ["exit 1", "exit 127", "echo no JSON", "kill -9 $$"])
def test_no_answer_is_a_denial(tmp_path, answer):
    assert "gave no answer" in told(tmp_path, answer)["denied"]


def test_what_blocks_says_why(tmp_path):
    assert told(tmp_path, "echo broken plan >&2; exit 2")["denied"] == "broken plan"


def test_a_program_that_is_not_there_is_a_denial(tmp_path):
    assert "install planfence" in told(tmp_path, "", there=False)["denied"]
