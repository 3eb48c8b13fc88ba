"""The content rules on real commits: which command looks, and which does not."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("kind", "path", "old", "new", "refused"),
    [
        ("style", "src/a.rs", "let a = A { name: name, b: 1 };\n", "let a = A { name, b: 1 };\n", False),
        ("style", "src/a.rs", 'format!("--{}", name)\n', 'format!("--{name}")\n', False),
        ("style", "src/a.js", 'x = "a" + b;\n', "x = `a${b}`;\n", False),
        ("style", "src/a.rs", "let a = A { name: name, b: 1 };\n", "let a = A { name, b: 2 };\n", True),
        ("style", "src/a.py", "x = f(a)\ny = g(a)\n", "x = f(a)\n", True),
        ("docs", "src/a.rs", "#[cfg(docsrs)]\nmod a;\n", "#[cfg(all(docsrs, unix))]\nmod a;\n", False),
        ("docs", "src/a.rs", "#[cfg(all(\n    a,\n))]\n", "#[cfg(all(\n    a,\n    not(doc),\n))]\n", False),
        ("style", "src/a.rs", "fn a() {}\n", "#[allow(clippy::x, dead_code)]\nfn a() {}\n", False),
        ("style", "src/a.rs", "fn a() {}\n", "#[allow(x)] fn b() {}\nfn a() {}\n", True),
        ("style", "src/a.js", 'log("delete all users");\n', 'log("x"); delete(all, users);\n', True),
        ("style", "src/a.py", 'log("os.remove path")\n', "os.remove(path)\n", True),
        ("style", "src/a.py", 'log("remove path")\n', 'log(remove("path"))\n', True),
        ("docs", "src/a.rs", "#[inline]\nfn a() { b() }\n", "#[inline]\nfn a() { c() }\n", True),
        ("docs", "examples/a.py", OLD, NEW, False),
        ("docs", "website/a.py", OLD, NEW, False),
        ("docs", "src/website/a.py", OLD, NEW, True),
        ("style: please ruff", "src/a.py", OLD, NEW, False),
        ("style: drop unused", "src/a.py", OLD, NEW, True),
        ("style: drop unused", "src/a.py", f"x = f()\n{OLD}", OLD, False),
        ("style: sort imports", "src/a.py", "import b\nimport a\n\na.x()\n", "import a\nimport c\n\na.x()\n", False),
        ("style: import the new check", "src/a.py", OLD, NEW, True),
        (
            "style: drop redundant `public`",
            "src/A.java",
            "interface A { public int f(); }\n",
            "interface A { int f(); }\n",
            False,
        ),
    ],
)
def test_what_gains_and_loses_no_word_is_no_contradiction(
    repo, kind: str, path: str, old: str, new: str, refused: bool
) -> None:
    from planfence.judge import check

    repo.commit("feat: begin", **{path: old})
    commit = repo.commit(f"{kind}: words", **{path: new})
    found = check.check_commit(repo.open(), commit).report.findings
    assert [each.refuses for each in found if each.code == "THM003"][:1] == [refused]


INSIDE = (
    *("#[cfg(docsrs)]", "#[cfg(all(docsrs, unix))]", "#[cfg(all(", "#![cfg_attr(docsrs, feature(doc_cfg))]", "#![doc("),
    *(
        "not(doc),",
        "docsrs,",
        'doc(cfg(feature = "x"))',
        'doc(cfg(all(feature = "x", unix))),',
        ")]",
        "))]",
        "docsrs)]",
    ),
    *('#[doc = "a [b] c"]', '#![doc = include_str!("../README.md")]', "#[inline] // why", "// why", ""),
)
OUTSIDE = (
    *("#[allow(x)] pub fn open() { backdoor() }", "let doc = evil();", "let x = doc.unwrap();", "#[a] fn f() { x[0]"),
    *("#[a] fn f() { x[0]]", "#[a] x()]", "doc", "doc,", "return doc", "doc(evil())", "doc(cfg(evil()))", '"doc"'),
    *("docsrs = evil()", "all(doc, f(x))", "not(doc) + 1", "#[a] /* x */ fn f() {}", '#[a /* " */] fn f() { "]'),
    *("""#[a('"')] fn f() { evil("x", '"')]""", '#[doc = r#"a"b"#] fn f() { evil() } "]', "evil() // docsrs"),
)


@pytest.mark.parametrize("line", INSIDE + OUTSIDE)
def test_only_lines_that_are_inside_attributes_say_what_docs_rs_builds(line: str) -> None:
    from planfence.change.hunks import FileDiff, Hunk, Unit
    from planfence.content import committypes

    lines = tuple(f"{each}\n".encode() for each in ("#[cfg(docsrs)]", f"    {line}"))
    file = FileDiff("src/a.rs", "src/a.rs", 0o100644, 0o100644, "1" * 40, "2" * 40)
    for hunk in (Hunk(0, 0, (), lines), Hunk(0, 0, lines, ())):
        assert committypes._is_attributes(Unit("x", file, hunk), committypes._ATTRIBUTE) == (line in INSIDE)


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
