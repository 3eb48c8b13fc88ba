"""Tables that the light hooks and the full way share: git's variables and options, agents' variables.

It imports nothing, and its functions take plain mappings: a light hook pays for every module that it loads.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: What names the repository that a hook runs in; kept for our own questions to that repository.
KEPT_GIT_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_CEILING_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_QUARANTINE_PATH",
        "GIT_WORK_TREE",
    }
)

#: What git must be told so that nothing hides a change: no `git replace`, no grafts, no lazy fetch.
READER_SETTINGS = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

#: Configuration that executes programs or reads caches that can lie: core.fsmonitor runs in diff-tree.
SAFE_CONFIG = (
    *("-c", "core.fsmonitor=false", "-c", "core.commitGraph=false"),
    *("-c", "core.untrackedCache=false", "-c", "advice.graftFileDeprecated=false"),
)

#: What `diff-tree`, `diff-index` and their kin need so that no setting of a clone shortens what they print.
_WHOLE_DIFF = ("--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--no-relative")
#: Options that make them say the whole truth.
RAW_DIFF = ("-r", "-z", "--raw", "--no-abbrev", *_WHOLE_DIFF)
#: Counts lines the same everywhere: how they are counted can decide a verdict.
MYERS = ("--numstat", "--diff-algorithm=myers")
#: Options that count lines only.
NUMSTAT = ("-r", "-z", *_WHOLE_DIFF, *MYERS)

#: Variables that only an agent's own child processes have, in the order in which they are believed.
#: Codex stands first: a planner that hands a task to `codex exec` leaves its own variables in place.
_STRONG = (
    ("CODEX_THREAD_ID", "codex"),
    ("CODEX_SANDBOX", "codex"),
    ("CODEX_CI", "codex"),
    ("CLAUDE_CODE_CHILD_SESSION", "claude"),
    ("GEMINI_CLI", "gemini"),
    ("CURSOR_AGENT", "cursor"),
)

#: What a tool's announcement in ``AI_AGENT`` begins with (`claude-code_2-1-240_agent`).
_ANNOUNCED = ("claude", "codex", "gemini", "cursor")

_UNSET = ("", "0", "false")


def for_git(variables: "Mapping[str, str]") -> dict[str, str]:
    """Return what git may see of these variables when it is asked about the repository that this process runs in."""
    # The identity git would commit with is the user's own choice, never a way to hide a change.
    kept = {
        name: value
        for name, value in variables.items()
        if name[:4] != "GIT_" or name in KEPT_GIT_VARIABLES or name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))
    }
    return kept | READER_SETTINGS


def agent(variables: "Mapping[str, str]") -> str:
    """Return the agent that these variables name (`codex`, `claude`, …), empty for none.

    ``CLAUDECODE`` is believed last: older versions set nothing else, but terminals in an editor have it too.
    """
    for variable, model in _STRONG:
        if variables.get(variable, "") not in _UNSET:
            return model
    announced = variables.get("AI_AGENT", "").strip().lower()
    if announced:
        for model in _ANNOUNCED:
            if announced.startswith(model):
                return model
        return "".join(char if char.isalnum() or char == "-" else "-" for char in announced)
    return "claude" if variables.get("CLAUDECODE", "") not in _UNSET else ""
