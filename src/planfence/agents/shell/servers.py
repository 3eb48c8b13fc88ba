"""Commits and refs that a server's interface makes: `gh api`, `glab api`, `curl`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

#: What makes commits, or moves refs, by a server's interface; the repository stands in it.
_ENDPOINT = pattern(
    r"repos/(?P<name>[^/\s]+/[^/\s]+)/(?:contents/|git/(?:refs|commits)|merges|merge-upstream)|"
    r"projects/(?P<project>[^/\s]+)/repository/(?:files|commits|branches|merged_branches)"
)
_MUTATIONS = pattern(r"createCommitOnBranch|updateRefs?\b|createRef\b|deleteRef\b|mergeBranch")
_METHOD = pattern(r"(?:-X|--method|--request)=?(\w*)")
_SENDS = frozenset(
    {"-f", "-F", "--field", "--raw-field", "--input", "-d", "--data", "--json", "--data-raw"} | {"--data-binary", "-T"}
)
_SERVERS_WAY = "it makes a commit on the server that no hook here sees; commit here, and push"


def on_server(program: str, words: Sequence[str]) -> Iterator[Attempt]:
    """Judge what changes a repository by its server's interface, past the hooks and the checks."""
    if program == "gh" and list(words[:2]) == ["pr", "merge"] and "--admin" in words:
        yield Attempt("gh pr merge --admin", "it merges whatever the required checks say", (), "{owner}/{repo}")
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
        if endpoint := _ENDPOINT.search(word):
            repository = endpoint["name"] or endpoint["project"].replace("%2F", "/")
            yield Attempt(f"{program} {endpoint[0]}", _SERVERS_WAY, (), repository)
        if mutation := _MUTATIONS.search(word):
            yield Attempt(f"{program} {mutation[0]}", _SERVERS_WAY, (), "{owner}/{repo}")
