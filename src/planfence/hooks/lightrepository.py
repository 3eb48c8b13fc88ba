"""The light hooks' view of the repository: if it is, what stands at HEAD, the note between hooks, the log's line.

Found without git, from files. What is unusual raises :class:`NotProven`, and the full way decides.
"""

import posix
import sys
import time
from _imp import source_hash

from planfence import ancestry, prover, tables
from planfence.files.append import append_line
from planfence.gitio.spawn import Process, read_all

#: The first words of the note (`note`): left by commit-msg; by a pre-commit that has judged; by the shell of one that
#: leaves the judging to commit-msg. The shells of `setup/shims.py` read and write the same.
NOTE, EARLY, LEFT = b"planfence-note", b"planfence-early", b"planfence-left"
_EDITION = b"3"
#: Written over the first bytes of a note that has been used: to empty a file costs more than all the rest.
USED = b"recorded"
#: A longer note is not for the shell, which reads it byte by byte.
_SHORT = 8192
END = b"end"

_DIRECTORY, _FILE, _KIND = 0o040000, 0o100000, 0o170000


class NotProven(Exception):
    """The light way can't prove it: the full way decides."""


class LightRepository:
    """The repository that the hook runs in; raises :class:`NotProven` for an unusual one.

    ``environment`` is by default this process's, ``top`` (the top of the worktree) if it was started. ``variables``
    are what git is started with, ``model`` is who commits, ``task`` the active task (empty: none).
    """

    __slots__ = ("common_dir", "environment", "git_dir", "index", "model", "state", "task", "top", "variables", "where")

    def __init__(self, environment: dict[bytes, bytes] | None = None, top: bytes = b"") -> None:
        self.where = ("-C", text(top)) if top else ()
        given = posix.environ if environment is None else environment
        known = self.environment = {text(name): text(value) for name, value in given.items()}
        for name in ("GIT_COMMON_DIR", "GIT_WORK_TREE", "PLANFENCE_URGENT", "GIT_OBJECT_DIRECTORY"):
            if known.get(name):
                raise NotProven(name)
        self.variables = tables.for_git(known)
        self.top = top or posix.getcwdb()
        self.git_dir = _git_dir(self.top, given.get(b"GIT_DIR"))
        self.common_dir = _common_dir(self.git_dir)
        index = given.get(b"GIT_INDEX_FILE") or self.git_dir + b"/index"
        self.index = index if index[:1] == b"/" else self.top + b"/" + index
        self.state = self.git_dir + b"/planfence"
        self.model = _word(tables.who(known, ancestry.agent_above))
        self.task = self._active()

    def _active(self) -> bytes:
        named = self.environment.get("PLANFENCE_TASK")
        if not named:
            try:
                named = read_file(self.state + b"/task", 4096).strip().decode()
            except FileNotFoundError:
                return b""
        return _word(named)

    @property
    def unedited(self) -> bool:
        """Whether git opens no editor for the message (githooks(5))."""
        return self.environment.get("GIT_EDITOR") == ":"

    def merging(self) -> bool:
        """Whether a merge is in progress, before or after git has written MERGE_HEAD."""
        return any(name[:8] == "GITHEAD_" for name in self.environment) or exists(self.git_dir + b"/MERGE_HEAD")

    def log(self, plan: dict[bytes, list[bytes]]) -> bytes:
        """Where the benchmark log is: at the top of the main worktree.

        The full way begins a log, and has git ignore it. A bare repository has no index, and its log elsewhere.
        """
        linked = self.git_dir != self.common_dir
        if linked and (self.common_dir[-5:] != b"/.git" or not exists(self.common_dir + b"/index")):
            raise NotProven(b"main worktree")
        name = (self.common_dir[:-5] if linked else self.top) + b"/" + plan[b"log"][0]
        if not exists(name):
            raise NotProven(name)
        return name

    def git(self, *arguments: str) -> Process:
        """Start git; several may run at once."""
        return Process(("git", *self.where, *tables.SAFE_CONFIG, *arguments), self.variables, heard=False)

    def elsewhere(self) -> tuple[str, ...]:
        """Options that give git this index and an empty worktree.

        diff-index takes a file of the worktree for the staged blob where their stat seems to match (diff.c,
        reuse_worktree_file), so what it counts there need not be what is committed.
        """
        void = self.state + b"/void"
        if not exists(void):
            posix.mkdir(void)
        self.variables["GIT_INDEX_FILE"] = text(self.index)
        return ("-C", text(void), f"--git-dir={text(self.git_dir)}", f"--work-tree={text(void)}")


