"""Runs the `planfence` program in a fork of a process that has loaded it: a test need not pay for the imports.

Each call has its own process, environment, folder and streams, as with `subprocess.run`.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import marshal
import os
import pkgutil
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_LONGEST = 1 << 22
#: What a program does alike with them and without; the machine may have them set.
_ALIKE = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
#: Half of all that could be loaded, for one command: every fork would pay for it.
_LATER = {"planfence.cli.mcp", "planfence.cli.mcpserver"}
#: What the program's functions load when they need it.
_LIBRARIES = (
    *("click._textwrap", "encodings.ascii", "encodings.unicode_escape", "junitparser", "tomlkit", "tree_sitter_bash"),
    *("rich.console", "rich.live", "rich.markup", "rich.table"),
)


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
    if any(name.startswith("PYTHON") for name in variables.keys() - _ALIKE):  # the interpreter itself is told something
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
def stand_in(name: str) -> Path:
    """A `python` or a `planfence` for what starts one itself, such as a hook (`support/standin.py`).

    The full check, and each command, runs in a fork as with `run`; only a light entry has an interpreter of its own.
    """
    _server()
    set_ = f"standin.SOCKET, standin.PYTHON = {str(_folder() / 'socket')!r}, {sys.executable!r}"
    lines = [f"#!{sys.executable} -ISXutf8", "import sys", f"sys.path.insert(0, {str(Path(__file__).parent)!r})"]
    lines += ["import standin", "del sys.path[0]", set_, "standin.main()", ""]
    script = _folder() / name / name  # in a folder of its own, which may stand on PATH
    script.parent.mkdir()
    script.write_text("\n".join(lines))
    script.chmod(0o755)
    return script


@cache
def _folder() -> Path:
    # No TemporaryDirectory: a child that multiprocessing forks drops what atexit holds, which removes it (Python 3.14).
    made = tempfile.mkdtemp(prefix="planfence-tests-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair()
    atexit.register(ours.close)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(_folder() / "socket"))
    door.listen(64)
    with theirs, door:
        theirs.set_inheritable(True)
        door.set_inheritable(True)
        # A fork of its own: it is nobody's child here, and ends as soon as nobody holds the other end.
        script = "import os; os.fork() and os._exit(0); from support.program import serve; "
        script += f"serve({theirs.fileno()}, {door.fileno()})"
        variables = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", script], variables), 0)
    return ours


def serve(descriptor: int, at_door: int) -> None:
    """Load the program, then start it in a process of its own for each request, until the other end is closed.

    Requests come from the tests, and at the door from `standin.py`.
    """
    _get_ready()
    gc.freeze()  # what is loaded stays: no fork needs to look through it, nor to copy the pages that hold it
    gate, door = socket.socket(fileno=descriptor), socket.socket(fileno=at_door)
    for each in (gate, door):
        each.set_inheritable(False)
    ended, alarm = socket.socketpair()
    alarm.setblocking(False)
    signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([gate, door, ended], [], [])
        if ended in ready:
            ended.recv(4096)
            _tell_ends(running)
        for asked in (each for each in (gate, door) if each in ready):
            given = asked if asked is gate else door.accept()[0]
            size, files, _, _ = socket.recv_fds(given, 4, 4)
            request = given.recv(int.from_bytes(size), socket.MSG_WAITALL) if size else b""
            if asked is door:
                files.append(given.detach())
            elif not request:
                return
            if len(files) < 4 or not request:  # who asked has been killed
                list(map(os.close, files))
                continue
            running[_forked(files, request, asked is door, [gate, door, ended, alarm], running)] = files[3]


def _get_ready() -> None:
    """Do once what each process would do anew: load the program and its libraries, compile expressions and records."""
    import planfence
    from planfence import lazyregex

    found = {module.name for module in pkgutil.walk_packages(planfence.__path__, "planfence.")} - _LATER
    names = sorted(name for name in found if not name.endswith("__main__"))
    for name in [*names, *_LIBRARIES]:
        importlib.import_module(name)
    for value in [value for name in names for value in vars(sys.modules[name]).values()]:
        if isinstance(value, lazyregex._Later):
            for how in ("match", "fullmatch", "search", "finditer", "findall", "sub", "split"):
                getattr(value, how)
        elif isinstance(value, type) and "__record_fields__" in vars(value):
            with contextlib.suppress(TypeError):  # a record compiles its `__init__` to say what does not fit
                value.__new__(value).__init__(**{"no field": 0})


def _forked(
    files: list[int], request: bytes, at_door: bool, sockets: list[socket.socket], running: dict[int, int]
) -> int:
    """Start a process for a request, with these three streams; the fourth is where its status is told."""
    pid = os.fork()
    if not pid:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in sockets:
            each.close()
        for each in (files[3], *running.values()):
            os.close(each)
        _become(files, *(_of_stand_in(request) if at_door else json.loads(request)))
    for each in files[:3]:
        os.close(each)
    return pid


def _tell_ends(running: dict[int, int]) -> None:
    """Say the status of each process that has ended to whoever waits for it."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        waiting = running.pop(pid)
        os.write(waiting, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(waiting)


def _of_stand_in(request: bytes) -> tuple[list[str], bytes, dict[bytes, bytes], str]:
    kind, words, cwd, variables, parent = marshal.loads(request)
    # What the stand-in is a child of, it is a child of.
    prepare = f"import os, posix; os.getppid = posix.getppid = lambda: {parent}\n"
    if kind == "hook":
        prepare += f"from planfence.hooks import fastpath; raise SystemExit(fastpath._full({words!r}))"
    if kind == "receive":
        prepare += "from planfence.cli.receivemain import main; raise SystemExit(main())"
    return words, cwd, variables, prepare


def _become(files: list[int], arguments: list[str], cwd: str | bytes, variables: dict[Any, Any], prepare: str) -> None:
    for number, each in enumerate(files[:3]):
        os.dup2(each, number)
        os.close(each)
    code = 1
    try:
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in variables.items()})
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
