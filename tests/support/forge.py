"""A forge without a forge: what actions/checkout and a runner do, with plain git and bash.

Sources: actions/checkout's `ref-helper.ts` (which refspecs it fetches), docs.github.com "Variables reference",
"Workflow syntax" (how `run` is started) and "Evaluate expressions"; docs.gitlab.com "Predefined CI/CD variables".
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.program import stand_in

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Forge:
    """A bare repository as a forge keeps it, and jobs that check it out."""

    repo: Any
    folder: Path

    @property
    def bare(self) -> Path:
        return self.folder / "forge.git"

    def create(self) -> Forge:
        self.repo.git("clone", "-q", "--bare", str(self.repo.root), str(self.bare))
        self.repo.git("remote", "add", "origin", str(self.bare))
        for setting in ("uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"):
            self.at(self.bare).git("config", setting, "true")
        self.send("refs/planfence/*:refs/planfence/*")
        return self

    def at(self, folder: Path) -> Any:
        return type(self.repo)(folder, self.repo.variables)

    def send(self, *refspecs: str) -> None:
        self.repo.git("push", "-q", "--no-verify", "origin", *refspecs)

    def pull_request(self, head: str, base: str = "main") -> str:
        """Make `refs/pull/1/head` and GitHub's test merge `refs/pull/1/merge`; return the merge's id."""
        self.send(f"{head}:refs/heads/work", f"{head}:refs/pull/1/head")
        bare = self.at(self.bare)
        tree = bare.git("merge-tree", "--write-tree", base, head)
        merge = bare.git("commit-tree", tree, "-p", base, "-p", head, "-m", "Merge")
        bare.git("update-ref", "refs/pull/1/merge", merge)
        return merge

    def checkout(self, revision: str, ref: str, depth: int = 1) -> Any:
        """What actions/checkout leaves in the workspace."""
        place = self.folder / "workspace"
        place.mkdir()
        job = self.at(place)
        job.git("init", "-q")
        job.git("remote", "add", "origin", f"file://{self.bare}")
        if depth == 0:
            job.git(
                "fetch", "-q", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"
            )
        name = ref.replace("refs/heads/", "refs/remotes/origin/").replace("refs/pull/", "refs/remotes/pull/")
        if depth or job.git("cat-file", "-t", revision, ok=False) != "commit":
            some = [f"--depth={depth}"] if depth else []
            job.git("fetch", "-q", "--no-tags", *some, "origin", f"+{revision}:{name}")
        job.git("checkout", "-q", "--force", "--detach", revision)
        return job


@dataclass
class Job:
    """One job's runner: it executes the steps of `action.yml`, or script lines."""

    workspace: Any
    folder: Path
    variables: dict[str, str]
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def action(self, skip: tuple[str, ...] = ("Install planfence",)) -> bool:
        """Run the composite action; return whether every step that ran passed."""
        action = yaml.safe_load((ROOT / "action.yml").read_bytes())
        self.inputs = {name: str(each.get("default", "")) for name, each in action["inputs"].items()} | self.inputs
        self.install()
        good = True
        for number, step in enumerate(action["runs"]["steps"]):
            name = step.get("id", f"step{number}")
            self.outcomes[name] = "skipped"
            wanted = self._holds(step["if"], good) if "if" in step else good
            if not wanted or "uses" in step or step.get("name") in skip:
                self.outcomes[step.get("name", name)] = "wanted" if wanted else "skipped"
                continue
            passed = self._run(name, step)
            self.outcomes[name] = self.outcomes[step.get("name", name)] = "success" if passed else "failure"
            good = good and passed
        return good

    def install(self) -> None:
        """Put the program where the action's own step would install it."""
        place = self.folder / "temp/planfence/bin/planfence"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f'#!/bin/sh\nexec {stand_in("planfence")} "$@"\n')
        place.chmod(0o755)
        self.variables["PATH"] = f"{place.parent}:{self.workspace.variables['PATH']}"

    def _run(self, name: str, step: dict[str, Any]) -> bool:
        output = self.folder / f"output-{name}"
        output.write_text("")
        own = {key: self._filled(str(value)) for key, value in step.get("env", {}).items()}
        passed = self.bash(step["run"], GITHUB_OUTPUT=str(output), **own)
        self.outputs[name] = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return passed

    def bash(self, script: str, **extra: str) -> bool:
        """Run a script as GitHub and GitLab do: `bash -eo pipefail`, in the workspace."""
        path = self.folder / "script.sh"
        path.write_text(script)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)],
            cwd=self.workspace.root,
            env=self.workspace.variables
            | {"RUNNER_TEMP": str(self.folder / "temp"), "CI": "true"}
            | self.variables
            | extra,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return done.returncode == 0

    def _value(self, name: str) -> str:
        kind, _, rest = name.partition(".")
        if kind == "inputs":
            return self.inputs[rest]
        if kind == "github":
            return {"action_path": str(ROOT)}[rest]
        step, _, what = rest.partition(".")
        if what == "outcome":
            return self.outcomes[step]
        return self.outputs.get(step, {}).get(what.removeprefix("outputs."), "")

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: self._value(found[1]), text)

    def _holds(self, condition: str, good: bool) -> bool:
        """Evaluate `always() && a.b == 'x' && …`; anything else is not in the action."""
        for part in condition.split("&&"):
            if part.strip() == "always()":
                good = True
                continue
            found = re.fullmatch(r"\s*([\w.-]+) (==|!=) '([^']*)'\s*", part)
            assert found, part
            if (self._value(found[1]) == found[3]) is (found[2] == "!="):
                return False
        return good


def github(ref: str, sha: str, event: dict[str, Any], folder: Path, **more: str) -> dict[str, str]:
    """The variables of a job on GitHub (and Gitea), with its event's file."""
    path = folder / "event.json"
    path.write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REF": ref,
        "GITHUB_SHA": sha,
        "GITHUB_REPOSITORY": "a/b",
    } | more


def recipe(language: str, number: int = 0) -> Any:
    """The YAML block of this number under `docs/ci.md`'s headline that begins with ``language``."""
    text = (ROOT / "docs/ci.md").read_text("utf-8")
    part = text[text.index(f"## {language}") :]
    return yaml.safe_load(re.findall(r"```yaml\n(.*?)```", part, re.DOTALL)[number])
