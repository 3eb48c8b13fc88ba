"""The text of the native hook shims: what git starts, in as few processes as a shell allows.

A shim is POSIX sh. One that `planfence install` writes names an interpreter and the folder
that holds this package, and starts the fast path without the site module; if either has
vanished it takes `planfence` from PATH. The shims in `hooks/`, for `core.hooksPath`, name no
path at all. The second line bears a digest of the rest, so that a shim which somebody has
edited since is told from one that may be replaced.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex

from planfence.records import dataclass

#: The hooks that planfence takes part in, in the order in which git runs them.
NAMES = ("pre-commit", "pre-merge-commit", "commit-msg", "post-commit", "pre-push")

#: What the hook that stood there before is called while ours stands in front of it.
CHAINED_SUFFIX = ".planfence-chained"

MARKER = b"# planfence-shim "
HEAD = b"#!/bin/sh\n"

#: `-I -S` leave the site-packages out, and with them most of the start-up time. What is imported stays, so there is
#: nothing to be collected until `fastpath` says that there may be. `-X utf8` spares the interpreter the question how
#: the locale writes its letters, and tells the bytes of a path as they are.
_START = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv.pop(1)); "
    + "from planfence.hooks import fastpath; fastpath.main()"
)

#: pre-commit without an interpreter: git opens no editor, so commit-msg follows at once, and judges change and message.
#: It is left to it only if it stands beside us to the letter as it was installed with us (as far as it starts the
#: program: a shell reads byte by byte), and took part in the commit before, so that git does start it: the note is its
#: own. A prepare-commit-msg hook could change the index in between, of which git has read already what it commits.
#: What can't be noted is judged here.
_LEAVE = r"""
leave() {{
  n=${{GIT_DIR:-.git}}/planfence/note
  d=${{0%/*}}
  [ "$GIT_EDITOR" = : ] && [ -n "$GIT_INDEX_FILE" ] && [ "$0" = "$d/pre-commit" ] && [ -s "$n" ] || return 1
  [ -x "$d/commit-msg" ] && [ ! -x "$d/prepare-commit-msg" ] || return 1
  IFS=' ' read -r l x <"$n"
  [ "$l" = planfence-note ] || [ "$l" = recordede-note ] || return 1
  {{
    IFS= read -r w
    while IFS= read -r l && [ "$l" != fi ]; do
      w="$w
$l"
    done
  }} <"$d/commit-msg"
  [ "$w" = {expected} ] || return 1
  printf 'planfence-left 3 \n' 2>/dev/null 1<>"$n"
}}
"""

#: post-commit without an interpreter: the line that commit-msg has left ready (`lightrepository.leave`) goes to the log
#: if git shows that the commit is, to the letter, the one that was judged, in this very `git commit`. Otherwise the
#: program decides; also if the log is not a plain file, or if somebody has written to it since: its end is not known.
#: The note's first line is read again at the end: it differs if a note was written meanwhile, maybe a shorter one, with
#: the end of ours. The line comes first: were it to fail, nothing is consumed, by writing over the first bytes.
_RECORD = r"""
record() {
  n=${GIT_DIR:-.git}/planfence/note
  [ -s "$n" ] || return 1
  {
    IFS=' ' read -r l x y e
    [ "$l $x $y" = "planfence-note 3 $PPID" ] && [ -n "$e" ] || return 1
    IFS= read -r l; IFS= read -r f; IFS= read -r a; IFS= read -r b
    IFS= read -r x; IFS= read -r y; IFS= read -r z
    w=
    while IFS= read -r l && [ "$l" != "end $e" ]; do
      w="$w
$l"
    done
    [ "$l" = "end $e" ] || return 1
  } <"$n"
  IFS= read -r l <"$n"
  [ "$l" = "planfence-note 3 $PPID $e" ] || return 1
  [ -f "$f" ] && [ ! -L "$f" ] && [ -w "$f" ] || return 1
  [ "$f" -nt "$n" ]
  [ $? -eq 1 ] || return 1
  o=$(GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null GIT_NO_LAZY_FETCH=1 LC_ALL=C \
    git -c core.fsmonitor=false -c core.commitGraph=false -c advice.graftFileDeprecated=false \
    diff-tree --always -r --raw --no-abbrev --no-renames --no-ext-diff --no-textconv --ignore-submodules=none \
    --no-relative --encoding=UTF-8 --pretty=tformat:%H%n%P%n%B HEAD -- 2>/dev/null) || return 1
  c=${o%%
*}
  [ "$o" = "$c$w" ] || return 1
  printf '%s\n' "$a$c$b" 2>/dev/null >>"$f" || return 1
  printf recorded 2>/dev/null 1<>"$n"
  [ -z "$x" ] || printf '%s\nend\n' "$x$c$y$c$z" 2>/dev/null 1<>"${n%/*}/standing"
  return 0
}
"""

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh"})
_SHEBANG = re.compile(rb"#![ \t]*(?:/\S*/env[ \t]+(?:-S[ \t]+)?)?(\S+)((?:[ \t]+-[a-zA-Z]+)*)[ \t]*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Launcher:
    """An interpreter, and the folder from which it imports this package; both absolute."""

    python: str
    site: str


def shim(name: str, launcher: Launcher | None, chained: bytes | None = None) -> bytes:
    """The shim of one hook.

    ``launcher`` None: a portable shim. ``chained``: the content of the hook that runs after
    ours, with the same arguments and input, and whose exit status counts; None: there is none.
    """
    if name not in NAMES:
        raise ValueError(name)
    lines = [
        *([] if launcher is None else [f"p={shlex.quote(launcher.python)}", f"s={shlex.quote(launcher.site)}"]),
        *(_alone(name, launcher) if chained is None else _in_front(name, launcher, chained)),
        "# Written by `planfence install`; `planfence uninstall` takes it away and restores what was there.",
    ]
    rest = os.fsencode("\n".join(lines) + "\n")
    return HEAD + MARKER + digest_of(rest) + b"\n" + rest


def digest_of(rest: bytes) -> bytes:
    """The digest that a shim bears of what follows its second line."""
    return hashlib.sha256(rest).hexdigest()[:16].encode()


def _ways(name: str, launcher: Launcher | None) -> list[tuple[str, str]]:
    """The conditions under which a shim can start planfence, with the command, best first."""
    ways = []
    if launcher is None:
        ways.append(('[ -n "$PLANFENCE_PYTHON" ]', f'"$PLANFENCE_PYTHON" -I -m planfence hook {name} "$@"'))
    else:
        ways.append(
            (
                '[ -x "$p" ] && [ -f "$s/planfence/hooks/fastpath.py" ]',
                f'"$p" -I -S -X utf8 -c \'{_START}\' "$s" {name} "$@"',
            )
        )
    ways.append(("command -v planfence >/dev/null 2>&1", f'planfence hook {name} "$@"'))
    return ways


def _branches(ways: list[tuple[str, str]], before: str, after: str) -> list[str]:
    lines = []
    for position, (condition, command) in enumerate(ways):
        lines += [f"{'elif' if position else 'if'} {condition}; then", f"  {before}{command}{after}"]
    return lines


def _missing(name: str, launcher: Launcher | None) -> list[str]:
    """Say that planfence is not there; only post-commit, which can refuse nothing, goes on."""
    looked = "$PLANFENCE_PYTHON" if launcher is None else "the interpreter that it was installed with"
    verdict = "is not recorded" if name == "post-commit" else "is refused"
    deed = "push" if name == "pre-push" else "commit"
    return [
        "printf '%s\\n' \\",
        f"  'planfence: the {name} hook found neither {looked} nor planfence on PATH: this {deed} {verdict}.' \\",
        "  '  hint: pip install planfence, then planfence install (planfence doctor says more)' >&2",
    ]


def _alone(name: str, launcher: Launcher | None) -> list[str]:
    return [
        *([_RECORD.strip(), "record && exit 0"] if name == "post-commit" else []),
        *([_leave(launcher), "leave && exit 0"] if name == "pre-commit" else []),
        *_branches(_ways(name, launcher), "exec ", ""),
        "fi",
        *_missing(name, launcher),
        f"exit {0 if name == 'post-commit' else 3}",
    ]


def _leave(launcher: Launcher | None) -> str:
    begins = os.fsdecode(shim("commit-msg", launcher)).partition("\nfi\n")[0]
    return _LEAVE.strip().format(expected=shlex.quote(begins))


def _in_front(name: str, launcher: Launcher | None, chained: bytes) -> list[str]:
    reads = name == "pre-push"
    # post-commit can't refuse: what comes after it always runs.
    after = "" if name == "post-commit" else " || exit $?"
    missing = [f"  {line}" for line in _missing(name, launcher)]
    ways = _ways(name, launcher)
    if name == "post-commit":
        ways.insert(0, ("record", ":"))
    lines = [
        *([_RECORD.strip()] if name == "post-commit" else []),
        *_branches(ways, "refs | " if reads else "", after),
        "else",
        *missing,
        *([] if name == "post-commit" else ["  exit 3"]),
        "fi",
        # By the folder and our own name: another installer may have renamed this file.
        f'h="${{0%/*}}/{name}"',
        f'[ -x "$h{CHAINED_SUFFIX}" ] || exit 0',
        *_behind(name, f"{'refs | ' if reads else ''}{_run_chained(chained)}"),
    ]
    if name == "commit-msg":
        place = next(number for number, line in enumerate(lines) if line.startswith("h="))
        lines = ["ours() {", *(f"  {line}" for line in lines[:place]), "}", 'ours "$@"', *lines[place:]]
    if reads:
        # Both hooks read the refs; a ref line holds neither NUL nor newline, so the shell can keep them.
        lines = ["i=$(cat)", 'refs() { [ -z "$i" ] || printf \'%s\\n\' "$i"; }', *lines, "exit $?"]
    return lines


def _behind(name: str, command: str) -> list[str]:
    """Run the hook behind ours; a message that it has changed is judged, and gets its trailers, once more."""
    read = '"$(cat "$1"; echo .)"'
    again = [f"m={read}", f"{command} || exit $?", f'[ "$m" = {read} ] || ours "$@"']
    return {"pre-push": [command], "commit-msg": again}.get(name, [f"exec {command}"])


def _run_chained(chained: bytes) -> str:
    """How the hook behind ours is started: as it is, unless it asks for its own name.

    A dispatcher (`$(basename "$0")`) must see the name that git would have given it, so a
    shell script which mentions `$0` is read by its own shell under that name.
    """
    shebang = _SHEBANG.match(chained)
    asks = re.search(rb"\$0|\$\{0", chained) is not None
    resolves = re.search(rb"readlink|realpath", chained) is not None
    if shebang is None or not asks or resolves:
        return f'"$h{CHAINED_SUFFIX}" "$@"'
    program, flags = shebang.group(1).decode("ascii", "replace"), shebang.group(2).decode().split()
    if program.rpartition("/")[2] not in _SHELLS:
        return f'"$h{CHAINED_SUFFIX}" "$@"'
    return " ".join([shlex.quote(program), *flags, "-c", f"'. \"$0{CHAINED_SUFFIX}\"'", '"$h"', '"$@"'])
