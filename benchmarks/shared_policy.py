"""A clean commit under a policy of three files ÷ one under a policy of one file: the median of paired rounds.

python benchmarks/shared_policy.py [ROUNDS]

Both policies say the same. The two repositories take turns in going first, so that a slow moment of the machine falls
on both alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from setting import Scratch, Table, environment, timed

RULES = 'rules = { mixed-content = "off", pattern-too-wide = "off" }\n'
ONE = f'schema = 1\nlimits.files = 30\nprotected = ["infra/**", ".github/**"]\n{RULES}'
TOP = 'schema = 1\nextends = [".planfence/org.toml", ".planfence/team.toml"]\n'
ORG = 'schema = 1\nlocked = ["limits.files"]\nlimits.files = 30\nprotected = ["infra/**", ".github/**"]\n'
TEAM = f"schema = 1\n{RULES}"


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    program = str(Path(sys.executable).parent / "planfence")
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(Path(folder))
        one, three = Scratch(Path(folder) / "one", variables, ONE), Scratch(Path(folder) / "three", variables, TOP)
        three.write(".planfence/org.toml", ORG)
        three.write(".planfence/team.toml", TEAM)
        three.run("git", "add", "-A")
        three.run("git", "commit", "-q", "-m", "chore: share the policy")
        for scratch in (one, three):
            scratch.run(program, "install")
            scratch.run(program, "start", "demo/code")

        def commit(scratch: Scratch, number: int) -> float:
            scratch.edit(f"value = {number}\n")
            return timed(["git", "commit", "-q", "-m", "feat: change the value"], scratch.root, variables)

        for number in (-2, -1):  # the first commits at a new HEAD go the long way
            commit(one, number)
            commit(three, number)
        ratios = []
        for number in range(rounds):
            order = (one, three) if number % 2 else (three, one)
            took = {scratch.root.name: commit(scratch, number) for scratch in order}
            ratios.append(took["three"] / took["one"])
    table = Table()
    table.row("a clean commit under a policy of three files / of one file", statistics.median(ratios), 1.02)
    return 0 if table.held else 1


if __name__ == "__main__":
    sys.exit(main())
