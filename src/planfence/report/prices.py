"""Dollars for tokens, by the kept table of `genai-prices`; no network."""

from __future__ import annotations

import importlib.metadata
import time
import warnings
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from planfence.records import replace
from planfence.report.usage import Turn

_PROVIDERS = {"claude": "anthropic", "codex": "openai", "gemini": "google"}


@lru_cache(maxsize=1)
def table_name() -> str:
    """The price table's name, version and date, or "" where the `report` extra is not installed."""
    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return ""
    day = time.strftime("%Y-%m-%d", time.gmtime(Path(spec.origin).stat().st_mtime))
    return f"genai-prices {importlib.metadata.version('genai-prices')}, installed {day}"


class Rates(NamedTuple):
    """The most that one token costs, in dollars: of the input, read from a cache, written to it, of the output."""

    input: float
    cached: float
    written: float
    output: float


#: A price may rise with the length of the context, which is less than this.
_LONG = 1_000_000


def rates(agent: str, model: str, epoch: int) -> Rates | None:
    """Return what a model's tokens cost at most; None if it has no price."""
    plain = Turn(agent, "", epoch, "", model, _LONG, 0)
    written = replace(plain, written=_LONG, written_1h=_LONG)
    found = []
    for turn in (plain, replace(plain, cached=_LONG), written, replace(plain, output=_LONG)):
        dollars = cost(turn)
        if dollars is None:
            return None
        found.append(dollars / _LONG)
    return Rates(*found)


def cost(turn: Turn) -> float | None:
    """Dollars of one turn: as its agent reported, otherwise by the table; None if the model has no price."""
    if turn.reported is not None:
        return turn.reported
    if not table_name() or not turn.model or turn.unread:
        return None
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=turn.input,
        cache_read_tokens=turn.cached,
        cache_write_tokens=turn.written,
        cache_write_1h_tokens=turn.written_1h,
        output_tokens=turn.output,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            priced = calc_price(
                usage,
                # `claude-opus-5[1m]` is the model with a longer window.
                turn.model.partition("[")[0],
                provider_id=_PROVIDERS.get(turn.agent),
                genai_request_timestamp=datetime.fromtimestamp(turn.epoch, UTC),
            )
    except (LookupError, ValueError):
        return None
    return float(priced.total_price)
