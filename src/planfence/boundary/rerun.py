"""`trust.evidence = "rerun"`: nobody's record is believed, the tests run here, in a fresh export."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.gitio.repository import Repository
from planfence.ledger.evidence import TESTS
from planfence.manifest.policy import Policy
from planfence.terminal import PassedOn


def rerun(repository: Repository, policy: Policy, base: str, tips: Iterable[str]) -> dict[str, str]:
    """Run the protected branch's test command on each tip's tree.

    Returns tip → why it has not passed (empty: it has). What runs is the pushed code, with this
    process's rights.
    """
    from planfence.gate.testrun import RunProgress, run_in_export
    from planfence.gate.testtarget import Target

    passed_on = PassedOn(err=True)
    if not policy.tests.command:
        return dict.fromkeys(tips, "the policy names no test command")
    found: dict[str, str] = {}
    for tip in tips:
        tree = repository.objects.tree_of(tip)
        target = Target(tree, tip, base, policy, "human")
        results = run_in_export(
            repository,
            target,
            {TESTS: (TESTS, policy.tests.command)},
            RunProgress(passed_on.say, passed_on.take, lambda *_: None),
        )
        passed_on.end()
        failed = [result for result in results if not result.passed]
        found[tip] = f"the tests did not pass here: {failed[0].outcome}" if failed else ""
    return found
