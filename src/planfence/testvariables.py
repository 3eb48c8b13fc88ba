"""The variables that change what a test run loads, skips or selects, by the tool whose manual names them.

They come from whoever starts the gate, not from the tree: `MAKEFLAGS=n` runs no recipe, `PYTHONPATH` and `BASH_ENV` run
code of their own before the tests. So the gate drops them, and says so.
"""

from __future__ import annotations

from typing import NamedTuple

#: Names by kind: `X*` is a beginning, `*X` an end, and `X_*` has `X` too. Case does not count, since npm's does not. A
#: test holds docs/stages.md to them.
KINDS = {
    "loader": """
        LD_* DYLD_* _RLD* LIBPATH SHLIB_PATH GLIBC_TUNABLES GCONV_PATH LOCPATH NLSPATH OPENSSL_CONF*
        OPENSSL_MODULES OPENSSL_ENGINES GTK_MODULES GTK_PATH GIO_EXTRA_MODULES GIO_MODULE_DIR QT_PLUGIN_PATH
        GST_PLUGIN* HOSTALIASES LOCALDOMAIN GETCONF_DIR MUSL_LOCPATH QEMU_* GI_TYPELIB_PATH
        GSETTINGS_* QML*
    """,
    "shell": """
        BASH_* BASHOPTS SHELLOPTS ENV ZDOTDIR FPATH CDPATH GLOBIGNORE EXECIGNORE IFS PS4 TMOUT
        POSIXLY_CORRECT _POSIX2_VERSION PWD OLDPWD XDG_CONFIG_HOME XDG_CONFIG_DIRS PS0 PS1 PS2
        PROMPT_COMMAND SHELL MODULE_PATH FISH_* XDG_DATA_HOME XDG_DATA_DIRS PSMODULEPATH YASH_LOADPATH
        PARALLEL* VIMINIT EXINIT VIMRUNTIME LESSOPEN LESSCLOSE
    """,
    "make and compilers": """
        MAKE* CMAKE_* CTEST_* MESON* NINJA* CONFIG_SITE CONFIG_SHELL PKG_CONFIG* ACLOCAL_PATH CC CXX CPP FC LD AR AS
        CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX
        DEPENDENCIES_OUTPUT CCACHE_* SCCACHE_* DISTCC_* VALGRIND_* USE_BAZEL_VERSION BAZELISK_* JUST_* SCONS* WAFDIR
        WAFLOCK BOOST_BUILD_PATH XFAIL_TESTS TESTS_ENVIRONMENT TASK_X_* NIX_PATH NIX_LD* VPATH GPATH LDLIBS LOADLIBES
        TARGET_ARCH TARGET_MACH OUTPUT_OPTION RM LEX YACC M4 M4PATH RANLIB NM STRIP OBJC F77 LINT XMAKE_* CONAN_*
        VCPKG_* EARTHLY_* LOG_COMPILER *_LOG_COMPILER LOG_DRIVER *_LOG_DRIVER AM_TESTS_ENVIRONMENT AM_COLOR_TESTS
        DISABLE_HARD_ERRORS TEST_LOGS RECHECK_LOGS TEST_EXTENSIONS DEJA* RUNTEST RUNTESTFLAGS TASK_DRY BAZEL_*
        RUNFILES_* LIT_* FILECHECK_*
    """,
    "Python": """
        PYTHON* __PYVENV_LAUNCHER__ PYTEST* PY_IGNORE_IMPORTMISMATCH TOX* NOX* NOSE_* COVERAGE_*
        HYPOTHESIS_* PIP_* PIPENV_* POETRY_* PDM_* UV_* HATCH_* SETUPTOOLS_* DISTUTILS_* COV_* INVOKE_*
        PANTS_* BEHAVE_* PIXI_* RYE_* MYPY* PYLINT* FLAKE8* RUFF_* BLACK_* JYTHON* MICROPY* PEX_* SHIV_*
        IPYTHONDIR JUPYTER_* OS_TEST_* STESTR_* TESTR_* GREEN_CONFIG NOSE2_* PYSPARK_*
    """,
    "Node": """
        NODE_OPTIONS NODE_PATH NODE_TEST_* NODE_V8_COVERAGE NODE_REPL_* NODE_CHANNEL_* NODE_PENDING_*
        NODE_COMPILE_CACHE NODE_PRESERVE_SYMLINKS* NPM_* PNPM_CONFIG_* YARN_* BUN_* DENO_* TS_NODE_* TSX_*
        BABEL_* ESBUILD_BINARY_PATH JEST_* VITEST* MOCHA_* NYC_* TAP_* AVA_* CYPRESS_* PLAYWRIGHT_JUNIT_*
        PWTEST_* INIT_CWD COREPACK_* NX_* TURBO_* WIREIT_* ESLINT_* STYLELINT_* TS_JEST_* SWC_NODE_*
        ELECTRON_RUN_AS_NODE DOTENV_* NODE NPM NPX PNPM YARN PW_* PWDEBUG ZX_* JASMINE_* WDIO_* BIOME_*
        KARMA_* DETOX_* NODE_DISABLE_* NODE_REDIRECT_*
    """,
    "Perl": """
        PERL* HARNESS_* TEST2_* T2_* AUTOMATED_TESTING NONINTERACTIVE_TESTING EXTENDED_TESTING
        RELEASE_TESTING AUTHOR_TESTING NO_NETWORK_TESTING PROVE_*
    """,
    "Ruby": """
        RUBY* BUNDLE* RAKE* RSPEC_* SPEC TEST TESTS CUCUMBER_* GEM_* MINITEST_* MT_* BOOTSNAP_* KNAPSACK_*
        JRUBY* IRBRC TESTOPT PARALLEL_*
    """,
    "JVM": """
        CLASSPATH _JAVA_* MAVEN_* GRADLE_* ORG_GRADLE_* ANT_* SBT_* LEIN_* KOTLIN_* MILL_* COURSIER_* CLJ_* GROOVY_*
        JAVACMD JAVA_CMD JAVA JAVAC MVN* GRADLE JBANG_* SCALA_* KOTEST_* QUARKUS_TEST_*
    """,
    "Go": """
        GOENV GOWORK GOROOT GOPATH GO111MODULE GOTOOLCHAIN GOTOOLDIR GOEXPERIMENT GODEBUG GOOS GOARCH GOBIN GOCACHE*
        GOCOVERDIR GOPACKAGESDRIVER GOSUMDB GONOSUM* GOVCS CGO_* GOTESTSUM_* GORACE GOLANGCI* GO GOTEST GO386 GOAMD64
        GOARM* GOMIPS* GOPPC64 GORISCV64 GOWASM GOFIPS140 GINKGO_* ACK_GINKGO_*
    """,
    "Rust": """
        CARGO* RUST_* RUSTC* RUSTDOC* NEXTEST_* RUSTUP_* INSTA_* PROPTEST_* QUICKCHECK_* TRYBUILD TRYCMD
        SNAPSHOTS CLIPPY_* BLESS
    """,
    "PHP": """
        PHP* COMPOSER* XDEBUG_* SYMFONY_PHPUNIT_* SYMFONY_DEPRECATIONS_HELPER PEST_* PARATEST_* INFECTION_*
    """,
    ".NET": """
        DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS DOTNET_SHARED_STORE CORECLR_* COR_* COMPLUS_* MSBUILD* VSTEST*
        RUNSETTINGS* ISTESTPROJECT DIRECTORYBUILD* CUSTOMBEFORE* CUSTOMAFTER* RESTORECONFIGFILE NUGET_*
        DOTNET_ROLL_FORWARD* DOTNET_HOST_PATH DOTNET_MSBUILD* MONO_* TESTINGPLATFORM_* XUNIT_* NUNIT_*
    """,
    "others": """
        ERL_* ELIXIR_* MIX_* LUA_* R_PROFILE* R_ENVIRON* R_LIBS* R_TESTS JULIA_* GHC* CABAL_* STACK_* OCAML* CAML*
        DUNE_* TCLLIBPATH GUILE_* AWKPATH AWKLIBPATH BATS_* GTEST_* BOOST_TEST_* TESTBRIDGE_* TEST_FILTER TEST_SHARD_*
        TEST_TOTAL_SHARDS ROBOT_* BEHAT_* BC_ENV_ARGS REBAR* ALCOTEST_* QCHECK_* OPAM* HSPEC_* TASTY_* CK_* CMOCKA_*
        QTEST_* TESTTHAT* NOT_CRAN _R_CHECK_* LUAROCKS_* SWIFT_* DART_* CI_NODE_INDEX CI_NODE_TOTAL COMPOSE_FILE
        COMPOSE_PROFILES COMPOSE_ENV_FILES COMPOSE_PATH_SEPARATOR TCL_LIBRARY TK_LIBRARY TCLX_LIBRARY CRITERION_*
        G_TEST_* COCOTB_* TESTCASE BUSTED_* R_DEFAULT_PACKAGES PLTCOLLECTS PLTADDONDIR LEAN_* CRYSTAL_* ZIG_* OCTAVE_*
        MATLAB* SWIFTPM_* TOOLCHAINS EMACS* NVIM_* ANSIBLE_* MOLECULE_* TF_CLI_* TF_DATA_DIR TRIVY_* GRYPE_*
        GITLEAKS_* CHECKOV_* CKV_* TFLINT_* HADOLINT_* YAMLLINT_* CURL_HOME WGETRC SYSTEM_WGETRC HGRCPATH HGPLAIN
        XCTEST* XCODE_* TEST_RUNNER_* SIMCTL_CHILD_* RAKULIB CL_SOURCE_REGISTRY SBCL_HOME COQPATH COQLIB PSQLRC
        PGSYSCONFDIR MYSQL_HOME XZ_DEFAULTS BZIP BZIP2 GZIP ZIP UNZIP ZIPOPT UNZIPOPT ZIPINFO RSYNC_*
    """,
    "hook frameworks and searches": "SKIP PREK_* LEFTHOOK* HUSKY RIPGREP_CONFIG_PATH SEMGREP_*",
    "version managers": "PYENV_* RBENV_* NODENV_* GOENV_* JENV_* PHPENV_* PLENV_* ASDF_* MISE_* RTX_*",
    "recorded results": """
        UPDATE_SNAP* UPDATE_GOLDEN* UPDATE_EXPECT* UPDATE_FIXTURE* UPDATE_TESTDATA UPDATE_BASELINE*
        UPDATE_REFERENCE* GOLDEN_UPDATE GOLDIE_* EXPECTORATE EXPECTTEST_* SNAPSHOT_UPDATE VCR_* POLLY_MODE
    """,
    "any tool's options": "*_OPTS *TESTOPTS *OPTIONS *FLAGS *_OPT *_ARGS *_DRY_RUN",
}

