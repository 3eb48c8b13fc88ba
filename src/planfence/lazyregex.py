"""Regular expressions that are compiled when they are first asked: most hooks ask few of them, and start often."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr


class _Later:
    """Stands for a compiled pattern; what is asked of it once is found at once the next time."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._made: Any = (text, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._made), name)
        self.__dict__[name] = found
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but a faulty pattern is said at its first use."""
    return _Later(text, flags)  # type: ignore[return-value]  # whatever is asked of it, the pattern answers
