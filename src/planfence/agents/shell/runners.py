"""Programs that run the program, or the command line, that their arguments give: `uv run`, `flock`, `script -c`, …

Of some all options are known, and they are taken off what they run. The options of the others are many and change, so
none is listed: a word behind an option may be its value or the program, and both readings are judged.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from planfence.agents.shell import snippets, variables
from planfence.agents.shell.syntax import UnreadableError
from planfence.agents.shell.values import is_assignment
from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker


class Runner(NamedTuple):
    """How a program names what it runs.

    ``skip`` bare words stand before the program. ``scripts`` are options whose value is a shell's command line.
    ``joined``: what it runs is given to a shell as one line. ``values`` are its short options that take a value, if all
    of its options are known. ``apart``: it runs it in a session of its own.
    """

    skip: int = 0
    scripts: tuple[str, ...] = ()
    joined: bool = False
    values: str | None = None
    apart: bool = False


#: How programs name what they run, by the subcommand that makes them run it.
_TABLE = (
    (Runner(values=""), "", "command builtin nohup setsid coproc chronic"),
    (Runner(values="a"), "", "exec"),
    (Runner(values="ioe"), "", "stdbuf"),
    (Runner(values="ugpCThrt"), "", "sudo"),
    (Runner(values="uC"), "", "doas"),
    (Runner(values="n"), "", "nice"),
    (Runner(values="cn"), "", "ionice"),
    (Runner(skip=1, values="ks"), "", "timeout"),
    (Runner(values="IiLnPsdEa"), "", "xargs"),
    (Runner(values="uCS"), "", "env"),
    (Runner(values="fo"), "", "time"),
    (Runner(values="oefp"), "", "strace"),
    (Runner(apart=True), "", "systemd-run nsenter machinectl launchctl"),
    (Runner(joined=True, apart=True), "", "tmux screen ssh zellij byobu"),
    (
        Runner(),
        "",
        "bunx uvx yarn pnpm bun unshare setpriv prlimit setarch numactl cpulimit chrt unbuffer rlwrap firejail bwrap "
        "fakeroot proxychains torsocks ltrace valgrind busybox toybox tini dumb-init caffeinate ssh-agent "
        "dbus-run-session xvfb-run systemd-inhibit dotenv retry pipx tsp start-stop-daemon",
    ),
    (Runner(), "develop", "nix"),
    (Runner(), "dlx", "pnpm yarn"),
    (Runner(), "exec", "asdf bundle pnpm yarn rbenv pyenv tox aws-vault"),
    (
        Runner(),
        "run",
        "uv poetry pdm hatch pipenv rye pixi dotenv op zellij conda mamba micromamba doppler infisical volta mise",
    ),
    (Runner(), "shell", "devenv"),
    (Runner(scripts=("-exec", "-toolexec")), "test", "go"),
    (Runner(scripts=("--eval",)), "task", "deno"),
    (Runner(), "stat", "perf"),
    (Runner(joined=True), "", "concurrently"),
    (Runner(joined=True), "exec", "bun"),
    (Runner(joined=True), "run", "devbox"),
    (Runner(scripts=("--exec", "-x"), joined=True), "", "watch parallel sem rush hyperfine watchexec nodemon"),
    (Runner(scripts=("--run", "--command")), "", "nix-shell"),
    (Runner(scripts=("-c", "--call")), "", "npx"),
    (Runner(scripts=("-c", "--call")), "x", "npm"),
    (Runner(scripts=("-c", "-Command", "-command")), "", "pwsh powershell nu xonsh elvish"),
    (Runner(scripts=("-s",)), "", "entr"),
    (Runner(scripts=("-P", "--pager")), "", "man"),
    (Runner(scripts=("-e", "--rsh")), "", "rsync"),
    (Runner(scripts=("/c", "/C")), "", "cmd.exe"),
    (Runner(skip=1), "exec", "docker podman"),
    (Runner(skip=1), "run", "docker podman"),
    (Runner(skip=1), "shell", "nix guix"),
    (Runner(skip=1, scripts=("-c", "--call", "--command")), "exec", "mise npm fnm nvm direnv"),
    (Runner(skip=1, scripts=("-c", "--command")), "", "script flock su runuser gosu chroot taskset faketime sg"),
    (Runner(skip=1, scripts=("-c", "--command")), "watch", "mise"),
    (Runner(skip=1, scripts=("-c", "--command")), "x", "mise"),
)
RUNNERS = {(name, subcommand): runner for runner, subcommand, names in _TABLE for name in names.split()}
#: Programs that run others in a session of their own.
_APART = frozenset({"at", "batch", "crontab"} | {name for (name, _), runner in RUNNERS.items() if runner.apart})
_NOBODY = "nobody could tell who is at work in it; run it as it is"
_LOCAL = pattern(r"localhost|127(?:\.\d+){3}|::1|0\.0\.0\.0|0|ip6-localhost")
#: Options by which programs are run in another directory.
FOLDERS = frozenset(
    {"-C", "-D", "-w", "--directory", "--cwd", "--chdir", "--cd", "--wd", "--workdir"}
    | {"--working-directory", "--prefix"}
)
#: Programs whose words are text for them, and never a program that they would run.
READERS = frozenset(
    {"echo", "printf", ":", "true", "false", "grep", "egrep", "fgrep", "rg", "ag", "ack", "cat", "bat"}
    | {"head", "tail", "ls", "which", "type", "man", "whatis", "wc", "test", "[", "jq", "apt", "apt-get"}
    | {"brew", "pip", "gh", "export", "declare", "local", "readonly", "typeset", "alias", "for", "command"}
    | {"hash", "dpkg", "cd", "pushd", "mkdir", "diff", "tldr", "planfence", "touch", "rm", "cp", "mv", "ln"}
    | {"tree", "stat", "file", "sha256sum", "sha1sum", "md5sum", "shasum", "b3sum", "base64", "xxd", "od"}
    | {"hexdump", "tr", "cut", "uniq", "nl", "column", "rev", "tac", "fold", "fmt", "shuf", "paste", "join"}
    | {"comm", "pbcopy", "xclip", "xsel", "wl-copy", "du", "sort", "dnf", "apk", "pkill", "pgrep"}
)


def unwrap(walker: Walker, words: list[str], cwd: str, piped: str) -> tuple[list[str], str]:
    """Take the wrappers off a command; return it, and the directory in which it is run."""
    while words and (runner := RUNNERS.get((name := posixpath.basename(words[0]), ""))) and runner.values is not None:
        with_value, skipped = runner.values, runner.skip
        index = 1
        while index < len(words) and words[index].startswith("-") and (name == "env" or words[index] != "-"):
            word = words[index]
            following = words[index + 1] if index + 1 < len(words) else ""
            _bares(walker, name, word, following)
            if name == "env" and word[:2] != "--" and "S" in _flags(f"{word}S")[-1:] + word.partition("S")[1]:
                walker.walk(f"env {word.partition('S')[2] or following}", cwd)
            elif name == "env" and _is_cut(word, "--split-string"):
                walker.walk(f"env {word.partition('=')[2] or following}", cwd)
            if name == "env" and (word == "-C" or _is_cut(word, "--chdir")):
                cwd = posixpath.join(cwd, word.partition("=")[2] or following)
            index += 2 if not word.startswith("--") and word[-1] in with_value else 1
            if word == "--":
                break
        options, words = words[:index], words[index + skipped :]
        for lent in takewhile(is_assignment, words):
            known = lent.partition("=")[0].removesuffix("+")
            walker.values.lent.setdefault(known, walker.values.variables.get(known))
        words = variables.assignments(walker, words, exported=True)
        if name == "xargs":
            words = _filled(words, piped, options)
    return words, cwd


def _bares(walker: Walker, name: str, word: str, following: str) -> None:
    """Judge an option of a wrapper that takes variables away."""
    if name == "env":
        flags = _flags(word) if word[1:2] != "-" else ""
        if word == "-" or "i" in flags or _is_cut(word, "--ignore-environment"):
            walker.notes.attempt(f"env {word}", "it takes away what says who is at work")
        if _is_cut(word, "--unset"):
            variables.says(walker, word.partition("=")[2] or following, None)
        elif flags and word[len(flags) :][:1] == "u":
            variables.says(walker, word[len(flags) + 1 :] or following, None)
    elif name == "exec" and word[:1] == "-" and word[1:2] != "-" and "c" in word.partition("a")[0]:
        walker.notes.attempt(f"exec {word}", "it takes away what says who is at work")


def _is_cut(word: str, option: str) -> bool:
    """Whether a word is a long option, which GNU's tools let be cut."""
    given = word.partition("=")[0]
    return len(given) > len("--") and option.startswith(given)