def text(name: bytes) -> str:
    """Decode as `os.fsdecode` does, which has to be imported."""
    return name.decode(sys.getfilesystemencoding(), "surrogateescape")


def answer(asked: Process, ok: tuple[int, ...] = (0,)) -> bytes:
    """What git has printed; raises :class:`NotProven` if it failed."""
    status, printed, _ = asked.communicate()
    if status not in ok:
        raise NotProven(b"git")
    return printed


def _word(name: str) -> bytes:
    """A name that needs no escape in a trailer, a log line or a note."""
    if not name.isascii() or not name.isprintable() or " " in name or "," in name:
        raise NotProven(name)
    return name.encode()


def _git_dir(top: bytes, named: bytes | None) -> bytes:
    """Where git will look, by the rules of its setup.c: `GIT_DIR`, or `.git` here, a folder or a file."""
    if named is not None:
        found = named if named[:1] == b"/" else top + b"/" + named
    else:
        found = top + b"/.git"
        if posix.stat(found).st_mode & _KIND == _FILE:
            word, _, path = read_file(found, 4096).rstrip(b"\r\n").partition(b": ")
            if word != b"gitdir" or not path:
                raise NotProven(found)
            found = path if path[:1] == b"/" else top + b"/" + path
    if posix.stat(found).st_mode & _KIND != _DIRECTORY:
        raise NotProven(found)
    head = read_file(found + b"/HEAD", 4096).strip()
    if head[:10] != b"ref: refs/" and not is_id(head):
        raise NotProven(head)
    return found.removesuffix(b"/")


def _common_dir(git_dir: bytes) -> bytes:
    try:
        path = read_file(git_dir + b"/commondir", 4096).rstrip(b"\r\n")
    except FileNotFoundError:
        common = git_dir
    else:
        if path == b"../..":  # as git itself writes it, for `…/.git/worktrees/name`
            common = git_dir.rsplit(b"/", 2)[0]
        elif path[:1] == b"/":
            common = path
        else:
            raise NotProven(path)
    for name in (b"/objects", b"/refs"):
        if posix.stat(common + name).st_mode & _KIND != _DIRECTORY:
            raise NotProven(common)
    return common


def exists(path: bytes) -> bool:
    """Whether there is anything at this path."""
    try:
        posix.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def is_id(word: bytes) -> bool:
    """Whether it is a full object id, in either object format."""
    return len(word) in (40, 64) and not word.strip(b"0123456789abcdef")


def read_file(path: bytes, most: int) -> bytes:
    """Return a file's content; raises :class:`NotProven` if it has more than ``most`` bytes."""
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
    try:
        data = read_all(descriptor, most + 1)
    finally:
        posix.close(descriptor)
    if len(data) > most:
        raise NotProven(path)
    return data


def write_over(path: bytes, data: bytes) -> None:
    """Write over what a small file of this worktree's state holds; what follows the end of the new text is left.

    To make a new file in its place costs several times as much. Only for what a reader tells from a mixture.
    """
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NOFOLLOW | posix.O_NONBLOCK
    descriptor = posix.open(path, flags, 0o644)
    try:
        if posix.write(descriptor, data) != len(data):
            raise NotProven(path)
    finally:
        posix.close(descriptor)


def digest(data: bytes) -> bytes:
    """A name for some bytes: the interpreter's own SipHash under two keys, since any other has to be loaded.

    It need not withstand somebody who may write in the git directory: such a one can write another hook.
    """
    return (source_hash(1, data) + source_hash(2, data)).hex().encode()


def cache_name(policy: bytes, plan: bytes, task: bytes) -> bytes:
    """The file name of the compiled plan for these blobs (plan empty: no task), this task and these rules."""
    return b"fast-" + digest(b"\0".join((prover.made(), policy, plan, task)))


def load(place: LightRepository, name: bytes) -> dict[bytes, list[bytes]]:
    """Read a compiled plan: its first line is the digest of the rest; raises what it likes for any other file.

    One that other rules were written down in proves nothing: what stands at a HEAD outlives a new version of ours.
    """
    told, _, body = read_file(place.common_dir + b"/planfence/cache/" + name, 1 << 20).partition(b"\n")
    plan = prover.read(body.splitlines())
    if told != digest(body) or plan[b"made"] != [prover.made()] or tables.names_another(plan, place.environment):
        raise NotProven(name)
    return plan


