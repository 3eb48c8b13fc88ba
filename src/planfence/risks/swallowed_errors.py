"""Errors that are caught and dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.risks.base import Example, Hit, RiskKind, came, seek, shown

_OPENS = re.compile(r"^[ \t]*(?:except\b.*:\s*|(?:\}\s*)?catch\b.*\{\s*|rescue\b.*)$", re.MULTILINE)
_DROPS = re.compile(
    r"^\s*(?:pass|continue|\.\.\.|return(?:\s+(?:None|null|nil|undefined|false|False))?;?|nil|\}|//.*)\s*$"
)
_AT_ONCE = seek(
    r"^[ \t]*except\s*:|^(?>.*?except\b).*:\s*(?:pass|continue|\.\.\.)"
    r"|catch\s*+(?:\([^()]*\)\s*+)?\{\s*\}|\.catch\(\s*\(\w*\)\s*=>\s*(?:\{\s*\}|null|undefined)"
    r"|contextlib\.suppress\((?:Base)?Exception|\bsuppress\((?:Base)?Exception"
    r"|^[ \t]*_\s*=\s*err\b|\|\|\s*true\s*$|set \+e\b|let _ = \w+\.unwrap",
    "except,catch,suppress,err,|| true,||true,set +e,unwrap",
    re.MULTILINE,
)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look for handlers that are empty, and for one-line ways to drop an error."""
    yield from came(file, _AT_ONCE, "an error is dropped")
    if not any(word in file.added_lower for word in ("except", "catch", "rescue")):
        return
    for hunk in file.hunks:
        for handler, inside in zip(hunk.added, hunk.added[1:], strict=False):
            follows = inside.number == handler.number + 1
            if (
                follows
                and _OPENS.match(handler.text)
                and _DROPS.match(inside.text)
                and not _AT_ONCE.is_in(handler.text)
            ):
                yield Hit(handler.number, f"an error is caught and dropped: `{shown(handler.text)}`")


RISK = RiskKind(
    "swallowed-errors",
    "swallowed exceptions",
    4,
    check,
    risky=(
        Example("a.py", "", "try:\n    f()\nexcept Exception:\n    pass"),
        Example("a.py", "", "except ValueError:\n    return None"),
        Example("a.py", "", "except:\n    log()"),
        Example("a.ts", "", "} catch (e) {}"),
        Example("a.ts", "", "} catch (e) {\n}"),
        Example("a.go", "", "    _ = err"),
        Example("ci.sh", "", "make check || true"),
    ),
    harmless=(
        Example("a.py", "", "except ValueError as error:\n    raise Bad() from error"),
        Example("a.py", "except Exception:\n    pass", ""),
        Example("a.py", "", "# we never write except Exception and pass"),
    ),
)
