"""Which agent started this process: told by the processes above it, if no variable tells.

`env -i git commit` takes an agent's variables away, and leaves its process where it is. It imports only what is built
in, since the light hooks ask too: one read for each process up to the first, two for one whose name says nothing.
"""

import posix

from planfence.tables import PROGRAMS

#: More processes than this above a commit are not looked at: more than anybody nests, so that nobody hides in a depth.
_MOST = 4096
_SIZE = 4096
#: Names of processes that are not an agent's: their words need not be read. A name is cut after 15 bytes (proc(5)).
_PLAIN = frozenset(
    b"git make ssh sshd sudo su env time timeout xargs login systemd init screen prek "
    b"lazygit emacs vim nvim code konsole alacritty kitty gnome-terminal- containerd-shim".split()
) | {b"tmux: server"}
#: Programs of which the script says more than their own name.
_NODE = b"-r --require --import --loader --experimental-loader -C --conditions --title"
_RUNNER = (
    b"-F --filter --prefix -C --cwd --dir --directory --project -w --workspace --with --from --env-file -p --package"
    b" --python --index-url"
)
_SHELL = b"-o +o -O +O --rcfile --init-file"
#: Programs of which the script says more than their own name, without their version, and their options with a value.
_INTERPRETERS = {
    **dict.fromkeys((b"node", b"MainThread", b"bun", b"deno", b"electron", b"tsx", b"ts-node"), _NODE.split()),
    **dict.fromkeys((b"python", b"pypy"), b"-W -X".split()),
    **dict.fromkeys((b"ruby", b"perl"), b"-I".split()),
    **dict.fromkeys((b"npm", b"npx", b"pnpm", b"yarn", b"uv", b"uvx", b"pipx"), _RUNNER.split()),
    **dict.fromkeys((b"sh", b"bash", b"dash", b"zsh", b"ksh", b"mksh", b"fish", b"ash", b"busybox"), _SHELL.split()),
}
_SHELLS = (b"sh", b"bash", b"dash", b"zsh", b"ksh", b"mksh", b"fish", b"ash", b"busybox")
#: Words before the name of what a runner starts. `npm run NAME` starts a script of the project's own.
_STARTS = {
    b"npm": (b"exec",), b"pnpm": (b"exec", b"dlx"), b"yarn": (b"exec", b"dlx"), b"uv": (b"run", b"tool"),
    b"pipx": (b"run",), b"busybox": (b"sh", b"ash"), b"bun": (b"x",),
}  # fmt: skip
_ENDINGS = (b".exe", b".js", b".mjs", b".cjs", b".py", b".ts", b".sh")
#: Where Devin's machines say what they are (`@vercel/detect-agent`).
_DEVIN = b"/opt/.devin"


def agent_above() -> str:
    """Return the nearest agent among the processes above this one (`claude`, …); empty if none is told.

    Linux tells by /proc, other systems by one `ps`. Never raises.
    """
    try:
        found = _by_proc(posix.getppid())
    except OSError:
        found = _by_ps(posix.getppid())
    if found:
        return found
    try:
        posix.stat(_DEVIN)
    except OSError:
        return ""
    return "devin"


def _by_proc(number: int) -> str:
    """Follow the parents; raises OSError if there is no /proc."""
    first = True
    for _ in range(_MOST):
        if number <= 0:
            break
        try:
            stat = _read(b"/proc/%d/stat" % number)
        except OSError:
            if first:
                raise
            break  # it ended meanwhile, or is not ours to see
        first = False
        # The name in parentheses may hold anything, a parenthesis too (proc(5)).
        head, _, tail = stat.rpartition(b")")
        name = head.partition(b"(")[2]
        found = PROGRAMS.get(_text(name), "")
        if not found and name not in _PLAIN:
            try:
                found = agent_of(_read(b"/proc/%d/cmdline" % number).split(b"\0"))
            except OSError:
                found = ""
        if found:
            return found
        number = int(tail.split(b" ", 3)[2])
    return ""


def _by_ps(number: int) -> str:
    try:
        reader, writer = posix.pipe()
        actions = [
            (posix.POSIX_SPAWN_OPEN, 0, "/dev/null", posix.O_RDONLY, 0),
            (posix.POSIX_SPAWN_DUP2, writer, 1),
            (posix.POSIX_SPAWN_OPEN, 2, "/dev/null", posix.O_WRONLY, 0),
        ]
        try:
            command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="]
            child = posix.posix_spawn(
                "/bin/ps", command, {"LC_ALL": "C", "PATH": "/bin:/usr/bin"}, file_actions=actions
            )
        finally:
            posix.close(writer)
        printed = []
        while chunk := posix.read(reader, 1 << 16):
            printed.append(chunk)
        posix.close(reader)
        posix.waitpid(child, 0)
    except OSError:
        return ""
    return among(b"".join(printed), number)


def among(listing: bytes, number: int) -> str:
    """Return the nearest agent above this process in lines of `PID PPID WORDS…`."""
    known = {}
    for line in listing.splitlines():
        words = line.split(None, 2)
        if len(words) == 3 and words[0].isdigit() and words[1].isdigit():
            known[int(words[0])] = (int(words[1]), words[2].split())
    for _ in range(_MOST):
        if number not in known:
            return ""
        number, words = known[number]
        if found := agent_of(words, parted=True):
            return found
    return ""


def agent_of(words: "list[bytes]", *, parted: bool = False) -> str:
    """Return the agent that a process with these words is; empty for any other.

    Its program counts, and if that is an interpreter its script: by their own names, and by npm's package that they
    lie in. A name further up in a path is some folder's. ``parted``: the words are a line that was cut at its spaces,
    so that the first may be the beginning of a folder's name.
    """
    if not words or not words[0]:
        return ""
    program = words[0].rpartition(b"/")[2].lstrip(b"-")
    whole = not parted or b".app/" in words[0] or program == program.lower()
    if whole and (found := _by_path(words[0])):
        return found
    program = program if program in _INTERPRETERS else program.rstrip(b"0123456789.")
    options = _INTERPRETERS.get(program)
    if options is None:
        return ""
    shell, value = program in _SHELLS, False
    for word in words[1:16]:
        if value or word[:1] in (b"-", b"+"):
            if shell and not value and _reads_no_script(word):
                break
            value = not value and word in options
        elif word not in _STARTS.get(program, ()):
            # A person's own `sh claude.sh` is not an agent; who installs one starts it by its whole path.
            return "" if shell and word[:1] != b"/" else _by_path(word)
    return ""


def _reads_no_script(option: bytes) -> bool:
    """Whether a shell's option says that its program is the next word, or standard input."""
    return option == b"--command" or (option[:2] != b"--" and (b"c" in option or b"s" in option))


def _by_path(path: bytes) -> str:
    parts = path.split(b"/")
    name = parts[-1].lstrip(b"-")
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    if found := PROGRAMS.get(_text(name), ""):
        return found
    for place, part in enumerate(parts[:-1]):
        package = parts[place + 2 if parts[place + 1][:1] == b"@" else place + 1 :][:1]
        if part == b"node_modules" and package and (found := PROGRAMS.get(_text(package[0]), "")):
            return found
        # Claude Code's and Cursor's own installers: …/claude/versions/2.1.332, …/cursor-agent/versions/2026.01.02/node
        if part == b"versions" and place and (found := PROGRAMS.get(_text(parts[place - 1]), "")):
            return found
    return ""


def _text(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _read(path: bytes) -> bytes:
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(descriptor, _SIZE)
    finally:
        posix.close(descriptor)
