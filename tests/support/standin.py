"""Stands in for an interpreter, or for `planfence`, in what starts one itself: git's hooks, a framework, a shell line.

The light entry of the hooks runs here, in an interpreter of its own as ever. What would load the whole program is asked
of the process that has loaded it (`support/program.py`): a fork of it has these streams, this folder and environment.
Anything else is left to the interpreter. `support.program.stand_in` writes scripts that import this, whose bytecode is
kept, with `SOCKET` and `PYTHON` set.
"""

import posix
import sys

SOCKET = PYTHON = ""


def ask(kind, words):
    """Let a fork of the loaded program run this, and end as it ends."""
    import _socket
    import marshal

    request = marshal.dumps((kind, words, posix.getcwdb(), dict(posix.environ), posix.getppid()))
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(SOCKET)
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
    server.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    server.sendall(request)
    status = int(server.recv(16) or b"-9")
    if status < 0:
        posix.kill(posix.getpid(), -status)
    posix._exit(status)


def main():
    program, *words = sys.argv
    if program.endswith("/planfence"):
        ask("program", words)
    plain = [word for word in words[:4] if word not in ("-I", "-S", "-E", "-P", "-X", "utf8")]
    if plain[:2] == ["-m", "planfence"]:
        ask("program", words[words.index("planfence") + 1 :])
    code = words[words.index("-c") + 1] if words[:2] == ["-I", "-S"] and "-c" in words else ""
    rest = words[words.index("-c") + 2 :] if code else []  # the folder of the package, then what the hook is told
    if "planfence.cli.receivemain" in code:
        ask("receive", rest[1:])
    if "planfence.hooks import fastpath" in code:
        sys.argv = ["-c", *rest]
        sys.path.insert(0, rest[0])
        from planfence.hooks import fastpath

        fastpath._full = lambda rest: ask("hook", rest)
        exec(code, {"__name__": "__main__"})
    posix.execv(PYTHON, [PYTHON, *words])
