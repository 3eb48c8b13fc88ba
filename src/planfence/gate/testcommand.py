"""The command that runs a project's tests, as its own files show it.

A runner that can write a JUnit report is told to, since only the report says how many tests ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planfence.errors import PlanfenceError
from planfence.files.plain import open_plain
from planfence.foreignjson import read_json, table
from planfence.records import dataclass

#: A file of more bytes is not a configuration.
_MOST = 1 << 20
_PYTEST = "pytest -q --junit-xml={junit}"
#: Files, and what they hold of a runner; a file for which nothing stands here says it by being there.
_PYTEST_SAYS = {
    "pyproject.toml": r"^\[tool\.pytest|^[^#\n]*[\"']pytest\b|^pytest *=",
    **dict.fromkeys(("pytest.ini", ".pytest.ini", "pytest.toml"), ""),
    "setup.cfg": r"^\[tool:pytest\]|^[ \t]*pytest\b",
    "setup.py": r"^[^#\n]*[\"']pytest\b",
    "Pipfile": r"^pytest *=",
    "tox.ini": r"^\[pytest\]",
    "conftest.py": "",
}
_TOX_SAYS = {
    "tox.ini": r"^\[(?:tox|testenv)",
    "tox.toml": "",
    "pyproject.toml": r"^\[tool\.tox",
    "setup.cfg": r"^\[tox:tox\]",
}
#: A module that `go.work` names: in a `use` line or block, maybe quoted, maybe with a remark behind.
_GO_MODULE = re.compile(r"""^[ \t]*(?:use[ \t]+)?["`]?(\.[^\s"`]*)["`]?[ \t]*(?://.*)?\r?$""", re.MULTILINE)
_SESSION = re.compile(r"^def (tests?|unit|unit_tests?|unittests?)\(", re.MULTILINE)
_TEST_FILES = (
    *("test_*.py", "tests/**/test_*.py", "test/**/test_*.py", "tests/**/*_test.py"),
    "src/*/tests/**/test_*.py",
)
_REQUIREMENTS = ("*requirements*.txt", "requirements/*.txt", "*requirements*.in", "requirements/*.in")
_CTEST = "cmake -B build && cmake --build build && ctest --test-dir build --output-junit {junit}"
_BUN = "--reporter=junit --reporter-outfile={junit}"
_RSPEC = " --format progress --format RspecJunitFormatter --out {junit}"
#: Files that hold scripts by name, and how the one that is called `test` is run and told to write a report.
_COMPOSER = "composer install --quiet && composer test"
_SCRIPTS = (
    ("deno.json", "tasks", "deno task test", r"\bdeno test\b", " --junit-path={junit}"),
    ("composer.json", "scripts", _COMPOSER, r"\b(?:phpunit|pest|paratest)\b", " -- --log-junit {junit}"),
)
#: Commands, the files that show them, and what these hold; an export has no `vendor`, and a link to it would load the
#: worktree's classes.
_SHOWN_BY = (
    ("deno test --junit-path={junit}", ("deno.json", "deno.jsonc"), ""),
    ("dotnet test", ("*.sln", "*.slnx", "*.csproj", "*.fsproj"), ""),
    ("composer install --quiet && vendor/bin/phpunit --log-junit {junit}", ("phpunit.xml", "phpunit*.dist*"), ""),
    ("bundle exec rspec", (".rspec", "spec/spec_helper.rb"), ""),
    (f"bun test {_BUN}", ("bun.lock", "bun.lockb", "bunfig.toml"), ""),
    ("mix test", ("mix.exs",), ""),
    ("flutter test", ("pubspec.yaml",), r"^ +flutter_test:"),
    ("dart test", ("pubspec.yaml",), r"^ +test:"),
    ("swift test", ("Package.swift",), ""),
    ("sbt test", ("build.sbt",), ""),
    ("rake test", ("Rakefile",), r"^[ \t]*+task\b[^\w\n]*test\b|\bTestTask\.new\b(?!\(:(?!test\b))"),
    ("just test", ("[Jj]ustfile", ".justfile", "JUSTFILE"), r"^(?:@?test(?: [^:\n]*)?:(?!=)|alias +test *:=)"),
    ("make test", ("GNUmakefile", "[Mm]akefile"), r"^(?=\S)(?=(?:[^:=#\n]*[ \t])?test[ \t:])[^:=\n]*:(?!:?=)"),
    ("task test", ("[Tt]askfile.y*ml",), r"^ {2,4}([\"']?)test\1:"),
    ("bats test", ("test/*.bats",), ""),
    ("bats tests", ("tests/*.bats",), ""),
    (_CTEST, ("CMakeLists.txt",), r"(?i)^[ \t]*(?:enable_testing *\(|include *\( *CTest\b)"),
)
#: What `npm init` writes if there are no tests.
_NO_TESTS = "no test specified"
_VITEST = "--reporter=default --reporter=junit --outputFile.junit={junit}"
_NODE_FILE = "--test-reporter=junit --test-reporter-destination={junit}"
_NODE = f"--test-reporter=spec --test-reporter-destination=stdout {_NODE_FILE}"
_JEST = "--reporters=default --reporters=jest-junit"
_JEST_FILE = "JEST_JUNIT_OUTPUT_FILE={junit}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A command line for `[tests] command`, the file that shows it, and the folders for `links` that it needs."""

    command: str
    shown_by: str
    links: tuple[str, ...] = ()


def find(top: Path) -> Shown | None:
    """Return the test command of the project at this folder; None if nothing shows one.

    Of several the first of these counts: pytest, tox, nox, Django, the package manager of `package.json`, cargo, go,
    Maven, Gradle, deno, composer, and then as in `_SHOWN_BY`.
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
                return file.read(_MOST).decode("utf-8-sig", "replace")
        except OSError:
            return ""

    def has(self, *names: str) -> str:
        """Return the first of these files that is there, or an empty string."""
        return next((name for name in names if (self._top / name).is_file()), "")

    def says(self, name: str, pattern: str) -> bool:
        """Whether a file is there and holds this; an empty pattern is in each."""
        return bool(self.has(name) and re.search(pattern, self.text(name), re.MULTILINE))

    def all(self, *patterns: str) -> Iterator[str]:
        """Yield the files that these patterns find, from the top."""
        for pattern in patterns:
            yield from (path.relative_to(self._top).as_posix() for path in self._top.glob(pattern) if path.is_file())


def _found(folder: _ProjectFolder) -> Iterator[Shown]:
    yield from _python(folder)
    yield from _node(folder)
    if folder.has("Cargo.toml"):
        several = folder.says("Cargo.toml", r"^\[workspace\b")
        yield Shown("cargo test --workspace" if several else "cargo test", "Cargo.toml")
    yield from _go(folder)
    if folder.has("pom.xml"):
        yield Shown(f"{'./mvnw' if folder.has('mvnw') else 'mvn'} -q -B test", "pom.xml")
    if build := folder.has("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"):
        yield Shown(f"{'./gradlew' if folder.has('gradlew') else 'gradle'} test", build)
    for name, key, command, runner, report in _SCRIPTS:
        scripts = _package(folder, name).get(key)
        if isinstance(scripts, dict) and "test" in scripts:
            script = scripts["test"]
            passes_on = isinstance(script, str) and re.search(runner, re.split(r"[&|;]", script)[-1])
            yield Shown(f"{command}{report if passes_on else ''}", name)
    for command, patterns, holds in _SHOWN_BY:
        if name := next((name for name in folder.all(*patterns) if folder.says(name, holds)), ""):
            reports = "rspec" in command and "rspec_junit_formatter" in folder.text("Gemfile")
            bundled = command == "rake test" and folder.has("Gemfile")
            yield Shown(f"{'bundle exec ' if bundled else ''}{command}{_RSPEC if reports else ''}", name)


def _go(folder: _ProjectFolder) -> Iterator[Shown]:
    module, several = folder.text("go.mod"), folder.text("go.work")
    used = [name.rstrip("/") for name in _GO_MODULE.findall(several)]
    if used or module:
        run = "go tool gotestsum --junitfile={junit}" if "gotest.tools/gotestsum" in module else "go test"
        yield Shown(f"{run} {' '.join(f'{name}/...' for name in used or ['.'])}", "go.work" if used else "go.mod")


def _python(folder: _ProjectFolder) -> Iterator[Shown]:
    for name, words in _PYTEST_SAYS.items():
        if folder.says(name, words):
            yield Shown(_PYTEST, name)
    for name, words in _TOX_SAYS.items():
        text = folder.text(name)
        if folder.says(name, words):
            passes_on = "pytest" in text and "posargs" in text
            yield Shown("tox -- --junit-xml={junit}" if passes_on else "tox", name)
    text = folder.text("noxfile.py")
    if session := _SESSION.search(text):
        passes_on = "pytest" in text and "posargs" in text
        yield Shown(f"nox -s {session[1]}{' -- --junit-xml={junit}' if passes_on else ''}", "noxfile.py")
    required = next((name for name in folder.all(*_REQUIREMENTS) if folder.says(name, r"^pytest\b")), "")
    if not required and folder.says("manage.py", r"\bdjango\b"):
        yield Shown("python manage.py test", "manage.py")
    members = ("*/*/tests/**/test_*.py",) if folder.says("pyproject.toml", r"^\[tool\.uv\.workspace\]") else ()
    if name := next(folder.all(*_TEST_FILES, *members), "") or required:
        yield Shown(_PYTEST, name)


def _node(folder: _ProjectFolder) -> Iterator[Shown]:
    package = _package(folder, "package.json")
    needs = str(package.get("dependencies")) + str(package.get("devDependencies"))
    script, manager = _test_script(package), _manager(folder, str(package.get("packageManager", "")))
    run = {"npm": "npx", "yarn": "yarn", "pnpm": "pnpm exec", "bun": "bunx"}[manager]
    command = _run_by(script, run, needs) or _passed_on(script, manager, needs)
    if script:
        command = command or f"{manager} {'run test' if manager == 'bun' else 'test'}"
    elif re.search(r"\bvitest\b", needs):
        command = f"{run} vitest run {_VITEST}"
    elif any(_test_script(_package(folder, name)) for name in folder.all("*/package.json", "*/*/package.json")):
        several = {"pnpm": "pnpm -r test", "npm": "npm test --workspaces --if-present"}
        is_one = folder.has("pnpm-workspace.yaml") if manager == "pnpm" else package.get("workspaces")
        command = several.get(manager, "") if is_one else ""
    if command:
        # In a workspace the packages in it are links to the worktree's code, which is not the tree's.
        alone = not package.get("workspaces") and not folder.has("pnpm-workspace.yaml")
        asks = package.get("dependencies") or package.get("devDependencies")
        yield Shown(command, "package.json", ("node_modules",) if asks and alone else ())


def _package(folder: _ProjectFolder, name: str) -> dict[str, Any]:
    try:
        return table(read_json(folder.text(name).encode(), name, ""))
    except PlanfenceError:
        return {}


def _test_script(package: dict[str, Any]) -> str:
    script = table(package.get("scripts")).get("test")
    return script.strip() if isinstance(script, str) and _NO_TESTS not in script else ""


def _run_by(script: str, run: str, needs: str) -> str:
    """The runner itself, as a script that is one plain command calls it, told to write a report; else nothing."""
    runner, *words = script.split(" ") if script and not re.search(r"[&|;]", script) else [""]
    if runner in ("node", "tsx") and "--test" in words and "--test-reporter" not in script:
        at = words.index("--test") + 1
        return " ".join((*([run] if runner == "tsx" else []), runner, *words[:at], _NODE, *words[at:]))
    watching = ("run", "watch", "dev") if runner == "vitest" else ("--watch", "--watchAll")
    words = words[1:] if words[:1] and words[0] in watching else words
    own = "".join(f" {word}" for word in words if word not in ("-w", "--run", "--watch", "--watchAll"))
    if runner == "vitest":
        return f"{run} vitest run{own} {_VITEST}"
    if runner == "jest" and "jest-junit" in needs:
        return f"{_JEST_FILE} {run} jest{own} {_JEST}"
    return f"bun test{own.removeprefix(' test')} {_BUN}" if runner == "bun" and words[:1] == ["test"] else ""


def _passed_on(script: str, manager: str, needs: str) -> str:
    """The script, if it ends in a runner that can write a report, with words that a package manager passes on to it."""
    last = re.split(r"[&|;]", script)[-1].split()
    test = {"npm": "npm test --", "yarn": "yarn test", "pnpm": "pnpm test", "bun": "bun run test"}[manager]
    if "vitest" in last:
        return f"{test} {'' if 'run' in last else '--run '}{_VITEST}"
    return f"{_JEST_FILE} {test} {_JEST}" if "jest" in last and "jest-junit" in needs else ""


def _manager(folder: _ProjectFolder, named: str) -> str:
    locks = (("pnpm", "pnpm-lock.yaml"), ("yarn", "yarn.lock"), ("bun", "bun.lock"), ("bun", "bun.lockb"))
    said = named.partition("@")[0]
    return said if said in ("npm", "pnpm", "yarn", "bun") else next((n for n, lock in locks if folder.has(lock)), "npm")
