"""The hooks' fast path: proves that a plain commit is clean, or says nothing and lets the full check run.

It stands alone. `python -I -S` starts in a third of the time that `site`, `os` and `re` take on top, so
this module and its companions (`fastjudge`, `fastmessage`, `fastahead`) import only what the interpreter has built
in, and the process ends without tearing the interpreter down. It never refuses: whatever is unusual, whatever
fails, whatever is not in the cache is left to the full check, in the same process. It may never accept what
the full check refuses (`tests/hooks` compares the two).

Its words: a *compiled plan* is what the full check wrote down for (policy blob, plan blob, task, version), see
`hooks/compiledplan.py`; *hooks-seen* is what one commit's hooks leave for the next.
"""

import gc
import posix
import sys
import time
from _imp import source_hash

from planfence import prover

SEEN_HEAD = b"planfence-seen 4"
#: Begins what commit-msg leaves for post-commit, see `fastmessage.leave`.
RECORD_HEAD = b"planfence-record 2"
END = b"end"
#: Stands for git's comment prefix where it was not asked for: no editor is opened, so git strips no comments.
UNASKED = b"-"

_DIRECTORY, _FILE, _KIND = 0o040000, 0o100000, 0o170000

#: As in `env.py` (a test compares them): what names the repository that a hook runs in.
KEPT = frozenset(
    {
        b"GIT_ALTERNATE_OBJECT_DIRECTORIES",
        b"GIT_CEILING_DIRECTORIES",
        b"GIT_COMMON_DIR",
        b"GIT_CONFIG_GLOBAL",
        b"GIT_CONFIG_NOSYSTEM",
        b"GIT_CONFIG_SYSTEM",
        b"GIT_DIR",
        b"GIT_INDEX_FILE",
        b"GIT_OBJECT_DIRECTORY",
        b"GIT_QUARANTINE_PATH",
        b"GIT_WORK_TREE",
    }
)
SETTINGS = {
    b"GIT_ATTR_NOSYSTEM": b"1",
    b"GIT_NO_REPLACE_OBJECTS": b"1",
    b"GIT_GRAFT_FILE": b"/dev/null",
    b"GIT_OPTIONAL_LOCKS": b"0",
    b"GIT_NO_LAZY_FETCH": b"1",
    b"GIT_TERMINAL_PROMPT": b"0",
    b"LC_ALL": b"C",
}
#: As in `gitio/run.py`.
GIT = (
    *(b"-c", b"core.fsmonitor=false", b"-c", b"core.commitGraph=false"),
    *(b"-c", b"core.untrackedCache=false", b"-c", b"advice.graftFileDeprecated=false"),
)
RAW_DIFF = (
    *(b"-r", b"-z", b"--raw", b"--no-abbrev", b"--no-renames", b"--no-ext-diff", b"--no-textconv"),
    *(b"--ignore-submodules=none", b"--no-relative"),
)

#: Asks for git's comment prefix, under both of its names.
COMMENT = (b"config", b"-z", b"--get-regexp", rb"^core\.comment(char|string)$")
#: The staged tree, in which an entry of `add -N` is none (git shows it as a change otherwise, and commits nothing).
STAGED = (b"--cached", b"--ita-invisible-in-index")

#: As in `identity.py`.
STRONG = (
    (b"CODEX_THREAD_ID", b"codex"),
    (b"CODEX_SANDBOX", b"codex"),
    (b"CODEX_CI", b"codex"),
    (b"CLAUDE_CODE_CHILD_SESSION", b"claude"),
    (b"GEMINI_CLI", b"gemini"),
    (b"CURSOR_AGENT", b"cursor"),
)
ANNOUNCED = (b"claude", b"codex", b"gemini", b"cursor")


class Unsure(Exception):
    """The fast path can't prove it: the full check decides."""


def main(arguments: list[str] | None = None) -> None:
    """Run a hook (its name, then git's arguments; by default the process's own) and end the process."""
    began = time.monotonic()
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["pre-push"]:
        from planfence.hooks import pushpath

        pushpath.main(words[1:])
    try:
        accepted = attempt(words, began)
    except Exception:  # noqa: BLE001 - whatever went wrong, the full check says it better
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


