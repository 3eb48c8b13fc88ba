"""The parsers under atheris, for as long as is asked: `python benchmarks/fuzz.py plan -max_total_time=3600`.

`pip install atheris` first. The targets are the ones that CI runs with hypothesis (tests/support/parsers.py);
a crash or a hang ends the run and leaves its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
with atheris.instrument_imports(include=["planfence"]):
    from support.parsers import TARGETS


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        raise SystemExit(f"name a parser: {', '.join(TARGETS)}")
    atheris.Setup([sys.argv[0], "-timeout=10", *sys.argv[1:]], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
