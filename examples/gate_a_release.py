"""From a run to a decision: make a failure, ask a policy, seal the evidence. python examples/gate_a_release.py"""

from datetime import UTC, datetime
from pathlib import Path

import corrigible
from corrigible.commands.gate_evidence import bring_in
from corrigible.commands.policies import policy_and_bytes
from corrigible.oversight.bundles import make_bundle, verify_bundle
from corrigible.oversight.disclosure import release, require_released
from corrigible.oversight.gates import judge_gate

run = corrigible.run("off-switch-grid", preset="smoke", seeds=6, conditions=["utility-indifference"], out="runs")
policy, text = policy_and_bytes("lab-release")
brought = bring_in([run.path])
for at in (datetime.now(UTC), datetime(2027, 6, 1, tzinfo=UTC)):
    decision = judge_gate(policy, "publication", brought.evidence, at=at)
    print(f"{at:%Y-%m-%d}: {decision.outcome}")
    for reason in decision.reasons:
        print(f"  {reason}")

release(run.path, owner="Ada Example", audience="team", reason="our colleagues review it")
require_released(run.path, "team", doing="a bundle")
items = {"policy.yaml": text, **brought.files}
bundle = make_bundle(
    Path("bundle"), items, about={"outcome": decision.outcome}, withhold=["*/manifest.json"], because="x"
)
print(f"{len(verify_bundle(bundle.path).items)} items are as they were; sha256 of the manifest: {bundle.sha256}")
