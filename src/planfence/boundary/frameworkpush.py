"""What goes out by a push of which a hook framework names the first ref alone.

pre-commit and prek read git's lines themselves and hand over one ref (facts of both: pre-commit 4, prek 0.5). What else
goes out stands in the words of the `git push` above: where those name each ref, these are judged and nothing else, so
that another branch may be as unfinished as it likes. Where they don't (`--mirror`, patterns, a configured
`remote.*.push`, `matching`) or can't be read, every local ref is judged, whatever it is called; of `--all` and `--tags`
those that they stand for.
"""

from __future__ import annotations

from collections.abc import Mapping

from planfence.boundary import pushline
from planfence.boundary.incoming import OWN
from planfence.boundary.push import PushedRef
from planfence.boundary.pushline import PushLine
from planfence.change import reader
from planfence.files.ancestors import Ancestor, ancestors
from planfence.gitio.repository import Repository


def what_leaves(repository: Repository, remote: str) -> tuple[tuple[PushedRef, ...], tuple[str, ...]]:
    """Return the updates to judge, and what there is to say of them."""
    named = _named(repository)
    push = _push_above(repository)
    line = pushline.read(push.words) if push else None
    told = _told(repository, remote, named, line, push) if line else None
    if told is not None:
        return (named, *told), ()
    narrow = push is not None and line is None and not _is_on(_settings(repository, push), f"remote.{remote}.mirror")
    wanted = pushline.kinds(push.words) if push and narrow else ("refs/",)
    found = _lacking(repository, remote, named, wanted, stash=push is not None)
    if not found:
        return (named,), ()
    names = ", ".join(update.local.removeprefix("refs/heads/").removeprefix("refs/") for update in found)
    short = named.local.removeprefix("refs/heads/")
    note = (
        f"nothing says that {short} goes out alone, so what {remote} lacks is judged with it: {names} "
        f"(`git push {remote} {short}` names one branch)"
    )
    return (named, *found), (note,)


def _named(repository: Repository) -> PushedRef:
    """The ref that the framework names. A first push with the root commit has no commit named, only the branch."""
    environment = repository.environment
    name = environment.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD"
    tip = environment.get("PRE_COMMIT_TO_REF") or name
    there = environment.get("PRE_COMMIT_REMOTE_BRANCH") or name
    return PushedRef(name, reader.resolve(repository, tip), there, repository.zero)


def _push_above(repository: Repository) -> Ancestor | None:
    """The `git push` that this hook runs under; git runs a hook at the top of the worktree that it pushes from."""
    for process in ancestors():
        if pushline.is_push(process.words):
            here = process.where is None or process.where in (repository.top, repository.git_dir)
            return process if here else None
    return None


def _told(
    repository: Repository, remote: str, named: PushedRef, line: PushLine, push: Ancestor | None
) -> tuple[PushedRef, ...] | None:
    """What goes out besides the named ref, if the words and the configuration say all of it; otherwise None."""
    settings = _settings(repository, push)
    address = repository.environment.get("PRE_COMMIT_REMOTE_URL")
    if line.remote not in ("", remote, address) or _is_on(settings, f"remote.{remote}.mirror"):
        return None
    if not line.sources and (f"remote.{remote}.push" in settings or settings.get("push.default") == "matching"):
        return None
    if (repository.common_dir / "remotes" / remote).is_file():  # git 2 still reads its `Push:` lines
        return None
    found = [_update(repository, source, target) for source, target in line.sources or (("HEAD", named.remote),)]
    updates = [update for update in found if update is not None]
    commits = {repository.objects.commit(update.new) for update in updates}
    if len(updates) < len(found) or repository.objects.commit(named.new) not in commits:
        return None
    if line.tags or (line.tags is None and _is_on(settings, "push.followtags")):
        updates += _following(repository, remote, [update.new for update in updates])
    return tuple(update for update in updates if update.new != named.new)


def _update(repository: Repository, source: str, target: str) -> PushedRef | None:
    found = repository.git.text("rev-parse", "--verify", "--quiet", "--end-of-options", source, ok=(0, 1, 128))
    return PushedRef(source, found, target, repository.zero) if found else None


def _settings(repository: Repository, push: Ancestor | None) -> Mapping[str, str]:
    """What the configuration says of pushes and remotes: the last word of each key; names in lower case as git does.

    Configuration that the push got by variables or by `-c` counts, which our own questions to git never hear.
    """
    told = push.variables if push and push.variables is not None else repository.environment.variables
    named = repository.environment.but(told).settings()
    out = repository.git.status("config", "-z", "--includes", "--get-regexp", r"^(push|remote)\.", variables=named)[1]
    pairs = (entry.partition("\n") for entry in out.decode("utf-8", "surrogateescape").split("\0") if entry)
    return {key: value if newline else "true" for key, newline, value in pairs}


def _is_on(settings: Mapping[str, str], key: str) -> bool:
    return settings.get(key, "false").lower() not in ("false", "no", "off", "0", "")


def _following(repository: Repository, remote: str, tips: list[str]) -> list[PushedRef]:
    """The annotated tags that `--follow-tags` takes along: those of the commits that go out."""
    new = _new(repository, remote, tips)
    return [update for update, commit, kind in _tags(repository) if kind == "tag" and commit in new]


def _new(repository: Repository, remote: str, tips: list[str]) -> set[str]:
    return set(repository.git.text("rev-list", *tips, "--not", f"--remotes={remote}").split())


def _tags(repository: Repository) -> list[tuple[PushedRef, str, str]]:
    """Every local tag, the commit that it leads to, and its own kind."""
    words = ("for-each-ref", "--format=%(objecttype) %(objectname) %(*objectname) %(refname)", "refs/tags/")
    found = []
    for line in repository.git.run(*words).splitlines():
        kind, own, peeled, name = line.decode("utf-8", "surrogateescape").split(" ", 3)
        found.append((PushedRef(name, own, name, repository.zero), peeled or own, kind))
    return found


def _lacking(
    repository: Repository, remote: str, named: PushedRef, wanted: tuple[str, ...], *, stash: bool
) -> list[PushedRef]:
    """Every local ref of these kinds that is not the remote's already; of tags those of commits that it lacks.

    Without ``stash`` what is laid aside there does not count: nothing says that anything is pushed at all.
    """
    zero = repository.zero
    refs = repository.git.refs("refs/")
    found = []
    for ref, oid in refs.items():
        there = refs.get(f"refs/remotes/{remote}/{ref.removeprefix('refs/heads/')}", zero)
        left_out = ref.startswith((f"refs/remotes/{remote}/", "refs/tags/", OWN)) or (ref == "refs/stash" and not stash)
        if ref.startswith(wanted) and not left_out and oid not in (there, named.new):
            found.append(PushedRef(ref, oid, ref, there))
    listed = _tags(repository) if any("refs/tags/".startswith(kind) for kind in wanted) else []
    new = _new(repository, remote, ["--tags"]) if listed else set()
    return found + [update for update, commit, _ in listed if commit in new and commit != named.new]
