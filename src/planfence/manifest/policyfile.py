"""Reads the policy (`planfence.toml`): all faults at once, each with its place and fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from planfence import POLICY_PATH
from planfence.change.unsafenames import hazard
from planfence.errors import BadFile
from planfence.finding import Severity
from planfence.gitio import paths
from planfence.manifest import locks, merging
from planfence.manifest.budget import read_budget
from planfence.manifest.planfile import TYPE, read_patterns, read_schema
from planfence.manifest.policy import Branches, LedgerKept, Limits, Lock, Policy, StandingTask, Tests, Trust, Unplanned
from planfence.manifest.pulledfile import read_head
from planfence.manifest.tablereader import Faults, Table, did_you_mean, quoted
from planfence.manifest.tomlsource import TomlSource, read_toml
from planfence.manifest.trailers import ANY, PRESETS, TrailerRule, Trailers
from planfence.records import dataclass, replace
from planfence.tables import HUMAN

#: The version of the policy's format.
SCHEMA = 1

#: A branch's short name, as far as a pattern can say it (git-check-ref-format(1)).
BRANCH = re.compile(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*")
#: A variable's name (POSIX, "Environment Variable Definition", and the lower case that some tools use).
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Addresses of standing work; a host that ends in a pattern would be anybody's.
_BOT = '"*[bot]@users.noreply.github.com"'
AUTHOR = re.compile(r"[^\s@]+@[^\s@]*[^\s@*?]")
MODES = ("enforce", "observe")
#: A model, as `identity.checked` has it.
MODEL = re.compile(r"[^\s,\x00-\x1f\x7f]{1,100}")
#: A trailer's key (git-interpret-trailers(1)).
TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
#: One line of text.
LINE = re.compile(r"[^\x00-\x1f\x7f]*")
URGENT = ("human", "any", "off")
WHERE = ("worktree", "export", "auto")
REQUIRED = ("advance", "push", "commit")
PROVE = ("off", "change", "hunks")
PLAN_TRUST = ("branch", "signed", "base")
EVIDENCE_TRUST = ("local", "signed", "rerun")
ATTACHMENTS = ("none", "redacted", "full")
#: A remote's name or a URL; no helper's (`ext::…`), which would run a command (gitremote-helpers(7)).
REMOTE = re.compile(r"(?!-)(?![A-Za-z0-9+.-]*::)[^\s\x00-\x1f\x7f]*")
SEVERITIES = tuple(severity.value for severity in Severity)


def _alone(_path: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy, and the document that it was read from: of several files, if it extends any."""

    policy: Policy
    source: TomlSource


def parse_policy(data: bytes, path: str, known_rules: Iterable[tuple[str, str]] = ()) -> Policy:
    """Read a policy that extends none, as :func:`load_policy` does, without its places."""
    return load_policy(data, path, known_rules).policy


def load_policy(
    data: bytes, path: str, known_rules: Iterable[tuple[str, str]] = (), read: merging.Read = _alone
) -> LoadedPolicy:
    """Read a policy, and those that it extends.

    ``known_rules`` are the (code, name) pairs that `[rules]` may name; without them the names
    are not checked. ``read`` returns the file of a path beside the policy, None if there is none: one of the same
    commit if the policy is a commit's. Raises :class:`~planfence.errors.BadFile` with every fault of all files.
    """
    source = read_toml(data, path)
    known = tuple(known_rules)
    if not source.data.get("extends"):
        policy, faults = read_structure(source)
        if source.data.get("locked"):
            faults.at_key(("locked",), "`locked` in a policy that nobody extends", "write it into the shared policy")
        _check(policy, faults, known)
        return LoadedPolicy(policy, source)
    sources, wrong = merging.gather(source, read)
    for each in sources:
        own, faults = read_structure(each)
        _check_rules(own, faults, known)
        if each is source and source.data.get("locked"):
            faults.at_key(("locked",), "only a shared policy locks keys", "write it there")
        wrong += faults.found
    if wrong:
        raise BadFile(tuple(sorted(dict.fromkeys(wrong), key=lambda one: (one.path, one.line, one.column))))
    codes = {word: code for code, name in known for word in (code, name)}
    merged = merging.Merged(sources, codes)
    policy, faults = read_structure(merged)
    heads = {each.path: read_head(each.text.encode()) for each in sources[:-1]}
    policy = replace(
        policy,
        shared=tuple(heads),
        pulled={each: head.source for each, head in heads.items() if head is not None and head.is_whole},
        locks=tuple(_locks(sources, codes, faults)),
    )
    _check(policy, faults, known)
    return LoadedPolicy(policy, merged)


