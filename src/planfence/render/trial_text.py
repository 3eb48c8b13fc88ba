"""A trial in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from planfence.inert import inert
from planfence.render.numbers import day
from planfence.report.decision import TrialProtocol


def render_rules(trial: TrialProtocol) -> str:
    """A trial's rules, one a line."""
    return (
        f"trial {inert(trial.id)}: {inert(trial.arms[0])} against {inert(trial.arms[1])}, since {day(trial.started)}"
        f"{f', stopped {day(trial.stopped)}' if trial.stopped else ''}\n"
        f"  metric    {inert(trial.metric)}, judged by its ratio\n"
        f"  same      within {1 / (1 + trial.margin):.2f} to {1 + trial.margin:.2f}\n"
        f"  interest  a factor of {trial.interest:g}\n"
        f"  guardrail first-pass rate not {100 * trial.guardrail:g} points worse\n"
        f"  looks     at {trial.looks[0]} and {trial.looks[1]} closed tasks\n"
    )


def render_standing(plain: Mapping[str, object]) -> str:
    """Where a trial stands, 80 columns wide."""
    rules = plain["trial"]
    assert isinstance(rules, dict)
    trial = TrialProtocol(**(rules | {"arms": tuple(rules["arms"]), "looks": tuple(rules["looks"])}))
    lines = [render_rules(trial), textwrap.fill(inert(str(plain["text"])), 80)]
    if plain["open_tasks"]:
        lines.append(f"{plain['open_tasks']} assigned tasks are still open")
    if plain["without_metric"]:
        lines.append(f"{plain['without_metric']} closed tasks have no known {inert(trial.metric)} and were left out")
    secondary = plain["secondary_p_holm"]
    assert isinstance(secondary, dict)
    lines += [f"secondary: {inert(name)}, p = {p:.3f} (Holm)" for name, p in secondary.items()]
    return "\n".join(lines) + "\n"
