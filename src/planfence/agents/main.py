"""Runs one agent hook: the full judgement behind the light entry, and behind `planfence agent NAME`.

Imports no click: it runs before every edit that the light entry could not answer.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from planfence import env
from planfence.agents import answers
from planfence.terminal import emit

#: Seconds after which an answer is given up and the tool denied, before the agent's own limit (30) lets it run.
PATIENCE_S = 20


class _TooSlowError(Exception):
    """The check took longer than the agent would wait."""


def main(name: str, data: bytes | None = None) -> int:
    """Answer the hook call on standard input; the exit code is 0, or 2 if only that blocks."""
    given = sys.stdin.buffer.read() if data is None else data
    reply = _answered(name, given)
    if reply.stdout:
        emit(reply.stdout + "\n")
    if reply.stderr:
        emit(reply.stderr.rstrip("\n") + "\n", err=True)
    return reply.code


def _answered(name: str, data: bytes) -> answers.Reply:
    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_S)
    try:
        return answers.reply(name, data, env.current())
    except _TooSlowError:
        return answers.gave_up(name, data, f"the check took longer than {PATIENCE_S} s")
    except Exception as error:  # noqa: BLE001 - an agent takes a crash for permission, so a crash must deny
        return answers.gave_up(name, data, f"an internal error: {type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