def _flags(word: str) -> str:
    """Return the flags of a cluster of `env`'s, up to one that takes what follows it as its value."""
    for place, char in enumerate(word):
        if char in "uCS":
            return word[:place]
    return word


def _filled(words: list[str], piped: str, options: Sequence[str]) -> list[str]:
    """Return what `xargs` runs: what it reads stands for its placeholder, or behind its words."""
    if not words:
        return words
    option = next((word for word in options if word[:2] in ("-I", "-i") or word.startswith("--replace")), "")
    if not option:
        return words + piped.replace("\0", " ").split()
    place = option[2:] if option[:2] == "-I" else ""
    mark = place or (options[options.index(option) + 1] if option == "-I" else option.partition("=")[2] or "{}")
    told, either = piped.strip() or "$", list[str]()
    if told.endswith("\n$"):  # or anything else
        told, either = told[:-2], ["$"]
    return [each for word in words for each in (word.replace(mark, told), *(either if word == mark else ()))]


def elsewhere(program: str, words: Sequence[str], said: str) -> Iterator[Attempt]:
    """Judge a program that runs others in a session of their own, if nothing tells who is at work."""
    if program not in _APART:
        return
    told = " ".join([*words, said] if program == "crontab" else words)
    if program == "at" and any(word in ("-l", "-d", "-c", "-V", "-r") for word in words):
        return
    if program == "ssh" and not any(_LOCAL.fullmatch(word.rpartition("@")[2]) for word in words):
        return
    if program in ("at", "batch") or snippets.COMMITS.search(told):
        yield Attempt(f"{program} {told}"[:80], _NOBODY)


