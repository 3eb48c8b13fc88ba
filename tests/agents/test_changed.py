from __future__ import annotations

import json
import shlex
import subprocess
import time

import pytest

from planfence.agents import newcommits
from planfence.agents.answers import reply
from planfence.agents.fastpath import plainly_unchanged


def ask(repo, event, tool="", command="", agent="claude", session="s1", **more):
    raw = {"session_id": session, "cwd": str(repo.root), "hook_event_name": event, **more}
    if tool:
        raw |= {"tool_name": tool, "tool_input": {"command": command}}
    answered = reply(agent, json.dumps(raw).encode(), repo.environment())
    assert answered.code == 0
    return json.loads(answered.stdout) if answered.stdout else {}


def after(repo, script="", **more):
    """Run a script as an agent would, and return what is said after it."""
    done = subprocess.run(["sh", "-c", script], cwd=repo.root, env=repo.variables, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    return ask(repo, "PostToolUse", "Bash", "./script.sh", **more).get("reason", "")


def put_back(repo, said):
    lines = said.split("Put it back:\n")[1].splitlines()
    for line in lines:
        subprocess.run(["sh", "-c", line], cwd=repo.root, env=repo.variables, check=True)


@pytest.fixture
def working(repo):
    (repo.root / ".git/info").mkdir(exist_ok=True)
    (repo.root / ".git/info/exclude").write_text("*.log\n")
    repo.write("docs/index.md", "index\n")
    repo.git("add", "docs/index.md")
    repo.git("commit", "-qm", "docs: index", "--no-verify")
    repo.start("auth/middleware")
    ask(repo, "SessionStart", source="startup")
    return repo


@pytest.mark.parametrize("path", ["src/other.py", "docs/index.md", "planfence.toml", "a file.txt", "-rf", "ü.md"])
def test_what_a_script_changes_outside_the_task_is_told_with_what_puts_it_back(working, path):
    before = working.git("status", "--porcelain")
    said = after(working, f"echo x >> './{path}'")
    assert path in said
    put_back(working, said)
    assert working.git("status", "--porcelain") == before
    assert ask(working, "Stop") == {}


SHAPES = {
    "a name with a newline": "echo x > 'src/a\nb.py'",
    "a name that is not UTF-8": "echo x > \"src/$(printf '\\351').py\"",
    "a name like a pattern, and it is new": "echo x > 'src/u*.py' && git add 'src/u[*].py'",
    "a name like a pattern, and it is old": "echo x >> 'docs/i*.md'",
    "a name like a pathspec": "echo x > ':(top)x' && git add './:(top)x'",
    "a folder in a file's place": "rm docs/index.md && mkdir docs/index.md && echo x > docs/index.md/a",
    "a file in a folder's place": "rm -r deep && echo x > deep",
    "a repository of its own": "git init -q lib/own && echo x > lib/own/a && git -C lib/own add a",
    "a name that is staged alone": "git update-index --add --cacheinfo 100644,$(git rev-parse HEAD:README.md),docs/a",
    "a mode": "chmod +x docs/index.md",
    "a link in a file's place": "ln -sf ../README.md docs/index.md",
    "a rename": "git mv docs/index.md docs/other.md",
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_puts_it_back_restores_that_and_nothing_else(working, name):
    working.write("docs/i*.md", "starred\n")
    working.write("deep/one.md", "one\n")
    working.git("--literal-pathspecs", "add", "docs/i*.md", "deep/one.md")
    working.git("commit", "-qnm", "docs: a star")
    working.write("src/user.py", "mine\n")
    working.write("docs/image.md", "mine\n")
    ask(working, "SessionStart", source="startup")
    before = working.git("status", "--porcelain", "-uall")
    said = after(working, SHAPES[name])
    put_back(working, said)
    assert working.git("status", "--porcelain", "-uall") == before, said
    assert ask(working, "Stop") == {}
    assert (working.root / "src/user.py").read_text() == (working.root / "docs/image.md").read_text() == "mine\n"


@pytest.mark.parametrize("path", [".claude/settings.json", ".github/hooks/x.json", ".codex/hooks.json"])
def test_new_settings_of_hooks_are_for_a_person_to_take_away(working, path):
    said = after(working, f"mkdir -p $(dirname {path}) && echo '{{}}' > {path}")
    assert f"  # ask a person, since it decides whether hooks run: rm -- {path}" in said.splitlines()


def test_thousands_of_files_are_told_in_time(working):
    began = time.process_time()
    said = after(working, "mkdir lib && cd lib && touch $(seq 3000)")
    assert "and 2992 more" in said
    assert "# and 2900 more" in said
    assert len(said) < 10_000
    assert time.process_time() - began < 10  # as it was, it took a minute


def test_a_deleted_file_is_told_and_comes_back(working):
    said = after(working, "rm docs/index.md")
    put_back(working, said)
    assert (working.root / "docs/index.md").read_text() == "index\n"


def test_the_stop_is_held_until_it_is_put_back(working):
    said = after(working, "echo x > src/other.py")
    assert "src/other.py" in ask(working, "Stop")["reason"]
    assert "src/other.py" in ask(working, "Stop", stop_hook_active=True)["reason"]
    put_back(working, said)
    assert ask(working, "Stop", stop_hook_active=True) == {}


def test_a_stop_is_not_held_for_ever(working):
    after(working, "echo x > src/other.py")
    assert [bool(ask(working, "Stop", stop_hook_active=True)) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    "script", ["echo 'x = 2' > src/user.py", "echo x > test.log", "true", "cat docs/index.md", "touch docs/index.md"]
)
def test_planned_ignored_and_unchanged_files_are_silent(working, script):
    assert after(working, script) == ""


def test_it_is_told_once(working):
    assert after(working, "echo x > src/other.py")
    assert after(working, "true") == ""
    assert after(working, "echo xx > src/other.py")


def test_what_was_changed_before_the_session_is_not_blamed(working):
    working.write("src/mine.py", "mine\n")
    assert after(working, "true", session="unknown") == ""
    ask(working, "SessionStart", source="startup", session="s2")
    assert after(working, "true", session="s2") == ""
    assert "src/mine.py" not in after(working, "echo x > src/other.py", session="s2")
    said = after(working, "echo more >> src/mine.py", session="s2")
    assert "src/mine.py" in said
    assert "by hand" in said
    assert "rm -- src/mine.py" not in said


def test_what_a_person_changes_between_an_answer_and_the_next_prompt_is_not_blamed(working):
    working.write("src/mine.py", "mine\n")
    ask(working, "UserPromptSubmit", prompt="go on")
    assert after(working, "true") == ""
    assert ask(working, "Stop") == {}


def test_a_script_that_is_seen_by_no_tool_is_seen_at_the_stop(working):
    working.write("src/other.py", "x\n")
    assert "src/other.py" in ask(working, "Stop")["reason"]


def test_a_commit_without_hooks_is_told_and_taken_back(working):
    head = working.git("rev-parse", "HEAD")
    said = after(working, "echo x > src/other.py && git add src/other.py && git commit -q --no-verify -m 'feat: x'")
    assert "no hook has seen it" in said
    working.git(*said.splitlines()[-1].split()[1:])
    assert working.git("rev-parse", "HEAD") == head
    assert "src/other.py" in ask(working, "Stop")["reason"]
    assert "reset" not in ask(working, "Stop")["reason"]


def test_many_new_commits_hide_none(working, monkeypatch):
    monkeypatch.setattr(newcommits, "_MOST_COPIED", 2)
    monkeypatch.setattr(newcommits, "_MOST_LISTED", 5)
    evil = "echo x > docs/$i.md; git add -A; git commit -qnm 'docs: x'"
    many = "export GIT_REFLOG_ACTION=rebase; for i in {}; do {}; done; for i in {}; do {}; done"
    empty = "git commit -qn --allow-empty -m 'feat: y'"
    said = after(working, many.format("1", evil, "1 2 3", empty))
    assert "docs/1.md" in said
    assert "check --range" not in said
    assert "docs/1.md" in ask(working, "Stop")["reason"]
    head = working.git("rev-parse", "HEAD")
    for script in (many.format("2 3 4", evil, "1", empty), many.format("1 2 3 4", empty, "5", empty)):
        assert f"`planfence check --range {head}..HEAD`" in after(working, script)
        assert [head in ask(working, "Stop").get("reason", "") for _ in range(2)] == [True, False]
        head = working.git("rev-parse", "HEAD")


DO = "echo x >> docs/index.md && git commit -qan"


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (f"{DO}m 'feat: x'", "  git reset --soft HEAD^"),
        (f"{DO} --amend --no-edit", "  git reset --soft OLD"),
        (f"{DO}m 'feat: x' && git commit -qn --allow-empty -m 'feat: y'", "# by hand, since other commits follow it"),
        (
            f"git checkout -qb else && {DO}m 'feat: x' && git checkout -q main",
            "# by hand, since it is not on the branch",
        ),
        (
            "echo x >> docs/index.md && git add -A && git update-ref -m 'nothing' HEAD "
            "$(git commit-tree -p HEAD -m 'feat: x' $(git write-tree))",
            "  git reset --soft HEAD^",
        ),
    ],
)
def test_no_other_commit_goes_with_one_that_is_taken_back(working, script, line):
    old = working.git("rev-parse", "HEAD")
    said = after(working, script).splitlines()
    told = [each.replace(f"{working.git('rev-parse', 'HEAD')}^", "HEAD^").replace(old, "OLD") for each in said]
    assert any(each.startswith(line) for each in told), said
    if line.startswith("  "):
        working.git(*said[-1].split()[1:])
        assert working.git("rev-parse", "HEAD") == old


