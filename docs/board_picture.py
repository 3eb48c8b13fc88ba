"""Draws docs/board.svg: six agents' own programs work a plan of eight tasks to the end, a person watches one screen.

    npm install --prefix DIR @anthropic-ai/claude-code @openai/codex @google/gemini-cli @github/copilot opencode-ai \\
        @qwen-code/qwen-code
    PATH="DIR/node_modules/.bin:$PATH" python docs/board_picture.py

The programs are real, and so are git, the hooks, the worktrees and `planfence board --watch` in a terminal of 80
columns. The models are stand-ins on this machine (tests/scenarios/standin_models.py) that play what a model would ask
for: so the minutes are short, and the dollars are those of the stand-ins' numbers of tokens. What the person does is
done here: start a task in a worktree of its own, merge it, finish it, take the worktree away.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/scenarios"))

from rich.console import Console
from rich.text import Text
from standin_models import serving
from support.repository import Repo, environment

COLUMNS, LINES = 80, 34
THINKING_S = 5.0
POLICY = """\
schema = 1

[tests]
command = "sh tests/run.sh"
min_tests = 0

[budget]
usd = 2
"""
PLAN = """\
schema = 1
id = "shop"
version = 1
goal = "Sell things"
out_of_scope = ["payment"]
risks = [{ risk = "wrong sums", mitigation = "a test for each part" }]
rollback = "Revert the merge commits"

[themes.code]
paths = ["src/**", "tests/**"]
types = ["feat"]

