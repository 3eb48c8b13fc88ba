"""Which agent started a process: by what the system tells of the processes above it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.repository import environment

from planfence import ancestry, tables

ASK = "from planfence.ancestry import agent_above; print(agent_above())"


def python() -> str:
    return f'"{sys.executable}" -c "{ASK}"'


@pytest.fixture
def alone():
    if ancestry.agent_above():
        pytest.skip("these tests are themselves run by an agent")


AWAY = ("env -i", "env -u CLAUDECODE", "exec -c", "sh -c")


@pytest.mark.parametrize(
    ("name", "away"), [(name, AWAY[place % 4]) for place, name in enumerate(sorted(tables.PROGRAMS)[::6])]
)
def test_an_agents_process_tells_though_its_variables_are_gone(name, away, tmp_path, alone):
    program = tmp_path / name
    asked = tmp_path / "ask"
    asked.write_text(f"#!/bin/sh\n{python()}\ntrue\n")
    asked.chmod(0o755)
    line = f"({away} {asked}); true" if away == "exec -c" else f"{away} {asked}; true"
    program.write_text(f"#!/bin/bash\n{line}\n")
    program.chmod(0o755)
    done = subprocess.run([program], env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == tables.PROGRAMS[name]


@pytest.mark.parametrize("first", ["#!/usr/bin/env bash", "#!/usr/bin/env -S sh -e", "#!/usr/bin/env python3"])
def test_a_script_that_env_starts(first, tmp_path, alone):
    program = tmp_path / "claude"
    line = python().replace('"', '\\"')
    calls = f'import os; os.system("env -i {line}")' if "python" in first else f"env -i {python()}; true"
    program.write_text(f"{first}\n{calls}\n")
    program.chmod(0o755)
    done = subprocess.run([program], env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "claude"


def test_nobody_hides_in_a_depth(tmp_path, alone):
    ask = tmp_path / "ask"
    ask.write_text(f'#!/bin/sh\nif [ "$1" = 0 ]; then {python()}; else "$0" $(($1 - 1)); fi; true\n')
    program = tmp_path / "goose"
    program.write_text(f"#!/bin/sh\n{ask} 50; true\n")
    for each in (ask, program):
        each.chmod(0o755)
    done = subprocess.run([program], env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "goose"


def test_nobody_is_told_of_where_a_person_works(tmp_path, alone):
    done = subprocess.run(
        ["bash", "-c", f"true; {python()}; true"], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


def test_an_executable_by_its_own_name(tmp_path, alone):
    program = tmp_path / "codex"
    shutil.copy(os.path.realpath("/bin/sh"), program)
    done = subprocess.run(
        [program, "-c", f"env -i {python()}; true"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "codex"


@pytest.mark.parametrize(
    ("words", "model"),
    [
        ("node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js -p x", "claude"),
        ("/usr/bin/node --no-warnings /usr/lib/node_modules/@google/gemini-cli/dist/index.js", "gemini"),
        ("node /usr/local/bin/gemini", "gemini"),
        ("node /x/node_modules/@github/copilot/index.js", "copilot"),
        ("bun /x/node_modules/opencode-ai/bin/opencode", "opencode"),
        ("/home/a/.local/share/claude/versions/2.1.332 --resume", "claude"),
        ("/home/a/.local/share/cursor-agent/versions/2026.01.02/node index.js", "cursor"),
        ("python3 -m x /usr/bin/y", ""),
        ("/usr/bin/python3.12 /home/a/.local/bin/aider --yes", "aider"),
        ("bash /usr/local/bin/codex exec x", "codex"),
        ("/bin/sh -e -u /opt/bin/claude.exe", "claude"),
        ("bash -o pipefail --norc /opt/bin/gemini.sh", "gemini"),
        ("busybox sh /opt/bin/qwen", "qwen"),
        ("node --require fs --title x /usr/local/bin/gemini", "gemini"),
        ("python3 -W ignore -X dev -m aider", "aider"),
        ("perl -I lib /opt/bin/goose", "goose"),
        ("/Applications/Claude.app/Contents/MacOS/Claude", "claude"),
        ("sh -c true claude", ""),
        ("bash claude.sh", ""),
        ("/bin/sh ./goose.sh", ""),
        ("bash -s codex", ""),
        ("fish --command claude", ""),
        ("pnpm --filter codex release", ""),
        ("yarn --cwd packages/claude version", ""),
        ("npm --prefix packages/gemini version patch", ""),
        ("npm run codex", ""),
        ("uv --directory /src/codex run cz commit", ""),
        ("uv run --with aider x.py", ""),
        ("uv run aider", "aider"),
        ("python3 -I release.py codex", ""),
        ("python3 -I /opt/bin/aider", "aider"),
        ("perl -W tool.pl claude", ""),
        ("rubymine /home/u/codex", ""),
        ("uvicorn codex", ""),
        ("bash -lc true /opt/bin/claude", ""),
        ("bash /home/a/claude/release.sh", ""),
        ("bash -o claude /home/a/release.sh", ""),
        ("vim /home/a/claude/notes.md", ""),
        ("python /home/a/codex/manage.py shell", ""),
        ("node /home/a/gemini/scripts/release.js", ""),
        ("/home/a/amp/bin/server", ""),
        ("less claude", ""),
        ("-bash", ""),
        ("git commit -m claude", ""),
        ("", ""),
    ],
)
def test_words_of_a_process(words, model):
    assert ancestry.agent_of(words.encode().split()) == model


def test_each_program_by_its_own_name_and_as_a_script():
    for name, model in tables.PROGRAMS.items():
        for words in (name, f"/opt/bin/{name} -x", f"node /usr/bin/{name}", f"python3 -I /home/a/.local/bin/{name} x"):
            assert ancestry.agent_of(words.encode().split()) == model, words


def test_where_ps_tells():
    listing = b"""\
    1     0 /sbin/launchd
  500     1 /Applications/Terminal.app/Contents/MacOS/Terminal
  501   500 -zsh
  502   501 claude --continue
  503   502 /bin/zsh -c git commit
  504   503 git commit
  600   501 git commit
  torn
"""
    assert ancestry.among(listing, 504) == "claude"
    assert ancestry.among(listing, 600) == ""
    assert ancestry.among(b"7 7 sh", 7) == ""


@pytest.mark.parametrize(
    "line", ["/Users/x/Codex Projects/venv/bin/python x", "/Applications/Trae CN.app/Contents/MacOS/Electron"]
)
def test_a_line_cut_at_spaces_makes_nobody_an_agent(line):
    assert ancestry.among(f"7 1 {line}".encode(), 7) == ""
