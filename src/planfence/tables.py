"""Tables that the light hooks and the full way share: git's variables and options, agents' variables.

It imports nothing, and its functions take plain mappings: a light hook pays for every module that it loads.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
#: And with renamed files told by their content, as git does by itself.
RENAME_COUNTS = (*NUMSTAT, "-M", "-l7000")

#: Variables that an agent sets for the commands that it runs, in the order in which they are believed. Codex stands
#: first: a planner that hands a task to `codex exec` leaves its own variables in place. Amp sets CLAUDECODE too, Kilo
#: OPENCODE. Read in the sources and lists of `@vercel/detect-agent` 1.2 (npm), `is-ai-agent` 0.4 (a crate, of Rust),
#: `detect-agent` 0.6 and `agent-detector` 2.0 (PyPI), and seen with the programs that docs/agents.md names.
SET_FOR_COMMANDS = (
    ("CODEX_THREAD_ID", "codex"),
    ("CODEX_SANDBOX", "codex"),
    ("CODEX_SANDBOX_NETWORK_DISABLED", "codex"),
    ("CODEX_CI", "codex"),
    ("AMP_CURRENT_THREAD_ID", "amp"),
    ("KILO_PID", "kilo"),
    ("CLAUDE_CODE_CHILD_SESSION", "claude"),
    ("CLAUDE_CODE_IS_COWORK", "claude"),
    ("ANTIGRAVITY_AGENT", "antigravity"),
    ("QWEN_CODE", "qwen"),
    ("QWEN_CODE_SESSION_ID", "qwen"),
    ("IFLOW_CLI", "iflow"),
    ("GEMINI_CLI", "gemini"),
    ("CURSOR_AGENT", "cursor"),
    ("CURSOR_SANDBOX", "cursor"),
    ("COPILOT_CLI", "copilot"),
    ("COPILOT_AGENT", "copilot"),
    ("COPILOT_AGENT_JOB_ID", "copilot"),
    ("COPILOT_AGENT_SESSION_ID", "copilot"),
    ("OPENCODE", "opencode"),
    ("OPENCODE_PID", "opencode"),
    ("OPENCODE_AGENT", "opencode"),
    ("OPENCODE_SESSION_ID", "opencode"),
    ("AUGMENT_AGENT", "augment"),
    ("GOOSE_TERMINAL", "goose"),
    ("CLINE_ACTIVE", "cline"),
    ("CLINE_AGENT", "cline"),
    ("ROO_ACTIVE", "roo"),
    ("ROO_CLI_RUNTIME", "roo"),
    ("WINDSURF_AGENT", "windsurf"),
    ("WINDSURF_CASCADE_TERMINAL", "windsurf"),
    ("DEVIN_AGENT", "devin"),
    ("TRAE_AI_SHELL_ID", "trae"),
    ("PI_CODING_AGENT", "pi"),
    ("GROK_AGENT", "grok"),
    ("GROK_PLUGIN_ROOT", "grok"),
    ("KIMI_PLUGIN_ROOT", "kimi"),
    ("KIRO_AGENT_PATH", "kiro"),
    ("AGENT_CONTEXT_OUT", "kiro"),
    ("AIDER_AGENT", "aider"),
    ("CONTINUE_AGENT", "continue"),
    ("HERMES_SESSION_ID", "hermes"),
    ("OPENCLAW_SHELL", "openclaw"),
    ("CRUSH", "crush"),
    ("VTCODE", "vtcode"),
    ("OZ_RUN_ID", "warp"),
)

#: Variables that other programs set too, and what stands in them if an agent does.
TOLD_BY_VALUE = (
    ("CURSOR_EXTENSION_HOST_ROLE", "agent-exec", "cursor"),
    ("AWS_EXECUTION_ENV", "AmazonQ-For-CLI", "amazon-q"),
)

#: Variables that a person has too, in a terminal of the agent's editor or as its configuration. They are believed last,
#: and `PLANFENCE_MODEL=human` is believed before them.
SET_FOR_PEOPLE_TOO = (
    ("CLAUDECODE", "claude"),
    ("CLAUDE_CODE", "claude"),
    ("CLAUDE_CODE_SESSION_ID", "claude"),
    ("CLAUDE_CODE_ENTRYPOINT", "claude"),
    ("CLAUDE_CODE_EXECPATH", "claude"),
    ("CURSOR_TRACE_ID", "cursor"),
    ("OPENCODE_CLIENT", "opencode"),
    ("ANTIGRAVITY_CLI_ALIAS", "antigravity"),
    ("COPILOT_MODEL", "copilot"),
    ("COPILOT_ALLOW_ALL", "copilot"),
    ("COPILOT_GITHUB_TOKEN", "copilot"),
    ("KILOCODE_FEATURE", "kilo"),
    ("GOOSE_PROVIDER", "goose"),
    ("JUNIE_DATA", "junie"),
    ("JUNIE_SHIM_PATH", "junie"),
    ("REPL_ID", "replit"),
)

#: Variables that say by their value which agent it is, known by one of these beginnings (`claude-code_2-1-240_agent`).
ANNOUNCING = ("AI_AGENT", "AGENT")
_ANNOUNCED = (
    *("claude", "codex", "gemini", "cursor", "github-copilot", "copilot", "opencode", "antigravity", "augment"),
    *("auggie", "goose", "amp", "devin", "replit", "cline", "roo", "windsurf", "zed", "qwen", "kiro", "junie"),
    *("crush", "kilo", "trae", "aider", "grok", "iflow", "openclaw", "hermes", "kimi", "amazon-q", "vtcode"),
    *("warp", "openhands", "droid"),
)
_ALSO_CALLED = {"github-copilot": "copilot", "auggie": "augment"}

#: Who it is that has an agent's signs and none of the names above.
UNNAMED = "agent"
HUMAN = "human"

#: Sessions' ids; some say nothing of whose they are.
SESSIONS = ("CODEX_THREAD_ID", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID", "AGENT_SESSION_ID", "AGENT_THREAD_ID")

#: Programs that are an agent's own process: names of executables, of scripts, and of npm's packages.
PROGRAMS = {
    **{
        name: name
        for name in ("aider", "amp", "claude", "cline", "codex", "copilot", "crush", "devin", "droid", "gemini")
    },
    **{name: name for name in ("goose", "grok", "hermes", "iflow", "junie", "kilo", "kimi", "opencode", "openclaw")},
    **{name: name for name in ("openhands", "qwen", "vtcode", "roo", "trae", "pi", "letta", "qodo", "qoder", "vibe")},
    **{name: name for name in ("code-puppy", "deepagents", "gptme", "jules", "mini-swe-agent", "nanocoder", "ra-aid")},
    "claude-code": "claude",
    "claude-code-acp": "claude",
    "codex-acp": "codex",
    "aider-chat": "aider",
    "rovodev": "rovodev",
    "codebuff": "codebuff",
    "codex-linux-sandbox": "codex",
    "codex-linux-san": "codex",
    "codex-exec": "codex",
    "gemini-cli": "gemini",
    "qwen-code": "qwen",
    "github-copilot": "copilot",
    "copilot-cli": "copilot",
    "opencode-ai": "opencode",
    "augment": "augment",
    "auggie": "augment",
    "cursor-agent": "cursor",
    "agy": "antigravity",
    "kiro-cli": "kiro",
    "kiro-cli-chat": "kiro",
    "qchat": "amazon-q",
    "kilocode": "kilo",
    "roo-code": "roo",
    "trae-cli": "trae",
    "goosed": "goose",
    "iflow-cli": "iflow",
    "pi-coding-agent": "pi",
    "kimi-cli": "kimi",
    "kimi-code": "kimi",
    "cn": "continue",
    "qodercli": "qoder",
}

#: The names of all agents that are known.
_AGENTS = frozenset({*PROGRAMS.values(), *(model for _, model in SET_FOR_COMMANDS)})
_UNSET = ("", "0", "false", "no", "off")


def for_git(variables: "Mapping[str, str]") -> dict[str, str]:
    """Return what git may see of these variables when it is asked about the repository that this process runs in."""
    # The identity git would commit with is the user's own choice, never a way to hide a change.
    kept = {
        name: value
        for name, value in variables.items()
        if name[:4] != "GIT_" or name in KEPT_GIT_VARIABLES or name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))
    }
    return kept | READER_SETTINGS


def who(variables: "Mapping[str, str]", above: "Callable[[], str]", own: "Mapping[str, str] | None" = None) -> str:
    """Return who is at work, ``human`` if nothing tells of an agent; ``above`` answers for the processes above.

    ``own`` are a team's own variables, each with its model: they are believed before all but the name of a model. An
    agent inherits what its person has set, and a script sets what it likes: `PLANFENCE_MODEL` makes no human of an
    agent, and no other agent of one that is known by name.
    """
    named = variables.get("PLANFENCE_MODEL", "").strip()
    if named and named != HUMAN and named not in _AGENTS:
        return named
    found = _first(variables, (own or {}).items()) or above() or agent(variables)
    if found and (found != UNNAMED or named in ("", HUMAN)):
        return found
    return named or perhaps(variables) or HUMAN


def agent(variables: "Mapping[str, str]") -> str:
    """Return the agent that these variables surely name (`codex`, `claude`, …), empty for none.

    What has an agent's sign and no known name is ``agent``.
    """
    if found := _first(variables, SET_FOR_COMMANDS):
        return found
    for variable, part, model in TOLD_BY_VALUE:
        if part in variables.get(variable, ""):
            return model
    for variable in ANNOUNCING:
        announced = variables.get(variable, "").strip().lower().replace("_", "-")
        if is_set(announced):
            return _announced(announced, known=variable == "AGENT")
    for variable in ("AGENT_SESSION_ID", "AGENT_THREAD_ID"):
        if is_set(variables.get(variable, "")):
            return UNNAMED
    for variable, value in variables.items():
        if variable[-6:] == "_AGENT" and value in ("1", "true"):
            return UNNAMED
    return ""


def perhaps(variables: "Mapping[str, str]") -> str:
    """Return the agent that variables name which people have too, empty for none."""
    return _first(variables, SET_FOR_PEOPLE_TOO)


def _first(variables: "Mapping[str, str]", table: "Iterable[tuple[str, str]]") -> str:
    for variable, model in table:
        if is_set(variables.get(variable, "")):
            return model
    return ""


def announced(name: str) -> str:
    """Return the agent that calls itself so, ``agent`` for an unknown one: the name is anybody's to choose."""
    return _announced(name.strip().lower().replace("_", "-"), known=True)