OTHER = "--trailer 'Plan-Task: auth/guide' --trailer 'Plan-Stage: implement' --trailer 'Plan-Model: human'"


@pytest.mark.parametrize(
    "script",
    [
        "echo x > docs/a.md; git add -A; git commit -qnm 'docs: x' --trailer 'Plan-Task: none'",
        f"echo x > docs/a.md; git add -A; git commit -qnm 'docs: x' {OTHER}",
        "git cherry-pick side",
        "git format-patch -q --stdout -1 side | git am -q",
        "git revert --no-edit HEAD",
        "echo x > docs/a.md; git add -A; GIT_REFLOG_ACTION=rebase git commit -qnm 'docs: x'",
        "echo x > docs/a.md; git add -A; GIT_REFLOG_ACTION='merge x' git commit -qn --amend --no-edit",
        "echo x > docs/a.md; git add -A; git reset -q --hard $(git commit-tree -p HEAD -m 'docs: x' $(git write-tree))",
        "echo x > docs/a.md; git add -A; git commit -qnm 'docs: x'; rm .git/logs/HEAD",
        "echo x > docs/a.md; git add -A; git commit -qnm 'docs: x'; git reflog expire --expire=now --all; git gc -q",
        "git bisect start -q; echo x > docs/a.md; git add -A; git commit -qnm 'docs: x'; rm docs/a.md",
        "echo x > docs/a.md; git add -A; git commit -qnm 'docs: x' --trailer 'Plan-Urgent: now'",
        "git rm -q planfence.toml; git commit -qnm 'docs: x'",
        "echo x > docs/a.md; git add -A; GIT_REFLOG_ACTION=rebase git commit -qnm 'docs: x';"
        "echo 'x = 2' > src/user.py; git commit -qnam 'feat: x'",
    ],
)
def test_a_commit_that_is_none_of_the_task_is_told_though_it_could_be_pushed(working, script):
    working.git("checkout", "-q", "-b", "side")
    working.commit("docs: x", "-n", **{"new.md": "x\n"})
    working.git("checkout", "-q", "main")
    assert ask(working, "PreToolUse", "Bash", "./script.sh") == {}
    assert "The commit" in after(working, script)
    assert "The commit" in ask(working, "Stop")["reason"]


