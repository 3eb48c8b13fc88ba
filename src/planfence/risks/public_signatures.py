"""Public functions and classes whose signature changed or that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import MOST, Example, Hit, RiskKind, Seek, shown

_SIGNATURE = re.compile(
    r"^(?:[ \t]{0,4}(?:async\s+)?def\s+(?P<py>[A-Za-z]\w*)|class\s+(?P<cls>[A-Za-z]\w*)"
    r"|export\s+(?:default\s+)?(?:async\s+)?(?:function|class|const|interface|type)\s+(?P<js>\w+)"
    r"|func\s+(?:\([^)]*\)\s*)?(?P<go>[A-Z]\w*)|[ \t]*pub\s+(?:async\s+)?(?:fn|struct|enum|trait)\s+(?P<rs>\w+)"
    r"|[ \t]*public\s++(?>(?:(?:static|final|abstract)\s++)*)[\w<>\[\], ]+\s(?P<jv>\w+)\s*\()",
    re.MULTILINE,
)

_STARTS = Seek(_SIGNATURE, ("def ", "class ", "export ", "func ", "pub ", "public "))


def check(file: PatchFile) -> Iterator[Hit]:
    """Compare the signatures that went with those that came under the same name."""
    if classify(file.path) is not PathClass.SRC or not _STARTS.may_be_in(file.removed_lower):
        return
    came = {name: line.text.strip() for line in file.added if (name := _name(line.text))}
    left = MOST
    for line in file.removed:
        name = _name(line.text)
        if not name or not left or line.text.strip() in file.added_set:
            continue
        left -= 1
        new = came.get(name)
        what = f"the signature changed to `{shown(new)}`" if new else "a public name is gone"
        yield Hit(line.number, f"{what}: `{shown(line.text)}`")


def _name(text: str) -> str:
    match = _SIGNATURE.match(text) if _STARTS.may_be_in(text.lower()) else None
    return next(group for group in match.groups() if group) if match else ""


RISK = RiskKind(
    "public-signatures",
    "changed public signatures",
    4,
    check,
    risky=(
        Example("src/a.py", "def load(path):", "def load(path, strict):"),
        Example("src/a.py", "class Store:", ""),
        Example("src/a.ts", "export function load(a: string) {", "export function load(a: number) {"),
        Example("a.go", "func Load(a string) error {", "func Load(a string) (int, error) {"),
        Example("a.rs", "pub fn load() {", "fn load() {"),
    ),
    harmless=(
        Example("src/a.py", "def _load(path):", "def _load(path, strict):"),
        Example("src/a.py", "def load(path):", "    def load(path):"),
        Example("tests/test_a.py", "def load(path):", ""),
        Example("src/a.py", "", "def load(path):"),
    ),
)
