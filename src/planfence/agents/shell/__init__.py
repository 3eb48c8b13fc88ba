"""Judging a shell command before an agent runs it: ways round the fence, and the paths it would write.

What can be told from the text is told; a script file, a compiled program or a decoded string is
not. Those meet the commit gate, the push and CI (docs/agents.md says so to users).

`syntax` takes a script apart, `walk` goes through its commands, and `verdict` notes what they amount to. `values` knows
what words stand for, `variables` what is set and who it says is at work. `programs` judges the words of programs that
are known, `runners` those that run others, `unknown` the rest; `scripts` and `snippets` what is given as a text,
`files` and `tools` which files are written; `git` and what begins with it judge git, `servers` its servers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from planfence.agents.shell import files, scripts
from planfence.agents.shell.syntax import UnreadableError
from planfence.agents.shell.values import paths_named
from planfence.agents.shell.verdict import Attempt, Judgement
from planfence.agents.shell.walk import Walker
from planfence.lazyregex import pattern

__all__ = ["Judgement", "judge"]

_SUSPECT = pattern(
    r"--no-v|hookspath|update-ref|symbolic-ref|\.git/|\A(?>.*?commit\b).*?\s-\w*n", re.IGNORECASE | re.DOTALL
)
#: What a command that can't be taken apart could write by: a redirection, or a program that writes or runs others.
_COULD_WRITE = pattern(
    r">|\b(?:git|eval|apply_patch|"
    + "|".join(map(re.escape, (*scripts.SHELLS, *scripts.INTERPRETERS, *files.WRITERS)))
    + r")\b"
)


def judge(
    script: str,
    cwd: str,
    is_folder: Callable[[str], bool] = lambda _: False,
    variables: Mapping[str, str] = MappingProxyType({}),
    own: Collection[str] = (),
    urgent: str = "human",
) -> Judgement:
    """Judge a command line that would run in ``cwd``; ``is_folder`` answers for absolute paths,
    and ``variables`` are those that the shell has (`HOME` is enough for most). ``own`` are the variables by which the
    policy knows the team's agents, ``urgent`` says whose reason lets an urgent change through.

    What can't be taken apart is denied if it could write, or names a way round the fence.
    """
    judged = Judgement(places=[cwd])
    known = {"IFS": " ", "SHELL": "/bin/bash", "BASH": "/bin/bash", **variables}
    walker = Walker(judged, is_folder, known, own, speaks=urgent == "any")
    try:
        walker.walk(script, cwd)
    except (UnreadableError, RecursionError):
        if _SUSPECT.search(script) or _COULD_WRITE.search(script):
            judged.attempts.append(
                Attempt("a command that can't be taken apart", "write it plainly, one step at a time")
            )
            judged.places += paths_named(script, cwd, variables.get("HOME", ""))
    return judged
