"""`doctor`'s look at the hooks: whether git, or a framework, would start planfence in each stage."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from planfence.setup import confighooks, frameworks, install, shimreader, shims
from planfence.setup.confighooks import ConfigHook
from planfence.setup.doctor import Bench, Diagnosis, Health
from planfence.setup.frameworks import Config
from planfence.setup.hookfile import HookFile, same
from planfence.setup.hookfile import look as look_at
from planfence.setup.install import HookPlace, HooksFolder
from planfence.setup.shimreader import HookOrigin
from planfence.setup.shims import Launcher


def hooks(bench: Bench) -> Iterator[Diagnosis]:
    """Whether each hook that planfence needs would run."""
    folder = install.hooks_folder(bench.repository)
    install.require_folder(folder)
    config = frameworks.read_config(bench.repository.top)
    if folder.configured:
        yield Diagnosis(Health.ODD, "core.hooksPath", f"git runs the hooks in {folder.path}, {folder.place.value}")
    configured = confighooks.look(bench.repository) if confighooks.are_read(bench.repository) else []
    # A folder that others share is asked for.
    line = "planfence install --outside" if folder.place is HookPlace.OUTSIDE else "planfence install"
    for name in shims.NAMES:
        here = [each for each in configured if name in each.events]
        hook = look_at(folder.path, name)
        if ours := [each for each in here if each.starts_planfence(name)]:
            yield from _configured(hook, ours)
        else:
            tool = next((each.framework for each in here if each.enabled and each.framework), "")
            yield from _hook(bench, hook, config, line, tool)
    yield from _beside(bench, folder)
    others = [each.name for each in configured if not any(each.starts_planfence(event) for event in each.events)]
    if others:
        names = ", ".join(sorted(others))
        yield Diagnosis(Health.ODD, "hook.*.command", f"git runs these from its configuration too: {names}")


def _configured(hook: HookFile, ours: list[ConfigHook]) -> Iterator[Diagnosis]:
    """The hooks of one event that start planfence from git's configuration."""
    on = [each for each in ours if each.enabled]
    beside = hook.data is not None and (
        hook.kind is not HookOrigin.FOREIGN or hook.behind_framework or hook.calls_planfence
    )
    if not on and not beside:
        key = f"hook.{ours[0].name}.enabled"
        yield Diagnosis(Health.BROKEN, hook.name, f"{key} is false: git skips it", f"git config --unset-all {key}")
    elif len(on) + beside > 1:
        seen = "runs twice, as a git hook and from git's configuration"
        yield Diagnosis(Health.ODD, hook.name, seen, "planfence install --framework config")
    elif not on:
        yield Diagnosis(Health.WELL, hook.name, "runs as a git hook; in git's configuration it is switched off")
    elif gone := on[0].missing:
        line = "planfence install --framework config"
        yield Diagnosis(Health.BROKEN, hook.name, f"{gone} has vanished: git can't start hook.{on[0].name}", line)
    else:
        yield Diagnosis(Health.WELL, hook.name, f"runs from git's configuration (hook.{on[0].name})")


def _hook(bench: Bench, hook: HookFile, config: Config | None, line: str, configured: str) -> Iterator[Diagnosis]:
    """How one event is served; ``configured`` is the framework that git's configuration starts for it."""
    ours = hook.kind in (HookOrigin.OURS, HookOrigin.EDITED)
    tool = configured or shimreader.generated_by(hook.data) or (shimreader.generated_by(hook.kept) if ours else "")
    through_tool = bool(tool) and config is not None and hook.name in config.stages
    native = ours or hook.behind_framework
    if hook.loops:
        fix = f"planfence uninstall && {line}"
        yield Diagnosis(Health.BROKEN, hook.name, f"{tool}'s hook and ours would start each other", fix)
    elif hook.data is not None and not hook.executable and (native or tool or hook.calls_planfence):
        yield Diagnosis(
            Health.BROKEN, hook.name, f"{hook.path} is not executable: git skips it", f"chmod +x {_quoted(hook.path)}"
        )
    elif native and through_tool:
        fix = "planfence uninstall" if ours else line
        yield Diagnosis(Health.ODD, hook.name, f"runs twice, as a git hook and through {tool}", fix)
    elif native:
        yield _shim(bench, hook, line)
    elif hook.calls_planfence:
        yield Diagnosis(Health.WELL, hook.name, f"{hook.path} calls planfence")
    elif through_tool:
        yield Diagnosis(Health.WELL, hook.name, f"runs through {tool}")
    else:
        seen = "is not installed" if hook.data is None else f"{hook.path} does not start planfence"
        # Two hooks that are not ours can't both be kept behind ours: the older one steps aside, and is not lost.
        replaced = hook.kept is not None and hook.data is not None and not same(hook.path, hook.kept_path)
        yield Diagnosis(Health.BROKEN, hook.name, seen, _aside(hook.kept_path, line) if replaced else line)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _aside(path: Path, line: str) -> str:
    """Put a file aside under a name that is free, and install."""
    free = next(name for number in count(1) if not (name := path.with_name(f"{path.name}.old{number}")).exists())
    return f"mv {_quoted(path)} {_quoted(free)} && {line}"


