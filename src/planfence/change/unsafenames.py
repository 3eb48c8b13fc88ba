"""Names that mean something else on another system (git's own path.c and fsck checks are the source)."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.change.change import Mode

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


def unwritable(name: str, mode: int) -> str:
    """Say why git would not check out this one entry of a tree, with HFS+ and NTFS protected; empty if it would.

    ``name`` is the entry's own name, decoded with ``surrogateescape``. Besides what `read-tree` refuses
    (`verify_path` in read-cache.c) these are the names that `git fsck` calls faulty (fsck.c).
    """
    if name in ("", ".", ".."):
        return f"a name that is `{name}` leads elsewhere"
    if "/" in name:
        return "a name that holds a slash leads elsewhere"
    seen, lower = _as_hfs_reads(name), _lower(name)
    # `a\\.git` is a file named so on Linux, and git's own folder in `a` on Windows.
    tails = [lower, *(lower[at + 1 :] for at, char in enumerate(lower) if char == "\\")]
    if seen == ".git" or any(_is_ntfs_git(tail) for tail in tails):
        return "the name is git's own folder on some file system"
    kind = mode & _TYPE
    if kind == Mode.FILE & _TYPE:
        return ""
    if kind == Mode.SYMLINK:  # git reads no attributes through a link, and lets such a link be
        readings, special = tails, _SPECIAL[:1]
    else:
        readings, special = tails[:1], _SPECIAL
    for wanted, short in special:
        if seen == wanted or any(_is_ntfs_special(each, wanted, short) for each in readings):
            return f"the name is `{wanted}` on some file system, and it is not a file"
    return ""


#: The bits of a mode that say what an entry is.
_TYPE = 0o170000
#: Files that git itself reads from a checkout, and what their 8.3 name on NTFS begins with (git's path.c).
_SPECIAL: tuple[tuple[str, str], ...] = ((".gitmodules", "gi7eba"), (".gitattributes", "gi7d29"))


def _as_hfs_reads(name: str) -> str:
    """The name as `is_hfs_dotgit` compares it: without what HFS+ ignores, ended by what is not UTF-8 (git's utf8.c)."""
    plain = name.translate(_HFS_IGNORED)
    end = next((at for at, char in enumerate(plain) if "\ud800" <= char <= "\udfff" or char in "\ufffe\uffff"), None)
    return _lower(plain[:end])


def _lower(name: str) -> str:
    """The name in small letters, as git's `tolower` makes them: only those of ASCII."""
    return name.lower() if name.isascii() else "".join(char.lower() if char.isascii() else char for char in name)


def _is_ntfs_git(part: str) -> bool:
    """Git's `is_ntfs_dotgit`: `.git` or its 8.3 name, also with a stream or with dots and spaces that Windows drops."""
    return part.startswith((".git", "git~1")) and _ends(part[4 if part[0] == "." else 5 :].split("\\", 1)[0])


def _is_ntfs_special(part: str, special: str, short: str) -> bool:
    """Git's `is_ntfs_dot_generic`: the name itself, its 8.3 name, or the one that NTFS makes if that is taken."""
    if part.startswith(special):
        return _ends(part.removeprefix(special))
    stem = special[1:7]
    if part.startswith(f"{stem}~") and part[7:8] in ("1", "2", "3", "4"):
        return _ends(part[8:])
    start, tilde, number = part[:8].partition("~")
    if not tilde or not short.startswith(start) or len(part) < 8:
        return False
    return number[:1] in set("123456789") and number.isascii() and number.isdecimal() and _ends(part[8:])


def _ends(rest: str) -> bool:
    return not rest.split(":", 1)[0].strip(". ")


def escapes(path: str, target: str) -> bool:
    """Whether a symlink at ``path`` with this target leads out of the repository or into git's own folder.

    So may one that goes up behind a name: the name may be a link itself, from which up is elsewhere.
    """
    if not target or target.startswith("/") or "\\" in target or target[1:2] == ":":
        return True
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
    folders = path.split("/")[:-1]
    if up > len(folders) or ".." in parts[up:]:
        return True
    reached = (*folders[: len(folders) - up], *parts[up:])
    return any(_component(part).endswith("git's own folder on some file systems") for part in reached)


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
