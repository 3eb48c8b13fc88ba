"""Runs the `planfence` program in a fork of a process that has loaded it: a test need not pay for the imports.

Each call has its own process, environment, folder and streams, as with `subprocess.run`.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_LONGEST = 1 << 22


def run(
    arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Return the finished process, its output as text."""
    done = _run(arguments, cwd, dict(variables), stdin)
    done.stdout, done.stderr = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return done


def _run(arguments: Sequence[str], cwd: Path, variables: dict[str, str], stdin: bytes | None):
    words = [sys.executable, "-m", "planfence", *arguments]
    if any(name.startswith("PYTHON") for name in variables):  # the interpreter itself is told something
        return subprocess.run(words, cwd=cwd, env=variables, input=stdin, capture_output=True, check=False)
    request = json.dumps([arguments, str(cwd), variables]).encode()
    assert len(request) < _LONGEST
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin or b"")
        given.seek(0)
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                files = [given.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
                server = _server()
                socket.send_fds(server, [len(request).to_bytes(4)], files)
                server.sendall(request)
            status = int(ours.recv(16) or b"-9")
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, status, out.read(), err.read())


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.set_inheritable(True)
        # A fork of its own: it is nobody's child here, and ends as soon as nobody holds the other end.
        script = f"import os; os.fork() and os._exit(0); from support.program import serve; serve({theirs.fileno()})"
        variables = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", script], variables), 0)
    return ours


def serve(descriptor: int) -> None:
    """Load the program, then start it in a process of its own for each request, until the other end is closed."""
    import planfence

    for module in pkgutil.walk_packages(planfence.__path__, "planfence."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gate = socket.socket(fileno=descriptor)
    gate.set_inheritable(False)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        size, files, _, _ = socket.recv_fds(gate, 4, 4)
        if not size:
            return
        request = json.loads(gate.recv(int.from_bytes(size), socket.MSG_WAITALL))
        if not os.fork():
            gate.close()
            _attend(files, *request)
        for each in files:
            os.close(each)


def _attend(files: list[int], arguments: list[str], cwd: str, variables: dict[str, str]) -> None:
    """Start the program, wait for its end, and say its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        os.close(files[3])
        _become(files, arguments, cwd, variables)
    os.write(files[3], str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def _become(files: list[int], arguments: list[str], cwd: str, variables: dict[str, str]) -> None:
    for number, each in enumerate(files[:3]):
        os.dup2(each, number)
        os.close(each)
    code = 1
    try:
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(variables)
        sys.argv = ["planfence", *arguments]
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.FileIO(number, mode, closefd=False), encoding="utf-8", errors=errors)
            for number, mode, errors in ((0, "r", "surrogateescape"), (1, "w", "strict"), (2, "w", "backslashreplace"))
        )
        from planfence.entry import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
