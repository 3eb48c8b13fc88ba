"""Trials: a comparison of two flows, with its rules fixed beforehand."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from planfence.errors import PlanfenceError
from planfence.gitio import trials
from planfence.gitio.repository import Repository
from planfence.log.files import own_logs
from planfence.log.writer import Value, record
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.report import decision as rules
from planfence.report import stats
from planfence.report.data import LOOSE_LIMIT
from planfence.report.decision import LEVELS_BEFORE, Decision, TaskOutcome, TrialProtocol
from planfence.report.metrics import first_pass
from planfence.report.taskfacts import LogFacts, TaskFacts

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def _load(name: str, plain: dict[str, object]) -> TrialProtocol:
    known = {field.name for field in fields(TrialProtocol)}
    try:
        arms, looks = plain["arms"], plain["looks"]
        assert isinstance(arms, list)
        assert isinstance(looks, list)
        levels = plain.get("levels", LEVELS_BEFORE)
        assert isinstance(levels, list | tuple)
        assert len(levels) == len(looks)
        assert all(isinstance(level, float) and 0 < level < 1 for level in levels)
        words: dict[str, Any] = {key: value for key, value in plain.items() if key in known}
        return TrialProtocol(**(words | {"arms": tuple(arms), "looks": tuple(looks), "levels": tuple(levels)}))
    except (AssertionError, KeyError, TypeError) as error:
        raise PlanfenceError(f"the trial {name} can't be read", hint=f"`git show {trials.REFS}/{name}`") from error


def all_trials(repository: Repository) -> list[TrialProtocol]:
    """All trials, the latest first."""
    found = [_load(name, plain) for name, plain in trials.read(repository).items()]
    return sorted(found, key=lambda trial: -trial.started)


def running(repository: Repository) -> TrialProtocol | None:
    """The trial that runs, if one does."""
    return next((trial for trial in all_trials(repository) if not trial.stopped), None)


def start(repository: Repository, policy: Policy, trial: TrialProtocol) -> tuple[TrialProtocol, str]:
    """Fix a trial's rules, and let it run; return it, and a warning about the log.

    Raises :class:`PlanfenceError` where one runs already, and for rules that can't be judged by.
    """
    active = running(repository)
    if active is not None:
        raise PlanfenceError(f"the trial {active.id} is running", hint="planfence trial stop")
    faults = (
        (not _NAME.fullmatch(trial.id), "a trial's name has small letters, digits, `.`, `_` and `-`"),
        (trial.metric not in rules.METRICS, f"the metric is one of {', '.join(rules.METRICS)}"),
        (trial.arms[0] == trial.arms[1] or not all(trial.arms), "a trial has two different arms"),
        (not 0 < trial.margin < 1, "the margin is between 0 and 1"),
        (not 1 + trial.margin < trial.interest < 1000, "the factor of interest is between 1 + the margin and 1000"),
        (not 0 <= trial.guardrail <= 1, "the guardrail is between 0 and 1"),
        (not 8 <= trial.looks[0] < trial.looks[1], "two looks, the first at 8 tasks or later"),
    )
    for wrong, said in faults:
        if wrong:
            raise PlanfenceError(said, hint="planfence trial start --help")
    begun = replace(trial, started=int(time.time()), seed=int.from_bytes(os.urandom(4)))
    trials.write(repository, begun.id, begun.plain(), new=True)
    return begun, record(repository, policy, event="trial", result="accepted", trial=begun.id, why="start")


def stop(repository: Repository, policy: Policy) -> tuple[TrialProtocol, str]:
    """End the running trial; its rules and its tasks stay."""
    active = running(repository)
    if active is None:
        raise PlanfenceError("no trial is running", hint="planfence trial start NAME")
    ended = replace(active, stopped=int(time.time()))
    trials.write(repository, ended.id, ended.plain(), new=False)
    return ended, record(repository, policy, event="trial", result="accepted", trial=ended.id, why="stop")


def assignment(repository: Repository, policy: Policy, task: str) -> dict[str, Value]:
    """The fields of a task's `start` line in a running trial: its flow, assigned once and kept, and the trial."""
    trial = running(repository)
    if trial is None:
        return {}
    facts = facts_of(repository, policy)
    known = facts.tasks.get(task)
    if known is not None and known.trial:
        return {"trial": known.trial, "flow": known.flow}
    if known is not None and known.started:
        return {}
    before = sum(each.trial == trial.id for each in facts.tasks.values())
    return {"trial": trial.id, "flow": rules.assign(trial, before)}


def facts_of(repository: Repository, policy: Policy) -> LogFacts:
    """This repository's logs, folded."""
    from planfence.report.foldlogs import fold  # only a running trial asks

    return fold([(path, "") for path in dict.fromkeys(own_logs(repository, policy))])[0]


@dataclass(frozen=True, slots=True)
class TrialStanding:
    """Where a trial stands: its verdict, tasks still open, tasks without the metric, secondary metrics' p-values."""

    trial: TrialProtocol
    verdict: Decision
    open_tasks: int
    without: int
    secondary: dict[str, float]

    def plain(self) -> dict[str, object]:
        """As JSON and the page have it."""
        effect = self.verdict.effect
        return {
            "trial": self.trial.plain(),
            "word": self.verdict.word,
            "text": self.verdict.text,
            "look": self.verdict.look,
            "more": self.verdict.more,
            "arms": list(self.trial.arms),
            "margin": self.trial.margin,
            "interest": self.trial.interest,
            "n": list(effect.n) if effect else [0, 0],
            "effect": asdict(effect) if effect else None,
            "first_pass_difference": self.verdict.first_pass,
            "open_tasks": self.open_tasks,
            "without_metric": self.without,
            "secondary_p_holm": self.secondary,
        }


def standing(trial: TrialProtocol, facts: LogFacts) -> TrialStanding:
    """Judge a trial over the tasks that it assigned, by assignment whatever happened later."""
    tasks = [task for task in facts.tasks.values() if task.trial == trial.id and task.flow in trial.arms]
    closed = sorted((task for task in tasks if task.closed), key=lambda task: (task.closed, task.task))
    outcomes = list(_outcomes(trial, closed, trial.metric))
    spent = sum(task.cost for task in facts.tasks.values())
    loose = facts.loose_cost()
    share = loose / (spent + loose) if loose else 0.0
    if share > LOOSE_LIMIT and trial.metric != "active_min":
        text = f"no comparison: {share:.0%} of the dollars belong to no task, more than {LOOSE_LIMIT:.0%}."
        found = Decision("not enough data", text, len(outcomes))
    else:
        found = rules.judge(trial, outcomes)
    return TrialStanding(trial, found, len(tasks) - len(closed), len(closed) - len(outcomes), _secondary(trial, closed))


def _outcomes(trial: TrialProtocol, tasks: Iterable[TaskFacts], metric: str) -> Iterable[TaskOutcome]:
    for task in tasks:
        value = task.active_min if metric == "active_min" else task.known_cost
        if value:
            yield TaskOutcome(trial.arms.index(task.flow), value, task.est_min, task.accepted, first_pass(task))


def _secondary(trial: TrialProtocol, closed: list[TaskFacts]) -> dict[str, float]:
    found = {}
    for metric in ("cost", "active_min"):
        if metric == trial.metric:
            continue
        outcomes = list(_outcomes(trial, closed, metric))
        effect = rules.estimate(outcomes, 0.05, per_accepted=False) if len(outcomes) >= trial.looks[0] else None
        if effect is not None:
            found[metric] = rules.p_value(effect)
    return dict(zip(found, stats.holm(list(found.values())), strict=True))
