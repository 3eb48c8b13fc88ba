"""The command that runs a project's tests, as its own files show it.

A runner that can write a JUnit report is told to, since only the report says how many tests ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from planfence.files.plain import open_plain
from planfence.records import dataclass

#: A file of more bytes is not a configuration.
_MOST = 1 << 20
_PYTEST = "pytest -q --junit-xml={junit}"
_ANYTHING = re.compile(r"\A")
_PYTEST_SAYS = {
    "pyproject.toml": re.compile(r"^\[tool\.pytest|^[^#\n]*[\"']pytest\b", re.MULTILINE),
    "pytest.ini": _ANYTHING,
    ".pytest.ini": _ANYTHING,
    "pytest.toml": _ANYTHING,
    "setup.cfg": re.compile(r"^\[tool:pytest\]", re.MULTILINE),
    "tox.ini": re.compile(r"^\[pytest\]", re.MULTILINE),
    "conftest.py": _ANYTHING,
}
_MADE = (("just", ("justfile", "Justfile", ".justfile")), ("make", ("GNUmakefile", "makefile", "Makefile")))
#: What `npm init` writes if there are no tests.
_NO_TESTS = "no test specified"


@dataclass(frozen=True, slots=True)
class Shown:
    """A command line for `[tests] command`, and the file that shows it."""

    command: str
    shown_by: str


def find(top: Path) -> Shown | None:
    """Return the test command of the project at this folder; None if nothing shows one.

    Of several the first of these counts: pytest, tox, the package manager of `package.json`, cargo, go, Maven,
    Gradle, just, make.
    """
    return next(_found(_ProjectFolder(top)), None)


def line_for(top: Path) -> str:
    """Return the line for `[tests]` in the policy: the project's own command, or pytest's as an example."""
    found = find(top)
    return f"command = {json.dumps(found.command if found else _PYTEST)}"


class _ProjectFolder:
    def __init__(self, top: Path) -> None:
        self._top = top

    def text(self, name: str) -> str:
        """Return a file's text; empty if there is none."""
        try:
            with open_plain(self._top / name) as file:
                return file.read(_MOST).decode("utf-8", "replace")
        except OSError:
            return ""

    def has(self, *names: str) -> str:
        """Return the first of these files that is there, or an empty string."""
        return next((name for name in names if (self._top / name).is_file()), "")

    def any(self, *patterns: str) -> str:
        """Return the first file that one of these patterns finds, from the top."""
        found = (path for pattern in patterns for path in self._top.glob(pattern) if path.is_file())
        first = next(found, None)
        return first.relative_to(self._top).as_posix() if first else ""


def _found(folder: _ProjectFolder) -> Iterator[Shown]:
    yield from _python(folder)
    yield from _node(folder)
    if folder.has("Cargo.toml"):
        yield Shown("cargo test", "Cargo.toml")
    if text := folder.text("go.mod"):
        summed = "gotest.tools/gotestsum" in text
        yield Shown("go tool gotestsum --junitfile={junit} ./..." if summed else "go test ./...", "go.mod")
    if folder.has("pom.xml"):
        yield Shown(f"{'./mvnw' if folder.has('mvnw') else 'mvn'} -q -B test", "pom.xml")
    if build := folder.has("build.gradle", "build.gradle.kts"):
        yield Shown(f"{'./gradlew' if folder.has('gradlew') else 'gradle'} test", build)
    for tool, names in _MADE:
        name = folder.has(*names)
        if name and re.search(r"^@?test\b[^:=\n]*:(?!=)", folder.text(name), re.MULTILINE):
            yield Shown(f"{tool} test", name)


def _python(folder: _ProjectFolder) -> Iterator[Shown]:
    for name, words in _PYTEST_SAYS.items():
        if folder.has(name) and words.search(folder.text(name)):
            yield Shown(_PYTEST, name)
    if text := folder.text("tox.ini"):
        passes_on = "pytest" in text and "{posargs" in text
        yield Shown("tox -- --junit-xml={junit}" if passes_on else "tox", "tox.ini")
    if name := folder.any("test_*.py", "tests/test_*.py", "tests/*/test_*.py", "test/test_*.py", "tests/*_test.py"):
        yield Shown(_PYTEST, name)


def _node(folder: _ProjectFolder) -> Iterator[Shown]:
    try:
        package = json.loads(folder.text("package.json") or "null")
    except (ValueError, RecursionError):
        return
    if not isinstance(package, dict):
        return
    scripts, needs = package.get("scripts"), str(package.get("dependencies")) + str(package.get("devDependencies"))
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(script, str) or _NO_TESTS in script:
        script = ""
    manager = _manager(folder, str(package.get("packageManager", "")))
    run = {"npm": "npx", "yarn": "yarn", "pnpm": "pnpm exec", "bun": "bunx"}[manager]
    if re.search(r"\bvitest\b", script or needs):
        reports = "--reporter=default --reporter=junit --outputFile.junit={junit}"
        yield Shown(f"{run} vitest run {reports}", "package.json")
    elif re.fullmatch(r"node (?:--import \S+ )?--test(?: [^&|;]*)?", script) and "--test-reporter" not in script:
        reports = "--test-reporter=junit --test-reporter-destination={junit}"
        yield Shown(script.replace("--test", f"--test {reports}", 1), "package.json")
    elif script.startswith("jest") and "jest-junit" in needs:
        reports = "--reporters=default --reporters=jest-junit"
        yield Shown(f"JEST_JUNIT_OUTPUT_FILE={{junit}} {run} {script} {reports}", "package.json")
    elif script:
        yield Shown(f"{manager} {'run test' if manager == 'bun' else 'test'}", "package.json")


def _manager(folder: _ProjectFolder, named: str) -> str:
    locks = (("pnpm", "pnpm-lock.yaml"), ("yarn", "yarn.lock"), ("bun", "bun.lock"), ("bun", "bun.lockb"))
    said = named.partition("@")[0]
    return said if said in ("npm", "pnpm", "yarn", "bun") else next((n for n, lock in locks if folder.has(lock)), "npm")
