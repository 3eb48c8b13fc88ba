"""What happens to paths: renames, copies, types, modes, links, submodules, names."""

from __future__ import annotations

import os

import pytest


def test_a_plain_planned_change_passes(lab) -> None:
    lab.write("src/auth.py")
    lab.write("src/user.py", "def user():\n    return 2\n")
    lab.accepts(staged=True)


def test_a_rename_is_a_deletion_and_an_addition(lab) -> None:
    lab.repo.write("src/auth.py", "".join(f"line {n}\n" for n in range(50)))
    lab.git("rm", "-q", "--cached", "docs/index.md")
    lab.git("add", "src/auth.py")
    lab.refuses("SCP001", path="docs/index.md", staged=True)


def test_a_rename_into_scope(lab) -> None:
    lab.git("mv", "docs/index.md", "src/auth.py")
    lab.refuses("SCP001", path="docs/index.md", staged=True)


@pytest.mark.parametrize("renames", ["true", "copies"])
def test_a_rename_with_rename_detection_configured(lab, renames: str) -> None:
    lab.git("config", "diff.renames", renames)
    lab.git("mv", "src/user.py", "src/elsewhere.py")
    lab.refuses("SCP001", path="src/elsewhere.py", staged=True)


def test_a_copy_out_of_scope(lab) -> None:
    lab.git("config", "diff.renames", "copies")
    lab.write("src/copy.py", "def user():\n    return 1\n")
    lab.refuses("SCP001", path="src/copy.py", staged=True)


def test_a_rename_that_changes_only_case(lab) -> None:
    lab.git("mv", "src/user.py", "src/User.py")
    lab.refuses("SCP001", path="src/User.py", staged=True)


def test_a_deletion_out_of_scope(lab) -> None:
    lab.git("rm", "-q", "docs/index.md")
    lab.refuses("SCP001", path="docs/index.md", staged=True)


def test_a_deletion_where_a_modification_is_planned(lab) -> None:
    lab.git("rm", "-q", "src/user.py")
    lab.refuses("SCP002", path="src/user.py", staged=True)


def test_an_addition_where_a_modification_is_planned(lab) -> None:
    lab.git("rm", "-q", "--cached", "src/user.py")
    base = lab.record("feat: drop", parents=("HEAD",))
    lab.git("add", "src/user.py")
    head = lab.record()
    assert "SCP002" in lab.range(head, base).codes


def test_a_file_becomes_a_symlink(lab) -> None:
    (lab.repo.root / "src/user.py").unlink()
    os.symlink("../docs/index.md", lab.repo.root / "src/user.py")
    lab.git("add", "-A")
    assert "SCP005" not in lab.staged().codes  # the task names it literally
    lab.git("reset", "-q", "--hard")
    (lab.repo.root / "tests/auth").mkdir(parents=True)
    lab.write("tests/auth/a.py")
    first = lab.record()
    (lab.repo.root / "tests/auth/a.py").unlink()
    os.symlink("b.py", lab.repo.root / "tests/auth/a.py")
    lab.git("add", "-A")
    assert "SCP005" in lab.staged().codes
    head = lab.record()
    assert {"SCP005"} <= lab.range(head, first).codes


def test_a_file_becomes_a_folder(lab) -> None:
    (lab.repo.root / "src/user.py").unlink()
    lab.write("src/user.py/evil.py")
    lab.git("add", "-A")
    lab.refuses("SCP001", path="src/user.py/evil.py", staged=True)


@pytest.mark.parametrize(
    "target", ["../../other", "/etc/passwd", "../../../.git/hooks", "../../.git/config", "C:/x", ".."]
)
def test_a_symlink_that_leads_outside(lab, target: str) -> None:
    (lab.repo.root / "tests/auth").mkdir(parents=True)
    os.symlink(target, lab.repo.root / "tests/auth/link")
    lab.git("add", "-A")
    lab.refuses("SCP005", path="tests/auth/link", staged=True)


