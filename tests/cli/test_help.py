"""The help fits: verbs in groups, each on one whole line; and the shell completes them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click
import pytest

from planfence import cli
from planfence.cli.main import GROUPS, VERBS, planfence


def test_every_command_is_a_verb_of_one_group() -> None:
    names = [module.name for module in iter_modules(cli.__path__)]
    made = {name.replace("_", "-") for name in names if hasattr(import_module(f"planfence.cli.{name}"), "command")}
    assert sorted(VERBS) == sorted(made)


def test_each_has_one_whole_line(repo) -> None:
    lines = repo.planfence("--help", COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for title, verbs in GROUPS.items():
        assert f"{title}:" in lines
        for verb, words in verbs.items():
            assert any(line.split(None, 1) == [verb, words] for line in lines), verb


def groups(command: Any, *words: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that has commands."""
    if isinstance(command, click.Group):
        yield words
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            yield from groups(command.get_command(ctx, name), *words, name)


def test_so_has_every_command_of_a_group(repo) -> None:
    found = list(groups(planfence))
    assert ("plan",) in found
    for words in found:
        lines = repo.planfence(*words, "--help", COLUMNS="80").stdout.splitlines()
        assert max(map(len, lines)) <= 80, words
        assert not [line for line in lines[1:] if line.endswith("...")], words


@pytest.mark.parametrize("words", [("trial",), ("log", "export")])
def test_what_is_missing_is_said_without_escapes(repo, words) -> None:
    done = repo.planfence(*words)
    assert (done.returncode, "\\" in done.stderr, f"Usage: planfence {words[0]}" in done.stderr) == (2, False, True)


def test_the_shell_completes_verbs(repo) -> None:
    done = repo.planfence(_PLANFENCE_COMPLETE="bash_complete", COMP_WORDS="planfence ver", COMP_CWORD="1")
    assert "plain,verify" in done.stdout