def names_another(plan: "Mapping[bytes, list[bytes]]", variables: "Mapping[str, str]") -> bool:
    """Whether one of the policy's own variables, as a compiled plan lists them, says who is at work."""
    return any(is_set(variables.get(name.decode(), "")) for name in plan.get(b"identity", ()))


def is_set(value: str) -> bool:
    """Whether a variable with this value says anything."""
    return value.strip().lower() not in _UNSET


def says_who(name: str) -> bool:
    """Whether a variable says who is at work, so that a command must not take it away."""
    known = (*SET_FOR_COMMANDS, *SET_FOR_PEOPLE_TOO, *((each, model) for each, _, model in TOLD_BY_VALUE))
    fixed = (*ANNOUNCING, *SESSIONS, "PLANFENCE_MODEL")
    return name in fixed or any(name == each for each, _ in known) or name[-6:] == "_AGENT"


def _announced(name: str, *, known: bool) -> str:
    """Return the agent that announces itself so; ``known``: by one of our names, since the variable is anybody's."""
    for model in _ANNOUNCED:
        if name.startswith(model):
            return _ALSO_CALLED.get(model, model)
    plain = "".join(char if char.isalnum() or char == "-" else "-" for char in name)
    nameless = known or name in ("1", "true", "yes", "on") or plain.strip("-") in ("", HUMAN) or not plain.isascii()
    return UNNAMED if nameless else plain[:100]
