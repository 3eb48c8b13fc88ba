"""The content rules on real commits: which command looks, and which does not."""

from __future__ import annotations

OLD, NEW = "def user():\n    return 1\n", "def user():\n    return compute(2)\n"


def codes(done) -> set[str]:
    return {word.strip(":") for word in done.stdout.split() if word.startswith("THM")}


def test_docs_that_change_behaviour_are_refused_by_every_check_of_the_message(repo) -> None:
    repo.git("checkout", "-q", "-b", "work")
    commit = repo.commit("docs: words", **{"src/user.py": NEW})
    for arguments in (("check", "--commit", commit), ("check", "--range", "main..work")):
        done = repo.planfence(*arguments)
        assert done.returncode == 1, done.stdout
        assert "THM003" in done.stdout


def test_commit_msg_refuses_and_names_the_type(repo) -> None:
    repo.write("src/user.py", NEW)
    repo.git("add", "-A")
    message = repo.write(".git/COMMIT_EDITMSG", "docs: words\n")
    done = repo.planfence("hook", "commit-msg", str(message))
    assert done.returncode == 1
    assert "`docs:` does not cover changed code" in done.stdout + done.stderr
    message.write_text("fix: user\n")
    assert repo.planfence("hook", "commit-msg", str(message)).returncode == 0


def test_check_advises_on_mixed_content_and_the_pre_commit_hook_does_not_look(repo) -> None:
    repo.commit("feat: begin", **{"src/user.py": "".join(f"x{n}  =  {n}\n" for n in range(9)) + OLD})
    repo.write("src/user.py", "".join(f"x{n} = {n}\n" for n in range(9)) + NEW)
    repo.git("add", "-A")
    done = repo.planfence("check")
    assert done.returncode == 0
    assert "mixed-content" in done.stdout
    done = repo.planfence("hook", "pre-commit")
    assert "mixed-content" not in done.stdout + done.stderr


def test_the_fast_path_is_never_sure_of_a_type_that_only_the_diff_confirms() -> None:
    from planfence import prover
    from planfence.finding import Severity
    from planfence.hooks.compiledplan import compile_plan
    from planfence.manifest.policy import Policy

    compiled = compile_plan(Policy(), None, None)
    assert compiled is not None
    assert not prover.allows(prover.read(compiled.splitlines()), b"docs")
    assert prover.allows(prover.read(compiled.splitlines()), b"feat")
    assert compile_plan(Policy(rules={"mixed-content": Severity.ERROR}), None, None) is None


def test_summary_says_in_one_glance_what_is_mixed(repo) -> None:
    repo.commit("feat: begin", **{"src/user.py": "".join(f"x{n}  =  {n}\n" for n in range(9)) + OLD})
    repo.write("src/user.py", "".join(f"x{n} = {n}\n" for n in range(9)) + NEW)
    repo.git("add", "-A")
    done = repo.planfence("summary")
    assert "by kind: format 18, behaviour 2" in done.stdout
    assert "mixed: 18 of 20 lines are formatting, beside changed behaviour (planfence split)" in done.stdout
