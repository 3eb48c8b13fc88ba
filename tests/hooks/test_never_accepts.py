"""The fast path never accepts what the full check refuses: the rules themselves are the oracle.

`PLANFENCE_CASES=100000 pytest tests/hooks` tries more than the default.
"""

from __future__ import annotations

import os
from random import Random

from support import generate

from planfence.change import message as messages
from planfence.change import unsafenames
from planfence.change.change import Change, Mode
from planfence.change.message import needs_content
from planfence.content.committypes import LICENCES
from planfence.gitio import paths
from planfence.hooks import fastjudge, fastmessage
from planfence.hooks import place as places
from planfence.hooks.compiledplan import PROVEN, compile_plan
from planfence.hooks.notes import raw_bytes
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import RULES
from planfence.rules.rule import Context, Door
from planfence.rules.runner import door, judge, selected

CASES = int(os.environ.get("PLANFENCE_CASES", "6000"))
#: The rules of stages and evidence speak of the ledger, which the fast path takes from the full check's word.
_LEDGER = ("GAT", "ROL")


def _context(change: Change, policy: Policy, plan: Plan | None, task: Task | None, **more) -> Context:
    """What the full check would judge, without links: it has every symlink refused that could be."""
    named = "p/t" if task else ""
    unplanned = frozenset() if task else frozenset(change.paths)
    way = door(change, policy, task_name=named, planned=task is not None, urgent="", unplanned=unplanned)
    return Context(change, policy, way, plan, task, named, unplanned=unplanned, **more)


def _refused(ctx: Context) -> list[str]:
    rules = [rule for rule in RULES if not rule.code.startswith(_LEDGER)]
    return [f"{finding.code} {finding.path} {finding.message}" for finding in judge(ctx, rules)]


def _fast(plan: dict[bytes, list[bytes]], change: Change, tree: list[str]) -> bool:
    try:
        files = fastjudge.parse(raw_bytes(change.files))
        fastjudge.judge(plan, files)
        added = [path for path, action in files if action == b"A"]
        if added:
            fastjudge.names(added, b"".join(paths.encode(path) + b"\0" for path in tree))
    except places.Unsure:
        return False
    return True


def test_no_new_rule_turns_the_fast_path_off_unseen() -> None:
    """Whoever adds a rule says in `fastplan.PROVEN` why nothing is found on a plain change, or what looks for it."""
    assert {rule.code for rule in selected(Policy())} <= PROVEN


def test_no_change_that_a_rule_refuses_is_accepted() -> None:
    accepted = refused = 0
    for seed in range(CASES):
        random = Random(seed)
        policy, plan = generate.policy(random), generate.plan(random)
        task = plan.tasks[0] if random.random() < 0.85 else None
        compiled = compile_plan(policy, plan if task else None, task)
        if compiled is None:
            continue
        patterns = tuple(entry.path for entry in plan.tasks[0].files) if random.random() < 0.8 else ()
        tree, change = generate.tree_and_change(random, patterns)
        added = [file.path for file in change.files if file.old_mode == Mode.ABSENT]
        ctx = _context(change, policy, plan if task else None, task, collisions=unsafenames.collisions(added, tree))
        said = _refused(ctx)
        refused += bool(said)
        if _fast(places.parse(compiled), change, tree):
            accepted += 1
            assert not said, (seed, change, said)
            assert ctx.door in (Door.TASK, Door.SMALL), (seed, change)
    assert accepted > CASES // 20, f"the test tries too little that is accepted: {accepted}"
    assert refused > CASES // 8, "the test tries too little that is refused"


def test_no_message_that_a_rule_refuses_is_accepted_and_the_trailers_are_the_same() -> None:
    accepted = 0
    for seed in range(CASES):
        random = Random(seed)
        plan = generate.plan(random)
        task = plan.tasks[0]
        own = plan.themes.get(task.theme)
        compiled = {b"type": [each.encode() for each in own.types]} if own and own.types else {}
        compiled[b"unsure-type"] = [each.encode() for each in LICENCES]
        text = generate.message(random)
        try:
            lines = fastmessage.clean(text)
            block = fastmessage.judge(compiled, lines)
        except places.Unsure:
            continue
        accepted += 1
        parsed = messages.parse(messages.clean(text, "#"))
        change = Change("staged", ("c" * 40,), "d" * 40, ())
        assert not needs_content(parsed), (seed, text)
        assert not _refused(_context(change, Policy(), plan, task, message=parsed)), (seed, text)
        wanted = (("Plan-Task", "p/t"), ("Plan-Model", "human"))
        written = fastmessage.with_trailers(text, [f"{key}: {value}" for key, value in wanted], block=block)
        assert written == messages.with_trailers(text, wanted, "#"), (seed, text)
        assert not {key.lower() for key, _ in parsed.trailers} & {key.lower() for key in messages.OWN_TRAILERS}
    assert accepted > CASES // 10


def test_patterns_mean_what_they_mean_to_the_rules() -> None:
    for seed in range(CASES):
        random = Random(seed)
        pattern = generate.pattern(random)
        if "[" in pattern or not (pattern.isascii() and pattern.isprintable()):
            continue
        fast = fastjudge.Patterns([pattern.encode()])
        tried = [generate._instance(random, pattern), *(generate.path(random, 0.2) for _ in range(3))]
        for path in filter(None, tried):
            assert fast.match(paths.encode(path)) == paths.matches((pattern,), path), (pattern, path)
            folder = path.rpartition("/")[0]
            if fast.take(folder.encode("utf-8", "surrogateescape")):
                assert paths.matches((pattern,), path), (pattern, path)
            if paths.matches((pattern,), path):
                assert fast.touch(folder.encode("utf-8", "surrogateescape")), (pattern, path)
