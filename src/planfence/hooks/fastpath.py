"""The light entry of the git hooks: proves that a plain commit is clean, or says nothing and lets the full way judge.

`python -I -S` starts in a third of the time that `site`, `os` and `re` take on top, so this and what it calls import
only what the interpreter has built in, and the process ends without tearing the interpreter down. It never refuses:
whatever is unusual, whatever fails, whatever is not in the cache is left to the full way, in the same process. It may
never accept what the full way refuses (`tests/hooks` compares the two).
"""

import gc
import posix
import sys
import time


def main(arguments: list[str] | None = None) -> None:
    """Run a hook (its name, then git's arguments; by default the process's own) and end the process."""
    began = time.monotonic()
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["pre-push"]:
        from planfence.hooks import pushpath

        pushpath.main(words[1:])
    try:
        accepted = _prove(words, began)
    except Exception:  # noqa: BLE001 - whatever went wrong, the full way says it better
        accepted = False
    if accepted:
        posix._exit(0)  # nothing is buffered, and tearing the interpreter down costs a quarter of the whole
    sys.exit(_full(words))


def _full(words: list[str]) -> int:
    if sys.flags.no_site:
        from planfence.hooks import installed

        installed.find_late()
    from planfence.hooks.main import main as hook

    gc.enable()  # the shims turn it off: imports alone make no garbage
    return hook(words[0] if words else "", tuple(words[1:]))


def _prove(words: list[str], began: float) -> bool:
    """Return whether this hook has been proved clean and is done; raises what it likes if it has not."""
    name = words[0] if words else ""
    if name in ("pre-commit", "pre-merge-commit"):
        from planfence.hooks import fastjudge
        from planfence.hooks.lightrepository import LightRepository

        return fastjudge.pre_commit(LightRepository(), name.encode(), began)
    if name in ("commit-msg", "post-commit"):
        from planfence.hooks import fastmessage
        from planfence.hooks.lightrepository import LightRepository

        if name == "commit-msg":
            return len(words) == 2 and fastmessage.commit_msg(LightRepository(), words[1].encode(), began)
        return fastmessage.post_commit(LightRepository(), began)
    return False
