"""What git will keep of a message: the clean-up of `git commit` (builtin/commit.c), as far as a hook can know it."""

from __future__ import annotations

from collections.abc import Mapping

from planfence.change import message as messages
from planfence.files.ancestors import commit_words
from planfence.gitio.repository import Repository
from planfence.records import dataclass

#: What git chooses from under `core.commentChar = auto`.
_CANDIDATES = "#;@!$%^&|:"
#: Short options of `git commit` with a value, and those of them that may stand without one.
_VALUED, _OPTIONAL = "mFCctSu", "Su"
_SETTINGS = r"^(core\.comment(char|string)|commit\.(cleanup|verbose)|i18n\.commitencoding)$"


@dataclass(frozen=True, slots=True)
class Cleanup:
    """How git will clean a message: ``mode`` as in `--cleanup`, ``comment`` its prefix of comments.

    ``cut``: all from the scissors line on goes. ``edited``: an editor was opened. ``encoding`` is what git notes in the
    commit (empty: its own).
    """

    mode: str
    comment: str
    cut: bool
    edited: bool
    encoding: str

    def finished(self, text: str) -> str:
        """Return the message as it will stand in the commit."""
        if self.cut:
            text = text[: messages.cut_at(text, self.comment)]
        if self.mode == "verbatim":
            return text
        return messages.stripped(text, self.comment if self.mode == "strip" else "")

    def parted(self, text: str) -> tuple[str, str]:
        """Return a message's text in two: what git reads, and what it drops behind that (its own template)."""
        end = messages.cut_at(text, self.comment) if self.cut else len(text)
        while end and self.mode == "strip":
            start = text.rfind("\n", 0, end - 1) + 1
            if text[start:end].strip(messages.SPACE) and not text.startswith(self.comment, start):
                break
            end = start
        return text[:end], text[end:]


def cleanup_of(repository: Repository, text: str) -> Cleanup:
    """Say how git will clean this message, by the command above this process, git's settings and the environment.

    Git tells its hooks only whether it opened an editor, by `GIT_EDITOR=:` (githooks(5)).
    """
    words = commit_words()
    said = _said(words)
    edited = repository.environment.get("GIT_EDITOR") != ":"
    if not edited:
        edited = said.get("edit", "yes") == "yes" if words else _has_template(text)
    settings = _settings(repository)
    comment = _comment(settings, text, edited)
    mode = said.get("cleanup") or settings.get("commit.cleanup") or "default"
    if mode == "default":
        mode = "strip" if edited else "whitespace"
    verbose = said.get("verbose", "") or settings.get("commit.verbose", "").lower()
    cut = mode == "scissors" and edited
    cut = cut or (verbose not in ("", "no", "false", "off", "0") if words else edited and messages.SCISSORS in text)
    encoding = settings.get("i18n.commitencoding", "").strip()
    return Cleanup("whitespace" if mode == "scissors" else mode, comment, cut, edited, encoding)


def _has_template(text: str) -> bool:
    """Whether somebody set the editor `:` themselves: git's template stands below an empty line, or its scissors do."""
    return not text.split("\n", 1)[0].strip() or messages.SCISSORS in text


def _comment(settings: Mapping[str, str], text: str, edited: bool) -> str:
    """Git's comment prefix; `core.commentString` (git 2.45) is the same setting's later name."""
    found = settings.get("core.commentstring") or settings.get("core.commentchar") or "#"
    if found != "auto":
        return found
    if "\n#" not in "\n" + text:
        lines = text.rstrip().rsplit("\n", 1)
        return lines[-1][:1] if edited and lines[-1][:1] in _CANDIDATES else "#"
    if not edited:  # git takes one that begins no line
        return next((each for each in _CANDIDATES if f"\n{each}" not in f"\n{text}"), "#")
    last = text.rstrip().rsplit("\n", 1)[-1][:1]
    return last if last and last in _CANDIDATES else "#"


def _settings(repository: Repository) -> dict[str, str]:
    """Git's settings about messages, by their names in small letters; of several values the last one counts."""
    told = repository.environment.settings()
    _, out = repository.git.status("config", "-z", "--get-regexp", _SETTINGS, variables=told)
    lines = (line.partition("\n") for line in out.decode("utf-8", "replace").split("\0") if line)
    return {key: value for key, _, value in lines}


def _said(words: tuple[str, ...]) -> dict[str, str]:
    """What the words of a `git commit` say of its message: `cleanup`, `verbose`, `edit`."""
    found: dict[str, str] = {}
    rest = list(words[words.index("commit") + 1 :]) if words else []
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name.startswith("--cl") and "--cleanup".startswith(name):
            found["cleanup"] = value if equals else "".join(rest[:1])
        elif name in ("--edit", "--no-edit"):
            found["edit"] = "yes" if name == "--edit" else "no"
        elif name in ("--verbose", "--no-verbose"):
            found["verbose"] = "yes" if name == "--verbose" else "no"
        elif name in ("--message", "--file", "--reuse-message"):
            found.setdefault("edit", "no")
        elif name == "--fixup":
            found.setdefault("edit", "yes" if value.startswith(("amend:", "reword:")) else "no")
        elif word.startswith("-") and not word.startswith("--"):
            _read_short(word[1:], rest, found)
    return found


def _read_short(letters: str, rest: list[str], found: dict[str, str]) -> None:
    for index, letter in enumerate(letters):
        if letter == "e":
            found["edit"] = "yes"
        elif letter == "v":
            found["verbose"] = "yes"
        elif letter in "mFC":
            found.setdefault("edit", "no")
        if letter in _VALUED:
            if index + 1 == len(letters) and letter not in _OPTIONAL:
                del rest[:1]
            return
