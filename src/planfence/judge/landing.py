"""Other grounds on which a commit stands: it undoes or repeats judged commits, or a forge made it of a judged head.

Only what git itself would have made counts: the recomputed revert, squash or pick has exactly the commit's tree. Of a
squash without a head, which says that it reverts something, that is asked of single files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import islice, product

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import origins
from planfence.change.change import STAGED, Change, FileChange
from planfence.change.merges import Merges
from planfence.change.message import Message
from planfence.errors import CouldNotCheck, reason
from planfence.files.plain import read_plain
from planfence.gitio.commits import Commit, parse_commit
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import parents_in
from planfence.identity import HUMAN
from planfence.judge.attribution import Attribution, squashed_attributions, tasks_of
from planfence.judge.sources import Sources
from planfence.records import dataclass

#: Where requests are: GitHub, Gitea and Azure, GitLab, Bitbucket's server. Azure keeps no head, but a merge of it.
_REQUESTS = ("refs/pull/", "refs/merge-requests/", "refs/pull-requests/", "refs/remotes/pull/")
_ENDS = ("/head", "/from", "/merge")
#: Where a clone's own refspec may put them below a remote: `refs/remotes/origin/pull/12`.
_FOLDERS = ("/pull/", "/pr/", "/merge-requests/")
#: So many heads are tried for a commit that names no request, the latest first.
_TRIED = 64
#: So many of the latest commits are looked through for one that a message names by its subject or its request.
_LOOKED = 1000
#: So many commits of requests are compared with those that a rebase may have made of them.
_TWINS = 5000
#: So many commits with such a title or number are tried, and so many picks that a message names.
_CANDIDATES = 16
#: So many ways to undo merges to one of their parents are tried.
_SIDES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """A head that a forge may have merged: its full ref (empty: the ledger names it) and its commit's id."""

    ref: str
    commit: str


