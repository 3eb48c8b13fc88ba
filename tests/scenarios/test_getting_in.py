"""From nothing to a first guarded commit, observing first, and the test command that a project shows."""

from __future__ import annotations

import json
import subprocess

import pytest

from planfence.gate.testcommand import find


def test_four_commands_and_no_line_to_edit(empty_repo) -> None:
    """The first of the four is `pip install planfence`."""
    repo = empty_repo
    repo.write("src/auth/user.py")
    repo.write("src/mail.py")
    repo.write("README.md")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "chore: begin")
    done = repo.planfence("init", "--commit")
    assert done.returncode == 0, done.stderr
    assert repo.git("show", "--format=%s", "--name-only").split("\n") == [
        "chore: add planfence", "", ".gitignore", "planfence.toml",
    ]  # fmt: skip
    done = repo.planfence(
        *("plan", "new", "auth", "--goal", "Log in by token", "--files", "src/auth/**", "--run", "true", "--start")
    )
    assert done.returncode == 0, done.stderr
    assert "auth/work is active" in done.stdout
    assert "main is protected" in done.stderr
    assert repo.git("status", "--porcelain") == ""
    repo.write("src/auth/user.py", "1\n")
    repo.git("commit", "-q", "-a", "-m", "feat: log in")
    assert "Plan-Task: auth/work" in repo.git("log", "-1", "--format=%B")
    repo.write("src/mail.py", "1\n")
    assert "SCP001" in refused(repo, "git commit -a", "feat: mail")
    assert [repo.planfence("plan", "lint").returncode, repo.planfence("doctor").returncode] == [0, 0]