def test_a_symlink_to_another_folder_of_the_repository(lab) -> None:
    (lab.repo.root / "tests/auth").mkdir(parents=True)
    os.symlink("../../docs", lab.repo.root / "tests/auth/link")
    lab.git("add", "-A")
    lab.refuses("SCP005", path="tests/auth/link", staged=True)


def test_an_empty_symlink_target(lab) -> None:
    tree = lab.tree_with("120000", b"link", lab.blob(b""))
    lab.refuses("SCP005", lab.record_tree(tree), path="link")


def test_a_symlink_by_the_small_door_must_stay_inside(lab) -> None:
    os.symlink("../outside", lab.repo.root / "link")
    lab.git("add", "-A")
    assert "SCP005" in lab.staged_without_task().codes
    lab.refuses("SCP005", lab.record(task=None), path="link")


def test_an_executable_bit_out_of_scope(lab) -> None:
    lab.git("update-index", "--chmod=+x", "docs/index.md")
    lab.refuses("SCP001", path="docs/index.md", staged=True)


def test_an_executable_bit_with_file_mode_ignored(lab) -> None:
    lab.git("config", "core.fileMode", "false")
    lab.git("update-index", "--chmod=+x", "docs/index.md")
    lab.refuses("SCP001", path="docs/index.md", staged=True)


def _gitlink(lab, path: str = "tests/auth/sub") -> None:
    lab.git("update-index", "--add", "--cacheinfo", f"160000,{lab.base},{path}")


def test_a_submodule(lab) -> None:
    _gitlink(lab)
    lab.refuses("SCP005", path="tests/auth/sub", staged=True)


@pytest.mark.parametrize("where", ["config", "gitmodules"])
def test_a_submodule_bump_that_is_ignored(lab, where: str) -> None:
    _gitlink(lab, "sub")
    first = lab.record(task=None)
    if where == "config":
        lab.git("config", "submodule.sub.ignore", "all")
        lab.git("config", "diff.ignoreSubmodules", "all")
    else:
        lab.repo.write(".gitmodules", '[submodule "sub"]\n\tpath = sub\n\turl = ./x\n\tignore = all\n')
    lab.git("update-index", "--cacheinfo", f"160000,{first},sub")
    verdict = lab.staged()
    assert "SCP001" in verdict.codes
    assert "sub" in verdict.paths
    head = lab.record()
    for name, each in {"commit": lab.commit(head), "range": lab.range(head, first)}.items():
        assert "sub" in each.paths, name


@pytest.mark.parametrize(
    "path", [".gitmodules", ".gitattributes", ".github/workflows/ci.yml", ".pre-commit-config.yaml"]
)
def test_a_protected_path_by_the_small_door(lab, path: str) -> None:
    lab.write(path)
    assert "SCP004" in lab.staged_without_task().codes
    lab.refuses("SCP004", lab.record(task=None), path=path)


@pytest.mark.parametrize("path", [".gitmodules", ".github/workflows/ci.yml"])
def test_a_protected_path_within_a_task(lab, path: str) -> None:
    lab.write(path)
    lab.refuses("SCP004", path=path, staged=True)


def test_a_nested_gitattributes_is_outside_the_task(lab) -> None:
    lab.write("src/.gitattributes", "*.py -diff\n")
    lab.refuses("SCP001", path="src/.gitattributes", staged=True)


@pytest.mark.parametrize(
    "name",
    ["src/new\nline.py", 'src/quo"te.py', "src/ta\tb.py", "src/é.py", "src/ space.py", "src/\\back.py", "src/\x7f"],
)
def test_a_name_that_git_quotes(lab, name: str) -> None:
    lab.git("config", "core.quotePath", "false")
    lab.write(name)
    lab.refuses("SCP001", path=name, staged=True)


@pytest.mark.parametrize("name", ["tests/auth/new\nline", "tests/auth/tab\t", "tests/auth/\x1b[2J"])
def test_a_control_character_inside_the_scope(lab, name: str) -> None:
    lab.write(name)
    lab.refuses("SCP005", path=name, staged=True)