def note(lines: list[bytes], *, head: bytes = NOTE, process: int = 0) -> bytes:
    """The note that one commit's hooks leave for the next, see :func:`leave`.

    Before and after its lines stands a word made from them. It is written over what the file held: a mixture of two
    begins with the word of one, and ends with that of the other. ``process`` is the `git commit` whose post-commit
    shell may believe it.
    """
    body = b"\n".join(lines)
    word = digest(body)
    return b"%s %s %d %s\n%s\n%s %s\n" % (head, _EDITION, process, word, body, END, word)


def leave(state: bytes, seen: bytes, record: list[bytes], *, head: bytes = NOTE, shell: bool = False) -> None:
    """Leave word that a hook has judged; it decides nothing, so one that can't be written is not a reason to refuse.

    ``seen`` is `HOOK PARENT KEY TREE`: the hook, HEAD, a name for what `diff-tree --raw -z` prints of the change, and
    the staged tree (`-`: not known). ``record`` (or nothing) is what post-commit has to write, and all that git must
    show of the commit for it to be that one: the log; the line for it, before and after the commit's id; what then
    stands for the next commit, in three parts between that id; and what `diff-tree` prints of the commit after its id.

    ``shell``: post-commit's shell may use it, in the `git commit` that is our parent.
    """
    whole = note([seen, *record], head=head, process=posix.getppid() if shell else 0)
    if len(whole) >= _SHORT:
        whole = note([seen, *record], head=head)
    try:
        write_over(state + b"/note", whole)
    except (OSError, NotProven):
        return


def read_note(state: bytes) -> list[bytes]:
    """The lines of the note; NotProven for one that is not whole, or was used."""
    first, *lines = read_file(state + b"/note", 1 << 17).split(b"\n")
    head, *words = first.split(b" ")
    if head not in (NOTE, EARLY) or len(words) != 3 or words[0] != _EDITION or b"end " + words[2] not in lines:
        raise NotProven(first)
    del lines[lines.index(b"end " + words[2]) :]
    if digest(b"\n".join(lines)) != words[2]:
        raise NotProven(first)
    return lines


def was_left(state: bytes) -> bool:
    """Whether pre-commit has left the judging to commit-msg."""
    try:
        return read_file(state + b"/note", 1 << 17).startswith(LEFT + b" " + _EDITION)
    except (OSError, NotProven):
        return False


def use_up(state: bytes) -> None:
    """See to it that the note speaks for no other commit."""
    if exists(state + b"/note"):
        write_over(state + b"/note", USED)


def replace_file(path: bytes, own: bytes, data: bytes) -> None:
    """Write a file by a rename from ``own``; raises :class:`NotProven` if it can't be written whole."""
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC | posix.O_NOFOLLOW
    descriptor = posix.open(own, flags, 0o644)
    try:
        whole = posix.write(descriptor, data) == len(data)
    finally:
        posix.close(descriptor)
    if not whole:
        posix.unlink(own)
        raise NotProven(path)
    posix.rename(own, path)


class CheckedHead:
    """What the full check found to hold at one HEAD, for one task and one model, and how it is written down.

    ``mark`` is :func:`refs_mark` then, ``ledger`` :func:`ledger_mark`; ``head`` is the commit, ``cache`` the
    compiled plan that speaks for its policy and plan; ``stage`` and ``rework`` are the task's (`-`: no task).
    The rules of stages and roles found nothing; ``lasting`` says that further commits change none of that, as
    long as they touch no plan and name no round of rework. The shell of post-commit writes it too (`setup/shims.py`).
    """

    __slots__ = ("cache", "head", "lasting", "ledger", "mark", "model", "rework", "stage", "task")

    def __init__(self, words: list[bytes]) -> None:
        self.mark, self.ledger, self.head, self.cache, self.model, self.task, self.stage, self.rework, lasting = words
        self.lasting = lasting == b"lasting"

    def line(self, mark: bytes = b"", head: bytes = b"") -> bytes:
        """What is written down, without its newline; by another mark and HEAD if given."""
        lasting = b"lasting" if self.lasting else b"once"
        words = (self.ledger, head or self.head, self.cache, self.model, self.task, self.stage, self.rework, lasting)
        return b" ".join((mark or self.mark, *words))

    def write(self, place: LightRepository) -> None:
        """Write it down for the hooks that follow, by a rename: a mixture of two could speak for neither HEAD."""
        path = place.state + b"/standing"
        replace_file(path, path + b".%d" % posix.getpid(), self.line() + b"\n" + END + b"\n")


