"""pre-commit and prek: whose configuration names planfence, and how their stages are installed.

Their configuration is the team's. It is read here by its lines, since no YAML parser is a
dependency, and never rewritten: what is missing is said, with the lines to add.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError, reason
from planfence.files.plain import read_plain
from planfence.manifest import tomlsource
from planfence.records import dataclass
from planfence.setup.shims import NAMES

#: The tools, in the order in which they are looked for.
TOOLS = ("pre-commit", "prek")

YAML_CONFIG = ".pre-commit-config.yaml"
_CONFIGS = (YAML_CONFIG, ".pre-commit-config.yml", "prek.toml")

#: Hook id → the stages that it belongs to.
HOOK_STAGES: Mapping[str, tuple[str, ...]] = {
    "planfence": ("pre-commit", "pre-merge-commit"),
    "planfence-commit-msg": ("commit-msg",),
    "planfence-pre-push": ("pre-push",),
    "planfence-post-commit": ("post-commit",),
}

_ID = re.compile(r"""(?:^|[\s{,-])id\s*:\s*["']?(planfence[\w-]*)["']?\s*(?:[,}#]|$)""")
_TYPES = re.compile(r"^default_install_hook_types\s*:\s*(.*)$")
_ITEM = re.compile(r"""^\s*-\s*["']?([\w-]+)["']?\s*(?:#.*)?$""")


@dataclass(frozen=True, slots=True)
class Config:
    """A framework's configuration file: its path, planfence's ids in it, and the stages installed by default."""

    path: Path
    ids: tuple[str, ...]
    default_types: tuple[str, ...]

    @property
    def names_planfence(self) -> bool:
        """Whether any hook of planfence's runs under this configuration."""
        return any(hook in HOOK_STAGES for hook in self.ids)

    @property
    def missing_ids(self) -> tuple[str, ...]:
        """The hooks that this configuration leaves out."""
        return tuple(hook for hook in HOOK_STAGES if hook not in self.ids)

    @property
    def stages(self) -> frozenset[str]:
        """The stages in which planfence runs under this configuration."""
        return frozenset(stage for hook in self.ids for stage in HOOK_STAGES.get(hook, ()))

    @property
    def missing_types(self) -> tuple[str, ...]:
        """The stages that a plain `pre-commit install` would not install."""
        return tuple(name for name in NAMES if name not in (self.default_types or ("pre-commit",)))

    @property
    def only_prek(self) -> bool:
        """Whether prek alone reads this file."""
        return self.path.name != YAML_CONFIG


def read_config(top: Path) -> Config | None:
    """The configuration of the hook framework that this repository uses, or None if it uses none."""
    for name in _CONFIGS:
        path = top / name
        try:
            text = read_plain(path).decode("utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise CouldNotCheck(f"{name} could not be read: {reason(error)}") from error
        return _from_toml(path, text) if name.endswith(".toml") else _from_yaml(path, text)
    return None


def _from_yaml(path: Path, text: str) -> Config:
    lines = text.splitlines()
    ids = (match.group(1) for line in lines if (match := _ID.search(_uncommented(line))) is not None)
    return Config(path, tuple(ids), tuple(_default_types(lines)))


def _uncommented(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line.partition(" #")[0]


def _default_types(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        found = _TYPES.match(line)
        if found is None:
            continue
        rest = "\n".join([found.group(1), *lines[number + 1 :]])
        if found.group(1).lstrip().startswith("["):
            inside = "\n".join(_uncommented(part) for part in rest.partition("]")[0].splitlines())
            yield from re.findall(r"[\w-]+", inside)
            return
        for following in lines[number + 1 :]:
            item = _ITEM.match(following)
            if item is not None:
                yield item.group(1)
            elif _uncommented(following).strip():
                return


def _from_toml(path: Path, text: str) -> Config:
    try:
        table = tomlsource.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanfenceError(f"{path.name} is not TOML: {error}", hint="fix it; prek can't read it either") from error
    hooks = (hook for repo in _tables(table.get("repos")) for hook in _tables(repo.get("hooks")))
    ids = [str(hook.get("id")) for hook in hooks if str(hook.get("id")).startswith("planfence")]
    types = table.get("default_install_hook_types")
    return Config(path, tuple(ids), tuple(str(name) for name in types) if isinstance(types, list) else ())


def _tables(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def snippet() -> str:
    """The configuration that runs planfence in every stage, from the planfence that is installed."""
    lines = [f"default_install_hook_types: [{', '.join(NAMES)}]", "repos:", "  - repo: local", "    hooks:"]
    for hook, stages in HOOK_STAGES.items():
        lines += [
            f"      - id: {hook}",
            f"        name: {hook}",
            f"        entry: planfence hook {stages[0]}",
            "        language: system",
            f"        stages: [{', '.join(stages)}]",
            "        always_run: true",
            # A commit-msg hook gets the message file as its one file name.
            f"        pass_filenames: {'true' if hook == 'planfence-commit-msg' else 'false'}",
        ]
    return "\n".join(lines) + "\n"


def find_tool(tool: str, environment: Environment) -> str:
    """The tool's program on PATH or beside our own interpreter; empty if it is not installed."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(tool, path=environment.get("PATH")) or shutil.which(tool, path=beside) or ""


def install_stages(tool: str, top: Path, environment: Environment) -> str:
    """Have the framework install all of planfence's stages; return what it said.

    Raises :class:`CouldNotCheck` if the tool is missing or refuses, as pre-commit does
    if `core.hooksPath` is set.
    """
    program = find_tool(tool, environment)
    if not program:
        raise CouldNotCheck(
            f"{tool} was not found", hint=f"pip install {tool}, or planfence install --framework native"
        )
    stages = [part for name in NAMES for part in ("-t", name)]
    try:
        done = subprocess.run(
            [program, "install", *stages],
            cwd=top,
            env=environment.for_child(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise CouldNotCheck(f"{program} could not be started: {error.strerror}") from error
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    if done.returncode != 0:
        raise CouldNotCheck(
            f"`{tool} install` failed with status {done.returncode}",
            more=tuple(said.splitlines()),
            hint="fix that, or run `planfence install --framework native`",
        )
    return said