def test_a_name_that_is_not_utf8(lab) -> None:
    name = os.fsdecode(b"tests/auth/\xff\xfe.py")
    lab.write(name)
    lab.refuses("SCP005", path=name, staged=True)


@pytest.mark.parametrize("name", ["-rf", ":(top)x", ":!src", "--output=x", "@{u}", "HEAD", "refs"])
def test_a_name_that_looks_like_an_option(lab, name: str) -> None:
    lab.repo.write(name)
    lab.git("--literal-pathspecs", "add", "--", name)
    lab.refuses("SCP001", path=name, staged=True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tests/auth/a.py", "tests/auth/A.py"),
        ("tests/auth/é.py", "tests/auth/e\u0301.py"),
        ("tests/auth/straße", "tests/auth/STRASSE"),
        ("tests/auth/x/a.py", "tests/auth/X/b.py"),
        ("tests/auth/x", "tests/auth/X/b.py"),
        ("tests/auth/\u212a", "tests/auth/k"),
    ],
)
def test_names_that_collide_elsewhere(lab, first: str, second: str) -> None:
    lab.write(first)
    before = lab.record()
    lab.write(second)
    assert "SCP005" in lab.staged().codes
    head = lab.record()
    assert "SCP005" in lab.range(head, before).codes
    lab.refuses("SCP005", head, path=second)


def test_two_names_that_collide_in_one_commit(lab) -> None:
    lab.write("tests/auth/a.py")
    lab.write("tests/auth/A.py")
    lab.refuses("SCP005", staged=True)


def test_a_collision_with_a_file_that_was_there(lab) -> None:
    lab.write("SRC/user.py")
    assert "SCP005" in lab.staged_without_task().codes
    lab.refuses("SCP005", lab.record(task=None), path="SRC/user.py")


def test_a_rename_of_case_alone_is_no_collision(lab) -> None:
    lab.write("tests/auth/a.py")
    first = lab.record()
    lab.git("rm", "-q", "--cached", "tests/auth/a.py")
    lab.write("tests/auth/A.py")
    head = lab.record()
    assert not lab.range(head, first).refused


@pytest.mark.parametrize(
    "name",
    ["src/api_evil/x", "src/apix", "src/auth.py.bak", "xsrc/auth.py", "src/auth.py/x", "tests/authx", "Src/auth.py"],
)
def test_a_name_that_only_begins_like_the_pattern(lab, name: str) -> None:
    lab.write(name)
    lab.refuses("SCP001", path=name, staged=True)


def test_a_denied_path_under_a_listed_pattern(lab) -> None:
    lab.write("src/keys/a.pem")
    lab.refuses("SCP003", path="src/keys/a.pem", staged=True)


def test_a_huge_binary_file_is_judged_without_its_content(lab) -> None:
    lab.write("tests/auth/big.bin", os.urandom(1 << 20) * 3 + b"\0")
    lab.accepts(staged=True)


def test_a_file_that_diff_calls_binary_by_attribute(lab) -> None:
    lab.repo.write(".git/info/attributes", "* -diff\n")
    lab.write("tests/auth/many.txt", "line\n" * 900)
    verdict = lab.staged()
    assert "SIZ001" in verdict.codes


def test_a_change_of_too_many_lines(lab) -> None:
    lab.write("tests/auth/many.txt", "line\n" * 801)
    lab.refuses("SIZ001", staged=True)


def test_a_change_of_too_many_files(lab) -> None:
    for number in range(21):
        lab.repo.write(f"tests/auth/{number}.py")
    lab.git("add", "tests")
    lab.refuses("SIZ001", staged=True)


def test_line_counts_are_not_changed_by_an_external_diff_or_a_text_conversion(lab) -> None:
    lab.git("config", "diff.external", "true")
    lab.git("config", "diff.hide.textconv", "true")
    lab.repo.write(".git/info/attributes", "* diff=hide\n")
    lab.write("tests/auth/many.txt", "line\n" * 801)
    lab.refuses("SIZ001", staged=True)
