import pytest

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.setup import frameworks

ALL = tuple(frameworks.HOOK_STAGES)


def read(tmp_path, text, name=".pre-commit-config.yaml"):
    (tmp_path / name).write_text(text)
    config = frameworks.read_config(tmp_path)
    assert config is not None
    return config


def test_no_configuration(tmp_path):
    assert frameworks.read_config(tmp_path) is None


def test_the_snippet_leaves_nothing_out(tmp_path):
    config = read(tmp_path, frameworks.snippet())
    assert config.ids == ALL
    assert config.names_planfence
    assert config.missing_ids == config.missing_types == ()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("    - id: planfence\n", ("planfence",)),
        ("    -   id: 'planfence-commit-msg' # why\n", ("planfence-commit-msg",)),
        ("hooks: [{id: planfence}, {name: x}]\n", ("planfence",)),
        ('  - name: x\n    id: "planfence-pre-push"\n', ("planfence-pre-push",)),
        ("#   - id: planfence\n", ()),
        ("    - id: ruff # planfence\n", ()),
        ("    - id: my-planfence\n", ()),
        ("    - id: ruff # not - id: planfence\n", ()),
    ],
)
def test_ids_by_lines(tmp_path, text, ids):
    assert read(tmp_path, "repos:\n" + text).ids == ids


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("repos: []\n", ()),
        ("default_install_hook_types: [pre-commit, 'commit-msg']\n", ("pre-commit", "commit-msg")),
        (
            "default_install_hook_types: [\n  pre-commit, # pre-push\n  commit-msg\n]\nrepos: []\n",
            ("pre-commit", "commit-msg"),
        ),
        (
            "default_install_hook_types:\n  - pre-commit\n  # no\n- pre-push\nrepos:\n- id: x\n",
            ("pre-commit", "pre-push"),
        ),
    ],
)
def test_default_types_by_lines(tmp_path, text, types):
    assert read(tmp_path, text).default_types == types


def test_without_default_types_only_pre_commit_is_installed(tmp_path):
    config = read(tmp_path, "repos:\n- hooks:\n  - id: planfence\n")
    assert config.missing_types == ("pre-merge-commit", "commit-msg", "post-commit", "pre-push")
    assert config.missing_ids == ALL[1:]


def test_prek_s_own_file(tmp_path):
    text = 'default_install_hook_types = ["pre-commit"]\n'
    text += '[[repos]]\nrepo = "local"\nhooks = [{ id = "planfence" }, { id = "x" }]\n'
    config = read(tmp_path, text, "prek.toml")
    assert (config.ids, config.default_types, config.only_prek) == (("planfence",), ("pre-commit",), True)
    with pytest.raises(PlanfenceError, match="not TOML"):
        read(tmp_path, "=", "prek.toml")


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / ".pre-commit-config.yaml").write_bytes(b"\xff")
    with pytest.raises(CouldNotCheck):
        frameworks.read_config(tmp_path)
