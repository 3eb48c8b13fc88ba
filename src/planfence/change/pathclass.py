"""What a path is for, told from its name alone: a lock file, a test, documentation, source."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache


class PathClass(StrEnum):
    """The purposes that a path can have, in the order in which they are tried."""

    LOCK = "lock"
    GENERATED = "generated"
    CI = "ci"
    TEST = "test"
    DOCS = "docs"
    DEPS = "deps"
    BUILD = "build"
    CONFIG = "config"
    SRC = "src"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOCK_NAMES = _words(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lockb bun.lock deno.lock cargo.lock "
    "poetry.lock pdm.lock uv.lock pipfile.lock pylock.toml gemfile.lock composer.lock go.sum go.work.sum "
    "flake.lock mix.lock packages.lock.json gradle.lockfile podfile.lock package.resolved pubspec.lock "
    "shrinkwrap.yaml gems.locked cabal.project.freeze cpanfile.snapshot project.assets.json dub.selections.json "
    "lake-manifest.json verification-metadata.xml .pnp.cjs .pnp.loader.mjs"
)
#: What other tools call theirs: Cartfile.resolved, Chart.lock, .terraform.lock.hcl, conda-lock.yml, Brewfile.lock.json.
_LOCK_ENDS = (
    *(".lock", ".lockfile", ".resolved", ".lock.json", ".lock.hcl", ".lock.yml", ".lock.yaml", ".lock.toml"),
    *("-lock.json", "-lock.yml", "-lock.yaml", "-lock.toml"),
)
_DEPS_NAMES = _words(
    "package.json cargo.toml go.mod go.work gemfile pipfile composer.json requirements.in constraints.txt "
    "environment.yml environment.yaml podfile package.swift pubspec.yaml mix.exs"
)
_BUILD_NAMES = _words(
    "makefile gnumakefile cmakelists.txt meson.build meson_options.txt build.gradle build.gradle.kts pom.xml "
    "settings.gradle settings.gradle.kts gradle.properties gradlew gradlew.bat build.xml setup.py setup.cfg "
    "pyproject.toml manifest.in dockerfile containerfile .dockerignore rakefile gulpfile.js gruntfile.js "
    "build.rs build.sbt configure configure.ac makefile.am makefile.in justfile noxfile.py tox.ini lerna.json "
    "nx.json turbo.json pnpm-workspace.yaml .npmrc .yarnrc .yarnrc.yml .goreleaser.yml .goreleaser.yaml "
    "workspace build.bazel build angular.json babel.config.js webpack.config.js rollup.config.js vite.config.js "
    "vite.config.ts rollup.config.ts webpack.config.ts"
)
_DOCS_NAMES = _words(
    "readme changelog changes history news license licence copying authors contributors maintainers notice "
    "contributing code_of_conduct security support roadmap release_notes todo install upgrading thanks"
)
#: Written by maven-changes-plugin's users, for `src/changes/`.
_MAVEN_CHANGES = "changes.xml"
_CONFIG_EXTENSIONS = _words("toml ini cfg conf yaml yml json json5 jsonc properties env editorconfig plist")
_BUILD_EXTENSIONS = frozenset(("mk", "cmake", "gradle", "bazel", "gemspec", "nix"))
_DOCS_EXTENSIONS = _words("md markdown rst adoc asciidoc mdx textile org pod texi rdoc")
_CI_FOLDERS = (
    *("/.github/workflows/", "/.github/actions/", "/.circleci/", "/.buildkite/", "/.gitlab/ci/", "/.ci/"),
    *("/.teamcity/", "/.woodpecker/", "/.azure-pipelines/", "/.semaphore/"),
)
_CI_NAMES = _words(
    ".gitlab-ci.yml .gitlab-ci.yaml .travis.yml .travis.yaml appveyor.yml appveyor.yaml .appveyor.yml .appveyor.yaml "
    "bitbucket-pipelines.yml bitbucket-pipelines.yaml .drone.yml .drone.yaml .cirrus.yml .cirrus.star codecov.yml "
    "codecov.yaml .codecov.yml .codecov.yaml .pre-commit-config.yaml cloudbuild.yml cloudbuild.yaml renovate.json"
)
_TEST_FOLDERS = _words(
    "test tests testing __tests__ __mocks__ __snapshots__ spec specs e2e fixtures testdata test-data test_data cypress"
) | {
    f"{kind}{joint}test{more}"
    for kind in ("unit", "integration", "functional", "acceptance")
    for joint in ("", "-", "_")
    for more in ("", "s")
}
_TEST_ENDS = tuple(f"{joint}{word}" for joint in "._-" for word in ("test", "tests", "spec", "specs", "e2e"))
#: Languages whose tests are named in camel case.
_CAMEL_EXTENSIONS = _words("java kt cs scala groovy php")
_DOCS_FOLDERS = _words("doc docs documentation man wiki changelog changelog.d changelogs news newsfragments .changeset")
_GENERATED_FOLDERS = _words("dist node_modules third_party vendor _vendor generated __generated__")
_GENERATED_ENDS = (
    *(".min.js", ".min.css", ".pb.go", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi"),
    *(".g.dart", ".snap", ".map", ".designer.cs"),
)
#: Where Yarn keeps itself and packages, which are committed whole (github-linguist, vendor.yml).
_COMMITTED_TOOLS = ("/.yarn/releases/", "/.yarn/plugins/", "/.yarn/sdks/", "/.yarn/cache/")
_REQUIREMENTS = ("requirements", "constraints")
_VENDORED = _words("vendor _vendor vendored _vendored third_party node_modules")


def is_vendored(path: str) -> bool:
    """Whether somebody else's code is kept there: a change of it is a new version of a dependency."""
    lower = f"/{path.lower()}"
    return not _VENDORED.isdisjoint(lower.split("/")[:-1]) or any(folder in lower for folder in _COMMITTED_TOOLS)


