"""Text of others, shown so that it can only be read.

A plan, a message, a file name, a branch, a ledger entry or a git server may hold whatever its writer wants: sequences
that a terminal obeys, characters that turn or hide text, line breaks that begin a command of a CI's log. :func:`inert`
is the one way in which such a text becomes part of a line of ours. :func:`netted` is the net below: everything that
is printed passes it, so that no place can forget it. Imports nothing, because hooks print too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from re import Match

#: More characters of one text are not shown: as long as a path may be.
LONGEST = 4096

#: Printable by their category, and yet nothing is seen of them (Unicode's `Default_Ignorable_Code_Point`).
_UNSEEN = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def inert(text: str, most: int = LONGEST) -> str:
    """One line that shows a text of others: what is not plainly seen stands there escaped (`\\n`, `\\x1b`, `\\u202e`).

    An undecodable byte is shown as itself (`\\xff`). What is longer than ``most`` characters is cut, and says so.
    """
    left = len(text) - most
    if left > 0:
        text = text[:most]
    if not _is_plain(text):
        text = "".join(char if _is_plain(char) else escaped(char) for char in text)
    return _no_command(text) + (f"… ({left} characters more)" if left > 0 else "")


def whole(text: str) -> str:
    """As :func:`inert`, uncut: for programs."""
    return inert(text, len(text))


def lines(text: str) -> str:
    """Several lines of others (a test's output, a diff), each inert; colours are dropped, tabs become spaces."""
    return "\n".join(map(_line, text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))


def _line(line: str) -> str:
    return inert(_colourless(line).expandtabs())


def _colourless(line: str) -> str:
    if "\x1b[" not in line:
        return line
    head, *parts = line.split("\x1b[")
    rest = [f"\x1b[{part}" for part in parts]
    return head + "".join(part[_colour_ends(part, 0) :] for part in rest)


def listed(names: Sequence[str], most: int) -> str:
    """Some names on one line, inert, those beyond ``most`` only counted."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(inert, names[:most])) + more


def netted(text: str, *, commands: bool = False) -> str:
    """A whole output with its lines and our colours, if nothing else of others can do anything.

    ``commands``: lines that begin with `::` are our own, for a CI's log.
    """
    return "\n".join(map(_own if commands else _net, text.split("\n")))


def _net(line: str) -> str:
    return _no_command(_own(line))


def _own(line: str) -> str:
    if _is_plain(line):
        return line
    found, place = [], 0
    while place < len(line):
        end = _colour_ends(line, place) or place + 1
        found.append(line[place:end] if end > place + 1 or _is_plain(line[place]) else escaped(line[place]))
        place = end
    return "".join(found)


def _is_plain(text: str) -> bool:
    return text.isprintable() and (text.isascii() or _UNSEEN.isdisjoint(text))


def escaped(char: str) -> str:
    """A character as an escape of printable ASCII; the byte that could not be decoded, if it stands for one."""
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def _colour_ends(text: str, place: int) -> int:
    """Where the colour (`ESC [ 1 ; 31 m`) that begins here ends; 0 if none begins."""
    if text[place : place + 2] != "\x1b[":
        return 0
    end = place + 2
    while text[end : end + 1] and text[end] in "0123456789;":
        end += 1
    return end + 1 if text[end : end + 1] == "m" else 0


def _no_command(line: str) -> str:
    """Take from a line what a CI reads as its command.

    GitHub's runner: `::` at the beginning, behind spaces too, and `##[` anywhere (`ActionCommand.cs`); Azure Pipelines
    has `##vso[`, TeamCity `##teamcity[`.
    """
    head, colons, tail = line.partition("::")
    if colons and not _colourless(head).strip():
        line = f"{head}\\x3a:{tail}"
    place = line.find("[") if "##" in line else -1
    while place >= 0:
        word = place
        while line[word - 1 : word].isascii() and line[word - 1 : word].isalpha():
            word -= 1
        if line[max(word - 2, 0) : word] == "##":
            line = f"{line[: word - 2]}\\x23{line[word - 1 :]}"
            place += 3
        place = line.find("[", place + 1)
    return line


def dumps(value: object, indent: int | None = None) -> str:
    """JSON whose text is inert and valid: what is not plainly seen is a JSON escape, so nothing is lost.

    Half of a surrogate pair is not Unicode text (RFC 8259, section 8.2): if it stands for an undecodable byte, that
    is shown (`\\\\xff`).
    """
    import json
    import re

    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if _is_plain(text) and "##" not in text:
        return text
    return re.sub(r"[^ -~\n]|#(?=#[A-Za-z]*\[)", _json_escaped, text)


def _json_escaped(match: Match[str]) -> str:
    char = match[0]
    if "\ud800" <= char <= "\udfff":
        return "\\" + escaped(char)
    if char != "#" and _is_plain(char):
        return char
    data = char.encode("utf-16-be").hex()
    return "".join(f"\\u{data[place : place + 4]}" for place in range(0, len(data), 4))
