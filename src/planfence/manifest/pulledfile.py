"""The head of a policy that was pulled from another repository: whence, and a digest that tells an edit by hand.

Comment lines, so that any TOML reader takes the file as it is:

    # A shared policy, pulled by `planfence policy pull`: change it where it comes from.
    # source: https://example.org/acme/policy.git
    # file: org.toml
    # rev: main
    # commit: 1f0c…
    # digest: sha256:9e1b…

The digest is of all bytes below the head, with `\\n` as the end of a line: a checkout may write others.
"""

from __future__ import annotations

from planfence.digests import sha256
from planfence.records import dataclass

_TITLE = "# A shared policy, pulled by `planfence policy pull`: change it where it comes from."
_KEYS = ("source", "file", "rev", "commit", "digest")


@dataclass(frozen=True, slots=True)
class Pulled:
    """Where a file comes from: a repository's URL, the path there, what was asked for, the commit that it was.

    ``digest`` is what its head says, ``body`` what stands below the head.
    """

    source: str
    file: str
    rev: str
    commit: str
    digest: str
    body: bytes

    @property
    def is_whole(self) -> bool:
        """Whether nobody has edited it since it was pulled, as far as the file itself can tell."""
        return self.digest == digest(self.body)

    @property
    def place(self) -> str:
        """How a person names where it comes from."""
        return f"{self.source}@{self.rev}"


def digest(body: bytes) -> str:
    """Return the digest of a policy's text as its head writes it."""
    return f"sha256:{sha256(body.replace(bytes((13, 10)), bytes((10,)))).hexdigest()}"


def with_head(source: str, file: str, rev: str, commit: str, body: bytes) -> bytes:
    """Return the policy with its head."""
    values = (source, file, rev, commit, digest(body))
    lines = [_TITLE, *(f"# {key}: {value}" for key, value in zip(_KEYS, values, strict=True))]
    return "".join(f"{line}\n" for line in lines).encode() + body


def read_head(data: bytes) -> Pulled | None:
    """Return where a policy was pulled from, or None if its head does not say."""
    lines = data.split(b"\n", 1 + len(_KEYS))
    if lines[0].rstrip(b"\r").decode("utf-8", "replace") != _TITLE or len(lines) < 2 + len(_KEYS):
        return None
    said = {}
    for key, line in zip(_KEYS, lines[1:], strict=False):
        word, _, value = line.rstrip(b"\r").decode("utf-8", "replace").partition(": ")
        if word != f"# {key}" or not value:
            return None
        said[key] = value
    return Pulled(**said, body=lines[-1])