def test_going_to_commits_that_are_there_and_copying_them_is_silent(working):
    elsewhere = working.root.parent / "elsewhere"
    working.git("checkout", "-q", "-b", "later")
    working.commit("docs: z", "-n", *shlex.split(OTHER), **{"docs/z.md": "z\n"})
    working.git("checkout", "-q", "-b", "side", "main")
    working.commit("docs: x", "-n", *shlex.split(OTHER), **{"docs/x.md": "x\n"})
    working.git("clone", "-q", "--bare", ".", str(elsewhere))
    working.git("push", "-q", "--no-verify", str(elsewhere), "+side:main")
    working.git("remote", "add", "elsewhere", str(elsewhere))
    working.git("checkout", "-q", "main")
    ask(working, "UserPromptSubmit", prompt="go on")
    for script in (
        "git checkout -q side; git bisect start -q; git bisect reset -q; git checkout -q main",
        "git merge -q --ff-only side; git reset -q --hard HEAD^; git checkout -q --detach side; git checkout -q main",
        "git merge -q --no-ff -m 'merge side' side; git reset -q --hard HEAD^",
        "git checkout -q later; git -c core.hooksPath=/dev/null rebase -q side; git checkout -q main",
        "git -c core.hooksPath=/dev/null pull -q --rebase elsewhere main",
        "git reset -q --hard ORIG_HEAD; git reset -q --hard HEAD@{1}",
    ):
        assert after(working, script) == ""
    assert ask(working, "Stop").get("reason", "") == ""


