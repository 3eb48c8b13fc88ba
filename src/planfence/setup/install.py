"""Where this repository's hooks are, and putting planfence in or taking it out."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path

import planfence
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.records import dataclass, replace
from planfence.setup import chain, confighooks, frameworks, shimreader, shims
from planfence.setup.chain import Chained, Deed
from planfence.setup.frameworks import Config
from planfence.setup.hookfile import HookFile
from planfence.setup.hookfile import look as look_at
from planfence.setup.shims import Launcher


class HookPlace(Enum):
    """Whose folder the hooks are in."""

    GIT = "this repository's git directory"
    TRACKED = "a folder that this repository tracks"
    IGNORED = "a folder of this worktree that git ignores"
    OUTSIDE = "a folder outside this repository"


@dataclass(frozen=True, slots=True)
class HooksFolder:
    """The folder in which git looks for hooks; ``configured``: `core.hooksPath` names it."""

    path: Path
    place: HookPlace
    configured: bool


@dataclass(frozen=True, slots=True)
class Installation:
    """What an install or uninstall did: the way that was chosen, where, each hook, and remarks."""

    framework: str
    folder: Path
    outcomes: tuple[Chained, ...]
    remarks: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing was left in a state that the user did not ask for."""
        return all(outcome.deed is not Deed.LEFT for outcome in self.outcomes)


def own_launcher() -> Launcher | None:
    """This interpreter and this package's folder; None if there is no interpreter to name."""
    site = str(Path(planfence.__file__).resolve().parents[1])
    return Launcher(sys.executable, site) if sys.executable else None


def hooks_folder(repository: Repository) -> HooksFolder:
    """Ask git where it looks for hooks, as `core.hooksPath` and linked worktrees have it."""
    if repository.bare:
        raise PlanfenceError(
            f"{repository.git_dir} is a bare repository: nobody commits in it",
            hint="run this in a clone that has a worktree",
        )
    git = repository.git
    status, named = git.status("config", "--get", "core.hooksPath")
    path = Path(os.devnull)  # git itself can't say what an empty name means
    if status or named.strip():
        path = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    return HooksFolder(path, _place(repository, path), status == 0)


def require_folder(folder: HooksFolder) -> None:
    """Raise if the hooks can be in no folder, as with `core.hooksPath=/dev/null`."""
    if folder.path.exists() and not folder.path.is_dir():
        hint = "git config --unset core.hooksPath (with --global if it is set there)"
        what = "core.hooksPath names no folder" if folder.configured else f"{folder.path} is not a folder"
        raise PlanfenceError(f"{what}, so git runs no hooks", hint=hint)


def _place(repository: Repository, path: Path) -> HookPlace:
    real = path.resolve()
    if real.is_relative_to(repository.common_dir.resolve()) or real.is_relative_to(repository.git_dir.resolve()):
        return HookPlace.GIT
    top = repository.top.resolve()
    if not real.is_relative_to(top):
        return HookPlace.OUTSIDE
    ignored, _ = repository.git.status("check-ignore", "-q", "--", str((real / "pre-commit").relative_to(top)))
    return HookPlace.IGNORED if ignored == 0 else HookPlace.TRACKED


def look(folder: HooksFolder) -> list[HookFile]:
    """What stands in the place of each hook that planfence takes part in."""
    return [look_at(folder.path, name) for name in shims.NAMES]


def choose(config: Config | None, hooks: list[HookFile], repository: Repository) -> str:
    """The way that suits this repository: the framework whose configuration names planfence, or native hooks."""
    if config is None or not config.names_planfence:
        return "native"
    if config.only_prek:
        return "prek"
    for hook in hooks:
        if tool := shimreader.generated_by(hook.data) or shimreader.generated_by(hook.kept):
            return tool
    installed = [tool for tool in frameworks.TOOLS if frameworks.find_tool(tool, repository.environment)]
    return installed[0] if installed else frameworks.TOOLS[0]


