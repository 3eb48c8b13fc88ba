"""The help fits: verbs in groups, each on one whole line; and the shell completes them."""

from __future__ import annotations

from planfence.cli.main import COMMANDS, GROUPS


def test_every_verb_stands_in_one_group() -> None:
    assert sorted(verb for verbs in GROUPS.values() for verb in verbs) == sorted(COMMANDS)


def test_each_has_one_whole_line(repo) -> None:
    lines = repo.planfence("--help", COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for title, verbs in GROUPS.items():
        assert f"{title}:" in lines
        for verb, words in verbs.items():
            assert any(line.split(None, 1) == [verb, words] for line in lines), verb


def test_the_shell_completes_verbs(repo) -> None:
    done = repo.planfence(_PLANFENCE_COMPLETE="bash_complete", COMP_WORDS="planfence ver", COMP_CWORD="1")
    assert "plain,verify" in done.stdout
