"""The fast path never accepts what the full check refuses: the rules themselves are the oracle.

`PLANFENCE_CASES=100000 pytest tests/hooks` tries more than the default.
"""

from __future__ import annotations

import os
from random import Random

from support import generate

from planfence import prover
from planfence.change import message as messages
from planfence.change import unsafenames
from planfence.change.change import Change, Mode
from planfence.gitio import paths
from planfence.hooks import fastmessage
from planfence.hooks import lightrepository as places
from planfence.hooks.compiledplan import compile_plan
from planfence.hooks.notes import raw_bytes
from planfence.judge import content
from planfence.manifest.plan import FileEntry, Plan, Task, Theme
from planfence.manifest.policy import Policy
from planfence.records import replace
from planfence.rules.rule import Context, Route, by_ledger
from planfence.rules.runner import clauses, judge, route, selected

CASES = int(os.environ.get("PLANFENCE_CASES", "6000"))
#: Of what the fast path leaves to the rules, so much is judged (a fourth): the test draws what they refuse.
SHARE = 4


def _context(change: Change, policy: Policy, plan: Plan | None, task: Task | None, **more) -> Context:
    """What the full check would judge, without links: it has every symlink refused that could be."""
    named = "p/t" if task else ""
    unplanned = frozenset() if task else frozenset(change.paths)
    ctx = Context(change, policy, plan=plan, task=task, task_name=named, unplanned=unplanned, **more)
    return replace(ctx, route=route(ctx))


def _refused(ctx: Context) -> list[str]:
    """What the rules say, but those that ask the ledger, which the fast path takes from the full check's word."""
    rules = [rule for rule in selected(ctx.policy) if rule.proof is not by_ledger]
    return [f"{finding.code} {finding.path} {finding.message}" for finding in judge(ctx, rules)]


def _fast(plan: dict[bytes, list[bytes]], change: Change, tree: list[str]) -> bool:
    files = prover.parse(raw_bytes(change.files))
    if files is None or not prover.Prover(plan).holds(files):
        return False
    added = [path for path, action in files if action == b"A"]
    listing = b"".join(paths.encode(path) + b"\0" for path in tree)
    return prover.portable(added) and prover.alone(added, listing)


def _words(plan: Plan, task: Task) -> dict[bytes, list[bytes]]:
    """What the rules make of a task's words alone."""
    themes = {name: replace(theme, paths=()) for name, theme in plan.themes.items()}
    said = clauses(Policy(), replace(plan, themes=themes), replace(task, files=(), deny=()))
    assert said is not None
    return prover.read(clause.encode() for clause in said)


def test_no_new_rule_turns_the_fast_path_off_unseen() -> None:
    """Whoever adds a rule says beside it what proves that it finds nothing on a plain change; without, all is slow."""
    assert not [rule.code for rule in selected(Policy()) if rule.proof is None]


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
        taken = _fast(prover.read(compiled.splitlines()), change, tree)
        if not taken and seed % SHARE:
            continue
        added = [file.path for file in change.files if file.old_mode == Mode.ABSENT]
        ctx = _context(change, policy, plan if task else None, task, collisions=unsafenames.collisions(added, tree))
        said = _refused(ctx)
        refused += bool(said)
        if taken:
            accepted += 1
            assert not said, (seed, change, said)
            assert ctx.route in (Route.TASK, Route.SMALL), (seed, change)
    assert accepted > CASES // 20, f"the test tries too little that is accepted: {accepted}"
    assert refused > CASES // 8 // SHARE, "the test tries too little that is refused"


def test_no_message_that_a_rule_refuses_is_accepted_and_the_trailers_are_the_same() -> None:
    accepted = 0
    for seed in range(CASES):
        random = Random(seed)
        plan = generate.plan(random)
        task = plan.tasks[0]
        compiled = _words(plan, task)
        text = generate.message(random)
        try:
            lines = fastmessage.clean(text)
            block = fastmessage.judge(compiled, lines)
        except places.NotProven:
            continue
        accepted += 1
        parsed = messages.parse(messages.clean(text, "#"))
        change = Change("staged", ("c" * 40,), "d" * 40, ())
        ctx = _context(change, Policy(), plan, task, message=parsed)
        assert not content.is_needed(ctx, selected(Policy())), (seed, text)
        assert not _refused(ctx), (seed, text)
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
        fast = prover.Patterns([pattern.encode()])
        tried = [generate._instance(random, pattern), *(generate.path(random, 0.2) for _ in range(3))]
        for path in filter(None, tried):
            assert fast.match(paths.encode(path)) == paths.matches((pattern,), path), (pattern, path)
            folder = path.rpartition("/")[0]
            if fast.take(folder.encode("utf-8", "surrogateescape")):
                assert paths.matches((pattern,), path), (pattern, path)
            if paths.matches((pattern,), path):
                assert fast.touch(folder.encode("utf-8", "surrogateescape")), (pattern, path)


def test_a_shared_policy_is_never_proved_clean():
    """However wide the task: what is extended governs, and so does what may be extended next."""
    task = Task("t", "T", "own", 45, (FileEntry("**"),))
    plan = Plan("p", 1, "goal", (task,), themes={"own": Theme("own", ("**",))})
    body = compile_plan(Policy(shared=("rules/org.toml",)), plan, task)
    assert body is not None
    words = prover.Prover(prover.read(body.splitlines()))
    assert words.holds([(b"src/a.py", b"M")])
    for path in (b"planfence.toml", b"rules/org.toml", b".planfence/next.toml", b"plans/p.toml"):
        assert not words.holds([(path, b"M")]), path