#: What belongs to the caller's git, to hook frameworks and to us: dropped without a word, since a hook always has them.
#: Nor does `SHELL` reach the tests: `flock -c` and `script -c` run it, and without it they take the system's own.
_OURS = "GIT_* PRE_COMMIT* PLANFENCE_* PWD OLDPWD SHELL"

#: Stays though a kind above has it: it only says where a toolchain, what was installed for it, or a cache of downloads
#: lies, as PATH does. What holds a configuration besides (CARGO_HOME, GRADLE_USER_HOME, COMPOSER_HOME) does not stay,
#: nor what holds results of former runs (GOCACHE, NX_CACHE_DIRECTORY). A test holds docs/stages.md to them.
PLACES = """
    RUSTUP_HOME GEM_HOME GEM_PATH BUNDLE_PATH NIX_LD NIX_LD_LIBRARY_PATH ANT_HOME MAVEN_HOME GRADLE_HOME
    GROOVY_HOME KOTLIN_HOME OPAM_SWITCH_PREFIX PERLBREW_ROOT POETRY_HOME UV_PYTHON_INSTALL_DIR BUN_INSTALL
    COREPACK_HOME BAZELISK_HOME PRE_COMMIT_HOME CYPRESS_CACHE_FOLDER NPM_CONFIG_CACHE NPM_CONFIG_STORE_DIR
    YARN_CACHE_FOLDER BUN_INSTALL_CACHE_DIR DENO_DIR PIP_CACHE_DIR PIPENV_CACHE_DIR POETRY_CACHE_DIR UV_CACHE_DIR
    PIXI_CACHE_DIR COMPOSER_CACHE_DIR COURSIER_CACHE REBAR_CACHE_DIR NUGET_PACKAGES NUGET_HTTP_CACHE_PATH
    PYENV_ROOT RBENV_ROOT NODENV_ROOT GOENV_ROOT JENV_ROOT PHPENV_ROOT PLENV_ROOT ASDF_DIR ASDF_DATA_DIR
    MISE_DATA_DIR MISE_CACHE_DIR MISE_TRUSTED_CONFIG_PATHS ZIG_GLOBAL_CACHE_DIR VCPKG_ROOT CONAN_HOME PYENV_SHELL
    RBENV_SHELL SCALA_HOME JRUBY_HOME MVN_HOME JBANG_DIR PYSPARK_PYTHON
"""

