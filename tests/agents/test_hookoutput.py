from __future__ import annotations

import json

import pytest

from planfence.agents import hookoutput
from planfence.agents.payload import Event, Payload


def payload(agent, event=Event.BEFORE_TOOL, name="PreToolUse"):
    return Payload(agent, event, name)


def test_the_denial_that_claude_and_codex_obey_has_no_other_field():
    for agent in ("claude", "codex"):
        assert json.loads(hookoutput.deny(payload(agent), "no")) == {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": "no",
            }
        }


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "cursor"])
def test_a_reason_is_never_empty(agent):
    assert "doctor" in hookoutput.deny(payload(agent), " ")


def test_other_agents_forms():
    assert json.loads(hookoutput.deny(payload("gemini"), "no")) == {"decision": "deny", "reason": "no"}
    assert json.loads(hookoutput.deny(payload("cursor"), "no"))["permission"] == "deny"
    assert json.loads(hookoutput.block(payload("claude", Event.STOP), "run"))["decision"] == "block"
    assert json.loads(hookoutput.block(payload("cursor", Event.STOP), "run")) == {"followup_message": "run"}
    assert hookoutput.silence(payload("claude")) == ""
    assert json.loads(hookoutput.silence(payload("cursor")))["permission"] == "allow"


def test_context_is_cut_to_what_the_agent_takes():
    said = json.loads(hookoutput.context(payload("claude", Event.SESSION_START, "SessionStart"), "x" * 20_000))
    assert len(said["hookSpecificOutput"]["additionalContext"]) == hookoutput.LONGEST_CONTEXT
