"""Two labs between control and speed, and what would keep them from racing. python examples/racing_labs.py"""

from pathlib import Path

from corrigible.sandbox.games import race_capabilities, race_evidence, race_pictures
from corrigible.sandbox.games.races import RaceParams, pause, solve, symmetric_effort

race = RaceParams(danger=0.8, enmity=0.5, luck=0.2)
for found in solve(race).equilibria:
    print(f"an equilibrium: {found.efforts[0]:.2f} and {found.efforts[1]:.2f} into control, disaster {found.risk:.2f}")
for labs in (2, 3, 10):
    print(f"{labs} equal labs put {symmetric_effort(race, labs):.3f} into control")

for lead in (0.0, 0.3, 1.0):
    agreed = pause(RaceParams(danger=0.8, enmity=0.5, luck=0.2, lead=lead))
    needs = (
        "nothing is enough" if agreed.needed is None else f"a breach must be seen with a chance of {agreed.needed:.3f}"
    )
    print(f"a pause, one lab {lead:g} ahead: {'both sign' if agreed.signed else 'one does not sign'}; {needs}")

evidence = race_evidence.Evidence(high=0.9, low=0.2, prior=0.5, accuracy=0.9)
told = race_evidence.solve(race, evidence)
print(f"danger not known: disaster {told.smooth_none:.3f}; evidence shared: {told.smooth_shared:.3f}")

for enmity in (1.0, 0.5):
    risks = race_capabilities.solve(race_capabilities.CapabilityRace(labs=2, spread=1.0, enmity=enmity))
    print(f"capability, enmity {enmity:g}: known to none {risks.none:.3f}, own {risks.own:.3f}, all {risks.all:.3f}")
Path("race.svg").write_text(race_pictures.effort_picture(race), encoding="utf-8")
