"""The light entry of the pre-push hook: says yes to a push that the full judgement has already allowed.

A verdict depends on the pushed commit, on the protected branch, and on the ledger, and on nothing else that
can change. The full judgement (`boundary/pushnote.py`) leaves a note of those where it found nothing; one `git
for-each-ref` shows whether they are still the same. Anything else, two refs at once included, goes to the full
judgement, which alone refuses. Imports only what Python has loaded at its start.
"""

from __future__ import annotations

import gc
import os
import sys


def main(arguments: list[str]) -> None:
    """Run the pre-push hook (git's arguments; git's lines on standard input) and end the process."""
    data = sys.stdin.buffer.read()
    if proven(arguments, data, os.environ):  # noqa: TID251 - stands alone, as a launcher
        os._exit(0)
    if sys.flags.no_site:
        import site

        site.main()  # the full judgement may need what is installed
    from planfence.hooks.main import main as judge

    gc.enable()  # as in `fastpath`
    sys.exit(judge("pre-push", tuple(arguments), data))


def proven(arguments: list[str], data: bytes, environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether a note shows that this very push is allowed. Never raises."""
    try:
        return _is_noted(arguments[0], data.decode("ascii"), environ)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return False


def _is_noted(remote: str, said: str, environ: os._Environ[str] | dict[str, str]) -> bool:
    from planfence.boundary.pushstate import HEADER, state

    local, new, there, _ = said.removesuffix("\n").split(" ")
    if "\n" in said.removesuffix("\n") or any(name.startswith("PLANFENCE_RUN") for name in environ):
        return False
    if not (local.startswith("refs/heads/") and there.startswith("refs/heads/")) or not new.strip("0"):
        return False
    common = _common(environ)
    lines = _read(f"{common}/planfence/cache/push-{new}").split("\n")
    if lines[:3] != [HEADER, new, remote] or lines[-2:] != ["end", ""]:
        return False
    target, base, log, line, version = lines[3:8]
    if there == f"refs/heads/{base}" or (target and there != target):
        return False
    try:
        tip = _read(f"{common}/planfence/ledger-tip").rstrip("\n")
    except FileNotFoundError:
        tip = ""
    if "\n".join(lines[8:-2]) != state(_for_each_ref(remote, base, target), tip) or version != _version():
        return False
    _log(log, line)
    return True


def _version() -> str:
    from planfence import __version__

    return __version__


def _common(environ: os._Environ[str] | dict[str, str]) -> str:
    git_dir = environ.get("GIT_DIR", "") or ".git"
    if not os.path.isdir(git_dir):
        said = _read(git_dir)
        git_dir = said.removeprefix("gitdir: ").rstrip("\n")
    try:
        return os.path.normpath(os.path.join(git_dir, _read(f"{git_dir}/commondir").rstrip("\n")))
    except FileNotFoundError:
        return git_dir


def _for_each_ref(remote: str, base: str, target: str) -> str:
    from planfence.boundary.pushstate import questions
    from planfence.gitio.spawn import Process

    environ = os.environ  # noqa: TID251 - a push hook's own: git told it which repository this is
    asked = Process(["git", *questions(remote, base, target)], environ, heard=False)
    status, printed, _ = asked.communicate()
    if status:
        raise OSError
    return printed.decode().rstrip("\n")


def _read(path: str) -> str:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # no named pipe holds it up
        return file.read(1 << 20).decode()


def _log(path: str, line: str) -> None:
    """Append the run's line to the benchmark log, as `log/writer.py` would."""
    if not path:
        return
    import time

    from planfence.files.append import append_line

    when = time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime())
    warning = append_line(path, f"{when},{line},id={os.urandom(8).hex()}")
    if warning:
        from planfence.terminal import say

        say(f"planfence: {warning}", err=True)


if __name__ == "__main__":
    # Started as `python -I -S FILE`: the package is the folder above.
    sys.path.insert(0, __file__.rpartition("/planfence/")[0])
    main(sys.argv[1:])
