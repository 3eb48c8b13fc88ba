"""Writes the generated pages: `docs/rules.md` from the rules' own documentation. `--check` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from planfence.rules.catalog import ALL_RULES

HEAD = """\
# The rules

<!-- Written by docs/generate.py from the modules in src/planfence/rules: change it there. -->

A policy may set each rule to `error`, `warn` or `off`, by its code or its name:

```toml
[rules]
mixed-content = "off"
THM003 = "error"
```

`planfence explain CODE` prints the same text.

"""


def page() -> str:
    """The whole text of docs/rules.md."""
    rows = ["| code | name | default | refuses |", "|---|---|---|---|"]
    sections = []
    for rule in ALL_RULES:
        first, _, rest = rule.documentation.partition("\n")
        rows.append(f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.name} | {rule.severity} | {first} |")
        sections.append(f"## {rule.code} {rule.name}\n\n{first}\n{rest.replace(chr(10) + '## ', chr(10) + '### ')}\n")
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(sections)


def main() -> int:
    """Write the page, or say whether it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    target = Path(__file__).parent / "rules.md"
    text = page()
    if parser.parse_args().check:
        if target.read_text("utf-8") != text:
            print("docs/rules.md is out of date: run `python docs/generate.py`", file=sys.stderr)
            return 1
        return 0
    target.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
