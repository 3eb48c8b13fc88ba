"""The story that the README's first command tells goes as it is told, whoever runs it."""

from __future__ import annotations

from support.repository import environment

from planfence.env import Environment
from planfence.setup.demo import STORY, play


def test_each_line_of_the_demo_ends_as_the_story_says(tmp_path) -> None:
    codex = {"CODEX_CI": "1", "PLANFENCE_TASK": "other/task"}
    said = list(play(Environment(environment(tmp_path) | codex)))
    assert [(each.command, each.output) for each in said if not each.expected] == []
    assert [each.command for each in said if each.command] == [each.command for act in STORY for each in act.lines]
