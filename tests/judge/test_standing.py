"""Standing work: commits of bots as the bots write them, and who may not come in by this route."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from planfence.judge import check
from planfence.manifest.trailers import names_agent

POLICY = """schema = 1
unplanned.files = 0
tests.required = []

[[standing]]
id = "deps"
title = "Dependency updates"
authors = ["*+dependabot[bot]@users.noreply.github.com", "*+renovate[bot]@users.noreply.github.com"]
files = ["package.json", "package-lock.json", ".github/workflows/*.yml", "lib/core"]
types = ["build", "chore", "ci", "fix"]
limits = { files = 3, lines = 400 }
may_touch_protected = true

[[standing]]
id = "format"
title = "What pre-commit.ci writes"
authors = ["66853113+pre-commit-ci[bot]@users.noreply.github.com"]
files = [".pre-commit-config.yaml", "**/*.py", "*.py"]
may_touch_protected = true

[[standing]]
id = "release"
title = "Releases"
authors = ["55107282+release-please[bot]@users.noreply.github.com"]
files = [".release-please-manifest.json", "CHANGELOG.md", "package.json", "package-lock.json", "src/version.ts"]
types = ["chore"]
"""
DEPENDABOT = "49699333+dependabot[bot]@users.noreply.github.com"
RENOVATE = "29139614+renovate[bot]@users.noreply.github.com"
FORMATTER = "66853113+pre-commit-ci[bot]@users.noreply.github.com"
RELEASER = "55107282+release-please[bot]@users.noreply.github.com"
JOBS = "41898282+github-actions[bot]@users.noreply.github.com"
# actions/checkout 6ff9e62 and 48edf81
BUMP = """Bump js-yaml from 4.2.0 to 4.3.0