class Landing(ExitStack):
    """Finds such grounds for one commit after the other; a context manager."""

    def __init__(self, repository: Repository, objects: Objects, sources: Sources) -> None:
        super().__init__()
        self._repository, self._objects, self._sources = repository, objects, sources
        self._merging: Merges | None = None
        self._recomputed: Sources | None = None
        self._children: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._known: tuple[Head, ...] | None = None
        self._contained: dict[tuple[str, str], bool] = {}
        self._twins: dict[tuple[str, int, str], tuple[str, ...]] | None = None

    # -- reverts

    def undone(self, change: Change, message: Message | None, attribution: Attribution) -> tuple[Commit, ...]:
        """Return the judged commits that a change undoes, if it does exactly that; a model's own task's only."""
        if change.is_merge or not change.parents or not change.files:
            return ()
        said = origins.reverted(message) if message is not None else None
        named = [*said.commits] if said else []
        if said and message is not None and attribution.model == HUMAN:
            # Of a squash the trailers stand in the middle, and may name a model.
            makers = squashed_attributions(f"{message.subject}\n\n{message.body}")
            attribution = next((each for each in makers if each.model != HUMAN), attribution)
        if change.name == STAGED:
            named += self._under_way()
        parent = change.parents[0]
        for ids in islice(self._candidates(parent, named, said), _CANDIDATES):
            found = [self._below(parent, identifier) for identifier in ids]
            commits = tuple(commit for commit in found if commit is not None)
            if len(commits) < len(found):
                continue
            for sides in islice(product(*(range(len(commit.parents)) for commit in commits)), _SIDES):
                may = all(
                    self._may_undo(commit, side, attribution) for commit, side in zip(commits, sides, strict=True)
                )
                if may and self.without(self._objects.tree_of(parent), commits, sides) == change.tree:
                    return commits
        return ()

    def without(self, tree: str, commits: Sequence[Commit], sides: Sequence[int] = ()) -> str:
        """Return a tree with commits undone one after the other; empty: conflicts.

        ``sides`` says to which of its parents each is undone (`git revert -m`, from 0); the first if it is left out.
        """
        for commit, side in zip(commits, sides or [0] * len(commits), strict=True):
            if tree:
                tree = self._merges.applied(commit.tree, self._objects.tree_of(commit.parents[side]), tree)
        return tree

    def undone_in(self, parent: str, message: Message, makers: Sequence[Attribution]) -> tuple[Commit, ...]:
        """Return the judged commits below ``parent`` that a squash's message says it undoes among other things.

        Which of its ``makers`` did so is not known: one of them must be allowed to.
        """
        said = origins.reverted(message)
        found = filter(None, (self._below(parent, each) for each in (said.commits if said else ())))
        return tuple(commit for commit in found if any(self._may_undo(commit, 0, each) for each in makers))

    def _under_way(self) -> list[str]:
        """The commit of `git revert --no-commit`, which says what the next commit will be about."""
        try:
            return read_plain(self._repository.git_dir / "REVERT_HEAD").decode("ascii").split()
        except (FileNotFoundError, UnicodeDecodeError):
            return []
        except OSError as error:
            raise CouldNotCheck(f"REVERT_HEAD can't be read: {reason(error)}") from error

    def _candidates(
        self, parent: str, named: Sequence[str], said: origins.Reverted | None
    ) -> Iterable[tuple[str, ...]]:
        ids = tuple(dict.fromkeys(filter(None, map(self._objects.commit, named[:_LOOKED]))))
        if ids:
            self._learn(parent, ids)
            yield ids
            if all(self._contains(parent, each) for each in ids):
                return
        # Nothing is named, or a rebase has made another commit of it.
        if said is None or not (said.request or said.titles):
            return
        log = ("log", f"-n{_LOOKED}", "-z", "--no-show-signature", "--encoding=UTF-8", "--format=%H%n%B", parent, "--")
        for block in self._repository.git.text(*log).split("\0"):
            identifier, _, text = block.partition("\n")
            found = messages.parse(text)
            number = origins.request_of(found)
            by_number = said.request and (number == said.request or f"pull request #{said.request} " in found.subject)
            if by_number or not origins.titles_of(found).isdisjoint(said.titles):
                self._contained[parent, identifier] = True
                yield (identifier,)

    def _below(self, parent: str, identifier: str) -> Commit | None:
        """A commit that ``parent`` has, and that has a parent itself."""
        commit = self._parsed(identifier)
        return commit if commit is not None and self._contains(parent, commit.id) else None

    def _parsed(self, identifier: str) -> Commit | None:
        """A commit that is here and has a parent."""
        identifier = self._objects.commit(identifier)
        raw = self._objects.read(identifier) if identifier else None
        commit = parse_commit(raw) if raw is not None else None
        return commit if commit is not None and commit.parents else None

    def _may_undo(self, commit: Commit, side: int, attribution: Attribution) -> bool:
        """Whether a commit was made under a policy, and who is at it may undo all that it brought to that parent."""
        before = commit.parents[side]
        if not self._sources.has(before, POLICY_PATH):
            return False
        if attribution.model == HUMAN:
            return True
        brought = [commit.id]
        if len(commit.parents) > 1:
            brought = self._repository.git.text("rev-list", commit.id, f"^{before}").split()
        return bool(attribution.task) and all(
            tasks_of(each.message) == {attribution.task} or (len(each.parents) > 1 and not tasks_of(each.message))
            for each in map(parse_commit, self._objects.read_many(brought))
        )

    # -- picks

    def picked(
        self, change: Change, message: Message, attribution: Attribution, base: str, guarded: Sequence[str]
    ) -> Commit | None:
        """Return the commit of the protected branch (at ``base``) or of ``guarded`` that a change is exactly a pick of.

        It was judged when it came there, as whatever it was: a squash, a merge, one of many small changes. A model may
        pick only what the protected branch still has, so that it puts back nothing that was reverted there.
        """
        if change.is_merge or not change.parents:
            return None
        parent = change.parents[0]
        places = tuple(filter(None, (base, *(guarded if attribution.model == HUMAN else ()))))
        for name in origins.picked(message)[:_CANDIDATES] if places else ():
            commit = self._parsed(name)
            if commit is None or not self._within(places, commit.id) or self._contains(parent, commit.id):
                continue
            before = commit.parents[0]
            if not self._sources.has(before, POLICY_PATH):
                continue
            trees = self._objects.tree_of(before), commit.tree, self._objects.tree_of(parent)
            if self._merges.applied(*trees) != change.tree:
                continue
            at_base = self._objects.tree_of(base)
            if attribution.model == HUMAN or self._merges.applied(*trees[:2], at_base) == at_base:
                return commit
        return None

    # -- git subtree

    def feeds_subtree(self, change: Change, message: Message, revisions: Sequence[str]) -> bool:
        """Whether a commit is what `git subtree --squash` made, and came in below its prefix alone, as it is."""
        prefix = origins.subtree_of(message)
        if not prefix or change.is_merge:
            return False
        children = self._children_in(tuple(revisions)).get(change.name, [])
        return bool(children) and all(self._is_below(prefix, child, change.name) for child in children)

    def _children_in(self, revisions: tuple[str, ...]) -> dict[str, list[str]]:
        """By commit, its children in a range: a landed commit's head is judged as a range of its own."""
        if revisions not in self._children:
            found = self._children[revisions] = {}
            for child, parents in parents_in(self._repository, revisions).items():
                for parent in parents:
                    found.setdefault(parent, []).append(child)
        return self._children[revisions]

    def adds_subtree(self, change: Change) -> bool:
        """Whether a merge brings in what `git subtree --squash` made, below its prefix."""
        raw = self._objects.read(change.parents[1]) if len(change.parents) == 2 else None
        prefix = origins.subtree_of(messages.parse(parse_commit(raw).message)) if raw else ""
        return bool(prefix) and self._is_below(prefix, change.name, change.parents[1])

    def _is_below(self, prefix: str, merge: str, commit: str) -> bool:
        found = self._objects.find(f"{merge}:{prefix}")
        parents = parse_commit(self._objects.read_many([merge])[0]).parents
        return parents[1:] == (commit,) and found is not None and found[0] == self._objects.tree_of(commit)

    # -- heads

    def heads(self, change: Change, number: str, ledger: Iterable[str]) -> Iterable[Head]:
        """Yield the heads of which this commit is exactly the squash, or one of whose commits it is a pick of.

        ``number`` is that of the request that brought it; empty if nothing says it.
        """
        parent = change.parents[0]
        known = [*self._all(), *(Head("", commit) for commit in dict.fromkeys(ledger) if self._objects.commit(commit))]
        names = (*(f"/{number}{end}" for end in _ENDS), *(f"{folder}{number}" for folder in _FOLDERS))
        named = [head for head in known if number and head.ref.endswith(names)]
        others = [head for head in known if head not in named]
        for head in dict.fromkeys((*named, *others[:_TRIED])):
            if self._contains(head.commit, change.name) or self._contains(parent, head.commit):
                continue  # it does not stand beside the commit
            if self._merges.merged(parent, head.commit) == change.tree or (
                head in named and self._is_upper(head, change, parent)
            ):
                yield head
        yield from self._picked(change, parent)

    def _is_upper(self, head: Head, change: Change, parent: str) -> bool:
        """Whether a commit does what a head did on one of its own that landed as a whole: stacked requests."""
        own = self._repository.git.text("rev-list", f"-n{_TRIED}", head.commit, f"^{parent}").split()
        onto, tip = self._objects.tree_of(parent), self._objects.tree_of(head.commit)
        return any(
            self._merges.applied(self._objects.tree_of(low), tip, onto) == change.tree
            and self._merges.merged(parent, low) == onto
            for low in own[1:]
        )

    def _picked(self, change: Change, parent: str) -> Iterable[Head]:
        """The heads with a commit of the same author, time and subject, whose change makes exactly this tree here."""
        raw = self._objects.read(change.name)
        if raw is None or not self._all():
            return
        own = parse_commit(raw)
        key = own.author, own.author_time, own.message.partition("\n")[0]
        for twin in self._all_twins().get(key, ()):
            other = self._objects.read(twin)
            if twin == change.name or other is None:
                continue
            commit = parse_commit(other)
            old = self._objects.tree_of(commit.parents[0])
            if self._merges.applied(old, commit.tree, self._objects.tree_of(parent)) == change.tree:
                for head in self._all():
                    if self._contains(head.commit, twin) and not self._contains(head.commit, change.name):
                        yield head

    def _all(self) -> tuple[Head, ...]:
        if self._known is None:
            form = "--format=%(objecttype) %(refname) %(objectname) %(parent)"
            places = (*_REQUESTS, "refs/remotes", "refs/heads")
            listed = self._repository.git.text("for-each-ref", "--sort=-committerdate", form, *places)
            found: dict[str, Head] = {}
            for line in filter(None, listed.split("\n")):  # as git ends one: names may hold U+2028
                kind, ref, commit, *parents = line.split(" ")
                is_request = ref.startswith(_REQUESTS)
                if is_request and ref.endswith("/merge"):
                    commit = parents[1] if len(parents) == 2 else ""
                if kind != "commit" or not commit or (is_request and not ref.endswith(_ENDS)):
                    continue
                # A request's own ref says more than the branch that it came from.
                if commit not in found or (is_request and not found[commit].ref.startswith(_REQUESTS)):
                    found[commit] = Head(ref, commit)
            self._known = tuple(found.values())
        return self._known

    def _all_twins(self) -> dict[tuple[str, int, str], tuple[str, ...]]:
        if self._twins is None:
            asked = "".join(f"{head.commit}\n" for head in self._all()).encode()
            ids = self._repository.git.text("rev-list", "--no-merges", f"-n{_TWINS}", "--stdin", stdin=asked).split()
            found: dict[tuple[str, int, str], tuple[str, ...]] = {}
            for at in range(0, len(ids), 128):
                for commit in map(parse_commit, self._objects.read_many(ids[at : at + 128])):
                    key = commit.author, commit.author_time, commit.message.partition("\n")[0]
                    if commit.parents:
                        found[key] = (*found.get(key, ()), commit.id)
            self._twins = found
        return self._twins

    # -- git

    def merged(self, ours: str, theirs: str) -> str:
        """Return the tree of a merge of two commits; empty if it has conflicts."""
        return self._merges.merged(ours, theirs)

    def sources(self) -> Sources:
        """Plans and policies, those of merges that were recomputed here too."""
        if self._recomputed is None:
            self._recomputed = Sources(self.enter_context(Objects(self._merges.git)))
        return self._recomputed

    def changed(self, old: str, new: str, *below: str) -> list[FileChange]:
        """Return what differs between two trees, or only ``below`` some paths."""
        return self._merges.changed(old, new, *below)

    def tree_of(self, commit: str) -> str:
        """Return a commit's tree."""
        return self._objects.tree_of(commit)

    @property
    def _merges(self) -> Merges:
        if self._merging is None:
            self._merging = self.enter_context(Merges(self._repository))
        return self._merging

    def _within(self, tips: tuple[str, ...], commit: str) -> bool:
        """Whether any of several tips has the commit."""
        return not self._repository.git.text("rev-list", "-n1", commit, "--not", *tips).strip()

    def _learn(self, tip: str, commits: Sequence[str]) -> None:
        """Ask once which of several commits a tip has: a message may name hundreds."""
        asked = "".join(f"{each}\n" for each in (*commits, f"^{tip}")).encode()
        lacking = set(self._repository.git.text("rev-list", "--stdin", stdin=asked).split())
        self._contained |= {(tip, each): each not in lacking for each in commits}

    def _contains(self, tip: str, commit: str) -> bool:
        if (tip, commit) not in self._contained:
            self._contained[tip, commit] = tip == commit or self._repository.git.is_ancestor(commit, tip)
        return self._contained[tip, commit]


def to_fetch(message: Message) -> str:
    """Return how the head of a merged request is fetched, as the commit's message names it; else all of them.

    GitHub and Gitea: docs.github.com, "Checking out pull requests locally"; GitLab: docs.gitlab.com, "Merge requests";
    Azure has only a merge of it, Bitbucket's server `from`, Bitbucket itself the branch.
    """
    number = origins.request_of(message)
    if not number:
        everywhere = (f"'+{folder}*/head:{folder}*/head'" for folder in _REQUESTS[:2])
        return f"git fetch origin {' '.join(everywhere)}"
    if named := origins.FROM_BRANCH.match(message.subject):
        return f"git fetch origin '+refs/heads/{named[1]}:refs/remotes/origin/{named[1]}'"
    ref = f"refs/pull/{number}/head"
    if "!" in message.subject.rpartition("(")[2] or origins.merges_on_gitlab(message):
        ref = f"refs/merge-requests/{number}/head"
    elif message.subject.startswith("Merged PR "):
        ref = f"refs/pull/{number}/merge"
    elif message.subject.startswith("Pull request #") or "Merge in " in message.body[:12]:
        ref = f"refs/pull-requests/{number}/from"
    return f"git fetch origin '+{ref}:{ref}'"