#: Stays too: it says who someone is or where a database lives, as HOME does, and is not code (`PW`, `STACK`).
_STAYS = """
    PGOPTIONS DATABASE_* *_TOKEN *_PASSWORD *_PASSWORD_FILE GIT_AUTHOR_* GIT_COMMITTER_* GIT_ASKPASS GIT_TERMINAL_PROMPT
    PW STACK
"""

#: What every program needs, also if the policy has a strict list.
NEEDED = """
    PATH HOME USER LOGNAME TMPDIR TMP TEMP LANG LC_* TZ TERM VIRTUAL_ENV CONDA_PREFIX SYSTEMROOT
"""


class _Kinds(NamedTuple):
    """Whole names, beginnings and ends."""

    whole: frozenset[str]
    beginnings: tuple[str, ...]
    ends: tuple[str, ...]

    @classmethod
    def of(cls, words: str) -> _Kinds:
        names = words.split()
        beginnings = tuple(name[:-1] for name in names if name.endswith("*"))
        ends = tuple(name[1:] for name in names if name.startswith("*"))
        return cls(frozenset(name for name in names if "*" not in name), beginnings, ends)

    def have(self, name: str) -> bool:
        return name in self.whole or name.startswith(self.beginnings) or name.endswith(self.ends)


_DROPPED, _SILENT, _KEPT, _ALWAYS = map(_Kinds.of, (" ".join(KINDS.values()), _OURS, f"{_STAYS} {PLACES}", NEEDED))


def changes_what_runs(name: str) -> bool:
    """Whether a variable of this name changes what a tool loads, skips or selects."""
    upper = name.upper()
    # Make takes `LINK.c` from its environment, and bash a function; POSIX has letters, digits and `_` alone.
    odd = not (name.isascii() and name.isidentifier())
    # A tool's own name is what a Makefile asks for the program: `PROVE ?= prove`, and `true` passes.
    dropped = _DROPPED.have(upper) or _DROPPED.have(f"{upper}_") or _SILENT.have(upper)
    return odd or (dropped and not _KEPT.have(upper))


def worth_a_word(name: str) -> bool:
    """Whether a person should hear that a dropped variable was there."""
    return changes_what_runs(name) and not _SILENT.have(name.upper())


def is_needed(name: str) -> bool:
    """Whether a strict list leaves the variable too."""
    return _ALWAYS.have(name)
