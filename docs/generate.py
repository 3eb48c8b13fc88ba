"""Writes the generated pages: `docs/rules.md` from the rules' own documentation. `--check` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from planfence.rules.catalog import ALL_RULES, describe

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

## How an example reads

Each rule has examples: what it refuses, and what passes. An example is a few lines of one word each; what is not said
is as usual: a repository with a policy, a plan `p` with a task `t` that is being implemented and lists `src/user.py`,
and a person who changes that file under this task with the message `feat: change`.

| line | says |
|---|---|
| `files`, `deny` | the task's patterns; `add:PATH`, `modify:PATH` if only that is planned |
| `theme`, `types` | another theme with its patterns; the types of the task's own theme |
| `policy` | a line of `planfence.toml` |
| `has` | what is there before, beside what the change alters |
| `change` | what is changed: `+PATH` is new, `-PATH` goes, `PATH@l` is a link, `PATH@s` a submodule; ` = ` its text |
| `plan` | what the change sets in the plan (` += `: adds) |
| `task`, `stage`, `needs`, `done` | whose commit it is, where the task stands, what it waits for, what is done |
| `claimed` | another active task, and the paths that it claims |
| `role`, `model`, `rounds` | who holds a stage, who commits, how often whose work was sent back |
| `message` | the commit's message |
| `at`, `push` | where the rule is asked, if not everywhere; what is pushed to a server |
| `signed`, `tested` | the commit is signed by a listed key; its tests have passed |
| `proof` | what came of the tests on the old code, as the ledger has it |

"""


def page() -> str:
    """The whole text of docs/rules.md."""
    rows = ["| code | name | default | refuses |", "|---|---|---|---|"]
    sections = []
    for rule in ALL_RULES:
        first, _, rest = rule.documentation.partition("\n")
        rows.append(f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.name} | {rule.severity} | {first} |")
        whole = rest.replace(chr(10) + "## ", chr(10) + "### ")
        told = describe(rule).replace("## ", "### ")
        sections.append(f"## {rule.code} {rule.name}\n\n{first}\n{whole}\n{told}")
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
