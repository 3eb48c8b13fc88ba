"""What a team asks of a commit's trailers, by who commits: data, presets, and what they come to in one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.lazyregex import pattern as regex
from planfence.records import dataclass
from planfence.tables import HUMAN

#: Who a wish is about, beside the name of a model.
ANY, AGENT = "any", "agent"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TrailerRule:
    """One line of the policy: about the trailers with this key, in commits by this one.

    ``by`` is ``any``, ``human``, ``agent`` or a model. ``value`` is a pattern in which `*` stands for anything (empty:
    any value; ``agent``: one that names an agent). ``write`` is what stands there then: the value of a required
    trailer that is missing, with `{agent}` and `{model}`; of a rewritten one the value, ``to`` its key (empty: it is
    taken out).
    """

    by: str
    key: str
    value: str = ""
    write: str = ""
    to: str = ""

    def is_about(self, who: str) -> bool:
        """Whether it is about commits by this model, or by ``human``."""
        return self.by in (ANY, who) or (self.by == AGENT and who != HUMAN)

    def fits(self, pair: Pair) -> bool:
        """Whether a trailer is one of those that it is about."""
        key, value = pair
        if key.lower() != self.key.lower():
            return False
        return names_agent(value) if self.value == AGENT else matches(self.value, value)


@dataclass(frozen=True, slots=True)
class Trailers:
    """All wishes: trailers that must be there, that must not, and that are rewritten when the message is written."""

    require: tuple[TrailerRule, ...] = ()
    forbid: tuple[TrailerRule, ...] = ()
    rewrite: tuple[TrailerRule, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.require or self.forbid or self.rewrite)


#: What agents write into `Co-authored-by`: a name, and an address that says whose it is.
_COAUTHORS = {
    "claude": ("Claude", "noreply@anthropic.com"),
    "codex": ("Codex", "noreply@openai.com"),
    "gemini": ("Gemini CLI", "gemini-cli@google.com"),
    "copilot": ("Copilot", "223556219+Copilot@users.noreply.github.com"),
    "cursor": ("Cursor", "cursoragent@cursor.com"),
    "amp": ("Amp", "amp@ampcode.com"),
    "opencode": ("opencode", "noreply@opencode.ai"),
    "aider": ("aider", "noreply@aider.chat"),
    "goose": ("goose", "opensource@block.xyz"),
    "devin": ("Devin", "158243242+devin-ai-integration[bot]@users.noreply.github.com"),
    "qwen": ("Qwen-Coder", "qwen-coder@alibabacloud.com"),
    "crush": ("Crush", "crush@charm.land"),
    "augment": ("Augment", "noreply@augmentcode.com"),
}
_ADDRESSES = (
    *(f"<{address.lower()}>" for _, address in _COAUTHORS.values()),
    *(
        "codex@openai.com>",
        "+copilot@users.noreply",
        "copilot@github.com>",
        "copilot-swe-agent",
        "chatgpt-codex-connector",
        "devin-ai-integration",
    ),
    *("@aider.chat>", "gemini-code-assist", "google-labs-jules", "@ampcode.com>", "@opencode.ai>", "@augmentcode.com>"),
    *("claude[bot]@", "cursor[bot]@", "roomote", "@cline.bot>", "@openhands.dev>", "openhands@all-hands.dev"),
)
_NAMES = frozenset(
    {name.lower() for name, _ in _COAUTHORS.values()}
    | {
        "claude code",
        "codex cli",
        "openai codex",
        "github copilot",
        "gemini",
        "cursor agent",
        "amp",
        "qwen",
        "antigravity",
    }
)

#: Presets by name. `kernel`: Documentation/process/coding-assistants.rst of Linux. `co-author`: exactly that.
PRESETS = {
    "none": Trailers(),
    "kernel": Trailers(
        require=(TrailerRule(AGENT, "Assisted-by", "*:*", "{agent}:{model}"),),
        forbid=(
            TrailerRule(AGENT, "Signed-off-by"),
            TrailerRule(ANY, "Signed-off-by", AGENT),
            TrailerRule(ANY, "Co-authored-by", AGENT),
        ),
        rewrite=(TrailerRule(ANY, "Co-authored-by", AGENT),),
    ),
    "no-co-author": Trailers(
        forbid=(TrailerRule(ANY, "Co-authored-by", AGENT),), rewrite=(TrailerRule(ANY, "Co-authored-by", AGENT),)
    ),
    "co-author": Trailers(require=(TrailerRule(AGENT, "Co-authored-by", AGENT, "{coauthor}"),)),
}


def names_agent(value: str) -> bool:
    """Whether a trailer's value, `NAME <ADDRESS>`, names an agent: by its address, or by a name that has none."""
    name, bracket, _ = value.lower().partition("<")
    if bracket:
        return any(each in value.lower() for each in _ADDRESSES)
    return name.partition("(")[0].strip() in _NAMES


def coauthor(who: str) -> str:
    """Return an agent as `Co-authored-by` has it; empty for one that has no address."""
    name, address = _COAUTHORS.get(who, ("", ""))
    return f"{name} <{address}>" if name else ""


def matches(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern with `*`, case aside; an empty pattern fits every value."""
    if not pattern:
        return True
    first, *rest = (part.lower() for part in pattern.split("*"))
    text = value.lower()
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def rewritten(pair: Pair, wanted: Trailers, who: str, agent: str = "", model: str = "") -> Pair | None:
    """Return what stands in a trailer's place in a commit by ``who``: mostly itself; None: nothing.

    ``agent`` is who it is by its own name (empty: ``who``), ``model`` its model's.
    """
    wish = next((each for each in wanted.rewrite if each.is_about(who) and each.fits(pair)), None)
    if wish is None:
        return pair
    return (wish.to, filled(wish.write, agent or who, model, pair[1])) if wish.to else None


def missing(pairs: Iterable[Pair], wanted: Trailers, who: str) -> Iterator[TrailerRule]:
    """Yield what is required of a commit by ``who`` and is not there."""
    there = tuple(pairs)
    for wish in wanted.require:
        if wish.is_about(who) and not any(wish.fits(pair) for pair in there):
            yield wish


def forbidden(pairs: Iterable[Pair], wanted: Trailers, who: str) -> Iterator[Pair]:
    """Yield the trailers that a commit by ``who`` must not have."""
    for pair in pairs:
        if any(wish.is_about(who) and wish.fits(pair) for wish in wanted.forbid):
            yield pair


def filled(template: str, who: str, model: str, value: str) -> str:
    """Fill `{agent}`, `{model}` (`unknown` if nothing told it), `{coauthor}` and `{value}` (what stood there)."""
    known = {"agent": who, "model": model or "unknown", "coauthor": coauthor(who), "value": value}
    return _FIELD.sub(lambda found: known.get(found[1], found[0]), template)


_FIELD = regex(r"\{([a-z]+)\}")