[roles]
plan = "human"
review = "human"
"""
TASK = """
[[tasks]]
id = "{task}"
title = "{title}"
theme = "code"
estimate_min = 30
depends_on = {needs}
roles = {{ implement = "{agent}" }}
files = [{{ path = "src/{task}.py", change = "add" }}, {{ path = "tests/{task}.sh", change = "add" }}]
acceptance = [{{ id = "A1", text = "{title}: it is tested", run = "sh tests/{task}.sh" }}]
"""


@dataclass(frozen=True)
class Job:
    """A task, whose it is, and what it waits for."""

    task: str
    title: str
    agent: str
    needs: tuple[str, ...] = ()


JOBS = (
    Job("cart", "Put things into a cart", "claude"),
    Job("prices", "Know prices", "codex"),
    Job("stock", "Count what is there", "gemini"),
    Job("search", "Find things", "copilot"),
    Job("login", "Know who buys", "opencode"),
    Job("wishes", "Remember wishes", "qwen"),
    Job("total", "Add up a cart", "codex", ("cart", "prices")),
    Job("orders", "Take orders", "claude", ("total", "stock")),
)


def program(agent: str, server: str) -> tuple[list[str], dict[str, str]]:
    """How an agent is started with the stand-in at ``server``: its command, and its variables."""
    anthropic = {"ANTHROPIC_API_KEY": "stand-in", "ANTHROPIC_BASE_URL": server}
    if agent == "claude":
        command = ["claude", "-p", "Do it", "--model", "claude-sonnet-4-5", "--permission-mode", "acceptEdits"]
        return [*command, "--allowedTools", "Bash"], anthropic | {
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
    if agent == "codex":
        provider = f'{{ name = "stand-in", base_url = "{server}/v1", wire_api = "responses" }}'
        settings = ("-c", 'model_provider="standin"', "-c", f"model_providers.standin={provider}")
        flags = ("--dangerously-bypass-approvals-and-sandbox", "--dangerously-bypass-hook-trust")
        return ["codex", "exec", *settings, *flags, "Do it"], {}
    if agent == "gemini":
        command = ["gemini", "-p", "Do it", "--yolo", "--skip-trust", "-m", "gemini-2.5-pro"]
        return command, {
            "GOOGLE_GEMINI_BASE_URL": server,
            "GEMINI_API_KEY": "stand-in",
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }
    if agent == "copilot":
        flags = ("--trust-folder", "--allow-all-tools", "--allow-all-paths", "--no-auto-update")
        return ["copilot", "-p", "Do it", *flags], {
            "COPILOT_PROVIDER_BASE_URL": server,
            "COPILOT_PROVIDER_TYPE": "anthropic",
            "COPILOT_PROVIDER_API_KEY": "stand-in",
            "COPILOT_MODEL": "claude-sonnet-4",
            "COPILOT_OFFLINE": "true",
        }
    if agent == "opencode":
        options = {"baseURL": f"{server}/v1", "apiKey": "stand-in"}
        settings = {"provider": {"anthropic": {"options": options}}, "autoupdate": False, "small_model": "openai/none"}
        command = ["opencode", "run", "--model", "anthropic/claude-sonnet-4-5", "Do it"]
        return command, {"ANTHROPIC_API_KEY": "stand-in", "OPENCODE_CONFIG_CONTENT": json.dumps(settings)}
    command = ["qwen", "-p", "Do it", "--yolo", "--auth-type", "anthropic", "-m", "claude-sonnet-4-5"]
    return command, anthropic | {"ANTHROPIC_MODEL": "claude-sonnet-4-5"}


#: By agent the tools that write a file (its path, its text) and that run a command; Codex has one that takes a patch.
TOOLS = {
    "claude": ("Write", "file_path", "content", "Bash"),
    "gemini": ("write_file", "file_path", "content", "run_shell_command"),
    "copilot": ("create", "path", "file_text", "bash"),
    "opencode": ("write", "filePath", "content", "bash"),
    "qwen": ("write_file", "file_path", "content", "run_shell_command"),
}


def script(job: Job, top: Path) -> list[dict[str, object]]:
    """What the stand-in asks for: write the part and its test, commit, run the tests, hand it in."""
    code = f"def {job.task}(*things):\n    return things\n"
    texts = {f"src/{job.task}.py": code, f"tests/{job.task}.sh": f"grep -q 'def {job.task}' src/{job.task}.py\n"}
    message = f"git commit -m 'feat: {job.title.lower()}'"
    if job.agent == "gemini":  # which runs its commands with git's hooks switched off
        message += f" -m 'Plan-Task: shop/{job.task}\nPlan-Stage: implement\nPlan-Model: gemini'"
    commands = ["git add -A", message, "planfence test", "planfence advance"]
    if job.agent == "qwen":  # which has no hooks before an edit: the commit is refused, and the file is put back
        restored = "git restore --staged --worktree README.md"
        commands[:0] = ["echo 'Wishes' >> README.md", "git add -A", message, restored]
    if job.agent == "codex":
        added = "".join(
            f"*** Add File: {path}\n" + "".join(f"+{line}\n" for line in text.splitlines())
            for path, text in texts.items()
        )
        patch = {"name": "apply_patch", "input": f"*** Begin Patch\n{added}*** End Patch\n"}
        return [patch, *({"name": "exec_command", "input": {"cmd": each}} for each in commands)]
    write, path, text, shell = TOOLS[job.agent]
    writes = [{"name": write, "input": {path: str(top / name), text: said}} for name, said in texts.items()]
    return [*writes, *({"name": shell, "input": {"command": each, "description": "x"}} for each in commands)]


class Screen:
    """`planfence board --watch` in a terminal, and each picture that it drew."""

    def __init__(self, repo: Repo) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        variables = repo.variables | {"TERM": "xterm-256color"}
        command = [sys.executable, "-m", "planfence", "board", "--watch"]
        self._process = subprocess.Popen(
            command, cwd=repo.root, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._seen = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:
                return
            self._seen += data

    @property
    def drawn(self) -> list[str]:
        """The pictures, each as the text that the terminal got after its cursor went home."""
        seen = self._seen.decode("utf-8", "replace").replace("\r", "").split("\x1b[?1049l")[0]
        return [each for each in seen.split("\x1b[H")[1:] if each.strip()]

    def wait(self, holds: Callable[[str], bool], seconds: float = 300) -> str:
        """Return the first whole picture from now on of which it holds; raises :class:`TimeoutError`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (last := self.drawn[-1:]) and "q ends it" in last[0] and holds(last[0]):
                return last[0]
            time.sleep(0.2)
        raise TimeoutError(self.drawn[-1:])

    def end(self) -> None:
        """Press `q`."""
        os.write(self._ours, b"q")
        self._process.wait(30)