def _is_lock(name: str) -> bool:
    pinned = name.startswith("pylock.") and name.endswith(".toml")  # PEP 751
    return name in _LOCK_NAMES or pinned or (name.endswith(_LOCK_ENDS) and name not in _LOCK_ENDS)


def _is_generated(name: str, folders: Sequence[str]) -> bool:
    _, mark, rest = name.partition(".generated.")
    return not _GENERATED_FOLDERS.isdisjoint(folders) or name.endswith(_GENERATED_ENDS) or bool(mark and rest)


def _is_ci(name: str, lower: str) -> bool:
    if name in _CI_NAMES or name.startswith("jenkinsfile"):
        return True
    rooted = f"/{lower}"
    if any(folder in rooted for folder in _CI_FOLDERS):
        return True
    pipelines = name.startswith("azure-pipelines") and name.endswith((".yml", ".yaml"))
    return pipelines or rooted.endswith(("/.github/dependabot.yml", "/.github/dependabot.yaml"))


def _names_requirements(name: str, folders: Sequence[str]) -> bool:
    if folders[-1:] == ["requirements"]:
        return bool(name)
    base, _, extension = name.rpartition(".")
    return extension in ("txt", "in") and any(
        base.startswith(word) and base[len(word) : len(word) + 1] in ("", "-", "_", ".") for word in _REQUIREMENTS
    )


def _is_test(name: str, folders: Sequence[str], cased: str) -> bool:
    """Whether a test is kept there; ``cased`` is the name as it is written."""
    if not _TEST_FOLDERS.isdisjoint(folders):
        return True
    base, _, extension = name.rpartition(".")
    if extension and base:
        if base == "conftest" or (base.startswith("test_") and base != "test_"):
            return True
        if base.endswith(_TEST_ENDS) and base not in _TEST_ENDS:
            return True
    stem, _, extension = cased.rpartition(".")
    if extension not in _CAMEL_EXTENSIONS:
        return False
    return stem.endswith(("Test", "Tests", "TestCase", "Spec", "IT")) or (
        stem.startswith("Test") and "A" <= stem[4:5] <= "Z"
    )


@lru_cache(maxsize=4096)
def classify(path: str) -> PathClass:
    """Return what the path is for.

    Example: ``classify("docs/conf.py")`` is DOCS, ``classify("src/app/test_x.py")`` is TEST.
    The first class whose names fit wins, in :class:`PathClass` order; what fits none is source.
    """
    lower = path.lower()
    *folders, name = lower.split("/")
    stem, _, extension = name.partition(".")
    last = name.rpartition(".")[2] if "." in name else ""
    ladder = (
        (PathClass.LOCK, _is_lock(name)),
        (PathClass.GENERATED, _is_generated(name, folders)),
        (PathClass.CI, _is_ci(name, lower)),
        (PathClass.DEPS, name in _DEPS_NAMES or _names_requirements(name, folders)),
        (PathClass.TEST, _is_test(name, folders, path.rpartition("/")[2])),
        (PathClass.DOCS, (stem in _DOCS_NAMES and extension in ("", "txt")) or name == _MAVEN_CHANGES),
        (PathClass.DOCS, last in _DOCS_EXTENSIONS or not _DOCS_FOLDERS.isdisjoint(folders)),
        (PathClass.BUILD, name in _BUILD_NAMES or last in _BUILD_EXTENSIONS),
        (PathClass.CONFIG, name.startswith(".") or last in _CONFIG_EXTENSIONS),
    )
    return next((path_class for path_class, fits in ladder if fits), PathClass.SRC)
