"""Random plans, policies, changes and messages for the property tests: plain ones, odd ones, hostile ones."""

from __future__ import annotations

from random import Random

from planfence.change.change import Action, Change, FileChange
from planfence.finding import Severity
from planfence.gitio import paths
from planfence.manifest.plan import FileEntry, Plan, Task, Theme
from planfence.manifest.policy import Limits, Policy, Unplanned
from planfence.rules import RULES

PLAIN = ("src", "docs", "tests", "auth", "keys", "a.py", "b.py", "c.md", "user.py", "x", "lib")
ODD = (
    *(
        "SRC",
        "A.py",
        "Auth",
        "\u00e9",
        "e\u0301",
        "con",
        "aux.txt",
        ".git",
        "git~1",
        "end.",
        "end ",
        "a b",
        "-rf",
        ":(top)x",
    ),
    *('q"q', "tab\t", "new\nline", "\udcff", "back\\slash", "c:x", "planfence.toml", "plans", ".github", ".gitmodules"),
    *("\u212a", "\u017frc", "*", "[x]", "?.py", "nul", ".GIT", "\u200c.git", "ﬁ", "ß", "..a", "plans.toml"),
)
WILD = ("*", "**", "?.py", "*.py", "a*", "*u*.?y", "a**", "***", "[a-b].py", "[!a]*", "*.*", "s?c", "**.py")
MODES = (0o100644, 0o100755)
ODD_MODES = (0o120000, 0o160000, 0o100664)


def _named_by_rules() -> tuple[str, ...]:
    """The names in the rules' own examples, so that a new rule is tried as well."""
    examples = [each for rule in RULES for each in (*getattr(rule, "bad", ()), *getattr(rule, "good", ()))]
    words = {word for example in examples for line in example for word in line.split()}
    return tuple(sorted({part for word in words if "/" in word or "." in word for part in word.split("/") if part}))


ODD += _named_by_rules()


def path(random: Random, odd: float) -> str:
    """One path of up to four components."""
    parts = [random.choice(ODD if random.random() < odd else PLAIN) for _ in range(random.randint(1, 4))]
    return "/".join(parts)


def pattern(random: Random) -> str:
    """One pattern that a plan may hold."""
    while True:
        words = [
            random.choice(WILD) if random.random() < 0.35 else random.choice(PLAIN if random.random() < 0.9 else ODD)
            for _ in range(random.randint(1, 4))
        ]
        if random.random() < 0.4:
            words.append("**")
        found = "/".join(words)
        if paths.fault(found) is None:
            return found


def _some(random: Random, most: int) -> tuple[str, ...]:
    return tuple(pattern(random) for _ in range(random.randint(0, most)))


def plan(random: Random) -> Plan:
    """One plan with the task `t`."""
    actions = (None, None, *Action)
    files = tuple(FileEntry(pattern(random), random.choice(actions)) for _ in range(random.randint(1, 6)))
    task = Task("t", "t", random.choice(("own", "own", "none")), 45, files, deny=_some(random, 2))
    types = random.choice(((), ("feat", "fix"), ("docs",)))
    themes = {name: Theme(name, _some(random, 3), types) for name in ("own", "other", "third")}
    return Plan("p", 1, "g", (task,), themes)


def policy(random: Random) -> Policy:
    """One policy; the rules of stages and evidence are not its concern."""
    rules = {
        code: random.choice((Severity.WARN, Severity.OFF)) for code in ("SCP002", "THM001") if random.random() < 0.1
    }
    protected = Policy().protected if random.random() < 0.7 else _some(random, 3)
    limits = Limits(random.choice((0, 2, 5, 20)), 0)
    return Policy(protected=protected, rules=rules, limits=limits, unplanned=Unplanned(random.choice((0, 2, 5))))


