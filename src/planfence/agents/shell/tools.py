"""Tools that write a file which their words name: by an option, as the last word, or in place.

The tables are of what a word tells. A tool that is given a folder writes what it finds there: the look at the
worktree after the command sees that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from planfence.agents.paths import Write
from planfence.change.change import Action

_COMPILERS = ("gcc", "cc", "clang", "g++", "c++", "clang++", "rustc", "ld", "tcc", "ghc", "ocamlopt")
#: Options whose value is a file that the tool writes. A tool with subcommands is named with them, too.
OUTPUTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_COMPILERS, ("-o",)),
    "cpp": ("-o",),
    **dict.fromkeys(("pandoc", "xmllint", "iconv", "sort", "shuf", "patch", "gpg", "age", "bison"), ("-o", "--output")),
    **dict.fromkeys(("dot", "neato", "flex", "sops", "strace", "ltrace"), ("-o",)),
    **dict.fromkeys(("http", "https", "xh", "psql", "poetry export", "tailwindcss", "svgo"), ("-o", "--output")),
    **dict.fromkeys(("pip-compile", "uv export", "uv pip compile"), ("-o", "--output-file")),
    **dict.fromkeys(("json2ts", "quicktype", "jupyter nbconvert"), ("-o", "--output")),
    "curl": ("-o", "--output"),
    "find": ("-fprint", "-fls", "-fprintf", "-fprint0"),
    "wget": ("-O", "--output-document", "-o", "--output-file"),
    "openssl": ("-out",),
    "tsc": ("--outFile",),
    "esbuild": ("--outfile",),
    "protoc": ("--descriptor_set_out",),
    "go build": ("-o",),
    "go test": ("-coverprofile", "-o"),
    "pg_dump": ("-f", "--file"),
    "gh release": ("-O", "--output"),
    "zig build-exe": ("-femit-bin",),
    "time": ("-o", "--output"),
    "terraform plan": ("-out",),
    "openapi-generator": ("-o", "--output"),
}
#: Tools with long options behind one dash: a letter in such a word is no option of its own (`-flto`).
_UNCLUSTERED = frozenset({*_COMPILERS, "cpp", "go", "dot", "neato"})


class Last(NamedTuple):
    """How a tool names the file that it writes by its last word.

    It has to be the one behind so many others. ``values`` are options that take the next word. ``unless``: not with
    one of these words.
    """

    behind: int = 1
    values: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


LAST: dict[str, Last] = {
    **dict.fromkeys(("docker cp", "podman cp", "nerdctl cp"), Last()),
    "kubectl cp": Last(values=("-c", "--container", "-n", "--namespace", "--context", "--retries")),
    "scp": Last(values=("-P", "-i", "-o", "-F", "-J", "-l", "-c", "-S", "-D", "-X")),
    "pdftotext": Last(values=("-f", "-l", "-r", "-x", "-y", "-W", "-H", "-enc", "-eol", "-opw", "-upw", "-fixed")),
    "cpp": Last(
        values=("-I", "-D", "-U", "-o", "-x", "-A", "-include", "-imacros", "-isystem", "-iquote", "-MF", "-MT")
    ),
    "uniq": Last(values=("-f", "-s", "-w", "--skip-fields", "--skip-chars", "--check-chars")),
    "json.tool": Last(values=("--indent",)),
    "convert": Last(),
    "magick": Last(unless=("identify", "display", "mogrify")),
    "ffmpeg": Last(0, ("-i", "-f", "-h", "-help", "-v", "-loglevel")),
}


class InPlace(NamedTuple):
    """How a tool writes the files that it is given.

    ``if_any``: only with one of these options. ``unless``: not with one of these. ``skip`` bare words stand before the
    files.
    """

    if_any: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    skip: int = 0


_CHECKS = ("--check", "--diff", "-check", "-c", "--list-different", "--dry-run", "--stdout")
_ALWAYS = InPlace(unless=_CHECKS)
_FIXES = InPlace(("--fix", "--fix-only", "-w", "--write", "--write-changes"))
_I = InPlace(("-i", "--in-place", "--inplace", "-w", "--write"))
_PACKS = InPlace(unless=("-c", "-kc", "-ck", "-dc", "-cd", "-l", "-t", "--stdout", "--list", "--test"))
IN_PLACE: dict[str, InPlace] = {
    **dict.fromkeys(("black", "isort", "pyupgrade", "rustfmt", "stylua", "mdformat", "nbstripout", "ssort"), _ALWAYS),
    **dict.fromkeys(("ruff format", "dprint fmt", "taplo fmt", "deno fmt", "zig fmt", "terraform fmt"), _ALWAYS),
    **dict.fromkeys(("mix format", "dart format", "usort format", "nixfmt", "tofu fmt"), _ALWAYS),
    **dict.fromkeys(("swiftformat", "pyproject-fmt", "elm-format", "sqlfluff fix", "php-cs-fixer fix"), _ALWAYS),
    **dict.fromkeys(("eslint", "ruff check", "ruff", "markdownlint", "stylelint", "xo", "standard", "oxlint"), _FIXES),
    **dict.fromkeys(("markdownlint-cli2", "codespell", "typos", "gofmt", "goimports", "gofumpt", "shfmt"), _FIXES),
    **dict.fromkeys(("prettier", "prettierd"), InPlace(("--write", "-w"))),
    **dict.fromkeys(("biome", "rome"), InPlace(("--write", "--apply", "--fix", "--apply-unsafe", "--unsafe"))),
    **dict.fromkeys(("autopep8", "autoflake", "yapf", "docformatter", "clang-format", "ocamlformat"), _I),
    **dict.fromkeys(("google-java-format", "swift-format", "toml-sort", "buf format", "djlint", "ktlint"), _I),
    **dict.fromkeys(("yq", "tomlq", "xq"), _I._replace(skip=1)),
    "rubocop": InPlace(("-a", "-A", "--autocorrect", "--autocorrect-all", "--auto-correct")),
    "semgrep": InPlace(("--autofix",)),
    "sd": InPlace(unless=("-p", "--preview"), skip=2),
    "rename": InPlace(unless=("-n", "--no-act"), skip=1),
    "prename": InPlace(unless=("-n", "--no-act"), skip=1),
    **dict.fromkeys(("dos2unix", "unix2dos", "strip", "recode"), InPlace()),
    **dict.fromkeys(("gzip", "bzip2", "xz", "gunzip", "bunzip2", "unxz"), _PACKS),
    "zstd": InPlace(("--rm",)),
}  # fmt: skip
#: Options of such tools that take the next word, which is none of the files that they write.
_CONFIGURING = frozenset(
    {"--config", "--config-file", "--config-path", "--settings", "--settings-path", "--settings-file"}
    | {"--rcfile", "--ignore-path", "--ignore-file", "--parser", "--plugin", "--rulesdir", "--project"}
    | {"--stdin-filename", "--rc", "--sp", "--ext", "--rule", "--rules", "--format", "--formatter"}
    | {"--output-file", "--select", "--ignore", "--extend-select", "--extend-ignore", "--exclude"}
    | {"--extend-exclude", "--line-length", "--skip", "--target-version", "--edition", "--style", "--profile"}
    | {"--only", "--except", "--require", "--jobs", "--dialect", "--tab-width", "--print-width"}
    | {"--max-warnings", "--cache-location", "--ignore-words", "--exclude-file", "--lang", "--ignore-pattern"}
    | {"--ignore-words-list", "--dictionary", "--stdin-filepath", "--log-level", "--pattern", "--configuration"}
    | {"--indent-width", "--src", "--known-first-party", "--add-import", "--remove-import", "-local", "-srcdir"}
    | {"-lang", "-ln", "--custom-syntax", "--severity", "--minimum-severity"}
)
#: The short ones, by the tool.
_SHORT = {
    "autoflake": "j",
    "autopep8": "jp",
    "black": "ltW",
    "codespell": "ABCDILSix",
    "dart": "lo",
    "djlint": "e",
    "eslint": "cfo",
    "gofmt": "r",
    "isort": "abfijlmopst",
    "ktlint": "R",
    "markdownlint": "ciopr",
    "oxlint": "ADWcf",
    "rubocop": "cfor",
    "sd": "fn",
    "semgrep": "cefjlo",
    "shfmt": "i",
    "strip": "KNRo",
    "stylelint": "cfo",
    "stylua": "fg",
    "swift-format": "j",
    "typos": "cj",
    "xz": "ST",
    "yapf": "el",
    "yq": "op",
    **dict.fromkeys(("gzip", "bzip2", "zstd"), "STo"),
}
#: So many words are a tool's name at most, its subcommands among them.
_SUBCOMMANDS = 3


def writes(program: str, words: Sequence[str]) -> Iterator[Write]:
    """Yield what a tool with these arguments would write."""
    names = _names(program, words)
    for name in names:
        for option in OUTPUTS.get(name, ()):
            values = _values(words, option, clusters=program not in _UNCLUSTERED)
            yield from (Write(path) for path in values if path[:1] != "-" or path == "-")
        if (last := LAST.get(name)) and not set(last.unless).intersection(words):
            pairs = pairwise(("", *words))
            bare = [word for before, word in pairs if before not in last.values and (word[:1] != "-" or word == "-")]
            bare = bare[name.count(" ") :]
            if len(bare) > last.behind and ":" not in bare[-1]:
                yield Write(bare[-1])
    tool = next(((IN_PLACE[name], name) for name in reversed(names) if name in IN_PLACE), None)
    if tool is not None:
        yield from (Write(word, Action.MODIFY) for word in _in_place(*tool, words))


def _names(program: str, words: Sequence[str]) -> list[str]:
    """Return a tool's name alone, and with its subcommands behind it."""
    names = [program]
    for word in [word for word in words[: _SUBCOMMANDS + 1] if not word.startswith("-")][: _SUBCOMMANDS - 1]:
        names.append(f"{names[-1]} {word}")
    return names


