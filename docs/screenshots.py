"""Draws docs/refusal.svg: a real refusal from the demo's scratch repository, as a terminal shows it."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from planfence import env
from planfence.setup.demo import REFUSAL, play


def main() -> int:
    """Play the story and export the refused commit; rich draws the picture."""
    said = next(said for said in play(env.current(), colour=True) if said.command == REFUSAL)
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ git commit -m 'feat: bill people too'", style="bold"))
    console.print(Text.from_ansi(said.output.rstrip()))
    target = Path(__file__).parent / "refusal.svg"
    svg = console.export_svg(title="git commit", unique_id="planfence")
    # rich names fonts on a server; a picture in a repository asks nobody for anything.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code,", "ui-monospace,")
    target.write_text(svg, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