@pytest.mark.parametrize(
    "script",
    [
        "git clone -q . ../w; cd ../w; {}; cd ../repo; git pull -q ../w HEAD",
        "git clone -q . w; cd w; {}; cd ..; git pull -q w HEAD; rm -rf w",
        "git clone -q . ../w; cd ../w; {}; git bundle create -q ../b HEAD; cd ../repo; git pull -q ../b HEAD",
    ],
)
def test_what_comes_in_from_a_clone_without_hooks_is_told(working, script):
    working.git("init", "-q", "--bare", "../origin")
    working.git("remote", "add", "origin", "../origin")
    working.git("push", "-q", "--no-verify", "origin", "main")
    assert after(working, "git fetch -q; git push -q --no-verify origin main:same") == ""
    assert "docs/a.md" in after(working, script.format("echo x > docs/a.md; git add -A; git commit -qnm 'docs: x'"))


def commit_of_docs(repo):
    """Return a commit that changes a file outside the task, and that no ref has."""
    made = (
        "export GIT_INDEX_FILE=.git/else; git read-tree HEAD; blob=$(git hash-object -w README.md);"
        'git update-index --add --cacheinfo "100644,$blob,docs/y.md";'
        'git commit-tree -p HEAD -m "docs: y" $(git write-tree)'
    )
    return repo.git("-c", f"alias.made=!{made}", "made")


@pytest.mark.parametrize(
    ("when", "go"),
    [
        ("in another worktree, before the command", "merge -q --no-ff -m 'merge b' b"),
        ("in another worktree, during another command", "rebase -q b"),
        ("by a push between two commands", "rebase -q b"),
        ("before the session, by a tag alone", "checkout -q --detach b"),
    ],
)
def test_commits_of_others_are_no_agents_that_goes_to_them(working, when, go):
    if "tag" in when:
        working.git("tag", "b", commit_of_docs(working))
    ask(working, "UserPromptSubmit", prompt="go on")
    assert after(working, "true") == ""
    if "during" in when:
        working.git("worktree", "add", "-q", "-b", "b", "../beside")
        ask(working, "PreToolUse", "Bash", "sleep 1")
    if "push" in when:
        working.git("update-ref", "refs/heads/b", commit_of_docs(working))
    if "worktree" in when:
        if "during" not in when:
            working.git("worktree", "add", "-q", "-b", "b", "../beside")
        beside = type(working)(working.root.parent / "beside", working.variables)
        beside.commit("docs: y", "-n", **{"docs/y.md": "y\n"})
    if "during" in when:
        assert after(working, "true") == ""
    ask(working, "PreToolUse", "Bash", f"git {go}")
    assert after(working, f"git -c core.hooksPath=/dev/null {go}") == ""
    assert ask(working, "Stop").get("reason", "") == ""


