"""Mutants of the changed lines, made and tried by a tool that is there; what it finds is further evidence.

None of the tools is a dependency. Each works in an export of its own, that goes away afterwards, and is limited to the
changed lines: by its own options where it has some, otherwise by what is kept of its result.
"""

from __future__ import annotations

import difflib
import json
import os
import shlex
import shutil
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from planfence.change.hunks import split_lines
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.process import Ended, Watch, run_command
from planfence.foreignjson import read_json
from planfence.gate.junit import harmless_report, plain_file
from planfence.gitio import paths
from planfence.ledger.proofs import Mutants
from planfence.prove.bench import Command, Yard
from planfence.prove.parts import Division, span_of
from planfence.records import dataclass

#: Path → ranges of changed lines in the new file (from 1, the last included).
Lines = Mapping[str, tuple[tuple[int, int], ...]]
#: A tool may take so long for one mutant at least (seconds).
_LEAST_S = 10.0
#: So many survivors are kept.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tool works, and on what. ``tests`` is one shell line, ``limit_s`` how long that may take."""

    files: Path
    scratch: Path
    program: str
    lines: Lines
    tests: str
    limit_s: float
    patch: bytes


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant that was tried: the line in the new file, whether some test noticed it, and what it is."""

    path: str
    line: int
    noticed: bool
    what: str


#: Yields the shell lines to run, one after the other, and returns what came of it.
Steps = Generator[str, None, Iterable[Mutant]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: the files that it reads, how its program is found (export, PATH → empty: it is not there), its steps."""

    name: str
    ends: tuple[str, ...]
    find: Callable[[Path, str], str]
    steps: Callable[[Place], Steps]


def changed_lines(division: Division) -> dict[str, tuple[tuple[int, int], ...]]:
    """The lines of behaviour that a change brings, by file."""
    found: dict[str, list[tuple[int, int]]] = {}
    for part in division.parts:
        for each in sorted(part.units):
            unit = division.units[each]
            if unit.file.new is None or unit.file.is_binary or (unit.hunk is not None and not unit.hunk.new):
                continue
            whole = (1, len(split_lines(unit.file.new)))
            found.setdefault(unit.path, []).append(span_of(unit) if unit.hunk is not None else whole)
    return {path: tuple(sorted(ranges)) for path, ranges in sorted(found.items())}


def try_mutants(
    yard: Yard, division: Division, commands: tuple[Command, ...], green_s: float, until: float
) -> tuple[Mutants, ...]:
    """Have each tool that is there try mutants of the changed lines, until the time is over.

    Raises :class:`PlanfenceError` if no tool is there for any of the files.
    """
    lines = changed_lines(division)
    found: list[Mutants] = []
    missing: list[str] = []
    for tool in TOOLS:
        own = {path: ranges for path, ranges in lines.items() if path.endswith(tool.ends)}
        if not own or time.monotonic() >= until:
            continue
        with yard.fresh() as (exported, variables):
            program = tool.find(exported.files, variables.get("PATH", os.defpath))
            if not program:
                missing.append(tool.name)
                continue
            line = " && ".join(command.replace("{junit}", os.devnull) for _, command in commands)
            limit = max(_LEAST_S, 3 * green_s)
            place = Place(exported.files, exported.scratch, program, own, line, limit, _patch(division, own))
            watch = Watch(lambda _: None, lambda _: yard.tick(), exported.guard)
            found.append(_run(tool, place, variables, until, watch))
    if not found and lines:
        names = " or ".join(missing or [tool.name for tool in TOOLS])
        raise PlanfenceError(f"no tool is there for mutants of {', '.join(lines)}", hint=f"install {names}")
    return tuple(found)


def _run(tool: Tool, place: Place, variables: Mapping[str, str], until: float, watch: Watch) -> Mutants:
    ended = Ended(0, b"", 0.0)
    cut = False

    def follow() -> Iterator[Mutant]:
        nonlocal ended, cut
        steps = tool.steps(place)
        while True:
            try:
                line = next(steps)
            except StopIteration as end:
                yield from end.value
                return
            ended = run_command(line, place.files, variables, max(0.1, until - time.monotonic()), watch)
            cut = cut or ended.status is None

    try:
        tried = [each for each in follow() if _is_changed(place.lines, each)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, sqlite3.Error, PlanfenceError) as error:
        if cut:
            return Mutants(tool.name, 0, 0, (), cut=True)
        last = ended.output.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        raise CouldNotCheck(f"{tool.name} left no result that can be read: {last or error}") from error
    survivors = [(each.path, each.line, each.what) for each in tried if not each.noticed]
    noticed = len(tried) - len(survivors)
    return Mutants(tool.name, len(tried), noticed, tuple(dict.fromkeys(sorted(survivors)))[:_MOST], cut=cut)


