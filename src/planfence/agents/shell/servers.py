"""Commits and refs that a server's interface makes: `gh api`, `glab api`, `curl`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

#: What makes commits, or moves refs, by a server's interface; the repository stands in it.
_ENDPOINT = pattern(
    r"repos/(?P<name>[^/\s]+/[^/\s]+)/(?:contents/|git/(?:refs|commits)|merges|merge-upstream)|"
    r"projects/(?P<project>[^/\s]+)/repository/(?:files|commits|branches|merged_branches)|"
    r"repositories/(?P<slug>[^/\s]+/[^/\s]+)/(?:src|refs)\b"
)
_MUTATIONS = pattern(r"createCommitOnBranch|updateRefs?\b|createRef\b|deleteRef\b|mergeBranch")
#: What takes away, or changes, what the server asks of a branch.
_GUARDS = pattern(
    r"repos/(?P<name>[^/\s]+/[^/\s]+)/(?:branches/(?:(?!branches/|/protection)[^\s?])*+/protection|rulesets|actions/(?:workflows/[^/\s]+/disable|permissions))|"
    r"projects/(?P<project>[^/\s]+)/protected_branches|repositories/(?P<slug>[^/\s]+/[^/\s]+)/branch-restrictions"
)
_GUARD_MUTATIONS = pattern(r"(?:create|update|delete)(?:BranchProtectionRule|RepositoryRuleset)\b")
_GUARD_WORDS = (("workflow", "disable"), ("repo", "edit", "--default-branch"), ("repo", "delete"))
_REPOSITORY = pattern(r"(?:-R|--repo)(?:=?(?P<name>[^=\s]+))?")
_METHOD = pattern(r"(?:-X|--method|--request)=?(\w*)")
_SENDS = frozenset(
    {"-f", "-F", "--field", "--raw-field", "--input", "-d", "--data", "--json", "--data-raw"} | {"--data-binary", "-T"}
)
_SERVERS_WAY = "it makes a commit on the server that no hook here sees; commit here, and push"
_PERSONS = "it changes what the server asks of a branch, which is a person's to decide"


def on_server(program: str, words: Sequence[str]) -> Iterator[Attempt]:
    """Judge what changes a repository by its server's interface, past the hooks and the checks."""
    if program == "gh" and list(words[:2]) == ["pr", "merge"] and "--admin" in words:
        yield Attempt("gh pr merge --admin", "it merges whatever the required checks say", (), "{owner}/{repo}")
    for first in (each for each in _GUARD_WORDS if program == "gh" and tuple(words[:2]) == each[:2]):
        if all(any(word.startswith(each) for word in words) for each in first[2:]):
            yield Attempt(f"gh {' '.join(first)}", _PERSONS, (), _repository(words))
    api = (program in ("gh", "glab") and words[:1] and words[0] == "api") or program in ("curl", "http", "https", "xh")
    if not api:
        return
    methods = [_METHOD.fullmatch(word) for word in words]
    named = [
        match[1] or words[place + 1]
        for place, match in enumerate(methods)
        if match and (match[1] or words[place + 1 :])
    ]
    named += [word for word in words[:1] if program not in ("gh", "glab", "curl")]
    sends = any(word.partition("=")[0] in _SENDS for word in words)
    changes = named[-1].upper() in ("PUT", "POST", "PATCH", "DELETE") if named else sends
    for word in words if changes else ():
        for place, said, why in ((_ENDPOINT, _MUTATIONS, _SERVERS_WAY), (_GUARDS, _GUARD_MUTATIONS, _PERSONS)):
            if endpoint := place.search(word):
                repository = endpoint["name"] or endpoint["slug"] or endpoint["project"].replace("%2F", "/")
                yield Attempt(f"{program} {endpoint[0]}", why, (), repository)
            if mutation := said.search(word):
                yield Attempt(f"{program} {mutation[0]}", why, (), "{owner}/{repo}")


def _repository(words: Sequence[str]) -> str:
    """Return the repository that a command of `gh` names; else the one that it stands in."""
    for place, word in enumerate(words):
        if found := _REPOSITORY.fullmatch(word):
            return found["name"] or "".join(words[place + 1 : place + 2])
    named = words[2:3] if words[0] == "repo" else ()
    return next((word for word in named if not word.startswith("-")), "{owner}/{repo}")