def _locks(sources: list[TomlSource], codes: Mapping[str, str], faults: Faults) -> Iterator[Lock]:
    """Yield what each shared file locks, at what it and those that it extends say: others beside it change nothing."""
    for number, each in enumerate(sources[:-1]):
        listed = each.data.get("locked", [])
        beneath = merging.beneath(sources, number) if listed else []
        files = tuple(source.path for source in beneath)
        shared = read_structure(merging.Merged(beneath, codes))[0] if listed else Policy()
        own = Faults(each)
        for index, key in enumerate(listed):
            if locks.is_key(shared, key) and (not codes or not key.startswith("rules.") or key[6:] in codes):
                yield Lock(key, locks.value(shared, key), each.path, files)
            else:
                fix = did_you_mean(key, (*locks.KEYS, *(f"rules.{word}" for word in codes)))
                own.at_value(("locked", index), f"no key is named {quoted(key)}", fix, unknown=True)
        if listed:  # without the rule nothing would hold the keys
            yield Lock("rules.POL001", shared.rules, each.path, files)
        faults.found += own.found


def _check(policy: Policy, faults: Faults, known: tuple[tuple[str, str], ...]) -> None:
    """Note what is wrong between keys; raises :class:`BadFile` if anything is."""
    _check_rules(policy, faults, known)
    _check_links(policy, faults)
    _check_logs(policy, faults)
    _check_standing(policy, faults)
    least, most = policy.limits.estimate_min
    if least > most:
        faults.at_value(("limits", "estimate_min"), f"from {least} to {most} minutes", f"write `[{most}, {least}]`")
    if not policy.trust.signers:
        for key, value in (("plan", policy.trust.plan), ("evidence", policy.trust.evidence)):
            if value == "signed":
                fix = 'name an allowed_signers file: `signers = "…"` under `[trust]`'
                faults.at_value(("trust", key), f"`{key}` is signed, but no signers are named", fix)
    faults.finish()


def read_structure(source: TomlSource) -> tuple[Policy, Faults]:
    """Read what the JSON Schema describes: keys, types, forms of single values."""
    faults = Faults(source)
    top = Table(faults, (), source.data)
    read_schema(top, SCHEMA)
    default = Policy()
    limits, branches = _limits(top.table("limits")), top.table("branches")
    policy = Policy(
        mode=top.choice("mode", MODES, default.mode),
        base=top.text("base", default.base, form=BRANCH, say='write a branch: `"main"`'),
        plans=_place(top, "plans", default.plans),
        log=_place(top, "log", default.log),
        run_log=_place(top, "run_log", default.run_log),
        protected=read_patterns(top, "protected") if "protected" in top else default.protected,
        rules=_rules(top.table("rules")),
        limits=limits,
        unplanned=_unplanned(top.table("unplanned")),
        tests=_tests(top.table("tests")),
        rework_max=top.table("rework").integer("max", default.rework_max, least=0),
        stale_h=top.table("claims").integer("stale_h", default.stale_h, least=0),
        budget=read_budget(top.table("budget"), "", default.budget),
        trust=_trust(top.table("trust")),
        identity=_identity(top.table("identity")),
        trailers=_trailers(top.table("trailers")),
        branches=Branches(*(read_patterns(branches, key) for key in ("guarded", "integration", "ignored"))),
        ledger=_ledger(top.table("ledger")),
        standing=tuple(_standing(each, limits) for each in top.tables("standing")),
    )
    top.raw("protected")
    for index, name in enumerate(top.texts("extends")):
        if problem := merging.path_fault(name):
            faults.at_value(("extends", index), f"{problem[0]}: {quoted(name)}", problem[1])
    top.texts("locked")
    top.close()
    return policy, faults


def _place(table: Table, key: str, default: str) -> str:
    """Read one path from the top of the repository."""
    value = table.text(key, default)
    if table.has(key, str) and (problem := paths.literal_fault(value)):
        table.faults.at_value((*table.path, key), f"{problem[0]}: {quoted(value)}", problem[1])
    return value


def _rules(table: Table) -> dict[str, Severity]:
    rules = {key: table.choice(key, SEVERITIES, Severity.ERROR.value) for key in table.names()}
    return {key: Severity(value) for key, value in rules.items()}