def _is_changed(lines: Lines, mutant: Mutant) -> bool:
    return any(first <= mutant.line <= last for first, last in lines.get(mutant.path, ()))


def _patch(division: Division, own: Lines) -> bytes:
    """These files' change as a unified diff."""
    changed = (file for file in division.files if file.path in own)
    return b"".join(
        unified((file.old_path if file.old_mode else "", file.old), (file.path, file.new)) for file in changed
    )


def unified(before: tuple[str, bytes | None], after: tuple[str, bytes | None]) -> bytes:
    """Two files, each by its path (empty: it is not there) and its text, as a unified diff that `git apply` reads."""
    old, new = (split_lines(data or b"") for _, data in (before, after))
    one = b"a/" + paths.encode(before[0]) if before[0] else b"/dev/null"
    other = b"b/" + paths.encode(after[0]) if after[0] else b"/dev/null"
    lines = difflib.diff_bytes(difflib.unified_diff, old, new, one, other)
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


# -- the tools ----------------------------------------------------------------------------------------------------


def _find_cosmic_ray(files: Path, path: str) -> str:
    own = [files / folder / "bin" / "cosmic-ray" for folder in (".venv", "venv")]
    return next((str(each) for each in own if each.is_file()), "") or shutil.which("cosmic-ray", path=path) or ""


def _cosmic_ray(place: Place) -> Steps:
    """https://cosmic-ray.readthedocs.io: a session is a SQLite file; work that is taken out of it is not done."""
    config, session = place.scratch / "cosmic-ray.toml", place.scratch / "cosmic-ray.sqlite"
    command = f"sh -c {shlex.quote(place.tests)}"
    config.write_text(
        f"[cosmic-ray]\nmodule-path = {json.dumps(list(place.lines))}\ntimeout = {place.limit_s:.1f}\n"
        f'excluded-modules = []\ntest-command = {json.dumps(command)}\n[cosmic-ray.distributor]\nname = "local"\n'
    )
    program, told = shlex.quote(place.program), shlex.join((str(config), str(session)))
    yield f"{program} init {told}"
    with closing(sqlite3.connect(session)) as opened, opened:
        specs = opened.execute("SELECT job_id, module_path, start_pos_row FROM mutation_specs").fetchall()
        other = [(job,) for job, path, line in specs if not _is_changed(place.lines, Mutant(path, line, False, ""))]
        opened.executemany("DELETE FROM mutation_specs WHERE job_id = ?", other)
        opened.executemany("DELETE FROM work_items WHERE job_id = ?", other)
    yield f"{program} exec {told}"
    with closing(sqlite3.connect(session)) as opened:
        rows = opened.execute(
            "SELECT module_path, start_pos_row, operator_name, test_outcome, worker_outcome FROM mutation_specs "
            "JOIN work_results USING (job_id)"
        ).fetchall()
    return [
        Mutant(path, line, outcome != "SURVIVED", name.rpartition("/")[2])
        for path, line, name, outcome, worker in rows
        if worker in ("NORMAL", "TIMEOUT") and outcome in ("KILLED", "SURVIVED")
    ]


def _find_stryker(files: Path, path: str) -> str:
    own = files / "node_modules" / ".bin" / "stryker"
    return str(own) if own.is_file() else shutil.which("stryker", path=path) or ""


def _stryker(place: Place) -> Steps:
    """https://stryker-mutator.io/docs/stryker-js/configuration, and the mutation testing report schema."""
    config, report = place.scratch / "stryker.json", place.scratch / "mutation.json"
    asked = [
        f"{path.replace('[', '[[]')}:{first}-{last}" for path, ranges in place.lines.items() for first, last in ranges
    ]
    config.write_text(
        json.dumps(
            {
                "testRunner": "command",
                "commandRunner": {"command": place.tests},
                "reporters": ["json"],
                "jsonReporter": {"fileName": str(report)},
                "mutate": asked,
                "inPlace": True,
                "concurrency": 1,
                "timeoutMS": int(place.limit_s * 1000),
            }
        )
    )
    yield f"{shlex.quote(place.program)} run {shlex.quote(str(config))}"
    return _by_schema(report)


