import pytest

from planfence.change.pathclass import PathClass, classify

LOCKS = """
uv.lock pixi.lock Cargo.lock Gemfile.lock gems.locked composer.lock Podfile.lock Cartfile.resolved Package.resolved
mix.lock rebar.lock infra/.terraform.lock.hcl charts/Chart.lock MODULE.bazel.lock buf.lock conda-lock.yml
stack.yaml.lock cabal.project.freeze shard.lock renv.lock packages.lock.json paket.lock Brewfile.lock.json
requirements-dev.lock pylock.dev.toml gradle/verification-metadata.xml .pnp.cjs buildscript-gradle.lockfile
deno.lock shrinkwrap.yaml vcpkg-lock.json
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app/main.py", "src"),
        ("package-lock.json", "lock"),
        ("web/yarn.lock", "lock"),
        ("go.sum", "lock"),
        *((name, "lock") for name in LOCKS.split()),
        ("src/lock.py", "src"),
        ("src/spinlock.c", "src"),
        ("src/.lock", "config"),
        (".github/workflows/ci.yml", "ci"),
        (".gitlab-ci.yml", "ci"),
        ("Jenkinsfile", "ci"),
        ("tests/unit/test_x.py", "test"),
        ("pkg/server_test.go", "test"),
        ("src/App.test.tsx", "test"),
        ("src/test/java/org/x/FooTest.java", "test"),
        ("core/FooTest.java", "test"),
        ("src/contest.py", "src"),
        ("src/Latest.java", "src"),
        ("README", "docs"),
        ("README.md", "docs"),
        ("docs/conf.py", "docs"),
        ("CHANGELOG.rst", "docs"),
        ("requirements.txt", "deps"),
        ("requirements-dev.txt", "deps"),
        ("package.json", "deps"),
        ("Cargo.toml", "deps"),
        ("pyproject.toml", "build"),
        ("Makefile", "build"),
        ("cmake/find.cmake", "build"),
        ("config/app.yaml", "config"),
        (".editorconfig", "config"),
        ("dist/app.js", "generated"),
        ("api/x.pb.go", "generated"),
        ("static/jquery.min.js", "generated"),
        ("installer.py", "src"),
        ("odd\udcff.py", "src"),
    ],
)
def test_class_of_a_path(path: str, expected: str) -> None:
    assert classify(path) is PathClass(expected)
