"""Names that mean something else on another system (git's own path.c and fsck checks are the source)."""

from __future__ import annotations

from collections.abc import Iterable

#: What HFS+ ignores inside a name, so that `.g\u200cit` is `.git` there (git's utf8.c, next_hfs_char).
_HFS_IGNORED = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF],
)
#: What nobody sees, or what turns the text behind it round (Unicode TR36): one name shows as another. Joiners and
#: marks that names in some scripts need are not among them.
_UNSEEN = frozenset(map(chr, (0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in "123456789")}
)


def hazard(path: str) -> str:
    """Say why a path is unsafe to check out somewhere, or return an empty string."""
    if any("\udc80" <= char <= "\udcff" for char in path):
        return "its name is not UTF-8"
    if any(char < " " or char == "\x7f" for char in path):
        return "its name holds a control character"
    if not path.isascii() and not _UNSEEN.isdisjoint(path):
        return "its name holds a character that is not seen, and shows as another name"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return f"`{part}` as a folder leads elsewhere"
        reason = _component(part)
        if reason:
            return reason
    return ""


def _component(part: str) -> str:
    plain = part.translate(_HFS_IGNORED).lower()
    if plain.rstrip(". ") == ".git" or plain.startswith(("git~", ".git:", ".git::")):
        return f"`{part}` is git's own folder on some file systems"
    if "\\" in part:
        return f"`{part}` holds a backslash, which is a separator on Windows"
    if ":" in part:
        return f"`{part}` holds a colon, which names another stream on Windows"
    if part[-1] in ". ":
        return f"`{part}` ends in a dot or a space, which Windows drops"
    if part.split(".", 1)[0].rstrip(" ").lower() in _DEVICES:
        return f"`{part}` is a device on Windows"
    return ""


def escapes(path: str, target: str) -> bool:
    """Whether a symlink at ``path`` with this target leads out of the repository or into git's own folder."""
    if not target or target.startswith("/") or "\\" in target or target[1:2] == ":":
        return True
    depth = path.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            if not depth:
                return True
            depth.pop()
        elif part not in ("", "."):
            depth.append(part)
    return any(_component(part).endswith("git's own folder on some file systems") for part in depth)


def fold(path: str) -> str:
    """Return the path as a file system sees it that ignores case and Unicode form."""
    if path.isascii():
        return path.lower()
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path.translate(_HFS_IGNORED)).casefold())


def collisions(added: Iterable[str], tree: Iterable[str]) -> dict[str, str]:
    """Map each added path to another path (or folder) of the tree that is the same name elsewhere.

    ``tree`` are all paths after the change. Folders count too: `SRC/x` beside `src/y` is one
    folder on macOS. A path that stands twice in a (broken) tree, or is a file and a folder in it, maps to itself.
    """
    wanted: dict[str, list[str]] = {}
    for path in added:
        for name in _prefixes(path):
            wanted.setdefault(fold(name), []).append(path)
    if not wanted:
        return {}
    owner: dict[str, str] = {}
    found: dict[str, str] = {}
    seen: set[str] = set()
    files: set[str] = set()
    for path in tree:
        for name in _prefixes(path):
            if name in seen:
                if name == path or name in files:
                    found.update({hit: name for hit in wanted.get(fold(name), ()) if hit.startswith(name)})
                continue
            seen.add(name)
            if name == path:
                files.add(name)
            folded = fold(name)
            if folded not in wanted:
                continue
            other = owner.setdefault(folded, name)
            if other != name:
                for hit in wanted[folded]:
                    mine = name if (hit == name or hit.startswith(name + "/")) else other
                    found.setdefault(hit, other if mine == name else name)
    return found


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: index + 1]) for index in range(len(parts))]