@pytest.mark.parametrize(
    ("ref", "go", "line"),
    [
        ("refs/heads/in/x", "merge -q --no-ff -m 'merge x' in/x", "# by hand, since a merge brought it"),
        ("refs/tags/x", "merge -q x", "  git reset --soft "),
        ("refs/heads/x", "reset -q --hard x", "  git reset --soft "),
        ("", "rebase -q x", "  git reset --soft "),
    ],
)
def test_a_commit_that_a_script_left_on_another_ref_is_told_when_it_is_gone_to(working, ref, go, line):
    made = commit_of_docs(working)
    ask(working, "PreToolUse", "Bash", "./one.sh")
    if ref:
        assert after(working, f"git update-ref {ref} {made}") == ""
        ask(working, "PreToolUse", "Bash", "./two.sh")
        said = after(working, f"git {go}")
    else:  # by a worktree of the script's own
        said = after(working, f"git worktree add -q ../new -b x; git -C ../new merge -q {made}; git {go}")
    assert said.splitlines()[-1].startswith(line)
    assert "The commit" in ask(working, "Stop")["reason"]


def test_what_a_task_committed_before_it_ended_is_its_own(working):
    ask(working, "PreToolUse", "Bash", "./script.sh")
    ours = OTHER.replace("guide", "middleware")
    ends = "printf auth/guide > .git/planfence/task"
    assert after(working, f"echo 'x = 2' > src/user.py; git commit -qnam 'feat: x' {ours}; {ends}") == ""


def test_a_command_that_failed_is_looked_at_too(working):
    working.write("src/other.py", "x\n")
    said = ask(working, "PostToolUseFailure", "Bash", "./script.sh", error="Exit code 1")
    assert said["hookSpecificOutput"]["hookEventName"] == "PostToolUseFailure"
    assert "src/other.py" in said["hookSpecificOutput"]["additionalContext"]


def test_a_command_that_moved_a_ref_is_looked_at_by_the_full_judgement(working):
    raw = {"session_id": "s1", "cwd": str(working.root), "hook_event_name": "PostToolUse", "tool_name": "Bash"}
    data, variables = json.dumps(raw).encode(), dict(working.environment().variables)
    working.git("branch", "in/x")
    for script in ("branch in/y", "update-ref refs/heads/in/x HEAD^", "pack-refs --all", "branch -D in/y"):
        assert after(working, "true") == ""
        assert plainly_unchanged(data, variables)
        working.git(*script.split())
        assert not plainly_unchanged(data, variables)


def test_each_agent_is_told_in_its_own_form(working):
    working.write("src/other.py", "x\n")
    said = ask(working, "AfterTool", "run_shell_command", "./x", agent="gemini")
    assert "src/other.py" in said["hookSpecificOutput"]["additionalContext"]
    working.write("src/other.py", "more\n")
    said = ask(working, "postToolUse", "Shell", "./x", agent="cursor")
    assert "src/other.py" in said["additional_context"]


def gemini(repo, command):
    said = ask(repo, "BeforeTool", "run_shell_command", command, agent="gemini")
    return said.get("reason", "")


def test_a_commit_that_no_git_hook_will_see_is_judged_before(working):
    working.write("src/user.py", "x = 3\n")
    working.git("add", "src/user.py")
    said = gemini(working, "git commit -m 'feat: x'")
    needed = said.split("commit says itself: ")[1].splitlines()[0]
    assert "--trailer 'Plan-Task: auth/middleware'" in needed
    assert gemini(working, f"git commit -m 'feat: x' {needed}") == ""
    assert "stage first" in gemini(working, f"git add -A && git commit -m 'feat: x' {needed}")
    assert "stage first" in gemini(working, f"git commit -am 'feat: x' {needed}")
    working.write("src/other.py", "x\n")
    working.git("add", "src/other.py")
    assert "src/other.py" in gemini(working, f"git commit -m 'feat: x' {needed}")


def test_a_told_commit_that_was_pruned_does_not_end_the_look(working):
    assert "The commit" in after(working, "git add -N .; echo x > src/other.py; git add -A; git commit -qnm 'feat: x'")
    working.git("reset", "-q", "--soft", "HEAD^")
    working.git("reflog", "expire", "--expire=now", "--all")
    working.git("update-ref", "-d", "ORIG_HEAD")
    working.git("gc", "-q", "--prune=now")
    assert "src/other.py" in ask(working, "Stop")["reason"]
    assert [bool(ask(working, "Stop", stop_hook_active=True)) for _ in range(3)] == [True, True, False]


