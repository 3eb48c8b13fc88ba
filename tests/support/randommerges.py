"""Branches that differ in random ways, and what `git merge` really makes of two of them."""

from __future__ import annotations

import random

FILE, PROGRAM, LINK = "100644", "100755", "120000"


def branches(repo, count: int, seed: int) -> list[str]:
    """Make `count` branches of one base in the (empty) repository; return their names."""
    dice = random.Random(seed)
    base = _base(dice)
    names = [f"topic/{number}" for number in range(count)]
    made = {"main": base}
    stream = [_commit("main", base, ())]
    for number, name in enumerate(names):
        parent = dice.choice(["main", "main", *names[:number]])
        files = made[name] = _changed(dice, made[parent])
        merged = ()
        if number > 2 and dice.random() < 0.3:  # a second parent makes criss-crosses
            merged = (dice.choice(names[:number]),)
        stream.append(_commit(name, files, (parent, *merged)))
    repo.git("fast-import", "--quiet", stdin=b"".join(stream))
    return names


def _commit(name: str, files: dict[str, tuple[str, bytes]], parents: tuple[str, ...]) -> bytes:
    lines = [f"commit refs/heads/{name}\ncommitter Ada <ada@example.org> 1767225600 +0000\ndata 1\nx\n".encode()]
    lines += [f"{'merge' if index else 'from'} refs/heads/{parent}\n".encode() for index, parent in enumerate(parents)]
    lines.append(b"deleteall\n")
    for path, (mode, data) in files.items():
        lines.append(f"M {mode} inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    return b"".join(lines)


def _text(dice: random.Random, lines: int = 14) -> bytes:
    return "".join(f"line {number} {dice.randrange(10**6)}\n" for number in range(lines)).encode()


def _base(dice: random.Random) -> dict[str, tuple[str, bytes]]:
    files = {
        f"{folder}f{number}.txt": (FILE, _text(dice)) for folder in ("", "a/", "a/b/", "c/") for number in range(4)
    }
    files["c/picture.bin"] = (FILE, bytes(dice.randrange(256) for _ in range(200)))
    files["link"] = (LINK, b"f0.txt")
    files["list.union"] = (FILE, b"one\ntwo\n")
    files[".gitattributes"] = (FILE, b"*.union merge=union\na/b/*.txt merge=binary\n" if dice.random() < 0.5 else b"\n")
    files["c/.gitattributes"] = (FILE, b"f1.txt -merge\n")
    return files


def _changed(dice: random.Random, files: dict[str, tuple[str, bytes]]) -> dict[str, tuple[str, bytes]]:
    files = dict(files)
    for _ in range(dice.randrange(1, 5)):
        path = dice.choice(sorted(files))
        if path not in files:
            continue
        mode, data = files[path]
        match dice.randrange(11):
            case 0 | 1 | 2 | 3:
                lines = data.split(b"\n")
                lines[dice.randrange(len(lines))] = b"changed %d" % dice.randrange(1000)
                files[path] = (mode, b"\n".join(lines))
            case 4:
                del files[path]
            case 5:
                files[f"{path}.{dice.randrange(3)}"] = files.pop(path)
            case 6 if "/" in path:
                folder = path.rpartition("/")[0] + "/"
                new = f"moved{dice.randrange(2)}/"
                for each in [each for each in files if each.startswith(folder)]:
                    files[new + each[len(folder) :]] = files.pop(each)
            case 7:
                files[f"{path.rpartition('/')[0] or 'a'}/new{dice.randrange(2)}"] = (FILE, _text(dice, 3))
            case 8:
                files[path] = (PROGRAM if mode == FILE else mode, data)
            case 9:
                del files[path]
                files[f"{path}/inside"] = (FILE, _text(dice, 4))
            case _:
                files[path] = (LINK, b"elsewhere%d" % dice.randrange(3))
    return {path: entry for path, entry in files.items() if not any(other.startswith(f"{path}/") for other in files)}


class GitCrashed(Exception):
    """`git merge` itself broke down: merge-ort of 2.39 has a BUG() for some directories in conflict with files."""


def really(repo, ours: str, theirs: str) -> tuple[str, ...] | None:
    """The paths that `git merge` leaves in conflict, None where it refuses; the worktree is as before afterwards."""
    repo.git("checkout", "-q", "-f", "--detach", ours)
    repo.git("clean", "-qfdx")
    repo.git("merge", "-q", "--no-commit", "--no-ff", theirs, ok=False)
    if (lock := repo.root / ".git/index.lock").exists():
        lock.unlink()
        raise GitCrashed(ours, theirs)
    state = repo.git("ls-files", "-u", "-z")
    started = repo.git("rev-parse", "-q", "--verify", "MERGE_HEAD", ok=False)
    is_in = repo.git("merge-base", theirs, ours, ok=False) == repo.git("rev-parse", theirs)
    repo.git("reset", "-q", "--hard")
    if not started and not is_in:
        return None
    return tuple(sorted({line.partition("\t")[2] for line in state.split("\0") if line}))
