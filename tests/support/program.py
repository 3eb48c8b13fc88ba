"""Runs the `planfence` program in a fork of a process that has loaded it: a test need not pay for the imports.

Each call has its own process, environment, folder and streams, as with `subprocess.run`.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import pty
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_LONGEST = 1 << 22


def run(
    arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], stdin: bytes | None = None, prepare: str = ""
) -> subprocess.CompletedProcess[str]:
    """Return the finished process, its output as text; ``prepare`` is code that it runs first."""
    done = run_raw(arguments, cwd, variables, stdin, prepare)
    texts = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, *texts)


def run_raw(
    arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], stdin: bytes | None = None, prepare: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Return the finished process, its output as bytes."""
    words = [sys.executable, "-m", "planfence", *arguments]
    if any(name.startswith("PYTHON") for name in variables):  # the interpreter itself is told something
        return subprocess.run(words, cwd=cwd, env=variables, input=stdin, capture_output=True, check=False)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin or b"")
        given.seek(0)
        files = [given.fileno(), out.fileno(), err.fileno()]
        with _start([arguments, str(cwd), dict(variables), prepare], files) as process:
            status = int(process.recv(16) or b"-9")
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, status, out.read(), err.read())


def run_at_terminal(
    arguments: Sequence[str],
    cwd: Path,
    variables: Mapping[str, str],
    typed: bytes = b"",
    stdin: bytes | None = None,
    *,
    only_errors: bool = False,
    prepare: str = "",
) -> tuple[int, bytes]:
    """Return the status of the finished process and what its terminal shows.

    ``typed`` is what a person types. Standard input is the terminal too, unless ``stdin`` is given. ``only_errors``:
    standard output goes nowhere.
    """
    screen, terminal = pty.openpty()
    with tempfile.TemporaryFile() as given, open(os.devnull, "wb") as nowhere:
        given.write(stdin or b"")
        given.seek(0)
        source = terminal if stdin is None else given.fileno()
        out = nowhere.fileno() if only_errors else terminal
        process = _start([arguments, str(cwd), dict(variables), prepare], [source, out, terminal])
    os.close(terminal)
    os.write(screen, typed)
    shown, until = b"", time.monotonic() + 120
    with process:
        while True:
            assert time.monotonic() < until, shown
            if select.select([screen], [], [], 1)[0]:
                try:
                    shown += os.read(screen, 1 << 16)
                except OSError:  # EIO: nobody has the other end any more
                    break
        os.close(screen)
        return int(process.recv(16) or b"-9"), shown


def _start(asked: list[object], files: list[int]) -> socket.socket:
    """Start the program with these standard streams; return where its status is read from."""
    request = json.dumps(asked).encode()
    assert len(request) < _LONGEST
    ours, theirs = socket.socketpair()
    with theirs:
        server = _server()
        socket.send_fds(server, [len(request).to_bytes(4)], [*files, theirs.fileno()])
        server.sendall(request)
    return ours


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
    gc.freeze()  # what is loaded stays: no fork needs to look through it, nor to copy the pages that hold it
    gate = socket.socket(fileno=descriptor)
    gate.set_inheritable(False)
    ended, alarm = socket.socketpair()
    alarm.setblocking(False)
    signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([gate, ended], [], [])
        if ended in ready:
            ended.recv(4096)
            _tell_ends(running)
        if gate in ready:
            size, files, _, _ = socket.recv_fds(gate, 4, 4)
            if not size:
                return
            request = json.loads(gate.recv(int.from_bytes(size), socket.MSG_WAITALL))
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (gate, ended, alarm):
                    each.close()
                for each in (files[3], *running.values()):
                    os.close(each)
                _become(files, *request)
            running[pid] = files[3]
            for each in files[:3]:
                os.close(each)


def _tell_ends(running: dict[int, int]) -> None:
    """Say the status of each process that has ended to whoever waits for it."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        waiting = running.pop(pid)
        os.write(waiting, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(waiting)


def _become(files: list[int], arguments: list[str], cwd: str, variables: dict[str, str], prepare: str) -> None:
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
        exec(prepare, {})
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
