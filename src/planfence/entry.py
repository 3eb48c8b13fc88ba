"""The `planfence` program: hooks go by the fast path, all other verbs by click."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program and end the process."""
    words = sys.argv[1:]
    if len(words) > 1 and words[0] == "hook" and words[1][:1] != "-":
        import gc

        gc.disable()  # until the imports are done, see `fastpath`
        from planfence import fastpath

        fastpath.main(words[1:])
    from planfence.cli.main import main as command

    command()
