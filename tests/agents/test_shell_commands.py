"""Command lines of many tools: ways round the fence, files that they write, and what everyday sessions type.

`commands/` holds one command a line, a line's end in it written as `␤`; `PATH_` stands for the file that is written.
"""

from __future__ import annotations

import posixpath
from itertools import pairwise
from pathlib import Path

import pytest

from planfence.agents.shell import Judgement, judge
from planfence.agents.shell.walk import Walker

FOLDERS = ("/r", "/r/docs", "/r/src", "/tmp")


def commands(name: str) -> list[str]:
    return (Path(__file__).parent / "commands" / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def judged(command: str, path: str = "docs/index.md") -> Judgement:
    text = command.replace("␤", "\n").replace("ROOT", "/r").replace("ELSEWHERE", "/e").replace("PATH_", path)
    return judge(text, "/r", lambda place: place in FOLDERS, {"HOME": "/nowhere"})


def written(found: Judgement) -> set[str]:
    return {posixpath.normpath(write.path) for write in found.writes}


@pytest.mark.parametrize("part", range(4))
def test_each_way_round_is_seen(part):
    assert [each for each in commands("round")[part::4] if not judged(each).attempts] == []


@pytest.mark.parametrize("path", ["docs/index.md", "src/user.py"])
def test_each_file_that_a_tool_writes_is_told(path):
    assert [each for each in commands("written") if f"/r/{path}" not in written(judged(each, path))] == []


@pytest.mark.parametrize("part", range(4))
def test_no_ordinary_command_is_a_way_round_or_writes_the_documents(part):
    wrong = []
    for each in commands("ordinary")[part::4]:
        found = judged(each)
        if found.attempts or written(found) & {"/r/docs/index.md", "/r/README.md"}:
            wrong.append(each)
    assert wrong == []


def test_nothing_is_written_by_what_only_reads():
    found = {each: judged(each) for each in commands("reading")}
    assert [each for each in found if found[each].attempts] == []
    assert [each for each in found if not all(path.startswith("/tmp/") for path in written(found[each]))] == []


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ('f() { echo x > "$1"; }; f a; f b', {"/r/a", "/r/b"}),
        ("f() { cd src; }; f; echo x > a", {"/r/src/a"}),
        ('set -- a b; shift; rm "$1"', {"/r/b"}),
        ('A=(a "b c"); touch "${A[1]}"', {"/r/b c"}),
        ('A=(a b); touch "${A[@]}"', {"/r/a", "/r/b"}),
        ('v=src/a.py; cp x "${v%.py}.md"', {"/r/src/a.md"}),
        ('v=src/a.py; touch "${v##*/}"', {"/r/a.py"}),
        ("declare -n r=q; q=a; touch $r", {"/r/a"}),
        ("while read -r f; do rm \"$f\"; done <<< $'a\\nb'", {"/r/a", "/r/b"}),
        ("echo 'echo x > a' > /tmp/s.sh; sh /tmp/s.sh", {"/tmp/s.sh", "/r/a"}),
        ("black --check a.py; ruff format --diff a.py; prettier -c a.ts; gzip -c a", set()),
        ("prettier --config p.json --write a.ts", {"/r/a.ts"}),
        ("git checkout HEAD -- a; git restore b; git checkout -b c d", set()),
        ("patch -p0 <<'E'\n--- x/a\n+++ x/a\nE", {"/r/x/a"}),
        ("patch a x.diff <<'E'\n--- x/a\n+++ x/a\nE\npatch -p1 -F 3 -bz .old -o /tmp/o b x.diff", {"/r/a", "/tmp/o"}),
        ("patch -Np0 -d src <<'E'\n--- x/a\n+++ x/a\nE", {"/r/src/x/a"}),
        ("git apply --directory=src --strip 2 <<'E'\n--- x/y/a\n+++ x/y/a\nE", {"/r/src/a"}),
        ("git apply --check <<'E'\n--- x/a\n+++ x/a\nE\npatch --dry-run x", set()),
        ("git apply --check --no-check <<'E'\n--- x/a\n+++ x/a\nE", {"/r/a"}),
        ("git apply -z --directory=src <<'E'\n--- x/a\n+++ x/a\nE", {"/r/src/a"}),
        ("git apply --dir src <<'E'\n--- x/a\n+++ x/a\nE", {"/r/src/a"}),
        ("patch -p1 -d src -d .. <<'E'\n--- x/a\n+++ x/a\nE", {"/r/a"}),
        ("git apply --exclude --stat <<'E'\n--- x/a\n+++ x/a\nE", {"/r/a"}),
        ("printf -- '--- x/a\\n+++ x/a\\n' > /tmp/d\ngit apply -z /tmp/d", {"/tmp/d", "/r/a"}),
        ("patch -p1 --fuzz 3 <<'E'\n--- x/a\n+++ x/a\nE", {"/r/3", "/r/a"}),
        (f"patch -p{'9' * 5000} <<'E'\n--- x/a\n+++ x/a\nE", set()),
        ("vim -es -u NONE -i NONE -c 's/a/b/' -c wq a; vim -Nu NONE -esc wq b", {"/r/a", "/r/b"}),
        ("seq 2 | xargs -I{} sh -c 'x >/tmp/{}.log 2>&1; y > a'", {"/r/a"}),
        ("awk '$2 > \"m\"' a", set()),
        ("sed -i 's/a/b/' src/lexer_swap.py", {"/r/src/lexer_swap.py"}),
        ("sed -i '' -e 's/a/b/w c' src/swap.py", {"/r/src/swap.py", "/r/c"}),
        ("gcc -flto -c a.c -o a.o; cc -ob b.c", {"/r/a.o", "/r/b"}),
        ("npx eslint --fix -c e.js a.ts; rubocop -a -c .rubocop.yml a.rb", {"/r/a.ts", "/r/a.rb"}),
        ("uniq -f 1 a b; cpp -D X c.h d; kubectl cp p:/x e -c app", {"/r/b", "/r/d", "/r/e"}),
        ("ffmpeg -f lavfi -i in.mp4 -t 5 out.mp4 -y", {"/r/out.mp4"}),
        ("script -a a.log; script -O b.log -c 'npm test'", {"/r/a.log", "/r/b.log"}),
        ('for f in *.ts; do cp "$f" "${f%.ts}.tsx"; touch "${f/.ts/.md}"; done', set()),
    ],
)
def test_what_is_written_by_what_a_shell_makes_of_words(command, paths):
    found = judged(command)
    assert not found.attempts
    assert written(found) == paths


