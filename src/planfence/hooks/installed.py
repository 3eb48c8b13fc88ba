"""Finds what is installed beside us once it is asked for: most hooks ask for nothing, and `site` takes its time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

#: What the base installation and its extras bring (a test compares them with the project's own list).
NAMES = frozenset(
    (
        "click",
        "duckdb",
        "genai_prices",
        "git",
        "junitparser",
        "rich",
        "tomlkit",
        "tree_sitter",
        "tree_sitter_bash",
    )
)


class Installed:
    """A last finder: if one of :data:`NAMES` is missing, it makes up for `python -S`, and steps aside."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        if name not in NAMES or path is not None or target is not None:
            return None
        import site
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        site.main()
        return find_spec(name)


def find_late() -> None:
    """Put the finder behind all others."""
    sys.meta_path.append(Installed())