def test_another_message_for_an_earlier_tasks_commit_is_not_told_unless_the_commit_was(working):
    working.commit("docs: x", "-n", "--trailer", "Plan-Task: auth/guide", "--trailer", "Plan-Stage: implement",
                   "--trailer", "Plan-Model: human", **{"docs/a.md": "x\n"})  # fmt: skip
    ask(working, "UserPromptSubmit", prompt="go on")
    trailers = '-m "$(git log -1 --format=%b)"'
    assert after(working, f"git commit -q --amend -n -m 'docs: a' {trailers}") == ""
    assert "The commit" in after(working, f"echo y > docs/b.md; git add -A; git commit -qnm 'docs: b' {trailers}")
    assert "The commit" in after(working, f"git commit -q --amend -n -m 'docs: c' {trailers}")


def test_an_empty_task_names_none_though_no_task_was_at_work_before(working, monkeypatch):
    monkeypatch.setattr(newcommits, "parse_trailers", lambda _: [("Plan-Task", "")])
    seen = next((working.root / ".git/planfence").rglob("*.worktree"))
    seen.write_text(json.dumps(json.loads(seen.read_text()) | {"task": ""}))
    script = "echo x > docs/a.md; git add -A; git commit -qnm 'docs: x' --trailer 'Plan-Task: none'"
    assert "The commit" in after(working, script)


HOOKS_TAKEN = {
    "rm .git/hooks/pre-push": "pre-push",
    "echo exit 0 > .git/hooks/pre-commit": "pre-commit",
    "chmod -x .git/hooks/commit-msg": "commit-msg",
    "git config core.hooksPath /x": "commit-msg, pre-commit, pre-push",
    "printf '#!/bin/sh\\n# planfence\\nexit 0\\n' > .git/hooks/pre-push": "pre-push",
    "git config hook.planfence.enabled false": "hook.*",
}


@pytest.mark.parametrize("script", HOOKS_TAKEN)
def test_hooks_that_a_script_takes_away_are_told_and_hold_the_stop(working, script):
    for name in ("pre-commit", "commit-msg", "pre-push"):
        working.write(f".git/hooks/{name}", "#!/bin/sh\n# planfence\n").chmod(0o755)
    (working.root / ".git/hooks/post-merge").symlink_to("/nowhere")
    working.git("config", "hook.planfence.command", "planfence hook pre-push")
    kept = (working.root / ".git/config").read_text()
    ask(working, "SessionStart", source="startup")
    assert after(working, "git config user.nick x; touch .git/hooks/pre-push") == ""
    said = after(working, script)
    assert f"These hooks are not as they were: {HOOKS_TAKEN[script]}. Ask a person" in said
    assert after(working, "true") == ""
    assert said in ask(working, "Stop")["reason"]
    for name in ("pre-commit", "commit-msg", "pre-push"):
        working.write(f".git/hooks/{name}", "#!/bin/sh\n# planfence\n").chmod(0o755)
    (working.root / ".git/config").write_text(kept)
    assert ask(working, "Stop", stop_hook_active=True) == {}


@pytest.mark.parametrize("folder", [".git/hooks", ".githooks"])
def test_hooks_that_go_between_commands_are_told_behind_the_next_one(working, folder):
    """A background job, or a call beside it, may have taken them away."""
    if folder != ".git/hooks":
        working.git("config", "core.hooksPath", str(working.root / folder))
        working.write(".git/info/exclude", ".githooks\n")
    hook = working.write(f"{folder}/pre-push", "#!/bin/sh\n# planfence\n")
    hook.chmod(0o755)
    ask(working, "SessionStart", source="startup")
    hook.unlink()
    ask(working, "PreToolUse", "Bash", "./script.sh")
    said = after(working, "true")
    assert "These hooks are not as they were: pre-push" in said
    assert ask(working, "Stop")["reason"] == said
