"""What a rule reports, and what a whole check concludes."""

from __future__ import annotations

from enum import StrEnum

from planfence.records import dataclass, field


class Severity(StrEnum):
    """How much a finding weighs: an error refuses, a warning is only said, ``off`` is never reported."""

    ERROR = "error"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    ``path`` is repository-relative (POSIX, undecodable bytes as surrogates), empty where the
    finding is about the change as a whole. ``change`` is what was judged: a full commit id, or
    ``staged``. ``fixes`` are command lines or sentences that say what to type next; ``line``
    and ``column`` are 1-based, 0 if there is none. ``observed`` says that the policy refuses nothing yet
    (`mode = "observe"`), ``always`` that this refuses whatever the policy says, ``advice`` that it never weighs more
    than a warning.
    """

    code: str
    name: str
    severity: Severity
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    change: str = ""
    fixes: tuple[str, ...] = ()
    observed: bool = False
    advice: bool = False
    always: bool = False

    @property
    def refuses(self) -> bool:
        """Whether a change is refused because of it."""
        return self.severity is Severity.ERROR and not self.observed


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one check.

    ``judged`` names every change that was judged, in order. ``notes`` are facts worth saying
    that refuse nothing (no policy yet, an urgent commit, hooks that were bypassed).
    """

    judged: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    subjects: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse."""
        return tuple(f for f in self.findings if f.refuses)

    @property
    def observed(self) -> tuple[Finding, ...]:
        """The errors that refuse nothing, since the policy only observes."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR and f.observed)

    @property
    def refused(self) -> bool:
        """Whether anything was found that refuses."""
        return bool(self.errors)