@pytest.mark.parametrize(
    "command",
    [
        "unzip -o a.zip -d.git/hooks",
        "unzip -od .git/hooks a.zip",
        "unzip a.zip -d .git/hooks",
        "7z x a.7z -o.git/hooks",
        "7zz e -o.git/hooks a.7z",
        "tar xzf a.tgz -C.git/hooks",
        "tar -xzC .git/hooks -f a.tgz",
        "tar xf a.tar --directory=.git/hooks",
        "cpio -idD .git/hooks < a",
    ],
)
def test_the_folder_that_an_archive_is_unpacked_into_is_told(command):
    assert "/r/.git/hooks/$" in written(judged(command))


CHAINED = "; ".join(f"{one}() {{ {f'{other} $10; {other} $11; ' * 5} }}" for one, other in pairwise("abcdefg"))


@pytest.mark.parametrize(
    "command",
    [
        "foo '" + "; git a" * 300 + "'",
        "foo '" + "=git a" * 300 + "'",
        "parallel " + "-a abc " * 150,
        "parallel " + "-a abc " * 30 + ":::" + " x" * 100,
        "npx " + "-a abc " * 300,
        "npx " + "-a npx " * 30 + "ls",
        CHAINED + "; a",
        'f() { f "a$1"; f "b$1"; f "c$1"; }; f x',
        'f() { X="a$X"; f; f; }; f',
    ],
    ids=range(9),
)
def test_no_command_takes_work_that_grows_out_of_its_length(command, monkeypatch):
    worked = []
    parted = Walker._command
    monkeypatch.setattr(Walker, "_command", lambda *given: worked.append(1) or parted(*given))
    judged(command)
    assert len(worked) < 3000


def test_a_long_line_hides_no_command_at_its_end():
    assert judged(f"foo 'git a {'x' * 1980}; git commit -n -m x'").attempts


@pytest.mark.parametrize("rest", ["=git a" * 300, "-a npx " * 60])
def test_what_is_too_much_to_read_is_denied_if_it_could_write(rest):
    assert judged(f"npx {rest} git commit -n -m x").attempts


def test_what_one_text_writes_is_told_once():
    code = "a = 'b'; open(a, 'w')\n" * 2000
    assert len(judged(f'python -c "{code}"').writes) < 10


def test_a_value_that_doubles_is_not_known_for_ever():
    assert not judged("a=x; " + "a=$a$a; " * 60 + "echo $a").attempts


def test_a_file_that_doubles_is_not_followed_for_ever():
    assert judged("echo abcdefgh > /tmp/a; " + "cat /tmp/a /tmp/a > /tmp/a; " * 60).attempts


@pytest.mark.parametrize("command", ["xargs -I", "ls | xargs -I", "xargs -0 -I"])
def test_xargs_without_a_command_is_read(command):
    assert not judged(command).attempts


def test_a_program_that_is_told_many_programs():
    assert judged("foo " + "git " * 3000 + "commit -n").attempts
