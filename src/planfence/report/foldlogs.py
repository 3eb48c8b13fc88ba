"""Logs of any size folded into facts: by DuckDB, by several processes, or by one, whichever is there and worth it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from planfence.errors import CouldNotCheck
from planfence.files.ranges import ByteRange, blocks, cut, processors
from planfence.log.files import local_clock
from planfence.log.reader import Reader, SetAside
from planfence.records import dataclass
from planfence.report.ducklog import fold_large
from planfence.report.fastfold import CHUNK, FastFold, Marking, Sums, Totals, count, whole_lines
from planfence.report.parquet import has_duckdb
from planfence.report.taskfacts import LogFacts

#: From this many bytes on, DuckDB is worth its start, and a second process its own.
LARGE = 8_000_000
#: More processes than that only share the memory's bandwidth.
_MOST = 8

#: What reading logs came to: facts, the counts of lines, and the first lines that were set aside.
Folded = tuple[LogFacts, Counter[str], list[SetAside]]


def fold(logs: Sequence[tuple[Path, str]]) -> Folded:
    """Read logs, each with the prefix of its tasks; doubles are found across them."""
    there = [(path, prefix) for path, prefix in logs if path.exists()]
    prefixes = {prefix for _, prefix in there}
    if len(prefixes) == 1 and sum(path.stat().st_size for path, _ in there) >= LARGE:
        paths, prefix = [path for path, _ in there], prefixes.pop()
        # What DuckDB leaves is read by one process: it had threads, and a process with threads can't be forked safely.
        found = fold_large(paths, prefix) if has_duckdb() else fold_in_parts(paths, prefix, min(_MOST, processors()))
        if found is not None:
            return found
    return _folded((text_of(path), prefix) for path, prefix in there)


def fold_lines(lines: Sequence[str]) -> Folded:
    """Read lines that come from no file."""
    return _folded([(("".join(lines[start : start + 500]) for start in range(0, len(lines), 500)), "")])


def _folded(texts: Iterable[tuple[Iterable[str], str]]) -> Folded:
    facts, reader = LogFacts(), Reader(local_clock)
    folder = FastFold(facts, reader, local_clock)
    for chunks, prefix in texts:
        folder.fold(chunks, prefix)
    folder.finish()
    return facts, reader.counts, reader.aside


def text_of(path: Path, start: int = 0, end: int | None = None) -> Iterator[str]:
    """A log's text in chunks of whole lines; bytes that are not UTF-8 pass through as surrogates."""
    try:
        yield from whole_lines(blocks(path, CHUNK, start, end))
    except FileNotFoundError:
        return
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be read: {error.strerror}") from error


@dataclass(slots=True)
class _Part:
    """What one process made of its spans: totals, the marks of what it saw, by span its lines, and the rare ones.

    No marks if two were the same; those that are sent to another process are the smaller array.
    """

    totals: Totals
    marks: array[int] | set[int] | None
    spans: list[tuple[int, list[tuple[int, str]]]]


def _fold_part(spans: list[ByteRange], *, sent: bool) -> _Part:
    sums, common = Sums(), Marking(local_clock)
    found = []
    for span in spans:
        passed, rare = 0, []
        for chunk in text_of(span.path, span.start, span.end):
            before = sums.lines
            others = common.take(chunk, sums)
            rare += [(passed + index, line) for index, line in others]
            passed += len(others) + sums.lines - before
        found.append((passed, rare))
    marks = set(common.marks)
    if len(marks) < len(common.marks):
        return _Part(sums.totals(), None, found)
    return _Part(sums.totals(), common.marks if sent else marks, found)


def fold_in_parts(paths: Sequence[Path], prefix: str, processes: int) -> Folded | None:
    """Fold files in several processes; None where one will do, or if two lines in different parts may be doubles.

    The rare lines are read here, in their order, as the reference reads them.
    """
    parts = cut(paths, processes) if processes > 1 else []
    if len(parts) < 2:
        return None
    facts, reader, seen = LogFacts(), Reader(local_clock), set[int]()
    with closing(_in_processes(parts)) as found:
        # What the first part came to is dealt with while the others are still being read.
        for spans, part in zip(parts, found, strict=True):
            if part is None:
                return None
            _read_rare(spans, part, facts, reader, prefix)
            part.totals.merge(facts, local_clock, prefix)
            count(reader, part.totals.lines)
            is_last = spans is parts[-1]
            if is_last and not _add(seen, set(map(hash, reader.seen))):
                return None
            if part.marks is None or not _add(seen, part.marks, keep=not is_last):
                return None
    return facts, reader.counts, reader.aside


def _in_processes(parts: Sequence[list[ByteRange]]) -> Generator[_Part | None]:
    """Yield what each part comes to, in order, None if its process failed; the first is read here."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # A string's hash is 64 bits, and the same in all processes that are forked from one.
    with ProcessPoolExecutor(len(parts) - 1, get_context("fork")) as pool:
        others = [pool.submit(_fold_part, part, sent=True) for part in parts[1:]]
        yield _fold_part(parts[0], sent=False)
        while others:
            other = others.pop(0)
            yield None if other.exception() else other.result()


def _read_rare(spans: Sequence[ByteRange], part: _Part, facts: LogFacts, reader: Reader, prefix: str) -> None:
    passed = 0
    for span, (lines, rare) in zip(spans, part.spans, strict=True):
        passed = passed if span.start else 0
        for index, line in rare:
            facts.add(reader.read_line(line, passed + index + 1), prefix)
        passed += lines


def _add(seen: set[int], marks: Collection[int], *, keep: bool = True) -> bool:
    """Whether none of the marks was seen; then they are."""
    if not seen.isdisjoint(marks):
        return False
    if keep:
        seen.update(marks)
    return True
