"""Who commits, as `git var -l` says it: both identities and whether commits are signed, with one question."""

from __future__ import annotations

from collections.abc import Mapping

from planfence.records import dataclass

#: Settings under which git itself must make the commits: it signs, or writes them in another encoding.
_GITS_OWN = (b"commit.gpgsign", b"i18n.commitencoding", b"user.useconfigonly")


@dataclass(frozen=True, slots=True)
class Committer:
    """Two identities as a commit's lines have them: `Name <address> seconds zone`."""

    author: bytes
    committer: bytes


def committer_of(listing: bytes, variables: Mapping[bytes, bytes]) -> Committer | None:
    """Read the output of `git var -l`; ``variables`` are those that git ran with.

    None wherever git itself should decide: commits are to be signed, or somebody has not said who he is (git then
    guesses an address, or refuses).
    """
    lines = listing.split(b"\n")
    keys = {line.partition(b"=")[0]: line.partition(b"=")[2] for line in lines}
    if any(key in keys for key in _GITS_OWN):
        return None
    found = []
    for role in (b"author", b"committer"):
        for part in (b"name", b"email"):
            said = (variables.get(b"GIT_%s_%s" % (role.upper(), part.upper())), keys.get(b"%s.%s" % (role, part)))
            if not any((*said, keys.get(b"user." + part))):
                return None
        identity = keys.get(b"GIT_%s_IDENT" % role.upper(), b"")
        name, bracket, rest = identity.partition(b" <")
        if not name.strip() or not bracket or b"> " not in rest or rest.startswith(b">"):
            return None
        found.append(identity)
    return Committer(*found)
