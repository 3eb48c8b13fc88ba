"""Answers in the form that each agent obeys.

Claude Code and Codex read `hookSpecificOutput` on exit 0; Codex treats a field that it does not know,
`ask`, and an empty reason as no answer, and runs the tool. Gemini CLI and Antigravity read `decision`, Cursor
`permission`. VS Code has Claude's forms, but for a stop; Copilot CLI answers in the shape that it was asked in.
Exit 1, 127 and a timeout let the tool run in most of them, so an answer always exits 0, or 2 if none could be
formed.
"""

from __future__ import annotations

import json

from planfence.agents.payload import Event, Payload
from planfence.inert import inert

#: Claude Code cuts context at 10,000 characters.
LONGEST_CONTEXT = 10_000
#: The exit code that blocks with standard error as the reason, in all of these agents.
BLOCK = 2


def deny(payload: Payload, reason: str) -> str:
    """Return the answer that keeps a tool from running, with a reason that is never empty."""
    reason = _shown(reason) or "planfence denied this without a reason; run `planfence doctor`"
    if payload.agent == "cursor":
        return _json({"permission": "deny", "user_message": reason, "agent_message": reason})
    if payload.agent in ("gemini", "antigravity"):
        return _json({"decision": "deny", "reason": reason})
    if _is_camel(payload):
        return _json({"permissionDecision": "deny", "permissionDecisionReason": reason})
    return _json(
        {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": reason,
            }
        }
    )


def block(payload: Payload, reason: str) -> str:
    """Return the answer that keeps the agent from stopping; the reason is what it works on next."""
    reason = _shown(reason)
    if payload.agent == "cursor":
        return _json({"followup_message": reason})
    decision = {"gemini": "deny", "antigravity": "continue"}.get(payload.agent, "block")
    said: dict[str, object] = {"decision": decision, "reason": reason}
    if "hookEventName" in payload.other and payload.event is Event.STOP:  # VS Code
        said["hookSpecificOutput"] = {"hookEventName": "Stop", **said}
    return _json(said)


def tell(payload: Payload, text: str) -> str:
    """Return the answer that tells the model what its tool did; the tool has run."""
    if payload.agent == "cursor":
        return _json({"additional_context": text[:LONGEST_CONTEXT]})
    if payload.agent == "antigravity":
        return silence(payload)  # its hooks after a tool give nothing to the model
    # Claude Code takes no decision on a tool that failed.
    by_context = payload.agent in ("gemini", "copilot") or payload.name == "PostToolUseFailure" or _is_camel(payload)
    return context(payload, text) if by_context else block(payload, text[:LONGEST_CONTEXT])


def context(payload: Payload, text: str) -> str:
    """Return the answer that gives the model a text to know, cut to what is taken."""
    text = _shown(text[:LONGEST_CONTEXT])[:LONGEST_CONTEXT]
    if payload.agent == "cursor":
        # Only its sessionStart takes context; a prompt hook there answers with `continue` alone.
        return _json({"additional_context": text} if payload.event is Event.SESSION_START else {"continue": True})
    if payload.agent == "antigravity":
        return silence(payload)
    said: dict[str, object] = {"additionalContext": text}
    if _is_camel(payload):
        return _json(said)
    nested: dict[str, object] = {"hookSpecificOutput": {"hookEventName": payload.name, **said}}
    # Of one answer Copilot reads the outer text, VS Code the inner one.
    return _json(said | nested if payload.agent == "copilot" else nested)


def silence(payload: Payload) -> str:
    """Return the answer that says nothing: no output, except if the agent wants an object."""
    if payload.agent == "cursor" and payload.event is Event.BEFORE_TOOL:
        return _json({"permission": "allow"})
    return "{}" if payload.agent in ("gemini", "cursor") else ""  # Antigravity takes `{}` before a tool for a denial


def _is_camel(payload: Payload) -> bool:
    """Whether this is Copilot's camelCase, which names no event."""
    named = payload.other.get("hook_event_name", payload.other.get("hookEventName"))
    return not named and "sessionId" in payload.other


def _shown(text: str) -> str:
    """Our own lines, each inert: an agent shows them in its terminal."""
    return "\n".join(inert(line, LONGEST_CONTEXT) for line in text.strip().split("\n"))


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=True)