def read_standing(place: LightRepository) -> CheckedHead:
    """Read what stands for this task and this model; NotProven if it is for another."""
    line, end, _ = read_file(place.state + b"/standing", 1 << 16).partition(b"\n" + END + b"\n")
    if not end or b"\n" in line:
        raise NotProven(b"standing")
    found = CheckedHead(line.split(b" "))
    if found.mark.partition(b":")[2] not in (found.head, b""):
        raise NotProven(line)
    if found.model != place.model or found.task != (place.task or b"-"):
        raise NotProven(b"standing")
    return found


def refs_mark(place: LightRepository) -> bytes:
    """What changes when HEAD does; compared, never understood, so that it holds for any ref store.

    It is `MARK:ID`, the id in the branch's own file (none: empty) or in a detached HEAD. A commit changes the id alone.
    """
    head = read_file(place.git_dir + b"/HEAD", 4096)
    if head[:11] == b"ref: refs/h":
        found = _content(place.common_dir + b"/" + head[5:].strip()).strip()
        if found and not is_id(found):
            raise NotProven(found)
    else:
        head, found = b"detached", head.strip()
        if not is_id(found):
            raise NotProven(found)
    return digest(b"\0".join((head, *_stores(place)))) + b":" + found


def moved(mark: bytes, commit: bytes) -> bytes:
    """A mark as it will be once HEAD has moved to this commit, and nothing else has changed."""
    return mark.partition(b":")[0] + b":" + commit


def ledger_mark(place: LightRepository) -> bytes:
    """What changes when the ledger does, in the same way."""
    parts = _stores(place)
    ledger = place.common_dir + b"/refs/planfence/ledger"
    try:
        for name in sorted(posix.listdir(ledger)):
            told = _content(ledger + b"/" + name)
            if not told:
                raise NotProven(name)
            parts += (name, told)
    except FileNotFoundError:
        parts.append(b"")
    return digest(b"\0".join(parts))


def _stores(place: LightRepository) -> list[bytes]:
    """What changes when refs that have no file of their own do: the packed ones, and those of a reftable."""
    folders = sorted({place.git_dir, place.common_dir})
    parts = [_content(folder + b"/reftable/tables.list") for folder in folders]
    try:
        packed = posix.stat(place.common_dir + b"/packed-refs")
    except FileNotFoundError:
        return parts
    numbers = (packed.st_ino, packed.st_size, packed.st_mtime_ns, packed.st_ctime_ns)
    return [*parts, b":".join(b"%d" % number for number in numbers)]


def _content(path: bytes) -> bytes:
    try:
        return read_file(path, 1 << 16)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""


def log_line(
    place: LightRepository, plan: dict[bytes, list[bytes]], event: bytes, *, files: bytes, stage: bytes, **more: bytes
) -> bytes:
    """The line that this run leaves in the benchmark log, as `log/writer.py` would have it."""
    task = place.task
    words = [
        time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime()).encode(),
        b"task=" + _encode(task),
        b"model=" + _encode(place.model),
        b"cost=,time_min=,review_round=",
        b"event=" + event,
        b"result=accepted",
        *([b"plan=" + _encode(task.partition(b"/")[0])] if task else []),
        *([b"stage=" + stage] if stage != b"-" else []),
        *([b"theme=" + _encode(plan[b"theme"][0])] if b"theme" in plan else []),
        b"files=" + files,
        *(name.encode() + b"=" + value for name, value in more.items()),
        b"id=" + posix.urandom(8).hex().encode(),
    ]
    return b",".join(words)


def _encode(value: bytes) -> bytes:
    """Percent-encode what would break a line, of printable ASCII."""
    return value.replace(b"%", b"%25").replace(b",", b"%2C")


def since(began: float) -> bytes:
    """The milliseconds since this moment, as the log has them."""
    return b"%d" % max(1, round((time.monotonic() - began) * 1000))


def append(name: bytes, *lines: bytes) -> bool:
    """Append to the benchmark log; return whether it is there, and say on stderr why not: it changes no verdict."""
    warning = append_line(name, b"\n".join(lines))
    if warning:
        from planfence.terminal import say

        say(f"planfence: {warning}", err=True)
    return not warning
