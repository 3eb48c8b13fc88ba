"""What a `git push` says of itself, and where it says too little."""

from __future__ import annotations

import shlex

import pytest

from planfence.boundary.pushline import PushLine, is_push, read


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("git push", PushLine()),
        ("/usr/lib/git-core/git push origin", PushLine("origin")),
        ("git push origin a", PushLine("origin", (("a", "a"),))),
        ("git -C x --git-dir=y -c user.name=z push -fu origin +a:b", PushLine("origin", (("a", "b"),))),
        ("git push origin a :gone b~1:refs/heads/c", PushLine("origin", (("a", "a"), ("b~1", "refs/heads/c")))),
        ("git push -o ci.skip --force-with-lease=a -q -- origin a", PushLine("origin", (("a", "a"),))),
        ("git push --recurse-submodules check origin a", PushLine("origin", (("a", "a"),))),
        ("git push --follow-tags origin a", PushLine("origin", (("a", "a"),), True)),
        ("git push --no-follow-tags", PushLine(tags=False)),
    ],
)
def test_what_is_understood(line: str, wanted: PushLine) -> None:
    assert read(shlex.split(line)) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "git push --all origin",
        "git push --branches",
        "git push --mirror origin",
        "git push --tags origin a",
        "git push --prune origin a",
        "git push --delete origin a",
        "git push -d origin a",
        "git push --repo=other a",
        "git push origin :",
        "git push origin +:",
        "git push origin tag v1",
        "git push origin 'refs/heads/*:refs/heads/*'",
        "git push origin ^a",
        "git push --al",
        "git push -fz origin a",
        "git -c push.default=matching push",
        "git -c remote.origin.push=refs/heads/*:refs/heads/* push",
        "git --config-env=push.default=X push",
        "git -c include.path=x push",
        "git fetch origin a",
        "sh -c 'git push'",
        "git",
        "",
    ],
)
def test_what_may_push_more_than_it_names(line: str) -> None:
    assert read(shlex.split(line)) is None


def test_what_is_a_push_at_all() -> None:
    assert is_push(["git", "push", "--all"])
    assert is_push(["/opt/git", "-c", "push.default=matching", "push"])
    assert not is_push(["git", "-C", "push", "fetch"])
    assert not is_push(["hub", "push"])
