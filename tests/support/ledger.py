"""Ledger writers that run as processes of their own, so they stand where a new interpreter can import them."""

from __future__ import annotations

from pathlib import Path

from planfence.env import Environment
from planfence.gitio.repository import open_repository
from planfence.ledger.records import new_id, write_move
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest.policy import Policy


def start(task: str = "p/t", seq: int = 1) -> Move:
    return Move(new_id(), MoveKind.START, task, 0, seq, "implement", "codex", "", "a" * 40)


def append_many(root: Path, variables: dict[str, str], count: int, number: int) -> None:
    repository = open_repository(Environment(variables), root)
    for each in range(count):
        write_move(repository, Policy(), start(f"w{number}/t{each}"))


def append_and_tell(root: Path, variables: dict[str, str], told: Path, number: int) -> None:
    """Append until somebody ends it, and write each id down once it is said to be written."""
    repository = open_repository(Environment(variables), root)
    with told.open("a") as file:
        while True:
            move = start(f"killed/{number}")
            write_move(repository, Policy(), move)
            file.write(f"{move.id}\n")
            file.flush()
