"""Whether a session has surely not spent its task's budget: the light way, beside the note of what may be edited.

The full judgement works out what is left, and leaves it in a file with the size of every session file that it read and
the most that a token costs. What was appended since is counted here at those prices: a bound, never too low. Whatever
is not surely within what is left goes to the full judgement, which alone holds an edit. As light as `fastpath`.
"""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: The first line; raised by one when the layout changes.
HEADER = "planfence-budget 1"
NAME = "budget"
#: More than this, appended since, is for the full judgement (bytes).
_MOST = 1 << 20
_NONE = "<synthetic>"


def file_of(git_dir: str) -> str:
    """Return the file that says what is left."""
    return f"{git_dir}/planfence/{NAME}"


def within(git_dir: str, task: str, transcript: str, parse: "Callable[[str], Any]") -> bool:
    """Whether the task's budget surely has some left; ``transcript`` is the session's file, ``parse`` reads JSON.

    Raises what it likes if that can't be told.
    """
    with open(_descriptor(file_of(git_dir)), "rb") as file:
        lines = file.read(1 << 20).decode().split("\n")
    if lines[:2] != [HEADER, task] or lines[2][:5] != "left " or lines[-2:] != ["end", ""]:
        return False
    usd, tokens, until = map(float, lines[2][5:].split(" "))
    if time.time() >= until or usd <= 0 or tokens <= 0:
        return False
    if usd == tokens == float("inf"):
        return True  # only minutes are limited
    said = [line.split(" ", 2) for line in lines[3:-2]]
    files = {name: int(amount) for word, amount, name in said if word == "file"}
    folders = {name: int(amount) for word, amount, name in said if word == "folder"}
    rates = {name: [float(each) for each in amount.split(",")] for word, amount, name in said if word == "rate"}
    if (transcript and transcript not in files) or any(_count(name) != count for name, count in folders.items()):
        return False
    for name, size in files.items():
        for row in _rows(name, size, parse):
            cost, more = _bound(row, rates)
            usd -= cost
            tokens -= more
    return usd > 0 and tokens > 0


def _descriptor(name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # no named pipe holds an edit up


def _count(folder: str) -> int:
    try:
        return len(os.listdir(folder))
    except FileNotFoundError:
        return 0


def _rows(name: str, size: int, parse: "Callable[[str], Any]") -> "list[Any]":
    """Return the rows that were appended to a session file and say what was used."""
    with open(_descriptor(name), "rb") as file:
        grown = os.fstat(file.fileno()).st_size - size
        if grown < 0:
            raise ValueError(name)  # it was written anew
        if not grown:
            return []
        file.seek(size)
        data = file.read(_MOST)
    if len(data) == _MOST or b'"costUSD"' in data:
        raise ValueError(name)
    lines = data.split(b"\n")
    if lines.pop():
        raise ValueError(name)  # somebody is writing it
    marks = (b'"usage"', b'"token_count"', b'"turn_context"')
    return [parse(line.decode()) for line in lines if any(mark in line for mark in marks)]


def _bound(row: "Any", rates: dict[str, list[float]]) -> tuple[float, int]:
    """Return the dollars and the tokens that a row says at most; raises KeyError for a model without a rate."""
    payload = row.get("payload")
    if row["type"] == "turn_context":
        rates[payload["model"]]  # it must be known
    elif row["type"] == "assistant" and row["message"].get("usage"):
        said = row["message"]
        if said["model"] == _NONE:
            return 0.0, 0
        used = said["usage"]
        written, cached = used.get("cache_creation_input_tokens") or 0, used.get("cache_read_input_tokens") or 0
        return _cost(rates[said["model"]], used["input_tokens"], cached, written, used["output_tokens"])
    elif row["type"] == "event_msg" and payload["type"] == "token_count" and payload["info"]:
        used = payload["info"]["last_token_usage"]
        highest = [max(each) for each in zip(*rates.values(), strict=True)]
        cached, written = used.get("cached_input_tokens") or 0, used.get("cache_write_input_tokens") or 0
        return _cost(highest, used["input_tokens"] - cached, cached, written, used["output_tokens"])
    return 0.0, 0


def _cost(rate: list[float], read: int, cached: int, written: int, output: int) -> tuple[float, int]:
    if not all(each >= 0 for each in (read, cached, written, output)):
        raise ValueError(read, cached, written, output)
    cost = rate[0] * read + rate[1] * cached + rate[2] * written + rate[3] * output
    return cost, read + written + output