def _limits(table: Table) -> Limits:
    default = Limits()
    minutes = [value for path, value in table.items("estimate_min", int) if _positive(table, path, value)]
    if table.has("estimate_min", list) and len(table.raw("estimate_min")) != 2:
        table.faults.at_value(
            (*table.path, "estimate_min"), "not two numbers", "write the least and the most: `[30, 60]`"
        )
    return Limits(
        files=table.integer("files", default.files, least=1),
        lines=table.integer("lines", default.lines, least=1),
        estimate_min=(minutes[0], minutes[1]) if len(minutes) == 2 else default.estimate_min,
        count_generated=table.flag("count_generated", default.count_generated),
    )


def _positive(table: Table, path: tuple[str | int, ...], value: int) -> bool:
    if value >= 1:
        return True
    table.faults.at_value(path, f"{value} minutes", "write 1 or more")
    return False


def _unplanned(table: Table) -> Unplanned:
    default = Unplanned()
    urgent = table.raw("urgent")
    if isinstance(urgent, bool):  # as 0.1.0 has it
        urgent = default.urgent if urgent else "off"
    else:
        urgent = table.choice("urgent", URGENT, default.urgent)
    return Unplanned(table.integer("files", default.files, least=0), urgent)


def _tests(table: Table) -> Tests:
    default = Tests()
    table.raw("required")
    fix = "write a share from 0 to 1, such as `0.8`"
    return Tests(
        command=table.text("command", default.command),
        setup=table.text("setup", default.setup),
        where=table.choice("where", WHERE, default.where),
        min_tests=table.integer("min_tests", default.min_tests, least=0),
        timeout_s=table.integer("timeout_s", default.timeout_s, least=1),
        required=_required(table) if "required" in table else default.required,
        links=read_patterns(table, "links"),
        run_at_push=table.flag("run_at_push", default.run_at_push),
        env=table.texts("env", form=VARIABLE, say='write a variable\'s name: `"DATABASE_URL"`'),
        prove=table.choice("prove", PROVE, default.prove),
        proven_min=table.number("proven_min", default.proven_min, lambda it: 0 <= it <= 1, fix),
        jobs=table.integer("jobs", default.jobs, least=1),
        paths=read_patterns(table, "paths"),
    )


def _check_links(policy: Policy, faults: Faults) -> None:
    """Refuse a link to git's own folder, or to what must come from the tree."""
    tests = faults.source.data.get("tests")
    links = tests.get("links") if isinstance(tests, dict) else None
    for index, link in enumerate(links if isinstance(links, list) else ()):
        if link not in policy.tests.links:
            continue  # it has a fault already
        own = next((each for each in _governing(policy) if _leads_to(link, each)), "")
        if not paths.is_literal(link):
            problem, fix = "a pattern", "name the folder itself: `node_modules`"
        elif unsafe := hazard(link):
            problem, fix = unsafe, "name a folder that git ignores, such as `node_modules`"
        elif own:
            problem, fix = f"it leads to `{own}`", "take it out: the tests get it from the tree"
        else:
            continue
        faults.at_value(("tests", "links", index), f"no link for {quoted(link)}: {problem}", fix)


def _check_logs(policy: Policy, faults: Faults) -> None:
    """Refuse a log that would be written into what git, the policy or a plan has."""
    for key in ("log", "run_log"):
        name = getattr(policy, key)
        own = next((each for each in _governing(policy) if _leads_to(name, each)), "")
        problem = hazard(name) if paths.fault(name) is None else ""
        if problem or own:
            fix = 'name a file of its own: `".ai-run.log"`'
            faults.at_value((key,), f"`{key}` is not a place for a log: {problem or f'it leads to `{own}`'}", fix)


def _governing(policy: Policy) -> Iterator[str]:
    yield from (each for each in (POLICY_PATH, *policy.shared, policy.plans, policy.trust.signers) if each)


def _leads_to(path: str, other: str) -> bool:
    """Whether one of the two is the other, or lies in it; as on a file system that does not tell case."""
    one, two = f"{path}/".casefold(), f"{other}/".casefold()
    return one.startswith(two) or two.startswith(one)


def _required(table: Table) -> tuple[str, ...]:
    good: list[str] = []
    for path, value in table.items("required", str):
        if value in REQUIRED:
            good.append(value)
        else:
            fix = did_you_mean(value, REQUIRED)
            table.faults.at_value(path, f"tests can't be required at {quoted(value)}", fix, unknown=True)
    return tuple(good)