def attempt(words: list[str], began: float) -> bool:
    """Return whether this hook has been proved clean and is done; raises what it likes where it has not."""
    name = words[0] if words else ""
    if name in ("pre-commit", "pre-merge-commit"):
        place = Place()
        asked = Asked(place)  # what judges the answer loads while git looks for it
        from planfence.hooks import fastjudge

        return fastjudge.pre_commit(place, name.encode(), began, asked)
    if name in ("commit-msg", "post-commit"):
        from planfence.hooks import fastmessage

        if name == "commit-msg":
            return len(words) == 2 and fastmessage.commit_msg(Place(), words[1].encode(), began)
        return fastmessage.post_commit(Place(), began)
    return False


class Place:
    """The repository that the hook runs in, found without git; raises :class:`Unsure` for an unusual one.

    ``variables`` are what git is started with, ``model`` is who commits, ``task`` the active task (empty: none).
    By default that of this process; ``top`` is the top of the worktree, in which hooks start.
    """

    __slots__ = ("common_dir", "environment", "git_dir", "index", "model", "state", "task", "top", "variables", "where")

    def __init__(self, environment: dict[bytes, bytes] | None = None, top: bytes = b"") -> None:
        self.where = (b"-C", top) if top else ()
        environment = self.environment = posix.environ if environment is None else environment
        for name in (b"GIT_COMMON_DIR", b"GIT_WORK_TREE", b"PLANFENCE_URGENT", b"GIT_OBJECT_DIRECTORY"):
            if environment.get(name):
                raise Unsure(name)
        self.variables = for_git(environment)
        self.top = top or posix.getcwdb()
        self.git_dir = _git_dir(self.top, environment.get(b"GIT_DIR"))
        self.common_dir = _common_dir(self.git_dir)
        self.index = environment.get(b"GIT_INDEX_FILE") or self.git_dir + b"/index"
        if self.index[:1] != b"/":
            self.index = self.top + b"/" + self.index
        self.state = self.git_dir + b"/planfence"
        self.model = detect(environment)
        self.task = self.active()

    def active(self) -> bytes:
        """The active task, read anew."""
        named = self.environment.get(b"PLANFENCE_TASK")
        if not named:
            try:
                named = read_file(self.state + b"/task", 4096).strip()
            except FileNotFoundError:
                return b""
        if not named.isascii() or not named.decode().isprintable() or b" " in named:
            raise Unsure(b"task")
        return named

    def merging(self) -> bool:
        """Whether a merge is in progress, before or after git has written MERGE_HEAD."""
        return any(name[:8] == b"GITHEAD_" for name in self.environment) or exists(self.git_dir + b"/MERGE_HEAD")

    def main_top(self) -> bytes:
        """The top of the main worktree, where the logs are."""
        if self.git_dir == self.common_dir:
            return self.top
        if self.common_dir[-5:] != b"/.git":
            raise Unsure(b"main worktree")
        return self.common_dir[:-5]


