"""The only reader of the process environment.

Everything else receives an :class:`Environment`, so that tests inject one and no rule can
depend on a variable that nobody sees.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from planfence import tables
from planfence.ancestry import agent_above
from planfence.records import dataclass, field

#: What `git rev-parse --local-env-vars` lists (git 2.39 to 2.55; a test asks the git at hand).
LOCAL_GIT_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


def _nobody() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Environment:
    """A snapshot of the process environment.

    ``above`` answers which agent is among the processes that started this one (empty: none).
    """

    variables: Mapping[str, str]
    above: Callable[[], str] = field(default=_nobody, compare=False)

    def but(self, variables: Mapping[str, str]) -> Environment:
        """Return the same process's environment with other variables."""
        return Environment(variables, self.above)

    def get(self, name: str, default: str = "") -> str:
        """Return the variable's value, or ``default`` where it is unset."""
        return self.variables.get(name, default)

    def for_git(self) -> dict[str, str]:
        """Variables for questions to the repository that this process runs in."""
        return tables.for_git(self.variables)

    def settings(self) -> dict[str, str]:
        """The variables by which git was told a configuration (`-c` is one), which :meth:`for_git` leaves out.

        What git does with a message, and what it pushes, it decides by them too.
        """
        return {name: value for name, value in self.variables.items() if name.startswith("GIT_CONFIG_")}

    def for_child(self) -> dict[str, str]:
        """Variables for a process that is none of this repository's business, such as a test run.

        A test's `git init` in a linked worktree's hook once set `core.bare` in the real
        repository, through an inherited ``GIT_DIR``.
        """
        return {name: value for name, value in self.variables.items() if name not in LOCAL_GIT_VARIABLES}

    def for_tests(self, ceiling: str, only: Sequence[str] = ()) -> dict[str, str]:
        """Variables for the test gate's processes: those that change nothing that is run (`testvariables`).

        ``only``, if it names any, is the policy's strict list: then those, and what every program needs, are all.
        ``ceiling`` is a folder above which git must not look for a repository.
        """
        from planfence import testvariables  # the hooks, which have no time to lose, run no tests

        kept = {
            name: value
            for name, value in self.for_child().items()
            if name in only or (testvariables.is_needed(name) if only else not testvariables.changes_what_runs(name))
        }
        return kept | {"GIT_CEILING_DIRECTORIES": ceiling}

    def kept_from_tests(self, only: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of the variables that would have changed what the tests run, and that they do not get."""
        from planfence import testvariables

        return tuple(sorted(name for name in self.variables if name not in only and testvariables.worth_a_word(name)))


def current() -> Environment:
    """Take a snapshot of this process's environment."""
    return Environment(dict(os.environ), cache(agent_above))