def refused(repo, what: str, message: str) -> str:
    done = subprocess.run(
        [*what.split(), "-m", message],
        cwd=repo.root,
        env=repo.variables | repo.extra,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    return done.stderr


def test_commit_takes_nothing_else_along(empty_repo) -> None:
    empty_repo.write("mine.txt")
    empty_repo.write(".gitignore", "mine\n")
    empty_repo.git("add", "mine.txt")
    assert empty_repo.planfence("init", "--commit").returncode == 0
    assert empty_repo.git("ls-tree", "-r", "--name-only", "HEAD").split() == ["planfence.toml"]
    assert empty_repo.git("diff", "--cached", "--name-only") == "mine.txt"
    done = empty_repo.planfence("plan", "new", "a", "--goal", "g", "--files", "b.py", "--files", "c.py", "--commit")
    assert done.returncode == 0, done.stderr
    assert empty_repo.git("diff", "--cached", "--name-only") == "mine.txt"
    assert empty_repo.git("show", "--format=", "--name-only") == "plans/a.toml"


def test_what_was_not_said_is_left_open(repo) -> None:
    done = repo.planfence(
        "plan", "new", "mail", "--goal", 'Send "mail"\\n', "--files", "src/mail/**", "--theme", "post"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("is left to the planner") == 5
    lint = repo.planfence("plan", "lint", "mail")
    assert (lint.returncode, "LNT016" in lint.stdout) == (0, True)
    shown = repo.planfence("plan", "show", "mail").stdout
    assert 'Send "mail"\\n' in shown
    assert "mail/work" in shown
    assert "post" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--goal", "g"], 2, "needs a goal and files"),
        (["--goal", "g", "--files", "/abs"], 2, "an absolute path"),
        (["--goal", "g", "--files", "**"], 1, "nearly everything"),
        (["--goal", " ", "--files", "a"], 2, "needs a goal and files"),
        (["--goal", "g", "--files", "a", "--task", "a b"], 2, "can't be a task's id"),
        (["--start"], 2, "can't be started"),
    ],
)
def test_a_plan_that_would_not_start_is_not_written(repo, words: list[str], code: int, said: str) -> None:
    done = repo.planfence("plan", "new", "x", *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert repo.git("status", "--porcelain", "-uall") == ""


def test_observing_refuses_nothing_and_tells_all(repo, tmp_path) -> None:
    repo.write("planfence.toml", 'schema = 1\nmode = "observe"\ntests.required = ["push", "advance", "commit"]\n')
    start = repo.commit("chore: observe")
    assert repo.planfence("install").returncode == 0
    repo.start("auth/middleware")
    repo.extra["PLANFENCE_MODEL"] = "codex"
    repo.write("src/evil.py")
    repo.git("add", "-A")
    done = repo.planfence("check", "--staged")
    assert done.returncode == 0
    assert "would be refused (observed only)" in done.stdout
    told = repo.git("-c", "alias.told=!git commit -q -m 'feat: evil' 2>&1", "told")
    assert told.count("SCP001") == 1, told
    repo.git("init", "-q", "--bare", str(tmp_path / "far.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "far.git"))
    repo.git("push", "-q", "--no-verify", "origin", f"{start}:refs/heads/main")
    repo.git("push", "-q", "origin", "HEAD:refs/heads/work")
    done = repo.planfence("verify", f"{start}..HEAD")
    assert (done.returncode, "that enforcing would refuse" in done.stdout) == (0, True), done.stdout
    lines = (repo.root / ".ai-benchmark.csv").read_text().splitlines()
    assert any("result=observed" in line and "SCP001" in line and "model=codex" in line for line in lines)
    found = json.loads(repo.planfence("check", "--commit", "HEAD", "--format", "json").stdout)
    assert (found["refused"], {each["observed"] for each in found["findings"]}) == (False, {True})
    told = repo.planfence("report", "--refusals").stdout
    assert "SCP001" in told
    assert "codex" in told


def test_observing_moves_a_task_on_and_tells_what_is_missing(repo) -> None:
    repo.write("planfence.toml", 'schema = 1\nmode = "observe"\n[tests]\ncommand = "false"\n')
    repo.commit("chore: observe")
    repo.begin("auth/middleware")
    repo.start("auth/middleware")
    done = repo.planfence("advance")
    assert done.returncode == 0, done.stderr
    assert "observed GAT001" in done.stdout
    assert "implement → review" in done.stdout
    (found,) = json.loads(repo.planfence("report", "--refusals", "--json").stdout)["refusals"]
    assert (found["rule"], found["observed"]) == ("GAT001", 1)
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "false"\n')
    repo.commit("chore: enforce")
    assert repo.planfence("advance").returncode == 1


def test_observing_lets_pass_what_can_t_be_judged(repo) -> None:
    repo.write("planfence.toml", 'schema = 1\nmode = "observe"\n')
    repo.commit("chore: observe")
    assert repo.planfence("install").returncode == 0
    repo.start("auth/nothing")
    repo.write("src/user.py")
    repo.git("commit", "-q", "-a", "-m", "feat: x")


def test_the_switch_is_one_line(empty_repo) -> None:
    assert empty_repo.planfence("init", "--observe").returncode == 0
    text = (empty_repo.root / "planfence.toml").read_text()
    assert text.count("\nmode = ") == 1
    empty_repo.write("planfence.toml", "schema = 1\n")
    done = empty_repo.planfence("init", "--observe")
    assert (done.returncode, 'write `mode = "observe"`' in done.stderr) == (2, True)


PACKAGE = '{"scripts": {"test": "%s"}, "devDependencies": {%s}}'
VITEST = "--reporter=default --reporter=junit --outputFile.junit={junit}"
PYTEST = "pytest -q --junit-xml={junit}"
#: What failed is seen at once, too.
NODE = (
    "--test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination={junit}"
)
COMPOSER = "composer install --quiet && composer test"
CTEST = "cmake -B build && cmake --build build && ctest --test-dir build --output-junit {junit}"
PROJECTS = {
    "pyproject": ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pytest -q --junit-xml={junit}"),
    "dependency": ({"pyproject.toml": '[dependency-groups]\ndev = ["pytest>=8"]\n'}, "pytest -q --junit-xml={junit}"),
    "setup.cfg": ({"setup.cfg": "[tool:pytest]\n"}, "pytest -q --junit-xml={junit}"),
    "test files": ({"tests/test_a.py": ""}, "pytest -q --junit-xml={junit}"),
    "tox": ({"tox.ini": "[testenv]\ncommands = unittest\n"}, "tox"),
    "tox, pytest": ({"tox.ini": "[testenv]\ncommands = pytest {posargs}\n"}, "tox -- --junit-xml={junit}"),
    "npm": ({"package.json": PACKAGE % ("mocha", "")}, "npm test"),
    "pnpm": ({"package.json": PACKAGE % ("mocha", ""), "pnpm-lock.yaml": ""}, "pnpm test"),
    "yarn": ({"package.json": PACKAGE % ("mocha", ""), "yarn.lock": ""}, "yarn test"),
    "vitest": (
        {"package.json": PACKAGE % ("vitest", ""), "pnpm-lock.yaml": ""},
        "pnpm exec vitest run --reporter=default --reporter=junit --outputFile.junit={junit}",
    ),
    "jest": (
        {"package.json": PACKAGE % ("jest", '"jest-junit": "1"')},
        "JEST_JUNIT_OUTPUT_FILE={junit} npx jest --reporters=default --reporters=jest-junit",
    ),
    "node": (
        {"package.json": PACKAGE % ("node --test tests/", "")},
        f"node --test {NODE} tests/",
    ),
    "npm init": ({"package.json": PACKAGE % ('echo \\"Error: no test specified\\" && exit 1', "")}, ""),
    "cargo": ({"Cargo.toml": ""}, "cargo test"),
    "go": ({"go.mod": "module x\n"}, "go test ./..."),
    "gotestsum": ({"go.mod": "tool gotest.tools/gotestsum\n"}, "go tool gotestsum --junitfile={junit} ./..."),
    "maven": ({"pom.xml": "", "mvnw": ""}, "./mvnw -q -B test"),
    "gradle": ({"build.gradle.kts": ""}, "gradle test"),
    "just": ({"justfile": "build:\n\ntest *args:\n    x\n"}, "just test"),
    "make": ({"Makefile": "all: test\n\ntest: all\n\tx\n"}, "make test"),
    "make without tests": ({"Makefile": "tests-are-here := 1\nall:\n\ttest -f x\n"}, ""),
    "python before make": ({"Makefile": "test:\n", "pytest.ini": ""}, "pytest -q --junit-xml={junit}"),
    "vitest with words": (
        {"package.json": PACKAGE % ("vitest watch --config ci.ts", "")},
        f"npx vitest run --config ci.ts {VITEST}",
    ),
    "vitest, built before": (
        {"package.json": PACKAGE % ("npm run build && vitest", ""), "yarn.lock": ""},
        f"yarn test --run {VITEST}",
    ),
    "vitest elsewhere": ({"package.json": PACKAGE % ("cd web && vitest run", "")}, f"npm test -- {VITEST}"),
    "vitest, then more": ({"package.json": PACKAGE % ("vitest run && tsc", '"vitest": "1"')}, "npm test"),
    "jest, then more": ({"package.json": PACKAGE % ("jest && eslint .", '"jest-junit": "1"')}, "npm test"),
    "jest with a variable": (
        {"package.json": PACKAGE % ("NODE_ENV=test jest", '"jest-junit": "1"'), "pnpm-lock.yaml": ""},
        "JEST_JUNIT_OUTPUT_FILE={junit} pnpm test --reporters=default --reporters=jest-junit",
    ),
    "node with options": (
        {"package.json": PACKAGE % ("node --import tsx --test-only --test 'src/*.ts'", "")},
        f"node --import tsx --test-only --test {NODE} 'src/*.ts'",
    ),
    "bun": (
        {"package.json": PACKAGE % ("bun test src", ""), "bun.lock": ""},
        "bun test src --reporter=junit --reporter-outfile={junit}",
    ),
    "pnpm's packages": (
        {
            "package.json": "{}",
            "pnpm-lock.yaml": "",
            "pnpm-workspace.yaml": "",
            "p/a/package.json": PACKAGE % ("x", ""),
        },
        "pnpm -r test",
    ),
    "npm's packages": (
        {"package.json": '{"workspaces": ["p/*"]}', "p/a/package.json": PACKAGE % ("x", "")},
        "npm test --workspaces --if-present",
    ),
    "packages without tests": ({"package.json": '{"workspaces": ["p/*"]}', "p/a/package.json": "{}"}, ""),
    "with a mark": ({"package.json": "\ufeff" + PACKAGE % ("mocha", "")}, "npm test"),
    "deep": ({"package.json": "[" * 99_999}, ""),
    "cargo, several": ({"Cargo.toml": "[package]\n[workspace]\nmembers = ['a']\n"}, "cargo test --workspace"),
    "go, several": ({"go.work": "go 1.24\n\nuse (\n\t.\n\t./lib/\n)\n", "go.mod": ""}, "go test ./... ./lib/..."),
    "go, several with remarks": (
        {"go.work": 'go 1.24\r\nuse (\r\n\t./a // the app\r\n\t"./b/"\r\n)\r\nuse `./c`\n'},
        "go test ./a/... ./b/... ./c/...",
    ),
    "uv's packages": (
        {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['p/*']\n", "p/a/tests/unit/test_a.py": ""},
        PYTEST,
    ),
    "python in a folder of others": ({"Cargo.toml": "", "bindings/python/tests/test_a.py": ""}, "cargo test"),
    "gradle, several": ({"settings.gradle.kts": "", "gradlew": "", "app/build.gradle.kts": ""}, "./gradlew test"),
    "just with a default": ({"JUSTFILE": "test-x:\n\n@test url='http://x' *more=\"\":\n    x\n"}, "just test"),
    "just, by another name": ({"justfile": "alias test := t\nt:\n"}, "just test"),
    "just without tests": ({"justfile": "test := 'x'\ntest-unit:\n  test :\nexport test:='y'\n"}, ""),
    "make, several at once": ({"GNUmakefile": "check test: all; x\n"}, "make test"),
    "make, others": ({"Makefile": ".PHONY: test\ntest-unit:\ntest/%: x\ntest ::= 1\nx test=1: y\n"}, ""),
    "tox.toml": ({"tox.toml": 'commands = [["pytest", {replace = "posargs"}]]'}, "tox -- --junit-xml={junit}"),
    "tox in pyproject": ({"pyproject.toml": '[tool.tox]\nlegacy_tox_ini = ""\n'}, "tox"),
    "tox.ini of others": ({"tox.ini": "[flake8]\nmax-line-length = 99\n", "Makefile": "test:\n"}, "make test"),
    "nox": ({"noxfile.py": "def lint(s):\n\ndef tests(session):\n"}, "nox -s tests"),
    "nox, pytest": (
        {"noxfile.py": "def tests(session):\n    session.run('pytest', *session.posargs)\n"},
        "nox -s tests -- --junit-xml={junit}",
    ),
    "poetry": ({"pyproject.toml": '[tool.poetry.group.dev.dependencies]\npytest = "^8"\n'}, PYTEST),
    "requirements": ({"requirements/dev.txt": "# x\npytest==8\n"}, PYTEST),
    "setup.py": ({"setup.py": "setup(extras_require={'dev': ['pytest>=8']})\n"}, PYTEST),
    "deep test files": ({"src/x/tests/unit/test_a.py": ""}, PYTEST),
    "only a plugin of pytest": ({"pyproject.toml": "[project.entry-points.pytest11]\nx = 'y'\n"}, ""),
    "deno": ({"deno.jsonc": "{}"}, "deno test --junit-path={junit}"),
    "deno with a task": (
        {"deno.json": '{"tasks": {"test": "deno test -A"}}'},
        "deno task test --junit-path={junit}",
    ),
    "deno with a task of several": (
        {"deno.json": '{"tasks": {"test": "deno test -A && deno lint", "test2": "deno test"}}'},
        "deno task test",
    ),
    "composer": (
        {"composer.json": '{"scripts": {"test": "A=1 vendor/bin/simple-phpunit"}}', "phpunit.xml.dist": ""},
        f"{COMPOSER} -- --log-junit {{junit}}",
    ),
    "composer, several": ({"composer.json": '{"scripts": {"test": ["@lint", "vendor/bin/phpunit"]}}'}, COMPOSER),
    "mix": ({"mix.exs": "", "Makefile": "test:\n"}, "mix test"),
    "flutter": ({"pubspec.yaml": "dev_dependencies:\n  flutter_test:\n  test: any\n"}, "flutter test"),
    "dart": ({"pubspec.yaml": "dev_dependencies:\n  test: ^1.25.0\n"}, "dart test"),
    "bats": ({"test/a.bats": ""}, "bats test"),
    "django": ({"manage.py": "import django.core\n", "tests/test_a.py": ""}, "python manage.py test"),
    "django with pytest": ({"manage.py": "import django.core\n", "requirements.txt": "pytest-django\n"}, PYTEST),
    "swift": ({"Package.swift": ""}, "swift test"),
    "sbt": ({"build.sbt": ""}, "sbt test"),
    "rake": ({"Rakefile": "Rake::TestTask.new(:test) do |t|\n"}, "rake test"),
    "rake with a Gemfile": ({"Rakefile": "task test: :x\n", "Gemfile": ""}, "bundle exec rake test"),
    "rake without tests": ({"Rakefile": "task :testing\nRake::TestTask.new(:unit)\n"}, ""),
    "task": ({"Taskfile.yml": "tasks:\n  build:\n  test:\n    cmds: []\n"}, "task test"),
    "task without tests": ({"Taskfile.yml": "test:\n  x:\n      test:\n"}, ""),
    "cmake": ({"CMakeLists.txt": "project(x)\n  Enable_Testing()\n"}, CTEST),
    "cmake with CTest": ({"CMakeLists.txt": "include( CTest )\n"}, CTEST),
    "cmake without tests": ({"CMakeLists.txt": "# enable_testing()\n"}, ""),
    "dotnet": ({"App.sln": "", "test/T.csproj": ""}, "dotnet test"),
    "phpunit": (
        {"phpunit.xml.dist": "", "composer.json": "{}"},
        "composer install --quiet && vendor/bin/phpunit --log-junit {junit}",
    ),
    "rspec": ({".rspec": "", "Makefile": "test:\n"}, "bundle exec rspec"),
    "rspec with a report": (
        {"spec/spec_helper.rb": "", "Gemfile": "gem 'rspec_junit_formatter'\n"},
        "bundle exec rspec --format progress --format RspecJunitFormatter --out {junit}",
    ),
    "bun without a script": (
        {"package.json": "{}", "bun.lock": ""},
        "bun test --reporter=junit --reporter-outfile={junit}",
    ),
    "broken": ({"package.json": "{", "pyproject.toml": "["}, ""),
    "nothing": ({"README.md": ""}, ""),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_test_command_that_a_project_shows(tmp_path, name: str) -> None:
    files, command = PROJECTS[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = find(tmp_path)
    assert (found.command if found else "") == command
    assert found is None or (tmp_path / found.shown_by).is_file()


def test_init_writes_it_and_says_so(empty_repo) -> None:
    empty_repo.write("package.json", PACKAGE % ("vitest", ""))
    said = empty_repo.planfence("init").stdout
    assert "as package.json shows" in said
    assert "\n[tests]" in (empty_repo.root / "planfence.toml").read_text()
    assert "first.toml" not in said
    assert not (empty_repo.root / "plans").exists()


@pytest.mark.parametrize("alone", [True, False])
def test_the_command_finds_what_it_needs_in_an_export(empty_repo, alone: bool) -> None:
    """Without `links` no test of a Node project ever passed: its packages are not in the tree."""
    more = {} if alone else {"workspaces": ["p/*"]}
    package = {"scripts": {"test": "node --test"}, "devDependencies": {"x": "1"}} | more
    empty_repo.write("package.json", json.dumps(package))
    empty_repo.write(".gitignore", "node_modules\n")
    empty_repo.write("node_modules/x/index.js")
    assert empty_repo.planfence("init", "--commit").returncode == 0
    text = (empty_repo.root / "planfence.toml").read_text()
    assert ('\nlinks = ["node_modules"]\n' in text) is alone
    own = 'command = "ls node_modules/x/index.js"'
    lines = [own if line.startswith("command") else line for line in text.split("\n")]
    empty_repo.write("planfence.toml", "\n".join(lines))
    for subject in ("chore: command", "chore: it counts from here"):
        empty_repo.commit(subject, "--no-verify")
    assert (empty_repo.planfence("test").returncode == 0) is alone


def test_without_one_it_is_said_which_line_to_write(repo) -> None:
    repo.write("Makefile", "test:\n\ttrue\n")
    line = 'write `command = "make test"` under [tests]'
    assert line in repo.planfence("test").stderr
    repo.start("auth/middleware")
    assert line in repo.planfence("advance").stderr