def _values(words: Sequence[str], option: str, *, clusters: bool) -> Iterator[str]:
    """Yield the values of an option: the next word, or what is glued to it, or to a cluster that ends with it."""
    letter = option[1:] if len(option) == 2 else ""
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        if word == option:
            yield following
        elif word.startswith(option + "="):
            yield word[len(option) + 1 :]
        elif letter and word[:1] == "-" != word[1:2] and letter in word:
            glued = word.partition(letter)
            if glued[2] and glued[0] == "-":
                yield glued[2]
            elif not glued[2] and clusters:
                yield following


def _in_place(tool: InPlace, name: str, words: Sequence[str]) -> Iterator[str]:
    options = {word.partition("=")[0] for word in words if word.startswith("-")} | {w for w in words if w[:1] == "-"}
    if (tool.if_any and not options.intersection(tool.if_any)) or options.intersection(tool.unless):
        return
    program, *subcommands = name.split()
    short = _SHORT.get(program, "")
    skipped, before = 0, ""
    for word in words:
        value, before = before in _CONFIGURING or (len(before) == 2 and before[0] == "-" and before[1] in short), word
        if value or word.startswith("-") or word in subcommands:
            continue
        if skipped < tool.skip + (word in ("e", "eval", "ea") and name == "yq"):
            skipped += word not in ("e", "eval", "ea") or name != "yq"
            continue
        yield word
