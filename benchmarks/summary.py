"""`summary` of 50,000 changed lines, as a ratio to unidiff's own parse of the same patch in the same run.

python benchmarks/summary.py [rounds]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import Repo, environment
from unidiff import PatchSet

from planfence.render import summary as render
from planfence.risks.summary import summarise

BAR = 2.0
LINE = "    value = compute(first_argument, second_argument, timeout=%d)  # a line of usual length\n"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo", environment(Path(folder)))
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        files = {f"src/mod{n}/file{n}.py": "".join(LINE % i for i in range(500)) for n in range(100)}
        for path, text in files.items():
            repo.write(path, text)
        repo.commit("chore: begin")
        for path, text in files.items():
            lines = text.splitlines(keepends=True)
            repo.write(
                path, "".join(line.replace("compute", "computed") if i % 2 else line for i, line in enumerate(lines))
            )
        repo.git("add", "-A")
        repository = repo.open()
        parse: list[float] = []
        whole: list[float] = []
        for _ in range(rounds):
            patch = repo.git("diff", "--cached")
            begin = time.perf_counter()
            parsed = PatchSet(patch)
            parse.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            found = summarise(repository)
            text = render.text(found.title, found.files, found.found, found.themes)
            whole.append(time.perf_counter() - begin)
        ratio = statistics.median(whole) / statistics.median(parse)
        changed = sum(file.added + file.removed for file in parsed)
    assert text
    print(f"{changed} changed lines: summary / unidiff's parse = {ratio:.2f}")
    print(f"bar: {BAR}")


if __name__ == "__main__":
    main()
