"""The `planfence` program: hooks go by the fast path, `split` and ranges past click, all other verbs by click."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Run the program and end the process."""
    words = sys.argv[1:]
    sys.excepthook = _say_defect
    _fill_streams()
    _look_around()
    if len(words) > 1 and words[0] == "hook" and words[1][:1] != "-":
        gc.disable()  # until the imports are done, see `fastpath`
        from planfence.hooks import fastpath

        fastpath.main(words[1:])
    if words[:1] == ["split"]:
        _split(words[1:])
    if words[:1] in (["verify"], ["check"]):
        from planfence.cli import rangemain

        span = rangemain.span_of(words)
        if span is not None:
            rangemain.run(words, span)
    from planfence.cli.main import main as command

    command()


def _say_defect(*raised: Any) -> None:
    """Show the traceback of a defect; what others wrote may stand in it."""
    import traceback

    from planfence.inert import lines
    from planfence.terminal import emit

    emit(lines("".join(traceback.format_exception(*raised))), err=True)


def _fill_streams() -> None:
    """Open what the caller closed (`>&-`): else the next file that is opened would be standard output for a child."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))  # noqa: SIM115 - it stays


def _look_around() -> None:
    """End the process if the folder that it was started in is gone: nothing could be found from there."""
    try:
        os.getcwd()
    except OSError as error:
        sys.stderr.write(f"planfence: the folder that this was started in can't be read: {error.strerror}\n")
        sys.stderr.write("  hint: change into the repository, and run it again\n")
        sys.exit(2)


def _split(words: list[str]) -> None:
    """Run a split whose options are plain, and end the process; return where click must read them."""
    gc.disable()  # so short a life makes no garbage worth looking for
    from planfence.cli import splitrun
    from planfence.terminal import ended

    options = splitrun.plain(words)
    if options is None:
        gc.enable()
        return
    code = ended(lambda: splitrun.run(options))
    os._exit(code)  # all is printed; taking the interpreter down costs as much as three processes of git