def _trust(table: Table) -> Trust:
    default = Trust()
    return Trust(
        plan=table.choice("plan", PLAN_TRUST, default.plan),
        evidence=table.choice("evidence", EVIDENCE_TRUST, default.evidence),
        signers=_place(table, "signers", "") if table.raw("signers") != "" else "",
    )


def _identity(table: Table) -> dict[str, str]:
    """Read a team's own agents: a variable each, and whose it is."""
    found: dict[str, str] = {}
    for name in table.names():
        if not VARIABLE.fullmatch(name):
            table.faults.at_key((*table.path, name), f"{quoted(name)} is not a variable", "write a name: `ACME_AGENT`")
        model = table.text(name, form=MODEL, say='write a name without spaces and commas: `"acme"`')
        if model == HUMAN:
            table.faults.at_value(
                (*table.path, name), "a variable can't say that a person is at work", "name the agent that sets it"
            )
        found[name] = model
    return found


def _trailers(table: Table) -> Trailers:
    preset = PRESETS[table.choice("preset", tuple(PRESETS), "none")]
    return Trailers(
        require=(*preset.require, *_wishes(table, "require", writes=True)),
        forbid=(*preset.forbid, *_wishes(table, "forbid")),
        rewrite=(*preset.rewrite, *_wishes(table, "rewrite", writes=True, renames=True)),
    )


def _wishes(table: Table, key: str, *, writes: bool = False, renames: bool = False) -> Iterator[TrailerRule]:
    for wish in table.tables(key):
        by = wish.text("by", ANY, form=MODEL, say='say in whose commits: `"any"`, `"human"`, `"agent"` or a model')
        name = wish.text("key", required='"Signed-off-by"', form=TRAILER, say="a key has letters, digits and `-`")
        if name.lower().startswith("plan-"):
            wish.faults.at_value((*wish.path, "key"), f"`{name}` is ours", "take it out: the hooks write it")
        value = wish.text("value", form=LINE, say="write it in one line")
        write = wish.text("write", form=LINE, say="write it in one line") if writes else ""
        to = (
            wish.text("to", form=re.compile(f"(?:{TRAILER.pattern})?"), say="a key has letters, digits and `-`")
            if renames
            else ""
        )
        yield TrailerRule(by, name, value, write, to)


def _ledger(table: Table) -> LedgerKept:
    default = LedgerKept()
    return LedgerKept(
        attachments=table.choice("attachments", ATTACHMENTS, default.attachments),
        remote=table.text("remote", default.remote, form=REMOTE, say='name a remote or a URL: `"ledger"`'),
        retention_days=table.integer("retention_days", default.retention_days, least=0),
    )


def _standing(table: Table, default: Limits) -> StandingTask:
    own = table.table("limits")
    limits = replace(
        default,
        files=own.integer("files", default.files, least=1),
        lines=own.integer("lines", default.lines, least=1),
    )
    return StandingTask(
        id=table.name("id", required='"deps"'),
        title=table.filled("title", required='"what comes again"'),
        authors=table.texts("authors", required=f"[{_BOT}]", form=AUTHOR, say=f"write an address: `{_BOT}`"),
        files=read_patterns(table, "files", required='["package.json"]'),
        types=table.texts("types", form=TYPE, say='write a commit type: `"chore"`'),
        limits=limits,
        may_touch_protected=table.flag("may_touch_protected", False),
    )


def _check_standing(policy: Policy, faults: Faults) -> None:
    """Refuse two of one id."""
    ids = [each.id for each in policy.standing]
    for index, name in enumerate(ids):
        if name and name in ids[:index]:
            message = f"a second standing task with the id {quoted(name)}"
            faults.at_value(("standing", index, "id"), message, "give each its own id")


def _check_rules(policy: Policy, faults: Faults, known: tuple[tuple[str, str], ...]) -> None:
    names = {word: code for code, name in known for word in (code, name)}
    seen: dict[str, str] = {}
    for word in policy.rules if known else ():
        code = names.get(word)
        if code is None:
            fix = did_you_mean(word, names)
            fix = fix if fix.startswith("did") else "see `planfence explain` for the rules"
            faults.at_key(("rules", word), f"no rule is named {quoted(word)}", fix, unknown=True)
        elif code in seen:
            faults.at_key(("rules", word), f"{quoted(word)} and {quoted(seen[code])} are one rule", "keep one of them")
        else:
            seen[code] = word