def _shim(bench: Bench, hook: HookFile, line: str) -> Diagnosis:
    text = (hook.legacy if hook.behind_framework else hook.data) or b""
    launcher = shimreader.launcher_of(text)
    on_path = shutil.which("planfence", path=bench.environment.get("PATH"))
    if launcher is not None and (gone := _vanished(launcher)):
        health = Health.ODD if on_path else Health.BROKEN
        instead = "it takes planfence from PATH" if on_path else "it refuses every commit"
        return Diagnosis(health, hook.name, f"{gone} has vanished: {instead}", line)
    if launcher is None and not on_path:
        return Diagnosis(
            Health.BROKEN, hook.name, "planfence is not on PATH: it refuses every commit", "pip install planfence"
        )
    if shimreader.classify(text) is HookOrigin.EDITED:
        return Diagnosis(Health.ODD, hook.name, "was edited since planfence wrote it", _aside(hook.path, line))
    if hook.kind is HookOrigin.OURS and text != shims.shim(hook.name, launcher, hook.kept):
        return Diagnosis(Health.ODD, hook.name, "was written by another version of planfence", line)
    behind = f", in front of {hook.kept_path.name}" if hook.kept is not None else ""
    return Diagnosis(Health.WELL, hook.name, f"runs as a git hook{behind}")


def _vanished(launcher: Launcher) -> str:
    """What a shim would start with and does not find; empty if it finds everything."""
    if not os.access(launcher.python, os.X_OK):
        return launcher.python
    start = Path(launcher.site, "planfence", "hooks", "fastpath.py")
    return "" if start.is_file() else str(start)


def _beside(bench: Bench, folder: HooksFolder) -> Iterator[Diagnosis]:
    """Hooks that do not run, in the folder that `core.hooksPath` hides; they are missed if none of ours runs."""
    default = bench.repository.common_dir / "hooks"
    here, there = ({look_at(each, name).kind for name in shims.NAMES} for each in (folder.path, default))
    hidden = default.resolve() != folder.path.resolve() and HookOrigin.OURS not in here
    if hidden and there & {HookOrigin.OURS, HookOrigin.EDITED}:
        seen = f"the hooks in {default} do not run, since core.hooksPath is set"
        yield Diagnosis(Health.BROKEN, "hooks", seen, "git config --unset core.hooksPath")


def framework(bench: Bench) -> Iterator[Diagnosis]:
    """Whether the hook framework's configuration names planfence in every stage, and installs every stage."""
    config = frameworks.read_config(bench.repository.top)
    if config is None or not config.names_planfence:
        return
    name = config.path.name
    if config.missing_ids:
        seen = f"leaves out {', '.join(config.missing_ids)}: those stages check nothing"
        yield Diagnosis(Health.BROKEN, name, seen, "add them (docs/install.md has the lines)")
    if config.missing_types:
        seen = f"in {name} leaves out {', '.join(config.missing_types)}: who clones and installs has none of them"
        fix = f"default_install_hook_types: [{', '.join(shims.NAMES)}]"
        yield Diagnosis(Health.ODD, "default_install_hook_types", seen, fix)
    tools = ("prek",) if config.only_prek else frameworks.TOOLS
    if not any(frameworks.find_tool(tool, bench.environment) for tool in tools):
        yield Diagnosis(Health.BROKEN, name, f"neither of {', '.join(tools)} was found", f"pip install {tools[0]}")