def install(repository: Repository, framework: str = "auto", *, outside: bool = False) -> Installation:
    """Make planfence run at each commit and push of this repository.

    ``framework``: `native`, `config` (git's configuration), `pre-commit`, `prek`, or `auto`. ``outside``
    allows a hooks folder that other repositories use too.
    """
    folder = hooks_folder(repository)
    require_folder(folder)
    config = frameworks.read_config(repository.top)
    chosen = choose(config, look(folder), repository) if framework == "auto" else framework
    if chosen == "config":
        return _install_config(repository, folder, config)
    if chosen == "native":
        done = _install_native(folder, config, outside=outside)
        return replace(done, outcomes=(*confighooks.uninstall(repository), *done.outcomes))
    if config is None or not config.names_planfence:
        name = frameworks.YAML_CONFIG if config is None else config.path.name
        raise PlanfenceError(
            f"{name} does not name planfence, so {chosen} would not run it",
            more=("", *frameworks.snippet().splitlines()),
            hint="add these lines to it, then run this again",
        )
    removed = tuple(outcome for outcome in chain.uninstall(folder.path) if outcome.deed is not Deed.ABSENT)
    try:
        remarks = [frameworks.install_stages(chosen, repository.top, repository.environment)]
    except PlanfenceError:
        if removed:
            chain.install(folder.path, _launcher(folder))
        raise
    removed = (*confighooks.uninstall(repository), *removed)
    if config.missing_ids:
        remarks.append(f"{config.path.name} leaves out {', '.join(config.missing_ids)}: those stages check nothing")
    return Installation(chosen, folder.path, removed, tuple(remarks))


def _install_native(folder: HooksFolder, config: Config | None, *, outside: bool) -> Installation:
    if folder.place is HookPlace.OUTSIDE and not outside:
        raise PlanfenceError(
            f"core.hooksPath puts the hooks in {folder.path}, which other repositories may share",
            hint="`planfence install --outside` installs there (repositories without a policy are left in peace), "
            "or give this one its own: git config core.hooksPath "
            '"$(git rev-parse --path-format=absolute --git-common-dir)/hooks"',
        )
    outcomes = tuple(chain.install(folder.path, _launcher(folder)))
    return Installation("native", folder.path, outcomes, tuple(_remarks(folder, config)))


def _install_config(repository: Repository, folder: HooksFolder, config: Config | None) -> Installation:
    """Name planfence in git's configuration, and then take our hook files out: never is there a moment without."""
    outcomes = confighooks.install(repository)
    removed = [outcome for outcome in chain.uninstall(folder.path) if outcome.deed is not Deed.ABSENT]
    remarks = [f"the hook file {each.name}: {each.deed}" for each in removed]
    if config is not None and config.names_planfence:
        remarks.append(f"{config.path.name} names planfence too: it would run twice; take it out of one")
    return Installation("config", repository.common_dir / "config", tuple(outcomes), tuple(remarks))


def _launcher(folder: HooksFolder) -> Launcher | None:
    """A folder that travels with the repository names nobody's interpreter."""
    return None if folder.place is HookPlace.TRACKED else own_launcher()


def _remarks(folder: HooksFolder, config: Config | None) -> list[str]:
    remarks = []
    if folder.place is HookPlace.TRACKED:
        remarks.append(f"{folder.path} belongs to this repository: commit the hooks, and all who clone it have them")
    if folder.path.parts[-2:] == (".husky", "_") and not all(hook.calls_planfence for hook in look(folder)):
        remarks.append(
            "husky writes this folder anew at each of its installations: to stay, put the line "
            '`planfence hook pre-commit "$@"` at the top of .husky/pre-commit, and likewise for '
            + ", ".join(shims.NAMES[1:])
        )
    if any(b"lefthook" in (hook.kept or b"") for hook in look(folder)):
        remarks.append(
            "lefthook puts its own hooks in place of these when its configuration changes: to stay, write "
            "`no_auto_install: true` into it, and run `planfence install` after each `lefthook install`"
        )
    if config is not None and config.names_planfence:
        remarks.append(f"{config.path.name} names planfence too: it would run twice; take it out of one")
    return remarks


def uninstall(repository: Repository) -> Installation:
    """Take the native hooks out, where git looks for hooks and where it would without `core.hooksPath`."""
    folder = hooks_folder(repository)
    outcomes = chain.uninstall(folder.path)
    default = repository.common_dir / "hooks"
    if default.resolve() != folder.path.resolve():
        outcomes += [outcome for outcome in chain.uninstall(default) if outcome.deed is not Deed.ABSENT]
    outcomes += confighooks.uninstall(repository)
    config = frameworks.read_config(repository.top)
    calling = ", ".join(hook.name for hook in look(folder) if hook.calls_planfence)
    remarks = [f"hooks of your own still call planfence; take the line out of each: {calling}"] if calling else []
    if config is not None and config.names_planfence:
        remarks.append(
            f"{config.path.name} still names planfence: take its ids out; the framework's own hooks were left, "
            "since they serve your other hooks too"
        )
    return Installation("native", folder.path, tuple(outcomes), tuple(remarks))
