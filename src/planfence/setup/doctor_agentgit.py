"""`doctor`'s look at the git of agents: whether it would start this repository's hooks, with what each agent sets."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping

from planfence.gitio.repository import Repository
from planfence.setup import doctor_agents, install
from planfence.setup.doctor import Bench, Diagnosis, Health

_QUESTION = ("rev-parse", "--path-format=absolute", "--git-path", "hooks/pre-commit")
#: Seconds that an agent has to run one command.
_PATIENCE_S = 10


def _configured(*pairs: tuple[str, str]) -> dict[str, str]:
    """Return the variables that give git a configuration (git-config(1), `GIT_CONFIG_COUNT`)."""
    found = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


#: What each agent was seen to give the git of its shell commands, and by which version.
GIVEN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "claude": ("Claude Code 2.1.332", {"GIT_EDITOR": "true"}),
    "codex": ("Codex 0.171.0", {"GIT_PAGER": "cat"}),
    "gemini": (
        "Gemini CLI 0.61.0",
        _configured(
            *(("credential.helper", ""), ("core.fsmonitor", ""), ("core.hooksPath", ""), ("core.sshCommand", "")),
            *(("core.pager", "cat"), ("core.editor", ""), ("sequence.editor", ""), ("diff.external", "")),
        )
        | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
    ),
    "copilot": (
        "Copilot CLI 1.0.102",
        _configured(
            ("safe.bareRepository", "explicit"), ("credential.interactive", "never"), ("core.fsmonitor", "false")
        )
        | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": ""},
    ),
    "opencode": ("OpenCode 1.18.33", {}),
}
#: How an agent's own program runs a command without a model.
_RUNS = {"codex": ("sandbox", "--")}


def gits(bench: Bench) -> Iterator[Diagnosis]:
    """Whether the git of each agent that is set up or installed runs the hooks; an agent that can is asked itself."""
    repository = bench.repository
    install.require_folder(install.hooks_folder(repository))
    ours = _answer(repository, {})
    well = []
    for name, (seen, variables) in GIVEN.items():
        merged, program = doctor_agents.is_merged(bench, name), shutil.which(name, path=bench.environment.get("PATH"))
        if not merged and program is None:
            continue
        itself = _itself(bench, program, _RUNS[name]) if program and name in _RUNS else ""
        theirs = itself or _answer(repository, variables)
        if theirs == ours:
            well.append(name if itself else f"{name} (by what {seen} gives it)")
            continue
        said = f"{seen} has its git look for hooks in another place, so that no commit of it is judged by a hook"
        if merged:
            yield Diagnosis(Health.ODD, f"{name}'s git", f"{said}; its own hooks judge what is staged instead")
        else:
            health = Health.BROKEN if name in doctor_agents.named(bench) else Health.ODD
            yield Diagnosis(health, f"{name}'s git", said, f"planfence install --agents {name}")
    if well:
        yield Diagnosis(Health.WELL, "agents' git", f"runs the hooks: {', '.join(well)}")


def _answer(repository: Repository, variables: Mapping[str, str]) -> str:
    status, out = repository.git.status(*_QUESTION, ok=(0, 128), variables=dict(variables))
    return out.decode("utf-8", "surrogateescape").strip() if status == 0 else "nowhere"


def _itself(bench: Bench, program: str, words: tuple[str, ...]) -> str:
    """Ask the agent's own git; empty: it did not run it."""
    try:
        done = subprocess.run(
            [program, *words, "git", *_QUESTION], cwd=bench.repository.top, env=bench.environment.for_child(),
            stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "surrogateescape").strip() if done.returncode == 0 else ""
