"""`.pre-commit-hooks.yaml`, read as the frameworks read it; each id is run through both of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.program import stand_in

from planfence.hooks import main
from planfence.setup import frameworks, shims

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_bytes())}
TOOLS = {"pre-commit": [sys.executable, "-m", "pre_commit"], "prek": [str(Path(sys.executable).with_name("prek"))]}


@pytest.fixture(params=TOOLS)
def tool(request):
    if not shutil.which(TOOLS[request.param][0]):
        pytest.skip(f"{request.param} is not installed")
    return TOOLS[request.param]


def test_both_frameworks_accept_it(tool):
    subprocess.run([*tool, "validate-manifest", MANIFEST], check=True)


def test_the_ids_and_their_stages():
    assert list(HOOKS) == [*frameworks.HOOK_STAGES, "planfence-plan-lint"]
    for hook, stages in frameworks.HOOK_STAGES.items():
        assert tuple(HOOKS[hook]["stages"]) == stages
        assert HOOKS[hook]["always_run"] is True
        assert HOOKS[hook]["pass_filenames"] is (hook == "planfence-commit-msg")
        assert HOOKS[hook]["entry"].split()[:2] == ["planfence", "hook"]
        assert HOOKS[hook]["entry"].split()[2] in main.NAMES
    assert {stage for stages in frameworks.HOOK_STAGES.values() for stage in stages} == set(shims.NAMES)


def test_the_snippet_says_the_same_as_the_manifest():
    config = yaml.safe_load(frameworks.snippet())
    (repository,) = config["repos"]
    assert tuple(config["default_install_hook_types"]) == shims.NAMES
    for hook in repository["hooks"]:
        for key in ("entry", "stages", "always_run", "pass_filenames"):
            assert hook[key] == HOOKS[hook["id"]][key], (hook["id"], key)


def test_the_configuration_is_read_as_yaml_is(tmp_path):
    (tmp_path / ".pre-commit-config.yaml").write_text(frameworks.snippet())
    config = frameworks.read_config(tmp_path)
    parsed = yaml.safe_load(frameworks.snippet())
    assert list(config.ids) == [hook["id"] for hook in parsed["repos"][0]["hooks"]]
    assert list(config.default_types) == parsed["default_install_hook_types"]


PLANNED = "feat: work\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"
#: A commit of a task that does not list its file.
SLIPPED = PLANNED.replace("work", "slipped past")


def run(repo, tool, *arguments, **extra):
    done = subprocess.run(
        [*tool, *arguments],
        cwd=repo.root,
        env=repo.variables | extra,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def framed(repo, tool):
    """The planned repository under a framework that runs the planfence on PATH, and a task to work on."""
    repo.variables["PATH"] = f"{stand_in('planfence').parent}{os.pathsep}{repo.variables['PATH']}"
    repo.write(".pre-commit-config.yaml", frameworks.snippet())
    repo.commit("chore: hooks")
    name = next(name for name, command in TOOLS.items() if command == tool)
    done = repo.planfence("install", "--framework", name)
    assert done.returncode == 0, done.stderr
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")
    return repo


def attempt(repo, message, *arguments, **extra):
    done = subprocess.run(
        ["git", "commit", "-q", "-m", message, *arguments],
        cwd=repo.root,
        env=repo.variables | extra,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def past_all_hooks(repo, message):
    """Commit all as another clone would; `--no-verify` starts the framework after the commit."""
    repo.git("add", "-A")
    repo.git("-c", f"core.hooksPath={os.devnull}", "commit", "-q", "-m", message)


def test_a_commit_inside_the_plan(framed):
    framed.write("src/auth.py")
    framed.git("add", "-A")
    status, said = attempt(framed, "feat: add the middleware")
    assert status == 0, said
    assert "Plan-Task: auth/middleware" in framed.git("log", "-1", "--format=%B")


def test_a_commit_outside_the_plan(framed):
    framed.write("src/other.py")
    framed.git("add", "-A")
    before = framed.git("rev-parse", "HEAD")
    status, said = attempt(framed, "feat: something else")
    assert status == 1
    assert "SCP001" in said
    assert "src/other.py" in said
    assert framed.git("rev-parse", "HEAD") == before


def test_a_message_of_two_tasks(framed):
    framed.write("src/auth.py")
    framed.git("add", "-A")
    status, said = attempt(framed, "feat: add\n\nPlan-Task: auth/middleware\nPlan-Task: auth/guide")
    assert status == 1, said


def test_a_file_pattern_of_the_user_s_skips_nothing(framed):
    text = (framed.root / ".pre-commit-config.yaml").read_text()
    framed.write(".pre-commit-config.yaml", "files: ^nothing$\n" + text)
    past_all_hooks(framed, "chore: files")
    framed.write("src/auth.py")
    framed.git("add", "-A")
    status, said = attempt(framed, "feat: add the middleware")
    assert status == 0, said
    assert "Plan-Task: auth/middleware" in framed.git("log", "-1", "--format=%B")


def test_a_merge(framed):
    framed.git("checkout", "-q", "-b", "side")
    framed.write("docs/more.md")
    past_all_hooks(framed, PLANNED.replace("feat", "docs").replace("middleware", "guide"))
    framed.git("checkout", "-q", "work")
    framed.write("src/auth.py")
    past_all_hooks(framed, PLANNED)
    framed.git("merge", "-q", "--no-edit", "side")
    assert len(framed.git("rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_all_files_judges_the_branch(framed, tool):
    framed.write("src/other.py")
    past_all_hooks(framed, SLIPPED)
    name = framed.git("rev-parse", "--short", "HEAD")
    status, said = run(framed, tool, "run", "--all-files")
    assert status == 1
    assert name in said
    assert "src/other.py" in said


def test_a_range(framed, tool):
    framed.write("src/other.py")
    past_all_hooks(framed, SLIPPED)
    framed.write("src/auth.py")
    past_all_hooks(framed, PLANNED)
    span = ("run", "--from-ref", "HEAD~1", "--to-ref", "HEAD")
    status, said = run(framed, tool, *span)
    assert status == 0, said
    assert run(framed, tool, "run", "--from-ref", "main", "--to-ref", "HEAD")[0] == 1


def test_a_push(framed):
    framed.git("init", "-q", "--bare", "../remote.git")
    framed.git("remote", "add", "origin", "../remote.git")
    framed.git("push", "-q", "--no-verify", "origin", "main")
    framed.write("src/other.py")
    past_all_hooks(framed, SLIPPED)
    done = subprocess.run(
        ["git", "push", "-q", "origin", "work"],
        cwd=framed.root,
        env=framed.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "src/other.py" in done.stdout + done.stderr
    assert framed.git("ls-remote", "../remote.git", "refs/heads/work") == ""


#: The variables that tell pip and uv where the package registry is, and whom to trust.
REGISTRY = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "HTTP", "http", "NO_PROXY", "no_proxy", "XDG_")


@pytest.mark.slow
@pytest.mark.parametrize("name", HOOKS)
def test_every_id_from_a_fresh_clone_of_this_project(repo, tool, name, tmp_path):
    """`try-repo` installs the project as its users do, so this needs the package registry."""
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", "--no-local", ROOT, source], env=repo.variables, check=True)
    stage = HOOKS[name]["stages"][0]
    message = repo.write("message", "docs: guide\n")
    extra = ["--commit-msg-filename", str(message)] if stage == "commit-msg" else []
    option = "--stage" if "prek" in tool[-1] else "--hook-stage"
    home = {key: value for key, value in os.environ.items() if key == "HOME" or key.startswith(REGISTRY)}
    arguments = ["try-repo", str(source), name, option, stage, "--verbose", "--all-files", *extra]
    status, said = run(repo, tool, *arguments, **home)
    assert status == 0, said
    assert "Passed" in said
