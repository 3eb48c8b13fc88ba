"""Parquet files, written by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.plain import read_plain
from planfence.files.state import write_output


def has_duckdb() -> bool:
    """Whether the `report` extra is installed."""
    return find_spec("duckdb") is not None


def write_parquet(path: Path, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows as one Parquet file; ``columns`` are names and SQL types.

    Raises :class:`PlanfenceError` without DuckDB, :class:`CouldNotCheck` if the file can't be written.
    """
    if not has_duckdb():
        raise PlanfenceError("Parquet needs DuckDB", hint="pip install 'planfence[report]'")
    import duckdb

    with duckdb.connect() as connection:
        kinds = ", ".join(f'"{name}" {kind}' for name, kind in columns)
        connection.execute(f"CREATE TEMP TABLE made ({kinds})")
        if rows:
            marks = ", ".join("?" for _ in columns)
            readable = [  # bytes that are not UTF-8 as `\xff`
                [
                    v.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                    if isinstance(v, str)
                    else v
                    for v in row
                ]
                for row in rows
            ]
            connection.executemany(f"INSERT INTO made VALUES ({marks})", readable)  # noqa: S608 - marks only
        with TemporaryDirectory() as folder:
            made = Path(folder, "made.parquet")
            try:
                connection.execute(f"COPY made TO '{str(made).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
            except duckdb.IOException as error:
                raise CouldNotCheck(f"{path} could not be written: {error}") from error
            write_output(path, read_plain(made, made.stat().st_size))
