"""The plain `planfence split`, `--apply` and `-m` without click: most of a short command is what it loads."""

from __future__ import annotations

import sys


def main(words: list[str]) -> bool:
    """Do what these arguments of `split` say; False where the full command must, and nothing has happened."""
    options = _plain(words)
    if options is None:
        return False
    message, apply, hunks = options
    from planfence.fastpath import Unsure

    try:
        from planfence.app.quicksplit import split

        done = split(message, apply=apply)
    except (Unsure, OSError, ValueError):
        return False
    from planfence.cli.output import emit
    from planfence.render import split as view

    out = [view.render(done.groups, done.judged, hunks=hunks)]
    if apply:
        out += [f"note: {done.note}\n", view.made(done.commits, done.base)]
    else:
        out.append(view.next_lines(len(done.groups)))
    emit("".join(out))
    return True


def _plain(words: list[str]) -> tuple[str, bool, bool] | None:
    """(message, apply, hunks) where there is nothing else among the arguments."""
    message, apply, hunks = "", False, False
    rest = iter(words)
    for word in rest:
        if word == "--apply":
            apply = True
        elif word == "--hunks":
            hunks = True
        elif word in ("-m", "--message"):
            message = next(rest, "")
            if not message or not message.isprintable() or message[:1] == "-":
                return None
        else:
            return None
    return message, apply, hunks


def run(words: list[str]) -> None:
    """End the process where :func:`main` did it all."""
    from planfence.errors import PlanfenceError

    try:
        done = main(words)
    except PlanfenceError as error:
        from planfence.cli.output import emit_error

        emit_error(error)
        sys.exit(int(error.code))
    except KeyboardInterrupt:
        sys.exit(130)
    if done:
        sys.exit(0)