class AtWork:
    """A task in a worktree of its own, and its agent at work in it; a context manager."""

    def __init__(self, repo: Repo, job: Job, home: Path) -> None:
        self.job, self._repo, self._log = job, repo, home / f"{job.task}.log"
        done = repo.planfence("start", f"shop/{job.task}", "--worktree", PLANFENCE_MODEL=job.agent)
        assert done.returncode == 0, done.stderr
        self._top = repo.root.parent / f"shop-{job.task}"
        self._server = serving(script(job, self._top), pause=THINKING_S)
        command, variables = program(job.agent, f"http://127.0.0.1:{self._server.__enter__().server_port}")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self._top, env=repo.variables | variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def finish(self) -> None:
        """Merge what was handed in, finish the task, and take its worktree away, as a person does."""
        name, repo = f"shop/{self.job.task}", self._repo
        stage = json.loads(repo.planfence("status", name, "--json").stdout)["stage"]
        assert stage == "review", (name, stage, self._log.read_text())
        repo.git("merge", "-q", "--no-ff", "-m", f"merge: {self.job.task}", name)
        Repo(self._top, repo.variables).git("clean", "-fdXq")  # OpenCode leaves packages that git ignores
        done = repo.planfence("finish", name, "--remove")
        assert done.returncode == 0, done.stderr + done.stdout

    def __enter__(self) -> AtWork:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._server.__exit__(None, None, None)


def planted(home: Path) -> Repo:
    """The shop with its plan, the hooks of git and of the agents that have some."""
    repo = Repo(home / "shop", environment(home) | {"IS_SANDBOX": "1"})
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        del repo.variables[name]
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.write("README.md", "# Shop\n")
    repo.write("src/__init__.py", "")
    repo.write("tests/run.sh", 'for each in tests/*.sh; do [ "$each" = tests/run.sh ] || sh "$each" || exit 1; done\n')
    repo.write("planfence.toml", POLICY)
    needs = {job.task: json.dumps(job.needs) for job in JOBS}
    tasks = (TASK.format(task=job.task, title=job.title, agent=job.agent, needs=needs[job.task]) for job in JOBS)
    repo.write("plans/shop.toml", PLAN + "".join(tasks))
    repo.write(".gitignore", ".ai-*\n")
    for words in (("init",), ("install", "--agents", "claude,codex,copilot,opencode,gemini")):
        done = repo.planfence(*words)
        assert done.returncode == 0, done.stderr
    repo.git("add", "-A")
    repo.git("commit", "-qm", "chore: plan the shop")
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"disableAutoUpdate": True}}
    settings |= {"privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}
    (home / ".profile").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')  # Codex has a login shell
    (home / ".gemini").mkdir()
    (home / ".gemini/settings.json").write_text(json.dumps(settings))
    return repo


def played(home: Path) -> list[tuple[str, str]]:
    """Play the plan to its end; return titles and pictures."""
    repo = planted(home)
    screen = Screen(repo)
    left, running, done = list(JOBS), list[AtWork](), set[str]()
    taken: list[tuple[str, str]] = []
    with ExitStack() as stack:
        while left or running:
            for job in [job for job in left if {*job.needs} <= done]:
                left.remove(job)
                running.append(stack.enter_context(AtWork(repo, job, home)))
            if not taken:
                found = screen.wait(lambda text: "outside:" in text and "review" in text)
                taken.append(("planfence board --watch", found))
            elif len(done) == len(JOBS) - 2 and len(taken) == 1:
                found = screen.wait(lambda text: "2 tasks open" in text and "waits for tests" in text)
                taken.append(("later: the last two", found))
            for each in [each for each in running if each.process.poll() is not None]:
                each.finish()
                running.remove(each)
                done.add(each.job.task)
            time.sleep(0.2)
    screen.wait(lambda text: "No task is open" in text)
    screen.end()
    taken.append(("at the end: planfence status shop", repo.planfence("status", "shop").stdout))
    return taken


def main() -> int:
    """Play the plan and export the pictures; rich draws them."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder:
        for title, text in played(Path(folder).resolve()):
            console.print(Text(f"── {title} ".ljust(COLUMNS, "─"), style="bold cyan"))
            console.print(Text("\n".join(line.rstrip() for line in text.rstrip().splitlines())), soft_wrap=True)
    svg = console.export_svg(title="eight tasks, six agents", unique_id="board")
    # rich names fonts on a server; a picture in a repository asks nobody for anything.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code,", "ui-monospace,")
    (Path(__file__).parent / "board.svg").write_text(svg, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