def tree_and_change(random: Random, wanted: tuple[str, ...]) -> tuple[list[str], Change]:
    """The paths of a tree after a change, and the change; many paths are such that the plan's patterns name them."""
    odd = random.choice((0.0, 0.0, 0.0, 0.1, 0.4))
    named = [_instance(random, each) for each in wanted]
    pool = list(dict.fromkeys([*named, *(path(random, odd) for _ in range(random.randint(0, 6)))]))
    inside = random.random() < 0.5 and named
    chosen = [each for each in (named if inside else pool) if each and random.random() < 0.7]
    files = tuple(
        FileChange(each, old, new, "a" * 40 if old else "0" * 40, "b" * 40 if new else "0" * 40)
        for each in sorted(set(chosen), key=paths.encode)
        for old, new in [_modes(random, odd)]
    )
    gone = {file.path for file in files if not file.new_mode}
    rest = [each for each in pool if random.random() < 0.6] + [
        path(random, odd / 2) for _ in range(random.randint(0, 4))
    ]
    there = {file.path for file in files if file.new_mode}
    folders = {folder for each in there for folder in _folders(each)}
    files = tuple(file for file in files if not file.new_mode or file.path not in folders)
    tree = {file.path for file in files if file.new_mode}
    for each in rest:  # no tree has a file and a folder of one name
        if each and each not in gone | folders and not tree & _folders(each):
            tree.add(each)
            folders |= _folders(each)
    return sorted(tree), Change("staged", ("c" * 40,), "d" * 40, files)


def _folders(of: str) -> set[str]:
    parts = of.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def _modes(random: Random, odd: float) -> tuple[int, int]:
    modes = (*MODES, *(ODD_MODES if odd and random.random() < 0.2 else ()))
    old, new = random.choice((0, 0, *modes, *modes)), random.choice((0, *modes, *modes, *modes))
    return (old, new) if old or new else (0, modes[0])


def _instance(random: Random, wanted: str) -> str:
    """A path that the pattern names, mostly."""
    parts: list[str] = []
    for part in wanted.split("/"):
        if part.strip("*") == "" and len(part) > 1:
            parts += [random.choice(PLAIN) for _ in range(random.randint(0 if parts else 1, 2))]
        else:
            parts.append(part.replace("*", random.choice(("", "a", "uu"))).replace("?", "p"))
    return "/".join(part for part in parts if part)


_SUBJECTS = (
    *(
        "feat: add it",
        "fix(auth): fix",
        "docs: words",
        "feat!: break",
        "Feat: big",
        "feat , fix: both",
        "feat/fix: both",
    ),
    *(
        "Merge branch x",
        "fixup! feat: add it",
        "feat(a: b): x",
        "fix #12",
        "fix #12 and #13",
        "AB-12: do",
        "see AB-1, CD-2",
    ),
    *(
        "feat:no space",
        "feat : space",
        "feat() : x",
        "feat(): x",
        "ﬁx: y",
        "FIX: y",
        "\u017ftyle: x",
        "feat: K-\u0661 #\u0662",
        "revert: x",
    ),
    *(
        "just words",
        "wörter: ja",
        "squash! x",
        "http://x: y",
        "style: x (#4)",
        "feat(x)!: (#4) closes #4",
        "feat|fix: x",
    ),
)
_BODIES = (
    *(
        "",
        "Some words.",
        "Closes #1",
        "closes #1, #2",
        "fixes AB-12 and AB-13",
        "- feat: more",
        "* docs(x): y",
        "docs: y",
        "feat:",
    ),
    *(
        "# a comment",
        "  indented: x",
        "Signed-off-by: A <a@b>",
        "Co-authored-by: B <b@c>",
        "key : value",
        "no colon here",
    ),
    *(
        "Plan-Task: p/t",
        "plan-model: x",
        "Plan-Stage: done",
        "tab\tin",
        "form\x0cfeed",
        "line\u2028sep",
        "nbsp\xa0",
        "a: b",
    ),
    *(
        "# ------------------------ >8 ------------------------",
        "diff --git a/x b/x",
        "\r",
        "trailing   ",
        "UTF-8",
        "x" * 90,
    ),
)


def message(random: Random) -> str:
    """One message file's text."""
    lines = [random.choice(_SUBJECTS) if random.random() < 0.6 else random.choice(_SUBJECTS[:3])]
    if random.random() < 0.6:
        lines.append("" if random.random() < 0.9 else random.choice(_BODIES))
        plain = random.random() < 0.5
        pool = [_BODIES[i] for i in (0, 1, 9, 11, 12, 14)] if plain else _BODIES
        lines += [random.choice(pool) for _ in range(random.randint(0, 5))]
    if random.random() < 0.3:
        lines += ["# Please enter the commit message for your changes.", "#\tmodified: x"]
    if random.random() < 0.05:
        lines.insert(0, random.choice(("", "# first", " ")))
    return "\n".join(lines) + random.choice(("\n", "\n", "", "\n\n"))