def for_git(environment: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """What git may see of the environment: the same as `env.Environment.for_git` says."""
    kept = {
        name: value
        for name, value in environment.items()
        if name[:4] != b"GIT_" or name in KEPT or name[:11] == b"GIT_AUTHOR_" or name[:14] == b"GIT_COMMITTER_"
    }
    kept.update(SETTINGS)
    return kept


def detect(environment: dict[bytes, bytes]) -> bytes:
    """Who is committing, as `identity.detect` says; raises :class:`Unsure` for names that it must look at."""
    named = environment.get(b"PLANFENCE_MODEL", b"").strip()
    if named:
        if not named.isascii() or not named.decode().isprintable() or b" " in named or b"," in named:
            raise Unsure(named)
        return named
    for variable, model in STRONG:
        if environment.get(variable, b"") not in (b"", b"0", b"false"):
            return model
    announced = environment.get(b"AI_AGENT", b"").strip().lower()
    for model in ANNOUNCED:
        if announced.startswith(model):
            return model
    if announced:
        raise Unsure(announced)
    return b"claude" if environment.get(b"CLAUDECODE", b"") not in (b"", b"0", b"false") else b"human"


def _git_dir(top: bytes, named: bytes | None) -> bytes:
    """Where git will look, by the rules of its setup.c: `GIT_DIR`, or `.git` here, a folder or a file."""
    if named is not None:
        found = named if named[:1] == b"/" else top + b"/" + named
    else:
        found = top + b"/.git"
        if posix.stat(found).st_mode & _KIND == _FILE:
            word, _, path = read_file(found, 4096).rstrip(b"\r\n").partition(b": ")
            if word != b"gitdir" or not path:
                raise Unsure(found)
            found = path if path[:1] == b"/" else top + b"/" + path
    if posix.stat(found).st_mode & _KIND != _DIRECTORY:
        raise Unsure(found)
    head = read_file(found + b"/HEAD", 4096).strip()
    if head[:10] != b"ref: refs/" and not is_id(head):
        raise Unsure(head)
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
            raise Unsure(path)
    for name in (b"/objects", b"/refs"):
        if posix.stat(common + name).st_mode & _KIND != _DIRECTORY:
            raise Unsure(common)
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
    """Return a file's content; raises :class:`Unsure` where it has more than ``most`` bytes."""
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        data = read_all(descriptor, most + 1)
    finally:
        posix.close(descriptor)
    if len(data) > most:
        raise Unsure(path)
    return data


def read_all(descriptor: int, most: int = 1 << 30) -> bytes:
    """Read to the end, or to ``most`` bytes."""
    chunks = []
    size = 1 << 14  # a larger buffer is mapped and unmapped each time
    while most > 0 and (chunk := posix.read(descriptor, min(most, size))):
        chunks.append(chunk)
        most -= len(chunk)
        size = 1 << 20
    return b"".join(chunks)


class Git:
    """One git process, reading what it prints; several may run at once."""

    __slots__ = ("_out", "_pid")

    def __init__(self, place: Place, *arguments: bytes) -> None:
        self._out, write = posix.pipe()
        actions = [
            (posix.POSIX_SPAWN_OPEN, 0, b"/dev/null", posix.O_RDONLY, 0),
            (posix.POSIX_SPAWN_DUP2, write, 1),
            (posix.POSIX_SPAWN_OPEN, 2, b"/dev/null", posix.O_WRONLY, 0),
        ]
        self._pid = posix.posix_spawnp(
            b"git", (b"git", *place.where, *GIT, *arguments), place.variables, file_actions=actions
        )
        posix.close(write)

    def output(self, ok: tuple[int, ...] = (0,)) -> bytes:
        """Return what it printed; raises :class:`Unsure` where it failed."""
        data = read_all(self._out)
        posix.close(self._out)
        _, status = posix.waitpid(self._pid, 0)
        if posix.waitstatus_to_exitcode(status) not in ok:
            raise Unsure(b"git")
        return data


class Asked:
    """What pre-commit asks git, at once where HEAD is where it stood; raises :class:`Unsure` for an unusual commit.

    ``index`` and ``mark`` are what the index and HEAD were before; ``changed`` is None where HEAD has moved, until
    it is known where to and :meth:`ask` is called.
    """

    __slots__ = ("_place", "_settings", "changed", "counting", "index", "mark", "standing")

    def __init__(self, place: Place) -> None:
        environment = place.environment
        if place.merging() or (environment.get(b"PRE_COMMIT_FROM_REF") and environment.get(b"PRE_COMMIT_TO_REF")):
            raise Unsure(b"merge or range")
        self._place = place
        self.standing = read_standing(place)
        self.index = index_mark(place)
        self.mark = refs_mark(place)
        self.counting = False
        self.changed: Git | None = None
        self._settings: Git | None = None
        if self.mark == self.standing.mark:
            self.ask()

    def ask(self) -> None:
        """Start git: what is staged against the commit that stands, and where an editor opens the comment prefix."""
        place = self._place
        # Counting lines along with the paths can't cost much here, should nobody ask for the lines.
        self.counting = posix.stat(place.index).st_size < 1 << 20
        counting = (b"--numstat", b"--diff-algorithm=myers") if self.counting else ()
        head = self.standing.head
        self.changed = Git(place, *elsewhere(place), b"diff-index", *STAGED, *RAW_DIFF, *counting, head, b"--")
        if place.environment.get(b"GIT_EDITOR") != b":":
            self._settings = Git(place, *COMMENT)

    def answers(self) -> tuple[bytes, bytes, bytes]:
        """The raw records, the counts of lines, and a name for the comment prefix."""
        if self.changed is None:
            raise Unsure(b"not asked")
        comment = digest(self._settings.output((0, 1))) if self._settings else UNASKED
        return *prover.divide(self.changed.output()), comment


def elsewhere(place: Place) -> tuple[bytes, ...]:
    """Options that give git this index and an empty worktree.

    diff-index takes a file of the worktree for the staged blob where their stat seems to match (diff.c,
    reuse_worktree_file), so what it counts there need not be what is committed.
    """
    void = place.state + b"/void"
    if not exists(void):
        posix.mkdir(void)
    place.variables[b"GIT_INDEX_FILE"] = place.index
    return (b"-C", void, b"--git-dir=" + place.git_dir, b"--work-tree=" + void)


def digest(data: bytes) -> bytes:
    """A name for some bytes: the interpreter's own SipHash under two keys, since any other has to be loaded.

    It tells what has changed from what has not, and a whole file from a torn one; it withstands nobody who may
    write in the git directory, and need not: such a one can write another hook.
    """
    return (source_hash(1, data) + source_hash(2, data)).hex().encode()


def cache_name(policy: bytes, plan: bytes, task: bytes) -> bytes:
    """The file name of the compiled plan for these blobs (plan empty: no task), this task and these rules."""
    return b"fast-" + digest(b"\0".join((prover.made(), policy, plan, task)))


def load(place: Place, name: bytes) -> dict[bytes, list[bytes]]:
    """Read a compiled plan: its first line is the digest of the rest; raises what it likes for any other file.

    One that other rules were written down in proves nothing: what stands at a HEAD outlives a new version of ours.
    """
    told, _, body = read_file(place.common_dir + b"/planfence/cache/" + name, 1 << 20).partition(b"\n")
    plan = prover.read(body.splitlines())
    if told != digest(body) or plan[b"made"] != [prover.made()]:
        raise Unsure(name)
    return plan


def write_lines(path: bytes, lines: list[bytes]) -> None:
    """Replace a small file of this worktree's state by a rename.

    Written over what it held, a crash or a second process could leave a mixture that speaks for neither change.
    """
    own = path + b".%d" % posix.getpid()
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC | posix.O_NOFOLLOW
    descriptor = posix.open(own, flags, 0o644)
    data = b"\n".join((*lines, END, b""))
    try:
        whole = posix.write(descriptor, data) == len(data)
    finally:
        posix.close(descriptor)
    if not whole:
        posix.unlink(own)
        raise Unsure(path)
    posix.rename(own, path)


def read_lines(path: bytes) -> list[bytes]:
    """Read such a file; Unsure for one that is torn."""
    lines, end, _ = read_file(path, 1 << 16).partition(b"\n" + END + b"\n")
    if not end:
        raise Unsure(path)
    return lines.split(b"\n")


def write_seen(place: Place, lines: list[bytes]) -> None:
    """Replace hooks-seen: which of one commit's hooks ran, and on what."""
    write_over(place.state + b"/hooks-seen", sealed(lines))


def sealed(lines: list[bytes]) -> bytes:
    """The content of hooks-seen: its first line names the others, so that they are believed only as they were written.

    It is written over what it held. Whatever a crash, a full disk or a second process makes of it, a mixture of two
    is not what either of their first lines says.
    """
    body = b"\n".join(lines)
    return b"\n".join((SEEN_HEAD + b" " + digest(body), body, END, b""))


def write_over(path: bytes, data: bytes) -> None:
    """Write over what a small file of this worktree's state holds; what follows the end of the new text is left.

    To make a new file in its place costs several times as much. Only for what a reader tells from a mixture.
    """
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NOFOLLOW | posix.O_NONBLOCK
    descriptor = posix.open(path, flags, 0o644)
    try:
        if posix.write(descriptor, data) != len(data):
            raise Unsure(path)
    finally:
        posix.close(descriptor)


def read_seen(place: Place) -> dict[bytes, list[bytes]]:
    """Read hooks-seen: the first word of each line to the others."""
    return {words[0]: words[1:] for words in (line.split(b" ") for line in unsealed(place.state))}


def unsealed(state: bytes) -> list[bytes]:
    """The lines of hooks-seen in this folder; Unsure for one that is not whole, or was used up.

    What pre-commit has said ahead of commit-msg (`fastahead`) counts once that has let the message pass.
    """
    first, *lines = read_lines(state + b"/hooks-seen")
    if not lines or first != SEEN_HEAD + b" " + digest(b"\n".join(lines)):
        raise Unsure(first)
    kind, _, rest = lines[-1].partition(b" ")
    if kind != b"ahead":
        return lines
    word, _, message = rest.partition(b" ")
    if not _passed(state + b"/to-record", word):
        return lines[:-1]
    return [*lines[:-1], lines[0].replace(b"pre-commit", b"commit-msg", 1), b"message " + message]


def _passed(record: bytes, word: bytes) -> bool:
    """Whether commit-msg has let the message pass that goes with this word."""
    try:
        words = read_file(record, 1 << 16).partition(b"\n")[0].split(b" ")
    except (OSError, Unsure):
        return False
    return words[:2] == RECORD_HEAD.split(b" ") and words[3:] == [word]


class Standing:
    """What the full check found to hold at one HEAD, for one task and one model, and how it is written down.

    ``mark`` is :func:`refs_mark` then, ``ledger`` :func:`ledger_mark`; ``head`` is the commit, ``cache`` the
    compiled plan that speaks for its policy and plan; ``stage`` and ``rework`` are the task's (`-`: no task).
    The rules of stages and roles found nothing; ``lasting`` says that further commits change none of that, as
    long as they touch no plan and name no round of rework.

    The shell of post-commit writes it too (`setup/shims.py`).
    """

    __slots__ = ("cache", "head", "lasting", "ledger", "mark", "model", "rework", "stage", "task")

    def __init__(self, words: list[bytes]) -> None:
        self.mark, self.ledger, self.head, self.cache, self.model, self.task, self.stage, self.rework, lasting = words
        self.lasting = lasting == b"lasting"

    def line(self) -> bytes:
        """What is written down, without its newline."""
        lasting = b"lasting" if self.lasting else b"once"
        words = (self.mark, self.ledger, self.head, self.cache, self.model, self.task, self.stage, self.rework, lasting)
        return b" ".join(words)

    def write(self, place: Place) -> None:
        """Write it down for the hooks that follow."""
        write_lines(place.state + b"/standing", [self.line()])


def read_standing(place: Place) -> Standing:
    """Read what stands for this task and this model; Unsure where it is for another."""
    (line,) = read_lines(place.state + b"/standing")
    found = Standing(line.split(b" "))
    if found.mark.partition(b":")[2] not in (found.head, b""):
        raise Unsure(line)
    if found.model != place.model or found.task != (place.task or b"-"):
        raise Unsure(b"standing")
    return found


def ruling(place: Place) -> Standing:
    """Read what stands under the ledger as it is now; Unsure where that has moved."""
    found = read_standing(place)
    hold(place, found)
    return found


def hold(place: Place, standing: Standing) -> None:
    """Raise :class:`Unsure` where the ledger has moved since this was found to stand."""
    if standing.ledger != ledger_mark(place):
        raise Unsure(b"ledger")


def index_mark(place: Place) -> bytes:
    """What changes when the index does: its place and times on disk, and the checksum that ends it."""
    descriptor = posix.open(place.index, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        status = posix.fstat(descriptor)
        tail = posix.pread(descriptor, 32, max(0, status.st_size - 32))
    finally:
        posix.close(descriptor)
    numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return b":".join((digest(place.index), *(b"%d" % number for number in numbers), tail.hex().encode()))


def refs_mark(place: Place) -> bytes:
    """What changes when HEAD does; compared, never understood, so that it holds for any ref store.

    It is `MARK:ID`, the id that stands in the branch's own file (none: empty) or in a detached HEAD. A commit
    changes the id alone (:func:`moved`); where it does more, the marks differ, and HEAD is looked at again.
    """
    head = read_file(place.git_dir + b"/HEAD", 4096)
    if head[:11] == b"ref: refs/h":
        found = _content(place.common_dir + b"/" + head[5:].strip()).strip()
        if found and not is_id(found):
            raise Unsure(found)
    else:
        head, found = b"detached", head.strip()
        if not is_id(found):
            raise Unsure(found)
    return digest(b"\0".join((head, *_stores(place)))) + b":" + found


def moved(mark: bytes, commit: bytes) -> bytes:
    """A mark as it will be once HEAD has moved to this commit, and nothing else has changed."""
    return mark.partition(b":")[0] + b":" + commit


def ledger_mark(place: Place) -> bytes:
    """What changes when the ledger does, in the same way."""
    parts = _stores(place)
    ledger = place.common_dir + b"/refs/planfence/ledger"
    try:
        for name in sorted(posix.listdir(ledger)):
            told = _content(ledger + b"/" + name)
            if not told:
                raise Unsure(name)
            parts += (name, told)
    except FileNotFoundError:
        parts.append(b"")
    return digest(b"\0".join(parts))


def _stores(place: Place) -> list[bytes]:
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
    place: Place, plan: dict[bytes, list[bytes]], event: bytes, *, files: bytes, stage: bytes, **more: bytes
) -> bytes:
    """The line that this run leaves in the benchmark log, as `log/writer.py` would have it."""
    task = place.task
    words = [
        time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime()).encode(),
        b"task=" + encode(task),
        b"model=" + encode(place.model),
        b"cost=,time_min=,review_round=",
        b"event=" + event,
        b"result=accepted",
        *([b"plan=" + encode(task.partition(b"/")[0])] if task else []),
        *([b"stage=" + stage] if stage != b"-" else []),
        *([b"theme=" + encode(plan[b"theme"][0])] if b"theme" in plan else []),
        b"files=" + files,
        *(name.encode() + b"=" + value for name, value in more.items()),
        b"id=" + posix.urandom(8).hex().encode(),
    ]
    return b",".join(words)