Bumps [js-yaml](https://github.com/nodeca/js-yaml) from 4.2.0 to 4.3.0.
- [Changelog](https://github.com/nodeca/js-yaml/blob/master/CHANGELOG.md)
- [Commits](https://github.com/nodeca/js-yaml/compare/4.2.0...4.3.0)

---
updated-dependencies:
- dependency-name: js-yaml
  dependency-version: 4.3.0
  dependency-type: direct:development
...

Signed-off-by: dependabot[bot] <support@github.com>
"""
ACTIONS = BUMP.replace("js-yaml", "actions/setup-node")
GROUPED = """build(deps): bump the npm group with 2 updates

Bumps the npm group with 2 updates: [a](https://github.com/x/a) and [b](https://github.com/x/b).

Updates `a` from 1.0.0 to 1.0.1
- fix: closes #12
- feat: closes #13
"""
SUBMODULE = "Bump lib/core from `e39786` to `f8d7d7`\n\nBumps [lib/core](https://github.com/x/core).\n"
# pre-commit/pre-commit-hooks 229ef01 and cd56164
FIXES = "[pre-commit.ci] auto fixes from pre-commit.com hooks\n\nfor more information, see https://pre-commit.ci\n"
AUTOUPDATE = """[pre-commit.ci] pre-commit autoupdate

updates:
- [github.com/pre-commit/mirrors-mypy: v1.20.2 → v2.0.0](https://github.com/pre-commit/mirrors-mypy)
"""
# googleapis/release-please fdaca29
RELEASE = f"chore(main): release 17.11.1 (#2864)\n\nCo-authored-by: release-please[bot] <{RELEASER}>\n"
CHANGES = {
    "dependabot": (DEPENDABOT, BUMP, ["package.json", "package-lock.json"]),
    "dependabot for actions": (DEPENDABOT, ACTIONS, [".github/workflows/test.yml", ".github/workflows/check-dist.yml"]),
    "dependabot, grouped": (DEPENDABOT, GROUPED, ["package.json", "package-lock.json"]),
    "dependabot for submodules": (DEPENDABOT, SUBMODULE, ["lib/core"]),
    "renovate": (
        RENOVATE,
        "fix(deps): update dependency chalk to v5 (#412)\n\nPlan-Task: standing/deps\n",
        ["package.json", "package-lock.json"],
    ),
    "pre-commit.ci's fixes": (FORMATTER, FIXES, ["src/a.py", "src/b.py", "tests/c_test.py"]),
    "pre-commit.ci's updates": (FORMATTER, AUTOUPDATE, [".pre-commit-config.yaml"]),
    "release-please": (RELEASER, RELEASE, [".release-please-manifest.json", "CHANGELOG.md", "src/version.ts"]),
    "a scheduled job": (JOBS, "Update contributors [skip ci]\n", ["CONTRIBUTORS.md", "docs/generated/api.md"]),
}  # fmt: skip


@pytest.fixture
def governed(repo):
    repo.write("planfence.toml", POLICY)
    repo.commit("chore: policy")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    return repo


def made(repo, author: str, message: str, paths: list[str], *arguments: str, lines: int = 1, **extra: str) -> str:
    for path in paths:
        if path == "lib/core":
            repo.git("update-index", "--add", "--cacheinfo", f"160000,{'12' * 20},{path}")
        else:
            repo.write(path, f"{len(message)}\n" * lines)
            repo.git("add", "--", path)
    repo.git(
        "commit", "-q", "--no-verify", "-F", "-", *arguments, stdin=message.encode(), GIT_AUTHOR_EMAIL=author, **extra
    )
    return repo.git("rev-parse", "HEAD")  # fmt: skip


def found(repo, revision: str = "HEAD") -> list[str]:
    return [f"{each.code} {each.message}" for each in check.check_commit(repo.open(), revision).report.errors]


@pytest.fixture
def recipes(governed):
    """The policy that docs/recipes.md proposes."""
    text = (Path(__file__).parents[2] / "docs/recipes.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    proposed = next(block for block in blocks if block.startswith("[[standing]]"))
    governed.write("planfence.toml", f"schema = 1\nunplanned.files = 0\ntests.required = []\n{proposed}")
    governed.git("update-ref", "refs/remotes/origin/main", governed.commit("chore: recipes"))
    return governed


@pytest.mark.parametrize("name", CHANGES)
def test_a_bots_commit_comes_in(recipes, name: str) -> None:
    author, message, paths = CHANGES[name]
    made(recipes, author, message, paths)
    report = check.check_commit(recipes.open(), "HEAD").report
    assert (report.findings, len(report.judged)) == ((), 1)
    assert recipes.planfence("verify", "origin/main..HEAD").returncode == 0


def test_all_of_them_in_one_range(recipes) -> None:
    for author, message, paths in CHANGES.values():
        made(recipes, author, message, paths)
    done = recipes.planfence("verify", "origin/main..HEAD")
    assert (done.returncode, f"{len(CHANGES)} changes judged" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("author", "message", "paths", "why"),
    [
        (DEPENDABOT, BUMP, ["package.json", "src/evil.py"], "it does not list src/evil.py"),
        (DEPENDABOT, BUMP, ["package.json", "a.py", "b.py"], "it does not list a.py and 1 more"),
        (DEPENDABOT, "feat: a new page", ["package.json"], "`feat:` is not a type of it (build, chore, ci, fix)"),
        (DEPENDABOT, f"{BUMP}Plan-Model: codex\n", ["package.json"], "standing work (deps) is never a model's"),
        (DEPENDABOT, f"{BUMP}Co-authored-by: Claude <noreply@anthropic.com>\n", ["package.json"], "is never a model's"),
        (DEPENDABOT, BUMP, ["package.json", "planfence.toml"], "planfence.toml governs"),
        ("ada@example.org", "chore: x\n\nPlan-Task: standing/deps\n", ["package.json"], "none of its authors"),
        (FORMATTER, "chore: x\n\nPlan-Task: standing/deps\n", ["package.json"], "is none of its authors"),
        (DEPENDABOT, "chore: x\n\nPlan-Task: standing/none\n", ["package.json"], "no task standing/none"),
        ("x" + DEPENDABOT.replace("[bot]", "b"), BUMP, ["package.json"], "1 files without a task"),
        (f"{DEPENDABOT}.example.org", BUMP, ["package.json"], "1 files without a task"),
    ],
)  # fmt: skip
def test_what_does_not_come_in_and_why(governed, author: str, message: str, paths: list[str], why: str) -> None:
    made(governed, author, message, paths)
    said = found(governed)
    assert any(why in line for line in said), said
    assert governed.planfence("verify", "origin/main..HEAD").returncode == 1


def test_its_own_limits(governed) -> None:
    made(governed, DEPENDABOT, BUMP, ["package.json", "package-lock.json"], lines=201)
    assert found(governed) == ["SIZ001 402 changed lines, the limit is 400"]
    made(governed, DEPENDABOT, BUMP, [f".github/workflows/{name}.yml" for name in "abcd"])
    assert found(governed) == ["SIZ001 4 files, the limit is 3"]


def test_protected_paths_only_where_the_policy_says_so(governed) -> None:
    governed.write("planfence.toml", POLICY.replace("may_touch_protected = true\n", "", 1))
    governed.commit("chore: policy")
    made(governed, DEPENDABOT, ACTIONS, [".github/workflows/test.yml"])
    assert found(governed) == ["SCP004 protected by the policy; a task must name it literally"]


@pytest.mark.parametrize("kind", ["link", "submodule"])
def test_a_pattern_names_no_link_and_no_submodule(governed, kind: str) -> None:
    if kind == "link":
        (governed.root / "a.py").symlink_to("b.py")
        governed.git("add", "a.py")
    else:
        governed.git("update-index", "--add", "--cacheinfo", f"160000,{'12' * 20},a.py")
    made(governed, FORMATTER, FIXES, [])
    assert [line[:6] for line in found(governed)] == ["SCP005"]


def test_they_are_not_counted_as_unplanned(governed) -> None:
    governed.write("planfence.toml", POLICY.replace("files = 0", "files = 1"))
    governed.git("update-ref", "refs/remotes/origin/main", governed.commit("chore: policy"))
    made(governed, DEPENDABOT, BUMP, ["package.json", "package-lock.json"])
    made(governed, "ada@example.org", "docs: x", ["README.md"])
    made(governed, FORMATTER, FIXES, ["src/a.py", "src/b.py"])
    assert governed.planfence("verify", "origin/main..HEAD").returncode == 0
    made(governed, "ada@example.org", "docs: y", ["CONTRIBUTING.md"])
    assert governed.planfence("verify", "origin/main..HEAD").returncode == 1


def test_plans_that_are_signed_ask_for_a_signature(governed, tmp_path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    governed.write("signers", f"ada@example.org {key.with_suffix('.pub').read_text()}")
    governed.write("planfence.toml", POLICY + '\n[trust]\nplan = "signed"\nsigners = "signers"\n')
    governed.git("update-ref", "refs/remotes/origin/main", governed.commit("chore: policy"))
    made(governed, DEPENDABOT, BUMP, ["package.json"])
    assert "no listed key signed it" in found(governed)[0]
    assert governed.planfence("verify", "origin/main..HEAD").returncode == 1
    governed.git("config", "user.signingkey", str(key))
    governed.git("config", "gpg.format", "ssh")
    governed.git("commit", "-q", "--amend", "--no-edit", "--no-verify", "-S")
    assert found(governed) == []
    assert governed.planfence("verify", "origin/main..HEAD").returncode == 0


@pytest.mark.parametrize("model", ["human", "codex"])
def test_the_local_hooks_agree(governed, model: str) -> None:
    assert governed.install().returncode == 0
    governed.extra["PLANFENCE_MODEL"] = model
    author = f"dependabot[bot] <{DEPENDABOT}>"
    for number in range(3):  # the third one could go the light way
        governed.write("package.json", f"{number}\n")
        governed.write("package-lock.json", f"{number}\n")
        governed.git("add", "-A")
        before = governed.git("rev-parse", "HEAD")
        governed.git("commit", "-q", "-m", "build: bump", "--author", author, ok=model == "human")
        assert (governed.git("rev-parse", "HEAD") != before) == (model == "human")


def test_the_light_way_accepts_no_more_than_standing_work_may(governed) -> None:
    """A change that is small is standing work as well, by its author: the stricter limits hold."""
    governed.write(
        "planfence.toml", POLICY.replace("files = 0", "files = 9").replace("files = 3, lines = 400", "files = 1")
    )
    governed.commit("chore: policy")
    assert governed.install().returncode == 0
    author = f"dependabot[bot] <{DEPENDABOT}>"
    for number in range(3):
        governed.write("package.json", f"{number}\n")
        governed.git("add", "-A")
        governed.git("commit", "-q", "-m", "build: bump", "--author", author)
    governed.write("package.json", "last\n")
    governed.write("package-lock.json", "last\n")
    governed.git("add", "-A")
    before = governed.git("rev-parse", "HEAD")
    governed.git("commit", "-q", "-m", "build: bump", "--author", author, ok=False)
    assert governed.git("rev-parse", "HEAD") == before


def test_no_agent_commits_under_a_name_that_opens_it(governed) -> None:
    wide = POLICY.replace(
        '"*+dependabot[bot]@users.noreply.github.com"', '"*[bot]@users.noreply.github.com", "*@*.com"'
    )
    governed.write("planfence.toml", wide)
    governed.commit("chore: policy")
    for author in (
        "noreply@anthropic.com",
        "cursoragent@cursor.com",
        "198982749+Copilot@users.noreply.github.com",
        "209825114+claude[bot]@users.noreply.github.com",
        "161369871+google-labs-jules[bot]@users.noreply.github.com",
        "158243242+devin-ai-integration[bot]@users.noreply.github.com",
    ):
        made(governed, author, BUMP, ["package.json"], "--allow-empty", lines=len(author))
        assert any("never a model's" in line for line in found(governed)), author
    known = (DEPENDABOT, RENOVATE, FORMATTER, RELEASER, "ada@example.org", "")
    assert not any(names_agent(f"<{address}>") for address in known)
