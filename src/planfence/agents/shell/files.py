"""The paths that ordinary programs write, told from their words.

Only what can be told: a program that is not listed here may write anything, and the commit gate
sees it then. `{target}/{name}` is formed where a target is a folder, which the caller answers.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from planfence.agents import patch
from planfence.agents.paths import Write
from planfence.agents.shell import tools
from planfence.agents.shell.syntax import Command
from planfence.change.change import Action
from planfence.lazyregex import pattern

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

IsFolder = Callable[[str], bool]

#: Options of these programs that take the next word.
_VALUES = {
    **dict.fromkeys(("cp", "mv", "ln"), "St"),
    "install": "gmoSt",
    "touch": "dtr",
    "truncate": "sor",
    "shred": "ns",
    "rsync": "eBfMT",
}
_LONG_VALUES = {
    "rsync": frozenset(
        {"--exclude", "--include", "--exclude-from", "--include-from", "--files-from", "--filter", "--rsh", "--chmod"}
    )
}
#: The word by which tar is told what to do.
_ACTS = pattern(r"-?(?=[A-Za-z]{0,20}[crtux])[A-Za-z]{1,20}")
_SEVENS = ("7z", "7za", "7zz", "7zr")
#: What BSD's sed takes behind `-i`: no script begins like that.
_SUFFIX = pattern(r"|[.~][\w.~-]*")
#: A mode that leaves what may be run as it is.
_READ_AND_WRITE = pattern(r"[ugoa]*[+-][rw]+(?:,[ugoa]*[+-][rw]+)*")
#: With these, git and patch only tell what a diff would change.
_LOOKS = frozenset({"--check", "--stat", "--numstat", "--summary", "--dry-run"})
#: Options beside those that take no value, and change nothing of that.
_PLAIN = frozenset({"-p0", "-p1", "-p2", "-R", "--reverse", "-v", "--verbose", "--index", "--cached", "-3", "--3way"})
#: Their options that take a value: where it is, which diff, what is written instead, how many folders are taken off, ….
_PATCHES = pattern(
    r"(?s)(?:-[A-CEG-UWXa-cefhj-nqs-y]{0,9}([diopDFBVYzrg])|--(d(?:i[a-z]*)?|inp[a-z]*|o[a-z]*|str[a-z]*)(?=\Z|=))=?(.*)"
)
#: Options of editors that take a value, commands (`-c`, `--cmd`, `-S`) among them; and commands that write a file.
_EDITORS = pattern(r"--cmd|-[A-Za-z]{0,9}[cSuUiTp]")
_SAVES = frozenset({"w", "wq", "x", "w!", "wq!", "x!", "up", "update", "wa", "wqa", "xa", "ZZ", "write", "wall"})


def writes(program: str, words: Sequence[str], is_folder: IsFolder, said: str = "") -> Iterator[Write]:
    """Yield what ``program`` with these arguments would write; ``said`` is what it reads from its standard input."""
    yield from tools.writes(program, words)
    if told := _WRITERS.get(program):
        yield from told(program, words, is_folder, said)


def patched(walker: Walker, program: str, rest: Sequence[str], command: Command, cwd: str, piped: str) -> None:
    """Judge the files that a diff changes, if its text is known, and the one file that `patch` may be given."""
    options = {word for word in rest if word[:1] == "-"}
    if _LOOKS & options and options <= _LOOKS | _PLAIN:
        return
    told: dict[str, str] = {}
    bare: list[str] = []
    here, words = cwd, iter(rest)
    for word in words:
        found = _PATCHES.fullmatch(word)
        if found and (program == "patch" or found[1] in (None, "p")):
            option = found[1] or found[2][0]
            told[option] = found[3] or next(words, "")
            if option == "d":  # patch goes into one after the other
                here = posixpath.join(here if program == "patch" else cwd, told["d"])
        elif word[:1] != "-":
            bare.append(word)
    if program == "patch" and bare and "o" not in told:
        walker.notes.wrote([Write(bare[0], Action.MODIFY)], here)
    # Whatever may be the diff is read, since which options take a value is not sure.
    places = dict.fromkeys((cwd, here))
    given = (
        walker.values.file(word, at) for word in (*rest, told.get("i", "")) if word not in options for at in places
    )
    level = told.get("p", told.get("s", ""))[:3]
    text = walker.values.read(command, cwd, piped) + "\n".join(given)
    walker.notes.wrote([Write(path) for path in patch.diffed(text, int(level) if level.isdecimal() else 1)], here)


def _is_short(word: str) -> bool:
    return word.startswith("-") and not word.startswith("--")


def _bare(program: str, words: Iterable[str]) -> Iterator[str]:
    with_value, long = _VALUES.get(program, ""), _LONG_VALUES.get(program, ())
    rest = iter(words)
    options = True
    for word in rest:
        if options and word == "--":
            options = False
        elif options and word.startswith("-") and word != "-":
            if word in long or (_is_short(word) and word[-1] in with_value):
                next(rest, None)
        else:
            yield word


def _removed(program: str, words: Sequence[str], _: IsFolder, __: str) -> Iterator[Write]:
    recursive = program == "rm" and any(_is_short(w) and ("r" in w or "R" in w) for w in words)
    recursive = recursive or "--recursive" in words
    yield from (Write(path, Action.DELETE, recursive) for path in _bare(program, words))


def _made(program: str, words: Sequence[str], _: IsFolder, __: str) -> Iterator[Write]:
    yield from (Write(path) for path in _bare(program, words))


def _copies(program: str, words: Sequence[str], is_folder: IsFolder, _: str) -> Iterator[Write]:
    if program == "install" and "-d" in words:
        return
    bare = list(_bare(program, words))
    target = ""
    for index, word in enumerate(words):
        if word.startswith("--target-directory="):
            target = word.partition("=")[2]
        elif _is_short(word) and word.endswith("t") and program != "rsync" and index + 1 < len(words):
            target = words[index + 1]
    if not target and len(bare) < 2:
        return
    sources = bare if target else bare[:-1]
    into = bool(target) or len(sources) > 1 or bare[-1].endswith("/") or is_folder(bare[-1])
    target = target or bare[-1]
    if program == "rsync" and ":" in target.partition("/")[0]:
        return  # another machine's
    if program == "mv":
        yield from (Write(source, Action.DELETE, True) for source in sources)
    if not into:
        yield Write(target)
        return
    yield from (Write(f"{target.rstrip('/')}/{source.rstrip('/').rpartition('/')[2]}") for source in sources)


class StreamEdit(NamedTuple):
    """What sed, perl or ruby is given: scripts, the files that they are in, its files, whether it writes those."""

    scripts: list[str]
    script_files: list[str]
    files: list[str]
    in_place: bool


def edit(program: str, words: Sequence[str]) -> StreamEdit:
    """Read the words of sed, perl or ruby. The first bare word is the script unless -e or -f gave it."""
    scripted, in_place = False, False
    scripts: list[str] = []
    script_files: list[str] = []
    files: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            in_place = in_place or word.startswith("--in-place")
            option, equals, value = word.partition("=")
            full = next((each for each in ("--expression", "--file") if each.startswith(option)), "")
            if full and len(option) > len("--"):  # GNU's tools let long options be cut
                scripted = True
                value = value if equals else next(rest, "")
                (scripts if full == "--expression" else script_files).append(value)
        elif word.startswith("-") and word != "-":
            for place, char in enumerate(word[1:], start=1):
                if char == "i":
                    in_place = True
                    break  # a suffix may follow: BSD's sed takes it as a word of its own
                if char in "ef" or (program == "perl" and char == "E"):
                    scripted = True
                    value = word[place + 1 :] or next(rest, "")
                    (scripts if char != "f" else script_files).append(value)
                    break
        elif not (program in ("sed", "gsed") and _SUFFIX.fullmatch(word) and in_place and not files):
            files.append(word)
    if scripted:
        return StreamEdit(scripts, script_files, files, in_place)
    return StreamEdit(files[:1], [], files[1:], in_place)


def _in_place(program: str, words: Sequence[str], _: IsFolder, __: str) -> Iterator[Write]:
    told = edit(program, words)
    yield from (Write(path, Action.MODIFY) for path in (told.files if told.in_place else ()))


def _moded(program: str, words: Sequence[str], _: IsFolder, __: str) -> Iterator[Write]:
    # A mode such as `-x` looks like an option.
    recursive = any(word in ("--recursive", "-R") for word in words)
    bare = [word for word in words if not word.startswith("--") and word not in ("-R", "-v", "-c", "-f", "-h")]
    # Of owners and of what may be read or written git keeps nothing: they count in its own folder alone.
    kept = program == "chmod" and not _READ_AND_WRITE.fullmatch(bare[0] if bare else "")
    yield from (Write(path, Action.MODIFY, recursive) for path in bare[1:] if kept or ".git" in path.split("/"))


def _dd(_: str, words: Sequence[str], __: IsFolder, ___: str) -> Iterator[Write]:
    yield from (Write(word.removeprefix("of=")) for word in words if word.startswith("of="))


def _found(_: str, words: Sequence[str], __: IsFolder, ___: str) -> Iterator[Write]:
    """Tell what `find … -delete` may delete: only starting points in a git directory can be judged."""
    starts = []
    for word in words:
        if word.startswith(("-", "(", "!")):
            break
        starts.append(word)
    executes = any(word in ("-exec", "-execdir", "-ok", "-okdir") for word in words)
    acts = "-delete" in words or (executes and any(word in ("rm", "mv", "sed", "chmod", "tee") for word in words))
    if acts:
        yield from (Write(start, Action.DELETE) for start in starts if ".git" in start.split("/"))


def _gawk(_: str, words: Sequence[str], __: IsFolder, ___: str) -> Iterator[Write]:
    if "inplace" in words:
        yield from (Write(word, Action.MODIFY) for word in words[words.index("inplace") + 1 :] if word[:1] != "-")


def _archives(program: str, words: Sequence[str], _: IsFolder, __: str) -> Iterator[Write]:
    """Yield the archive that `zip`, `7z a` and `tar c` write."""
    bare = [word for word in words if not word.startswith("-")]
    if program == "zip":
        yield from map(Write, bare[:1])
    elif program in _SEVENS:
        yield from map(Write, bare[1:2] if bare[:1] in (["a"], ["u"]) else ())
        yield from _unpacked(words, ("-o",)) if bare[:1] in (["x"], ["e"]) else ()
    elif program == "split":
        yield from (Write(f"{prefix}aa") for prefix in bare[-1:] if len(bare) > 1)
    else:
        acts = [word for place, word in enumerate(words) if (place == 0 or word[:1] == "-") and _ACTS.fullmatch(word)]
        flags = acts[0] if acts else ""
        if "x" in flags or "--extract" in words or "--get" in words:
            yield from _unpacked(words, ("-C", "--directory"))
        elif any(flag in flags for flag in "cru") or "--create" in words:
            long = [word.partition("=")[2] for word in words if word.startswith("--file=")]
            short = [words[place + 1] for place, word in enumerate(words[:-1])
                     if word == "--file" or (word == flags and flags.endswith("f")) or word == "-f"]  # fmt: skip
            yield from map(Write, long or short[:1])


def _unpacked(words: Sequence[str], options: tuple[str, ...]) -> Iterator[Write]:
    """Yield what is taken out of an archive into a folder, whatever is in it."""
    for word, following in zip(words, (*words[1:], ""), strict=True):
        long, _, given = word.partition("=")
        if word.startswith("--") and long in options:
            yield Write(f"{given or following}/$")
        for option in options if word[:1] == "-" != word[1:2] else ():
            _, found, glued = word.partition(option[1:])
            if found:  # alone, or in a cluster
                yield Write(f"{glued or following}/$")


def _unzipped(_: str, words: Sequence[str], __: IsFolder, ___: str) -> Iterator[Write]:
    yield from _unpacked(words, ("-d", "-D", "--directory"))


def _edited(_: str, words: Sequence[str], __: IsFolder, said: str) -> Iterator[Write]:
    """Yield the files that an editor writes, by the commands that its options or its input give."""
    given = [(option[-1], value) for option, value in pairwise(words) if _EDITORS.fullmatch(option)]
    codes = [
        said,
        *(word[1:] for word in words if word.startswith("+")),
        *(value for last, value in given if last in "cdS"),
    ]
    lines = (line.strip().lstrip(":").lstrip("0123456789,$%.") for code in codes for line in re.split(r"[|\n]", code))
    saves = [(verb, path.strip()) for verb, _, path in (line.partition(" ") for line in lines) if verb in _SAVES]
    if saves:
        values = {value for _, value in given}
        bare = [word for word in words if word[:1] not in ("-", "+") and word not in values]
        yield from map(Write, [path for _, path in saves if path] or bare)


def _script(_: str, words: Sequence[str], __: IsFolder, ___: str) -> Iterator[Write]:
    """Yield the files that `script` logs to: the first bare word, and those of its options (BSD's runs the others)."""
    option = ""
    for word in words:
        before, option = option, word if word[:1] == "-" else ""
        if word[:1] in ("-", "") or before == "--command" or before[-1:] in tuple("cEmo"):
            continue
        yield Write(word)
        if before[-1:] not in tuple("IOBT"):
            return


def _sqlite3(_: str, words: Sequence[str], __: IsFolder, said: str) -> Iterator[Write]:
    for word in (*words, *said.splitlines()):
        verb, _, path = word.strip().partition(" ")
        if verb in (".output", ".once", ".save", ".backup") and path:
            yield Write(path.strip("'\""))


#: What tells the files that a program writes, by its name.
_WRITERS: dict[str, Callable[[str, Sequence[str], IsFolder, str], Iterator[Write]]] = {
    **dict.fromkeys(("rm", "rmdir", "unlink", "shred"), _removed),
    **dict.fromkeys(("tee", "touch", "truncate", "sponge", "mkfifo"), _made),
    **dict.fromkeys(("cp", "mv", "ln", "install", "rsync"), _copies),
    **dict.fromkeys(("sed", "gsed", "perl", "ruby"), _in_place),
    **dict.fromkeys(("chmod", "chown", "chgrp", "setfacl", "chattr"), _moded),
    **dict.fromkeys(("zip", *_SEVENS, "tar", "bsdtar", "gtar", "split"), _archives),
    **dict.fromkeys(("ed", "red", "ex", "vim", "vi", "nvim", "view"), _edited),
    **dict.fromkeys(("gawk", "awk"), _gawk),
    **dict.fromkeys(("unzip", "cpio"), _unzipped),
    "dd": _dd,
    "find": _found,
    "script": _script,
    "sqlite3": _sqlite3,
}
#: Programs that write what their words name.
WRITERS = frozenset({*_WRITERS, *(name.split()[0] for name in (*tools.OUTPUTS, *tools.LAST, *tools.IN_PLACE))})
