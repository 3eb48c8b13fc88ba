"""Git commands that move refs, or make commits, that no hook sees."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from planfence.agents.shell.verdict import Attempt

REFS = "it moves refs without a commit that the hooks have seen"
LEDGER = "the ledger is append-only; `planfence` writes it"
UNSEEN = "it makes commits that no hook sees"

#: Commands that make commits or move refs without the hooks, and the first words with which they only look.
_PLUMBING: dict[str, tuple[str, frozenset[str]]] = {
    "update-ref": (REFS, frozenset()),
    "commit-tree": (UNSEEN, frozenset()),
    "fast-import": (UNSEEN, frozenset()),
    "filter-branch": (UNSEEN, frozenset()),
    "filter-repo": (UNSEEN, frozenset({"--analyze"})),
    "history": (UNSEEN, frozenset({"-h", "--help"})),  # git 2.54
    "replay": (UNSEEN, frozenset({"--ref-action=print"})),  # git 2.44; it updates refs by itself since 2.53
    "refs": (
        REFS,
        frozenset({"list", "verify", "exists", "optimize", "-h"}),
    ),  # git 2.46; update, create, delete: 2.56
    "revise": (UNSEEN, frozenset({"-h", "--help"})),  # git-revise, without git's own commands
    "quiltimport": (UNSEEN, frozenset({"-h", "--dry-run", "-n"})),
    "absorb": (UNSEEN, frozenset({"-h", "--help", "--dry-run", "-n"})),  # git-absorb, by libgit2
    "branchless": (UNSEEN, frozenset({"smartlog", "query", "init", "help", "-h", "--help"})),
    "imerge": (UNSEEN, frozenset({"list", "diagram", "-h", "--help"})),
    "citool": (UNSEEN, frozenset()),
    "replace": ("it shows other objects in place of the real ones", frozenset({"-l", "--list"})),
    "send-pack": (REFS, frozenset()),
    "receive-pack": (REFS, frozenset()),
    "http-push": (REFS, frozenset()),
}
#: Subcommands of commands that otherwise look, or have hooks.
_PLUMBING_WORDS = {
    ("subtree", "add"): UNSEEN,
    ("subtree", "merge"): UNSEEN,
    ("subtree", "pull"): UNSEEN,
    ("svn", "dcommit"): UNSEEN,
    ("svn", "rebase"): UNSEEN,
    ("lfs", "migrate"): UNSEEN,
    ("reflog", "expire"): "the reflog says what was done here",
    ("reflog", "delete"): "the reflog says what was done here",
}
#: Plumbing that only lists if nothing is given to it.
_LISTS_BARE = frozenset({"replace", "refs", "history"})
#: Commands that make a branch, and move one that is there if they are told to, by these options.
_MAKES_BRANCHES = {"checkout": ("B", ""), "switch": ("C", "--force-c"), "worktree": ("B", "")}


def plumbing(name: str, rest: list[str]) -> Iterator[Attempt]:
    """Judge the commands that make commits or move refs without the hooks."""
    bare = [word for word in rest if not word.startswith("-")]
    if why := _PLUMBING_WORDS.get((name, bare[0] if bare else "")):
        yield Attempt(f"git {name} {bare[0]}", why)
    if name == "hash-object" and _writes_commit(rest):
        yield Attempt("git hash-object of a commit", UNSEEN)
    if name in _PLUMBING:
        why, looks = _PLUMBING[name]
        anywhere = name in ("replay", "absorb", "quiltimport")
        only_looks = looks.intersection(rest if anywhere else rest[:1])
        if not only_looks and (rest or name not in _LISTS_BARE):
            yield Attempt(f"git {name}", why)
    if name == "symbolic-ref" and (len(bare) > 1 or any(word in ("-d", "--delete", "-m") for word in rest)):
        yield Attempt("git symbolic-ref", REFS)
    if name == "push" and any("refs/planfence" in word for word in rest):
        yield Attempt("git push of refs/planfence", LEDGER)


def moves(name: str, rest: list[str], cwd: str) -> Iterator[Attempt]:
    """Judge the commands that move refs of this repository by way of a transfer."""
    bare = [word for word in rest if not word.startswith("-")]
    if name == "fetch" and bare and is_local(bare[0]):
        targets = (word.partition(":")[2] for word in bare[1:])
        if any(target and not target.startswith(("refs/remotes/", "refs/tags/")) for target in targets):
            yield Attempt(f"git fetch {bare[0]} SOURCE:TARGET", REFS)
    elif name == "pull" and len(bare) > 1 and is_local(bare[0]) and any(":" in word for word in bare[1:]):
        yield Attempt(f"git pull {bare[0]} SOURCE:TARGET", REFS)
    elif name == "push" and bare and is_here(bare[0], cwd):
        yield Attempt(f"git push {bare[0]}", REFS)
    elif name == "remote" and bare[:1] in (["add"], ["set-url"]) and any(is_here(url, cwd) for url in bare[2:]):
        yield Attempt(f"git remote {bare[0]} of this repository", REFS)
    elif name == "branch" and _moves_branch(rest, len(bare)):
        yield Attempt("git branch --force", REFS)
    elif name in _MAKES_BRANCHES and (forced := _forces_branch(name, rest)):
        yield Attempt(f"git {name} {forced}", REFS)
    if name in ("notes", "fetch", "branch", "tag") and any(_names_ledger(name, word) for word in rest):
        yield Attempt(f"git {name} on refs/planfence", LEDGER)


def _moves_branch(rest: Sequence[str], named: int) -> bool:
    """Whether `git branch` puts a branch that is there on another commit: `-f NAME [COMMIT]`, `-M` or `-C OLD NEW`."""
    short = "".join(word[1:] for word in rest if word[:1] == "-" and word[1:2] != "-")
    forced = "f" in short or any(word.startswith("--forc") for word in rest)
    deletes = "d" in short.lower() or "--delete" in rest
    return not deletes and ((forced and named > 0) or (named > 1 and ("M" in short or "C" in short)))


def _forces_branch(name: str, rest: Sequence[str]) -> str:
    """The option by which a command puts a branch that may be there on another commit; empty if it does not."""
    flag, long = _MAKES_BRANCHES[name]
    for word in rest:
        if word == "--":
            break
        if (long and word.startswith(long)) or (
            word[:1] == "-" != word[1:2] and flag in word.partition(flag.lower())[0]
        ):
            return word
    return ""


def _names_ledger(name: str, word: str) -> bool:
    """Whether a word would write below refs/planfence; fetching it as it is, without force, is how it spreads."""
    source, _, target = word.partition(":")
    if name != "fetch":
        return "refs/planfence" in word
    return "refs/planfence" in target and (word.startswith("+") or source != target)


def _writes_commit(rest: Sequence[str]) -> bool:
    """Whether `git hash-object` writes an object that is no file's content."""
    kinds = [word[2:] or following for word, following in zip(rest, [*rest[1:], ""], strict=True) if word[:2] == "-t"]
    return any(kind != "blob" for kind in kinds) and any(word[:1] == "-" != word[1:2] and "w" in word for word in rest)


def is_local(url: str) -> bool:
    """Whether a repository's address is a folder of this machine."""
    return url.startswith((".", "/", "file:", "~"))


def is_here(url: str, cwd: str) -> bool:
    """Whether a remote's address is the repository of ``cwd`` itself, as far as words tell."""
    place = posixpath.normpath(posixpath.join(cwd, url.removeprefix("file://"))).removesuffix("/.git")
    return is_local(url) and (cwd == place or cwd.startswith(place.rstrip("/") + "/"))
