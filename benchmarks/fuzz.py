"""The parsers under atheris, one after another: `pip install atheris`, then

    python benchmarks/fuzz.py --minutes 60 --corpus DIR [PARSER …]

The targets are those that CI runs with hypothesis (tests/support/parsers.py): besides "no crash, no hang" each says
what must hold of whatever is accepted. A find ends that parser's run, leaves its input in DIR, and makes the exit
status 1. Seeds: those of the tests, and this repository's own plans and policy. What was found interesting stays in
DIR, so a second run goes on from there.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Seconds for one input, bytes of one input, and MB of memory: beyond each, libFuzzer reports a find.
LIMITS = ("-timeout=10", "-max_len=4096", "-rss_limit_mb=1024")
#: What is watched for coverage: ours, and the pure Python that reads for us.
WATCHED = ("planfence", "tomllib", "junitparser")


def fuzz(name: str, options: list[str]) -> None:
    """Run one parser in this process, until libFuzzer ends it."""
    import atheris

    sys.path.insert(0, str(ROOT / "tests"))
    with atheris.instrument_imports(include=list(WATCHED)):
        from support.parsers import TARGETS

        TARGETS[name](seeds(name)[0])  # a target imports some of its readers itself

    from support.mutators import MUTATORS

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        try:
            # Half of the time the bytes are changed, half of the time what they say.
            changed = MUTATORS[name](data, chance) if chance.random() < 0.5 else b""
        except (ValueError, SyntaxError, TypeError, KeyError, AttributeError, RecursionError):
            changed = b""
        return changed if 0 < len(changed) <= largest else atheris.Mutate(data, largest)

    own = {"custom_mutator": mutate} if name in MUTATORS else {}
    atheris.Setup([sys.argv[0], *options], TARGETS[name], **own)
    atheris.Fuzz()


def seeds(name: str) -> list[bytes]:
    """Return the inputs to begin with."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.parsers import SEEDS

    own = {"plan": sorted((ROOT / "plans").glob("*.toml")), "policy": [ROOT / "planfence.toml"]}
    return [*SEEDS[name], *(path.read_bytes() for path in own.get(name, []))]


def run(name: str, seconds: int, folder: Path) -> bool:
    """Fuzz one parser in a process of its own, and print what it did; return whether nothing was found."""
    from support.mutators import DICTIONARY

    corpus = folder / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    command = [sys.executable, __file__, "--one", name, f"-max_total_time={seconds}", "-print_final_stats=1"]
    command += [*LIMITS, f"-artifact_prefix={folder}/{corpus.name}-", str(corpus)]
    if words := DICTIONARY.get(name):
        listed = folder / f"{corpus.name}.dict"
        listed.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words))
        command.insert(-1, f"-dict={listed}")
    log = folder / f"{corpus.name}.log"
    with log.open("wb") as output:
        status = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    text = log.read_text("utf-8", "replace")
    told = {key: int(value) for key, value in re.findall(r"stat::(\w+):\s+(\d+)", text)}
    covered = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", text) or [("0", "0", "0")]
    edges, features, kept = covered[-1]
    print(
        f"{name:12} {told.get('number_of_executed_units', 0):>10,} runs  {edges:>5} edges  {features:>6} features"
        f"  {kept:>5} inputs kept  {told.get('slowest_unit_time_sec', 0)} s slowest  {told.get('peak_rss_mb', 0)} MB"
        f"  {'nothing found' if status == 0 else f'FOUND: see {log}'}",
        flush=True,
    )
    return status == 0


def main() -> int:
    """Share the time among the parsers."""
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
        return 0
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("parsers", nargs="*")
    arguments.add_argument("--minutes", type=float, default=60.0)
    arguments.add_argument("--corpus", type=Path, required=True)
    chosen = arguments.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    from support.parsers import TARGETS

    names = chosen.parsers or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        raise SystemExit(f"no parser is named {', '.join(unknown)}: {', '.join(TARGETS)}")
    os.nice(10)
    good = [run(name, int(chosen.minutes * 60 / len(names)), chosen.corpus.resolve()) for name in names]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
