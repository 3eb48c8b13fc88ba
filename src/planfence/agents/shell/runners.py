"""Programs that run the program, or the command line, that their arguments give: `uv run`, `flock`, `script -c`, …

Their options are many and change, so none is listed: a word behind an option may be its value or the program,
and both readings are judged.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Runner(NamedTuple):
    """How a program names what it runs.

    ``skip`` bare words stand before the program. ``scripts`` are options whose value is a shell's command line.
    ``joined``: what it runs is given to a shell as one line.
    """

    skip: int = 0
    scripts: tuple[str, ...] = ()
    joined: bool = False


_ONE = Runner()
_C = ("-c", "--command")
#: By the program, and the subcommand that runs others.
RUNNERS: dict[tuple[str, str], Runner] = {
    **{
        (name, "run"): _ONE
        for name in ("uv", "poetry", "pdm", "hatch", "pipenv", "rye", "pixi", "dotenv", "op", "zellij")
    },
    **{(name, "run"): _ONE for name in ("conda", "mamba", "micromamba", "doppler", "infisical", "volta", "mise")},
    ("devbox", "run"): Runner(0, joined=True),
    ("entr", ""): Runner(0, ("-s",)),
    **{(name, "exec"): Runner(1, ("-c", "--call", "--command")) for name in ("mise", "npm", "fnm", "nvm", "direnv")},
    **{(name, "exec"): _ONE for name in ("asdf", "bundle", "pnpm", "yarn", "rbenv", "pyenv", "tox", "aws-vault")},
    **{("mise", name): Runner(1, ("-c", "--command")) for name in ("x", "watch")},
    ("npm", "x"): Runner(0, ("-c", "--call")),
    ("npx", ""): Runner(0, ("-c", "--call")),
    ("pnpm", "dlx"): _ONE,
    ("yarn", "dlx"): _ONE,
    ("bunx", ""): _ONE,
    ("uvx", ""): _ONE,
    **{(name, ""): _ONE for name in ("yarn", "pnpm", "bun")},
    **{
        (name, ""): Runner(0, ("-c", "-Command", "-command"))
        for name in ("pwsh", "powershell", "nu", "xonsh", "elvish")
    },
    ("cmd.exe", ""): Runner(0, ("/c", "/C")),
    ("bun", "exec"): Runner(0, joined=True),
    ("nix", "develop"): _ONE,
    ("nix", "shell"): Runner(1),
    ("nix-shell", ""): Runner(0, ("--run", "--command")),
    ("guix", "shell"): Runner(1),
    ("devenv", "shell"): _ONE,
    **{(name, "run"): Runner(1) for name in ("docker", "podman")},
    **{(name, "exec"): Runner(1) for name in ("docker", "podman")},
    ("script", ""): Runner(1, _C),
    ("flock", ""): Runner(1, _C),
    **{(name, ""): Runner(1, _C) for name in ("su", "runuser", "gosu", "chroot", "taskset", "faketime", "sg")},
    **{(name, ""): _ONE for name in ("unshare", "setpriv", "prlimit", "setarch", "numactl", "cpulimit", "chrt")},
    **{(name, ""): _ONE for name in ("unbuffer", "rlwrap", "firejail", "bwrap", "fakeroot", "proxychains", "torsocks")},
    **{(name, ""): _ONE for name in ("ltrace", "valgrind", "busybox", "toybox", "tini", "dumb-init", "caffeinate")},
    **{(name, ""): _ONE for name in ("ssh-agent", "dbus-run-session", "xvfb-run", "systemd-inhibit", "systemd-run")},
    **{(name, ""): _ONE for name in ("dotenv", "retry", "pipx", "tsp", "start-stop-daemon", "hub")},
    ("perf", "stat"): _ONE,
    **{(name, ""): Runner(0, ("--exec", "-x"), joined=True) for name in ("watch", "parallel", "sem", "rush")},
    **{(name, ""): Runner(0, ("--exec", "-x"), joined=True) for name in ("hyperfine", "watchexec", "nodemon")},
    **{(name, ""): Runner(0, joined=True) for name in ("concurrently", "tmux", "screen", "ssh", "zellij")},
}
#: Options by which programs are run in another directory.
FOLDERS = frozenset(
    {
        "-C",
        "-D",
        "-w",
        "--directory",
        "--cwd",
        "--chdir",
        "--cd",
        "--wd",
        "--workdir",
        "--working-directory",
        "--prefix",
    }
)
#: Programs whose words are text for them, and never a program that they would run.
READERS = frozenset(
    {"echo", "printf", "grep", "egrep", "fgrep", "rg", "ag", "ack", "cat", "bat", "head", "tail", "ls", "which"}
    | {"type", "man", "whatis", "wc", "test", "[", "jq", "apt", "apt-get", "brew", "pip", "gh", "export", "declare"}
    | {
        "local",
        "readonly",
        "typeset",
        "alias",
        "for",
        "command",
        "hash",
        "dpkg",
        "cd",
        "pushd",
        "mkdir",
        "diff",
        "tldr",
    }
    | {
        "planfence",
        "touch",
        "rm",
        "cp",
        "mv",
        "ln",
        "tree",
        "stat",
        "file",
        "du",
        "sort",
        "dnf",
        "apk",
        "pkill",
        "pgrep",
    }
)


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
                *(" ".join(each) for each in _programs(plain, 0)),
            ]
            for each in given.split("\0"):
                yield from (line.replace("{}", each) if "{}" in line else f"{line} {each}".rstrip() for line in lines)


def folders(words: Sequence[str]) -> Iterator[str]:
    """Yield the directories that a program may be told to work in."""
    for index, word in enumerate(words[1:], start=1):
        option, equals, value = word.partition("=")
        if option in FOLDERS and (equals or index + 1 < len(words)):
            yield value if equals else words[index + 1]


def _runners(words: Sequence[str]) -> Iterator[tuple[Runner, Sequence[str]]]:
    name = posixpath.basename(words[0]) if words else ""
    if (name, "") in RUNNERS:
        yield RUNNERS[name, ""], _plain(words[1:])
    for each in _programs(words[1:], 0):
        if (name, each[0]) in RUNNERS:
            yield RUNNERS[name, each[0]], _plain(each[1:])


def _plain(words: Sequence[str]) -> list[str]:
    """Take the versions off the names of packages: `npx prettier@3`."""
    return [_VERSIONED.sub(r"\1", word) for word in words]


_VERSIONED = re.compile(r"^([a-z][\w.-]*)@[\w.^~<>=-]+$")


def _behind(words: Sequence[str]) -> Sequence[str]:
    return words[words.index("--") + 1 :] if "--" in words else ()


def _programs(words: Sequence[str], skip: int) -> Iterator[list[str]]:
    """Yield what begins at each word that may be the program: behind an option, a word may be its value."""
    after_option, skipped = False, 0
    for index, word in enumerate(words):
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            after_option = "=" not in word
            continue
        yield list(words[index:])
        if after_option:
            after_option = False
        elif skipped < skip:
            skipped += 1
        else:
            break
    behind = list(_behind(words))
    yield from (behind[start:] for start in range(skip + 1) if behind[start:])
