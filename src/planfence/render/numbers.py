"""Numbers as people read them."""

from __future__ import annotations

import time

from planfence.report.metrics import Estimate

#: Two tasks can put the end of an interval anywhere; past this it says no more than "anything".
_ABSURD = 100_000


def amount(value: float | None, unit: str) -> str:
    """One number in its unit; a dash if it is unknown."""
    if value is None:
        return "-"
    if value >= _ABSURD:
        return f">{_ABSURD:,}"
    match unit:
        case "$":
            text = f"${value:,.2f}"
        case "rate":
            text = f"{100 * value:.0f}%"
        case "min":
            text = f"{value:.0f} min" if value >= 10 else f"{value:.1f} min"
        case "h":
            text = f"{value / 24:.1f} d" if value >= 48 else f"{value:.1f} h"
        case _:
            text = f"{value:.2f}"
    return text


def interval(estimate: Estimate) -> str:
    """The 95% interval; an end that the data don't reach is `?`, both: too few."""
    if estimate.low is None and estimate.high is None:
        return "too few" if estimate.n else ""
    low, high = ("?" if end is None else amount(end, estimate.unit) for end in (estimate.low, estimate.high))
    number, _, unit = low.partition(" ")
    if unit and high.endswith(f" {unit}"):
        low = number
    return f"{low.removesuffix('%') if high.endswith('%') else low} to {high.removeprefix('$')}"


def day(epoch: int) -> str:
    """`2026-11-22`, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(epoch))
