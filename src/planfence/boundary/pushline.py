"""A `git push` command line: what goes out by it, as far as its words say (git-push(1), git 2.39 to 2.55)."""

from __future__ import annotations

from collections.abc import Sequence

from planfence.records import dataclass

#: git's own options that take the next word.
_GLOBAL_VALUES = {"-C", "--git-dir", "--work-tree", "--namespace"}
#: What `git -c` may set without deciding what is pushed.
_DECIDING = ("push.", "remote.", "branch.", "include", "alias.", "url.")
#: Options of push that don't change which refs go out; with `=VALUE` too where they stand in the second set.
_PLAIN = {
    *("--set-upstream", "--force", "--quiet", "--verbose", "--porcelain", "--progress", "--no-progress", "--atomic"),
    *("--no-atomic", "--thin", "--no-thin", "--ipv4", "--ipv6", "--dry-run", "--verify", "--no-force-with-lease"),
    *("--force-if-includes", "--no-force-if-includes", "--no-signed", "--no-recurse-submodules", "--no-tags"),
    *("--force-with-lease", "--signed"),
}
_PLAIN_VALUES = {
    *("--force-with-lease", "--signed", "--push-option", "--receive-pack", "--exec", "--recurse-submodules"),
}
_SHORT = set("ufqvn46")
#: What stands for all refs of a kind. (`:` is every branch that both sides have.)
_KINDS = {"--all": "refs/heads/", "--branches": "refs/heads/", "--tags": "refs/tags/", ":": "refs/heads/"}


@dataclass(frozen=True, slots=True)
class PushLine:
    """A push that is understood.

    ``remote`` is as it was typed, empty if it was not. ``sources`` maps what is pushed to what it becomes there;
    empty: the configuration decides. ``tags`` says whether the tags of its commits follow (None: the configuration's
    word).
    """

    remote: str = ""
    sources: tuple[tuple[str, str], ...] = ()
    tags: bool | None = None


def is_push(words: Sequence[str]) -> bool:
    """Whether a process's words are a `git push`, understood or not."""
    rest = _after_git(words)
    return rest is not None and rest[:1] == ["push"]


def read(words: Sequence[str]) -> PushLine | None:
    """Return what a process's words push; None if they push nothing, or may push what they don't name."""
    rest = _after_git(words)
    if rest is None or rest[:1] != ["push"] or _sets_what_decides(words):
        return None
    named = _positional(rest[1:])
    if named is None:
        return None
    (remote, *refspecs), tags = named
    sources = [_source(refspec) for refspec in refspecs]
    if None in sources:
        return None
    return PushLine(remote, tuple(each for each in sources if each is not None and each[0]), tags)


def kinds(words: Sequence[str]) -> tuple[str, ...]:
    """Return how the full names of what a push may take along begin, of one that may push more than it names."""
    rest = _after_git(words)
    if rest is None or rest[:1] != ["push"] or _sets_what_decides(words):
        return ("refs/",)
    found = tuple(_KINDS[word] for word in rest if word in _KINDS)
    plain = read(["git", *(word for word in rest if word not in _KINDS)])
    return found if found and plain is not None and not plain.sources else ("refs/",)


def _after_git(words: Sequence[str]) -> list[str] | None:
    """What follows git's own options; None if another program runs."""
    if not words or words[0].rpartition("/")[2] not in ("git", "git.exe"):
        return None
    index = 1
    while index < len(words) and words[index].startswith("-"):
        index += 2 if words[index] in {*_GLOBAL_VALUES, "-c", "--config-env"} else 1
    return list(words[index:])


def _sets_what_decides(words: Sequence[str]) -> bool:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "push":
            return False
        setting = following if word in ("-c", "--config-env") else word.removeprefix("--config-env=")
        if (word in ("-c", "--config-env") or setting != word) and setting.lower().startswith(_DECIDING):
            return True
    return False


def _positional(words: list[str]) -> tuple[list[str], bool | None] | None:
    """The remote (empty: none) and the refspecs, and the word on tags; None if an option may bring more refs."""
    found: list[str] = []
    tags: bool | None = None
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            found += waiting
            break
        if word in ("--follow-tags", "--no-follow-tags"):
            tags = word == "--follow-tags"
        elif word in ("-o", "--push-option", "--receive-pack", "--exec", "--recurse-submodules"):
            del waiting[:1]
        elif not _is_plain(word):
            if word.startswith("-"):
                return None
            found.append(word)
    return found or [""], tags


def _is_plain(word: str) -> bool:
    name, equals, _ = word.partition("=")
    if word.startswith("--"):
        return name in (_PLAIN_VALUES if equals else _PLAIN)
    return word.startswith("-o") or (word.startswith("-") and len(word) > 1 and set(word[1:]) <= _SHORT)


def _source(refspec: str) -> tuple[str, str] | None:
    """What a refspec pushes, and its name there (empty source: a deletion); None if it stands for many."""
    plain = refspec.removeprefix("+")
    source, colon, target = plain.partition(":")
    if plain in ("", ":", "tag") or "*" in plain or plain.startswith("^"):
        return None
    return source, (target if colon else source)
