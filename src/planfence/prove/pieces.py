"""Pieces inside of a part: what is taken out, or taken back, where a part as a whole only shows that it matters.

Definitions, conditions with all that hangs on them, arms, statements, and lines that were replaced one by one. It reads
lines, their indentation and their brackets, since it has to do so in any language: what does not build afterwards
proves nothing, and a text in place of the lines is only there where taking them out would never build.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, chain, islice

from planfence.change.hunks import FileDiff, FileState, Hunk, Unit, split_lines, units_of
from planfence.content import pyequal
from planfence.content.kinds import judge
from planfence.content.languages import language_of
from planfence.content.lexing import PastDeadline, SpanKind, scan
from planfence.prove.ctext import dead_lines
from planfence.prove.leftout import C_FILES, defines, is_silent, left_out
from planfence.prove.parts import Division, Part
from planfence.prove.values import (
    FUNCTION,
    NOTHING,
    SHELLS,
    Text,
    depth,
    indent,
    opened,
    other_value,
    returned,
    sides,
    without_statement,
)
from planfence.records import replace

#: A change of fewer lines than this has no pieces of its own, unless it defines something.
_FEW = 3
#: Of one part, so many pieces are asked about at most: the conditions first.
MOST_PIECES = 16
#: One edit that is made everywhere has more places than anybody has to look at.
_ENOUGH = 64 * MOST_PIECES
_CONDITION = re.compile(rb"(?:if|for|foreach|while|unless|switch|match|with)\b")
_ARM = re.compile(rb"\}?\s*+(?:(?:else|elif|elsif|elseif|except|catch|finally|rescue|ensure|case|when)\b|default\s*+:)")
_ACTS = re.compile(rb"(?:return|raise|throw|yield|panic)\b|(?:(?:await|defer|go)\s++)?+(?:[\w.]|->|::)++\(")
#: (target, operator): an assignment to what is there already, or a step up or down.
_ASSIGNS = re.compile(
    rb"(\*?+(?:[\w.]|->|::|\[[^\]\n]*+\])++)\s*+(?:(\+\+|--)|((?:\*\*|//|<<|>>|\?\?|\|\||&&|[-+*/|&%^])?+)=(?![=>]))"
)
_NAME = re.compile(rb"[^\W\d]\w*+")
_TALK = (b"log", b"print", b"debug", b"info", b"warn", b"console", b"super", b"fmt")
#: A statement goes on with a line that begins so.
_GOES_ON = (b".", b"? ", b": ", b"&& ", b"|| ", b"+ ")
_CLOSERS = frozenset((b"end", b"fi", b"done", b"esac"))
#: What stands directly in a function of these languages is a command: its first line tells the function.
_COMMANDS = {
    "rb": re.compile(rb"def\b"),
    **dict.fromkeys(SHELLS, re.compile(rb"\A(?:function\b|[\w-]++\s*+\(\))")),
}
_NO_COMMAND = re.compile(
    rb"return\b|\}|(?:end|then|do|else|fi|done|esac|puts)\b|log|#|(?:local|declare|typeset|readonly)[\w\s-]*+\Z|"
    rb".*(?:\||&&|\\)\s*+\Z",
    re.DOTALL,
)
_SHELL_ARM = re.compile(rb"[^()\s][^()]*+\)(?:.*;;)?+\s*+\Z", re.DOTALL)
_WORDS = re.compile(rb"\w++|\s++|[^\w\s]")
#: Two lines with more changes, or less in common, are no line and its change; longer ones take too long to compare.
_MOST_CHANGES, _ALIKE, _LONGEST_LINE = 4, 0.6, 200
#: One side of a line comes last, after the line as a whole.
_SIDE = 2
#: A name is looked for so far above an assignment.
_ABOVE = 60


#: (how late it is asked about, first line, line behind the last, texts that may stand there instead)
_Span = tuple[int, int, int, tuple[bytes, ...]]


def pieces(division: Division, part: Part) -> tuple[Part, ...]:
    """What may be asked about inside of a part: definitions and conditions first."""
    found: list[tuple[int, Part]] = []
    texts: dict[str, tuple[Text, frozenset[int]]] = {}
    for each in sorted(part.units):
        unit = division.units[each]
        if unit.file.is_binary or unit.file.new is None or len(found) > _ENOUGH:
            continue
        if unit.path not in texts:
            new = split_lines(unit.file.new)
            texts[unit.path] = Text(new, unit.path.rpartition(".")[2].lower()), _lines_of_words(unit.path, new)
        text, words = texts[unit.path]
        lines = text.lines
        begin, end = _place(unit, lines)
        taken: Counter[tuple[int, int]] = Counter()
        inner = _spans(text, begin, end) if _is_worth(lines[begin:end]) else ()
        for weight, first, last, texts_there in (*_replaced(unit), *inner):
            # An arm that does nothing would have nothing in its place.
            own = _said(lines[first:last])
            instead = tuple(each for each in texts_there if _said(split_lines(each)) != own)
            whole = not any(lines[at].strip() for at in chain(range(begin, first), range(last, end)))
            nothing = not b"".join(instead).strip(b" \tpas\n")
            number = max(taken[first, last], int(weight == _SIDE))
            if not instead or (number and weight < _SIDE) or (whole and nothing):
                continue
            taken[first, last] = number + 1
            if first in words or (nothing and is_silent(unit.path, lines[first:last])):
                continue
            key = f"{unit.id}:{first - begin}-{last - begin}" + (f".{number}" if number else "")
            piece = Part(key, part.units, unit.path, first + 1, last, last - first, (first, last), instead)
            found.append((weight, piece))
    found.sort(key=lambda one: (one[0], one[1].first))
    files = {file.path: file for file in division.files}
    # Each look reads the whole file: only so many are worth it, and only lines that were replaced can be quiet.
    worth = (
        piece
        for _, piece in found[: 4 * MOST_PIECES]
        if not (piece.instead[:1] and piece.instead[0].strip() and _is_quiet(files[piece.path], piece))
    )
    return tuple(islice(worth, MOST_PIECES))


def _said(lines: Sequence[bytes]) -> list[bytes]:
    """The words of some lines, without remarks of Python and shells."""
    return [word for line in lines for word in line.partition(b" #")[0].split()]


def cut_out(division: Division, part: Part) -> tuple[FileState, ...]:
    """The file of a piece without its lines: once for each text that may stand there instead."""
    assert part.cut is not None
    file = next(each for each in division.files if each.path == part.path)
    lines = split_lines(file.new or b"")
    return tuple(FileState(part.path, file.new_mode, _with(lines, part.cut, text)) for text in part.instead)


def _with(lines: Sequence[bytes], cut: tuple[int, int], text: bytes) -> bytes:
    return b"".join((*lines[: cut[0]], text, *lines[cut[1] :]))


def _place(unit: Unit, lines: Sequence[bytes]) -> tuple[int, int]:
    if unit.hunk is None:
        return 0, len(lines)
    return unit.hunk.new_start, unit.hunk.new_start + len(unit.hunk.new)


def _is_worth(lines: Sequence[bytes]) -> bool:
    """Whether there is enough to ask about: some lines, or a definition however short."""
    return sum(bool(line.strip()) for line in lines) >= _FEW or any(
        defines(line) or b"=>" in line or b"->" in line or b"lambda" in line or b"{ return " in line for line in lines
    )


def _lines_of_words(path: str, lines: Sequence[bytes]) -> frozenset[int]:
    """The lines (from 0) that begin in a comment, in a string or under `#if 0`: whatever they say, they are no code."""
    language = language_of(path)
    dead = dead_lines(lines) if path.endswith(C_FILES) else frozenset()
    if language is None:
        return dead
    text = b"".join(lines).decode("latin-1")
    starts = [at + depth(line) for at, line in zip(accumulate(map(len, lines), initial=0), lines, strict=False)]
    found = set(dead)
    try:
        spans = scan(text, language)
    except PastDeadline:
        return dead
    for span in spans:
        # A string that opens a line may be all of a statement; what goes on in it is none.
        first = bisect_left(starts, span.start + (span.part is SpanKind.STRING))
        found.update(range(first, bisect_left(starts, span.end)))
    return frozenset(found)


def _is_quiet(file: FileDiff, piece: Part) -> bool:
    """Whether a piece changes nothing but formatting or types."""
    assert piece.cut is not None
    lines = split_lines(file.new or b"")
    texts = ((text, _with(lines, piece.cut, text)) for text in piece.instead)
    runs = next((each for each in texts if not file.path.endswith(".py") or pyequal.parses(each[1])), None)
    if runs is None:
        return False
    first, last = piece.cut
    text, old = runs
    hunk = Hunk(first, first, tuple(split_lines(text)), tuple(lines[first:last]))
    one = replace(
        file, old_path=file.path, old_mode=file.new_mode, old_id="0" * len(file.new_id), old=old, hunks=(hunk,)
    )
    (judged,) = judge(units_of([one]), lambda: 0.0, 1.0)
    return bool(left_out(judged))


def _replaced(unit: Unit) -> Iterator[_Span]:
    """Lines that took the place of as many others: each is taken back alone, then each of several changes of one."""
    hunk = unit.hunk
    if hunk is None or len(hunk.old) != len(hunk.new):
        return
    for at, (old, new) in islice(enumerate(zip(hunk.old, hunk.new, strict=True), hunk.new_start), _ENOUGH):
        if not old.strip() or not new.strip() or old.split() == new.split():
            continue
        if len(hunk.new) > 1:
            yield 1, at, at + 1, (old,)
        for text in _with_less(old, new):
            yield _SIDE, at, at + 1, (text,)


def _with_less(old: bytes, new: bytes) -> Iterator[bytes]:
    """A line with one of its changes taken back, if it has several and is else the same."""
    if max(len(old), len(new)) > _LONGEST_LINE:
        return
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    compared = SequenceMatcher(None, before, after, autojunk=False)
    changes = [(i, j, k, n) for tag, i, j, k, n in compared.get_opcodes() if tag != "equal"]
    if 1 < len(changes) <= _MOST_CHANGES and compared.ratio() > _ALIKE:
        for i, j, k, n in changes:
            yield b"".join((*after[:k], *before[i:j], *after[n:]))


def _spans(text: Text, begin: int, end: int) -> Iterator[_Span]:
    header = begin
    for at in range(begin, end):
        line = text.lines[at].lstrip()
        if FUNCTION.match(line):
            yield from _definition(text, at, begin, end)
        if _CONDITION.match(line):
            yield from _condition(text, at, end)
        elif _is_arm(text, line):
            yield from _arm(text, at, end)
        elif _is_statement(text, at):
            last = _statement_end(text.lines, at, end)
            if last:
                yield 1, at, last, without_statement(text, at, last)
        elif instead := other_value(text, at):
            yield 1, at, at + 1, instead
        elif _is_command(text, at):
            do = _is_do(line)
            last = _block_end(text.lines, at, end)[0] if do else _statement_end(text.lines, at, end)
            if last:
                yield 1, at, last, (indent(text.lines[at]) + b":\n" if text.extension in SHELLS else b"",)
        for side in sides(text, at, header=at < header):
            yield _SIDE, at, at + 1, (side,)
        if FUNCTION.match(line):
            header = _header_end(text.lines, at, end)


def _is_arm(text: Text, line: bytes) -> bool:
    if text.extension in SHELLS and _SHELL_ARM.match(line):
        return True
    return _ARM.match(line) is not None or (text.extension == "rs" and b"=>" in line)


# -- blocks -------------------------------------------------------------------------------------------------------


def _definition(text: Text, at: int, begin: int, end: int) -> Iterator[_Span]:
    last, _ = _block_end(text.lines, at, end)
    while at > begin and text.lines[at - 1].lstrip().startswith((b"@", b"#[")):
        at -= 1
    if last:
        yield 0, at, last, (b"", text.fill(at)) if text.is_python else (b"",)


def _condition(text: Text, at: int, end: int) -> Iterator[_Span]:
    last, goes_on = _block_end(text.lines, at, end)
    if last and not goes_on:
        yield 0, at, last, (b"", text.fill(at)) if text.is_python else (b"",)
    elif last:
        # Other arms hang on it: what it does is taken out, and it stays.
        body = _header_end(text.lines, at, end)
        if body < last:
            yield 0, body, last, (text.fill(body),)


def _arm(text: Text, at: int, end: int) -> Iterator[_Span]:
    """One of several arms: it is taken out; where that does not build, what it does."""
    last, _ = _block_end(text.lines, at, end)
    body = _header_end(text.lines, at, end)
    if last:
        yield 0, at, last, (b"", b"".join(text.lines[at:body]) + text.fill(body)) if body < last else (b"",)


def _header_end(lines: Sequence[bytes], at: int, end: int) -> int:
    """Where the first line of a block ends, with the lines that its brackets hold open (excluded)."""
    open_ = 0
    for here in range(at, min(end, len(lines))):
        open_ += opened(lines[here], b"([") - opened(lines[here], b")]")
        if open_ <= 0:
            below = here + 1
            if below < len(lines) and lines[below].strip() == b"{" and depth(lines[below]) == depth(lines[at]):
                return below + 1
            return below
    return end


def _block_end(lines: Sequence[bytes], at: int, end: int) -> tuple[int, bool]:
    """Where the block that begins at a line ends (excluded; 0: past the change), and whether another arm follows."""
    body = here = _header_end(lines, at, end)
    while here < len(lines) and (not lines[here].strip() or depth(lines[here]) > depth(lines[at])):
        here += 1
    while here > body and not lines[here - 1].strip():
        here -= 1
    same = here < len(lines) and depth(lines[here]) == depth(lines[at])
    alone = lines[at].lstrip().startswith(b"}")  # the bracket that closes this arm closes the one before, without it
    if (
        same
        and _is_closer(lines[here], lines[at])
        and not alone
        and (here > body or lines[body - 1].rstrip().endswith(b"{"))
    ):
        here += 1
        while here < len(lines) and not lines[here].strip():
            here += 1
        goes_on = (
            here < len(lines) and depth(lines[here]) == depth(lines[at]) and bool(_ARM.match(lines[here].lstrip()))
        )
        while not lines[here - 1].strip():
            here -= 1
    else:
        goes_on = same and bool(_ARM.match(lines[here].lstrip()))
    balanced = lines[at].count(b"{") == lines[at].count(b"}")
    if here > end or (here == at + 1 and not balanced and not alone):
        return 0, goes_on
    return here, goes_on


def _is_closer(line: bytes, opener: bytes) -> bool:
    """Whether a line ends the block that another one begins; a word such as `end` ends no single arm."""
    word = line.strip()
    if word in _CLOSERS:
        return _ARM.match(opener.lstrip()) is None or opener.lstrip().startswith(b"case")
    return word.startswith(b"}") and not word.strip(b"};,) \t")


# -- statements ---------------------------------------------------------------------------------------------------


def _is_statement(text: Text, at: int) -> bool:
    """Whether a line does something that could be noticed, and may do without."""
    line = text.lines[at].lstrip()
    assigns = _ASSIGNS.match(line)
    if assigns is not None:
        target, step, operator = assigns.groups()
        return bool(step or operator or (not target.isalnum() and not _is_name(target))) or _is_known(text, at, target)
    if not _ACTS.match(line):
        return False
    if line.startswith(b"return"):
        return returned(line) not in NOTHING
    words = line.partition(b"(")[0].split(b".")
    return not any(word.startswith(_TALK) for word in (words[0], words[-1]))


def _is_do(line: bytes) -> bool:
    """Whether a line of Ruby begins a block."""
    word = line.rstrip()
    return word.endswith(b" do") or (word.endswith(b"|") and b" do |" in word)


def _is_command(text: Text, at: int) -> bool:
    """Whether a line stands directly in a function, in a language whose lines are commands or values."""
    line, header = text.lines[at], _COMMANDS.get(text.extension)
    word = line.lstrip()
    if (
        header is None
        or not word
        or (_NO_COMMAND.match(word) and not _is_do(word))
        or _ASSIGNS.match(word)
        or b"<<~" in word
    ):
        return False
    above = (text.lines[here] for here in range(at - 1, max(-1, at - _ABOVE), -1))
    return (
        header.match(next((each for each in above if each.strip() and depth(each) < depth(line)), b"").lstrip())
        is not None
    )


def _is_name(target: bytes) -> bool:
    return _NAME.fullmatch(target) is not None


def _is_known(text: Text, at: int, name: bytes) -> bool:
    """Whether a name had a value before this line, in the same function."""
    for above in range(at - 1, max(-1, at - _ABOVE), -1):
        line = text.lines[above]
        if name in _NAME.findall(line):
            return True
        if FUNCTION.match(line.lstrip()):
            return False
    return False


def _statement_end(lines: Sequence[bytes], at: int, end: int) -> int:
    """Where a statement ends, by its brackets (excluded); 0 where it opens a block or goes on past the change."""
    open_ = 0
    for here in range(at, end):
        line = lines[here]
        open_ += opened(line, b"([{") - opened(line, b")]}")
        if open_ < 0:
            return 0
        if open_ == 0 and not (here + 1 < len(lines) and lines[here + 1].lstrip().startswith(_GOES_ON)):
            return here + 1 if not line.rstrip().endswith((b"\\", b"{", b"=>", b",", b":")) else 0
    return 0
