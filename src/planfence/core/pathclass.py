"""What a path is for, told from its name alone: a lock file, a test, documentation, source."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from planfence.core.patterns import pattern


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
    "flake.lock mix.lock packages.lock.json gradle.lockfile podfile.lock package.resolved pubspec.lock"
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
_CI = pattern(
    r"(?:^|/)(?:\.github/(?:workflows|actions)/|\.circleci/|\.buildkite/|\.gitlab/ci/|\.ci/|\.teamcity/"
    r"|\.woodpecker/|\.azure-pipelines/|\.semaphore/)"
    r"|(?:^|/)(?:\.gitlab-ci\.ya?ml|\.travis\.ya?ml|appveyor\.ya?ml|\.appveyor\.ya?ml|azure-pipelines[^/]*\.ya?ml"
    r"|jenkinsfile[^/]*|bitbucket-pipelines\.ya?ml|\.drone\.ya?ml|\.cirrus\.(?:yml|star)|codecov\.ya?ml"
    r"|\.codecov\.ya?ml|\.pre-commit-config\.yaml|cloudbuild\.ya?ml|\.github/dependabot\.ya?ml|renovate\.json)$"
)
_TEST = pattern(
    r"(?:^|/)(?:tests?|testing|__tests__|__mocks__|__snapshots__|specs?|e2e|fixtures|testdata|test[-_]data|cypress"
    r"|(?:unit|integration|functional|acceptance)[-_]?tests?)/"
    r"|(?:^|/)(?:test_[^/]+|[^/]+_test|conftest|[^/]+[._-](?:test|tests|spec|specs|e2e))\.[^/.]+$"
)
_TEST_CAMEL = pattern(
    r"(?:^|/)(?:Test[A-Z][^/]*|[^/]*(?:Test|Tests|TestCase|Spec|IT))\.(?:java|kt|cs|scala|groovy|php)$"
)
_DOCS = pattern(r"(?:^|/)(?:docs?|documentation|man|wiki|changelog(?:\.d|s)?|news|newsfragments|\.changeset)/")
_GENERATED = pattern(
    r"(?:^|/)(?:dist|node_modules|third_party|vendor|_vendor|generated|__generated__)/"
    r"|(?:\.min\.(?:js|css)|\.pb\.go|_pb2(?:_grpc)?\.pyi?|\.generated\.[^/]+|\.g\.dart|\.snap|\.map|\.designer\.cs)$"
)
_REQUIREMENTS = pattern(r"(?:^|/)(?:requirements|constraints)(?:[-_.][^/]*)?\.(?:txt|in)$|(?:^|/)requirements/[^/]+$")


_VENDORED = pattern(r"(?:^|/)(?:_?vendor(?:ed)?|third_party|node_modules)/")


def is_vendored(path: str) -> bool:
    """Whether somebody else's code is kept there: a change of it is a new version of a dependency."""
    return _VENDORED.search(path.lower()) is not None


@lru_cache(maxsize=4096)
def classify(path: str) -> PathClass:
    """Return what the path is for.

    Example: ``classify("docs/conf.py")`` is DOCS, ``classify("src/app/test_x.py")`` is TEST.
    The first class whose names fit wins, in :class:`PathClass` order; what fits none is source.
    """
    lower = path.lower()
    name = lower.rpartition("/")[2]
    stem, _, extension = name.partition(".")
    last = name.rpartition(".")[2] if "." in name else ""
    ladder = (
        (PathClass.LOCK, name in _LOCK_NAMES),
        (PathClass.GENERATED, _GENERATED.search(lower)),
        (PathClass.CI, _CI.search(lower)),
        (PathClass.DEPS, name in _DEPS_NAMES or _REQUIREMENTS.search(lower)),
        (PathClass.TEST, _TEST.search(lower) or _TEST_CAMEL.search(path)),
        (PathClass.DOCS, (stem in _DOCS_NAMES and extension in ("", "txt")) or name == _MAVEN_CHANGES),
        (PathClass.DOCS, last in _DOCS_EXTENSIONS or _DOCS.search(lower)),
        (PathClass.BUILD, name in _BUILD_NAMES or last in _BUILD_EXTENSIONS),
        (PathClass.CONFIG, name.startswith(".") or last in _CONFIG_EXTENSIONS),
    )
    return next((path_class for path_class, fits in ladder if fits), PathClass.SRC)
