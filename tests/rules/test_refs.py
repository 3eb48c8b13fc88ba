"""Rules about who signed, and about refs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.tables import change, context, found

from planfence.manifest.policy import Policy, Trust
from planfence.rules import ledger_rewritten, plan_not_signed, protected_ref
from planfence.rules.rule import Route

SIGNED = Policy(trust=Trust(plan="signed", signers="signers"))


def commit(*files: str):
    return replace(change(*files), name="c" * 40)


@pytest.mark.parametrize(
    ("judged", "policy", "signer", "named"),
    [
        (commit("plans/a.toml"), SIGNED, "", ["plans/a.toml"]),
        (commit("planfence.toml"), SIGNED, "", ["planfence.toml"]),
        (commit("signers"), SIGNED, "", ["signers"]),
        (commit("plans/a.toml"), SIGNED, "ada", []),
        (commit("src/a.py"), SIGNED, "", []),
        (commit("plans/a.toml"), Policy(), "", []),
        (change("plans/a.toml"), SIGNED, "", []),
    ],
)
def test_plan_not_signed(judged, policy, signer: str, named: list[str]) -> None:
    assert found(plan_not_signed.RULE, context(judged, route=Route.GOVERNING, policy=policy, signer=signer)) == named


@pytest.mark.parametrize("module", [protected_ref, ledger_rewritten])
def test_a_ref_is_reported_and_a_change_is_not(module) -> None:
    assert found(module.RULE, context(change("a"))) == []
    assert module.about("refs/heads/main", "would be deleted").message == "refs/heads/main would be deleted"
