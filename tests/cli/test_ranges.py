"""The light entry of `verify A..B` and `check --range A..B` says what click's commands say, and loads less."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import program
from support.repository import Repo, copy_tree, environment

from planfence.cli.rangemain import span_of

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"
_CLICK = "from planfence.cli.main import main; main()"
#: What costs more than it is worth here; `tempfile` brings random and hashlib along.
_HEAVY = {
    "click",
    "git",
    "rich",
    "tomlkit",
    "xml",
    "urllib.request",
    "tempfile",
    "shutil",
    "random",
    "hashlib",
}


@pytest.fixture(scope="module")
def made(templates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    repo = Repo(folder / "repo", environment(folder))
    copy_tree(templates / "planned", repo.root)
    repo.write("planfence.toml", "schema = 1\n[tests]\nrequired = []\n")
    repo.commit("chore: no gate")
    repo.begin("auth/middleware")
    repo.git("tag", "base")
    ada = "Ada <ada@example.org> 1767225600 +0000"
    message = f"data <<END\nfeat: x{TRAILERS}END\n"
    stream = "".join(
        f"commit refs/heads/main\nauthor {ada}\ncommitter {ada}\n{message}"
        + ("" if number else "from refs/tags/base\n")
        + f"M 100644 inline tests/auth/a.py\ndata <<END\nx = {number}\nEND\n"
        for number in range(60)
    )
    repo.git("fast-import", "--quiet", stdin=stream.encode())
    repo.git("reset", "-q", "--hard")
    return repo.root


@pytest.fixture
def long(made, tmp_path):
    """A branch that is long enough for the streams: 60 clean commits of a begun task."""
    copy_tree(made, tmp_path / "long")
    return Repo(tmp_path / "long", environment(tmp_path))


def _both(repo, *words: str):
    """What the light entry and click's command say: status, output, errors."""
    runs = (program.run(words, repo.root, repo.variables, prepare=each) for each in ("", _CLICK))
    return [(done.returncode, done.stdout, done.stderr) for done in runs]


@pytest.mark.parametrize(
    ("words", "span"),
    [
        (["verify"], ""),
        (["verify", "a..b"], "a..b"),
        (["check", "--range", "a..b"], "a..b"),
        (["verify", "--help"], None),
        (["verify", "a..b", "--format", "json"], None),
        (["verify", "a", "b"], None),
        (["check"], None),
        (["check", "--range"], None),
        (["check", "--range", "-x"], None),
        (["check", "--staged"], None),
        (["check", "--range=a..b"], None),
    ],
)
def test_what_is_plain_enough(words, span) -> None:
    assert span_of(words) == span


@pytest.mark.parametrize(
    "span",
    ["base..HEAD", "base...HEAD", "HEAD..base", "base..nowhere", "base", "..", "a..b..c", "x\ny..HEAD", "HEAD..HEAD"],
)
@pytest.mark.parametrize("verb", [("verify",), ("check", "--range")])
def test_both_entries_say_the_same(long, verb, span: str) -> None:
    for change in ("", "evil.py", "planfence.toml"):
        if change:
            long.write(change, "schema = 1\n[tests]\nrequired = []\n[rules]\nSIZ001 = 'off'\n")
            long.commit(f"feat: y{TRAILERS}")
        light, heavy = _both(long, *verb, span)
        assert light == heavy


def test_both_entries_say_the_same_outside_a_repository(tmp_path, repo) -> None:
    repo.root = tmp_path
    light, heavy = _both(repo, "verify", "a..b")
    assert light == heavy
    assert light[0] == 2


@pytest.mark.parametrize("verb", ["verify", "check --range"])
def test_a_clean_range_loads_nothing_heavy(long, verb: str) -> None:
    code = (
        "import sys; from planfence.cli import rangemain; words = sys.argv[1:]\n"
        "assert rangemain.main(words, rangemain.span_of(words)) == 0\n"
        "print('loaded', *sys.modules)"
    )
    words = [sys.executable, "-c", code, *verb.split(), "base..HEAD"]
    done = subprocess.run(words, cwd=long.root, env=long.variables, capture_output=True, check=False)
    assert b"60 changes judged" in done.stdout, done.stderr
    before = subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split("loaded", 1)[1].split()) - set(before.stdout.decode().split())
    assert not loaded & _HEAVY, loaded & _HEAVY


def test_nothing_is_left_behind(long, tmp_path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    long.extra["TMPDIR"] = str(scratch)
    assert long.planfence("verify", "base..HEAD").returncode == 0
    assert long.planfence("verify", "base..nowhere").returncode == 2
    assert not list(scratch.iterdir())
