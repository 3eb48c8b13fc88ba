"""What is installed: dependency lists and lock files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import Example, Hit, RiskKind, came, seek

_PYPROJECT = seek(
    r"^[ \t]*(?:[\"'][A-Za-z0-9._-]+(?:\[[^\]]*\])?(?:[<>=!~;@\s][^\"']*)?[\"'][^\S\n]*+(?:,[^\S\n]*+)?$"
    r"|dependencies\s*=|requires\s*=|[\w-]+\s*=\s*[\"'][\^~><=]?\d)",
    "',\",=",
    re.MULTILINE,
)
_SCRIPTS = seek(
    r"[\"'](?:pre|post)?install[\"']\s*:",
    "install",
)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at dependency files by name, and into `pyproject.toml`, which holds other things too."""
    kind = classify(file.path)
    if kind is PathClass.LOCK:
        yield Hit(0, "a lock file changes what is installed")
    elif kind is PathClass.DEPS:
        yield Hit(0, "the dependencies change")
        yield from came(file, _SCRIPTS, "a script runs at installation")
    elif file.path.rpartition("/")[2] in ("pyproject.toml", "setup.py", "setup.cfg", "pom.xml", "build.gradle"):
        yield from came(file, _PYPROJECT, "a dependency may have changed")


RISK = RiskKind(
    "dependencies",
    "dependencies and lock files",
    3,
    check,
    risky=(
        Example("package.json", '"a": "1"', '"a": "2"'),
        Example("web/yarn.lock", "a", "b"),
        Example("requirements.txt", "", "flask"),
        Example("pyproject.toml", "", '  "requests>=2",'),
    ),
    harmless=(
        Example("pyproject.toml", "line-length = 100", "line-length = 120"),
        Example("src/package.py", "", "x"),
    ),
)