def since(began: float) -> bytes:
    """The milliseconds since this moment, as the log has them."""
    return b"%d" % max(1, round((time.monotonic() - began) * 1000))


def log_path(place: Place, plan: dict[bytes, list[bytes]]) -> bytes:
    """Where the benchmark log is."""
    return place.main_top() + b"/" + plan[b"log"][0]


def append(name: bytes, line: bytes) -> bool:
    """Append a line to the benchmark log; return whether it is there.

    What fails is said on stderr: a log that can't be written changes no verdict.
    """
    try:
        _append(name, line + b"\n")
    except OSError as error:
        said = b"planfence: %s could not be written: %s\n" % (name, (error.strerror or "").encode())
        posix.write(2, said)
        return False
    return True


def encode(value: bytes) -> bytes:
    """Percent-encode what would break a line, of printable ASCII."""
    return value.replace(b"%", b"%25").replace(b",", b"%2C")


def _append(name: bytes, line: bytes) -> None:
    """As `files/append.py`, whose reasons hold here: one write under a lock that is not waited for long."""
    flags = posix.O_RDWR | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NOFOLLOW | posix.O_NONBLOCK
    lock = _lock(name + b".lock", flags)
    try:
        descriptor = posix.open(name, flags | posix.O_APPEND, 0o644)
        try:
            status = posix.fstat(descriptor)
            if status.st_mode & _KIND != _FILE:
                raise OSError(0, "it is not a plain file")
            if status.st_size and posix.pread(descriptor, 1, status.st_size - 1) != b"\n":
                line = b"\n" + line
            if posix.write(descriptor, line) != len(line):
                raise OSError(0, "it took only a part of the line: is the disk full?")
        finally:
            posix.close(descriptor)
    finally:
        if lock >= 0:
            posix.close(lock)


def _lock(name: bytes, flags: int) -> int:
    try:
        descriptor = posix.open(name, flags, 0o644)
    except OSError:
        return -1
    end = time.monotonic() + 0.2
    while True:
        try:
            posix.lockf(descriptor, posix.F_TLOCK, 0)
        except OSError:
            if time.monotonic() >= end:
                posix.close(descriptor)
                return -1
            time.sleep(0.002)
        else:
            return descriptor
