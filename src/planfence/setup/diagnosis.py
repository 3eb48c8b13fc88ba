"""What a check of `doctor` gets, and what it says."""

from __future__ import annotations

from enum import Enum

from planfence.env import Environment
from planfence.gitio.repository import Repository
from planfence.manifest.policy import Policy
from planfence.records import dataclass


class Health(Enum):
    """``WELL`` works; ``ODD`` works otherwise than one may think; ``BROKEN`` would not run."""

    WELL = "ok"
    ODD = "note"
    BROKEN = "fails"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was looked at, how it is, what was seen, and what to type or change (empty: nothing)."""

    health: Health
    subject: str
    seen: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """What checks look at: the repository, and the policy in force (the defaults where none can be read)."""

    repository: Repository
    policy: Policy

    @property
    def environment(self) -> Environment:
        """The environment of the process."""
        return self.repository.environment