def _by_schema(report: Path) -> Iterator[Mutant]:
    told = read_json(plain_file(report), "the report of mutants", "run the tool yourself to see what it says")
    for path, file in told["files"].items():
        for each in file["mutants"]:
            status = each["status"]
            if status in ("Killed", "Timeout", "Survived", "NoCoverage"):
                what = str(each["mutatorName"])
                yield Mutant(path, int(each["location"]["start"]["line"]), status in ("Killed", "Timeout"), what)


def _cargo_mutants(place: Place) -> Steps:
    """https://mutants.rs: `--in-diff` limits it to the lines of a patch; `outcomes.json` holds what came of each."""
    patch = place.scratch / "change.diff"
    patch.write_bytes(place.patch)
    told = shlex.join(("--in-diff", str(patch), "--output", str(place.scratch), "--timeout", f"{place.limit_s:.0f}"))
    yield f"cargo mutants {told}"
    return _cargo_outcomes(place.scratch / "mutants.out" / "outcomes.json")


def _cargo_outcomes(report: Path) -> Iterator[Mutant]:
    told = read_json(plain_file(report), "the report of mutants", "run `cargo mutants` yourself to see what it says")
    for each in told["outcomes"]:
        summary = each["summary"]
        if summary in ("CaughtMutant", "MissedMutant", "Timeout") and isinstance(each["scenario"], dict):
            mutant = each["scenario"]["Mutant"]
            what = str(mutant.get("replacement") or mutant.get("genre") or "")
            yield Mutant(mutant["file"], int(mutant["span"]["start"]["line"]), summary != "MissedMutant", what)


def _find_pit(files: Path, path: str) -> str:
    project = files / "pom.xml"
    if not project.is_file() or b"pitest" not in project.read_bytes():
        return ""
    own = files / "mvnw"
    return str(own) if own.is_file() and os.access(own, os.X_OK) else shutil.which("mvn", path=path) or ""


_JVM_ROOTS = ("src/main/java/", "src/main/kotlin/")


def _pit(place: Place) -> Steps:
    """https://pitest.org/quickstart/maven: it is limited to classes, and its report has the lines."""
    names = []
    for path in place.lines:
        _, root, inner = next(
            (found for each in _JVM_ROOTS if (found := path.partition(each))[1]), ("", "", path.rpartition("/")[2])
        )
        names.append(("" if root else "*.") + inner.rpartition(".")[0].replace("/", ".") + "*")
    told = f"-DtargetClasses={','.join(names)} -DoutputFormats=XML -DtimestampedReports=false"
    yield f"{shlex.quote(place.program)} -q test-compile org.pitest:pitest-maven:mutationCoverage {shlex.quote(told)}"
    return _pit_mutations(place.files, place.lines)


def _pit_mutations(files: Path, lines: Lines) -> list[Mutant]:
    found: list[Mutant] = []
    for report in sorted(files.glob("**/target/pit-reports/mutations.xml")):
        for each in harmless_report(report).iter("mutation"):
            status = each.get("status")
            package = (each.findtext("mutatedClass") or "").rpartition(".")[0].replace(".", "/")
            inner = f"{package}/{each.findtext('sourceFile')}".lstrip("/")
            path = next((path for path in lines if f"/{path}".endswith(f"/{inner}")), "")
            if status in ("KILLED", "TIMED_OUT", "MEMORY_ERROR", "SURVIVED", "NO_COVERAGE"):
                what = (each.findtext("mutator") or "").rpartition(".")[2]
                noticed = status not in ("SURVIVED", "NO_COVERAGE")
                found.append(Mutant(path, int(each.findtext("lineNumber") or 0), noticed, what))
    if not found and not list(files.glob("**/target/pit-reports/mutations.xml")):
        raise FileNotFoundError("mutations.xml")
    return found


TOOLS = (
    Tool("cosmic-ray", (".py",), _find_cosmic_ray, _cosmic_ray),
    Tool(
        "Stryker",
        (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte"),
        _find_stryker,
        _stryker,
    ),
    Tool("cargo-mutants", (".rs",), lambda _, path: shutil.which("cargo-mutants", path=path) or "", _cargo_mutants),
    Tool("PIT", (".java", ".kt"), _find_pit, _pit),
)