def programs(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the command lines, as words, that a runner's arguments may name."""
    for runner, rest in _runners(words):
        if not runner.joined:
            yield from _programs(rest, runner.skip)
    name = posixpath.basename(words[0]) if words else ""
    if name == "nix" and "run" in words:
        yield from ([word.partition("#")[2], *_behind(words)] for word in words if "#" in word)


def scripts(words: Sequence[str]) -> Iterator[str]:
    """Yield the shell command lines that a runner's arguments may hold."""
    for runner, rest in _runners(words):
        for index, word in enumerate(rest):
            option, equals, value = word.partition("=")
            glued = not word.startswith("--") and word[:1] == "-" and word[-1:] == "c" and "-c" in runner.scripts
            if option in runner.scripts or glued:
                yield value if equals else (rest[index + 1] if index + 1 < len(rest) else "")
        if runner.joined:
            first, _, given = "\0".join(rest).partition("\0:::\0")
            plain = first.split("\0")
            lines = [
                *(word for word in plain if " " in word.strip()),
                # `ssh -i $KEY host`: what is not told may be an option's value.
                *(" ".join(["command", *each] if each[0] == "$" else each) for each in _programs(plain, 0)),
            ]
            for each in map(shlex.quote, given.split("\0")):  # without a command, it is one itself
                yield from (
                    line.replace("{}", each) if "{}" in line else f"{line} {each if given else ''}".rstrip()
                    for line in lines
                )


def module(words: Sequence[str]) -> Sequence[str]:
    """Return the name of the module that an interpreter runs (`python -m`), and its words; or nothing."""
    for place, word in enumerate(words):
        if word[:2] == "-m":
            return [word[2:], *words[place + 1 :]] if word[2:] else words[place + 1 :]
    return ()


def folders(words: Sequence[str]) -> Iterator[str]:
    """Yield the directories that a program may be told to work in."""
    for index, word in enumerate(words[1:], start=1):
        option, equals, value = word.partition("=")
        if option in FOLDERS and (equals or index + 1 < len(words)):
            yield value if equals else words[index + 1]


def _runners(words: Sequence[str]) -> Iterator[tuple[Runner, Sequence[str]]]:
    name = posixpath.basename(words[0]) if words else ""
    if (name, "") in RUNNERS and RUNNERS[name, ""].values is None:
        yield RUNNERS[name, ""], _plain(words[1:])
    for each in _programs(words[1:], 0):
        if (name, each[0]) in RUNNERS:
            yield RUNNERS[name, each[0]], _plain(each[1:])


def _plain(words: Sequence[str]) -> list[str]:
    """Take the versions off the names of packages: `npx prettier@3`."""
    return [_VERSIONED.sub(r"\1", word) for word in words]


_VERSIONED = pattern(r"^([a-z][\w.-]*)@[\w.^~<>=-]+$")


def _behind(words: Sequence[str]) -> Sequence[str]:
    return words[words.index("--") + 1 :] if "--" in words else ()


#: Options that take no value, whatever runner has them.
_ALONE = frozenset({"--rm", "-it", "-ti", "--init", "--yes", "--quiet", "--silent"})
#: So many of a runner's words may be the program that it runs.
_MOST_READINGS = 40


def _programs(words: Sequence[str], skip: int) -> Iterator[list[str]]:
    """Yield what begins at each word that may be the program: behind an option, a word may be its value."""
    after_option, skipped, readings = False, 0, 0
    for index, word in enumerate(words):
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            after_option = "=" not in word and word not in _ALONE
            continue
        if after_option and ("=" in word or ":/" in word):  # a variable, a volume, an address: surely its value
            after_option = False
            continue
        readings += 1
        if readings > _MOST_READINGS:
            raise UnreadableError("too many words that may be a program")
        if readings > skip:
            yield list(words[index:])
        if after_option:
            after_option = False
        elif skipped < skip:
            skipped += 1
        else:
            break
    behind = list(_behind(words))
    yield from (behind[start:] for start in range(skip + 1) if behind[start:])
