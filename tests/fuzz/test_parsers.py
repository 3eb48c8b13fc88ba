"""Every parser on whatever comes: it answers or refuses by the one error, never crashes, never accepts what is none.

The same targets run for longer under atheris: see benchmarks/fuzz.py.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.parsers import SEEDS, TARGETS

BUDGET = int(os.environ.get("PLANFENCE_FUZZ_EXAMPLES", "100"))


def mutated(seed: bytes) -> st.SearchStrategy[bytes]:
    """A good input with a piece taken out, doubled, or overwritten."""
    place = st.integers(0, len(seed))

    @st.composite
    def build(draw) -> bytes:
        data = seed
        for _ in range(draw(st.integers(1, 3))):
            start, length = draw(place), draw(st.integers(0, 12))
            piece = draw(
                st.sampled_from([b"", data[start : start + length] * 2, b"\0", b"\n", b"\xff", b'"', b"]", b" "])
            )
            data = data[:start] + piece + data[start + length :]
        return data

    return build()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes(name: str) -> None:
    @settings(max_examples=BUDGET, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.binary(max_size=400))
    @example(b"")
    @example(b"\0" * 50)
    @example(b"[" * 3000)
    @example(b"{" * 3000)
    def run(data: bytes) -> None:
        TARGETS[name](data)

    run()


@pytest.mark.parametrize("name", TARGETS)
def test_nearly_good(name: str) -> None:
    @settings(max_examples=BUDGET, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(SEEDS[name]).flatmap(mutated))
    def run(data: bytes) -> None:
        TARGETS[name](data)

    run()


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_themselves(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)
