"""Measures what docs/themes.md claims, on local clones and data files given on the command line.

Each part prints one table; nothing is downloaded and nothing is written but temporary repositories.

  format REPO…                 lines of format-only commits of .git-blame-ignore-revs
  mutants COUNT LANG=REPO…     behavioural mutants called format or comment
  types FILE.csv               typed single commits against the licences (columns annotated_type, git_diff)
  tangled FILE.csv             tangled and single diffs (columns concern_count, types, diff)
  labelled REPO ATOMIC TANGLED hand-labelled commits, one hash a line, or in a CSV's first column
  history COUNT REPO…          errors and warnings on the latest commits, each error printed
  latency COUNT REPO…          added time on commits of up to 5 files, and on any
  exact COUNT REPO…            split every commit by chance; each intermediate tree against an oracle
  pairs COUNT REPO…            adjusted Rand index on tangles of two commits
  speed REPO…                  a three-commit split against three commits, here and in a scratch repository,
                               with and without hooks
"""

from __future__ import annotations

import sys

from themes_history import history
from themes_labels import labelled, tangled, types
from themes_proofs import format_only, latency, mutants
from themes_splits import exact, pairs, speed

PARTS = {
    "history": history,
    "format": format_only,
    "mutants": mutants,
    "types": types,
    "tangled": tangled,
    "labelled": labelled,
    "latency": latency,
    "exact": exact,
    "pairs": pairs,
    "speed": speed,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit(__doc__)
    PARTS[sys.argv[1]](*sys.argv[2:])
