"""Teams that are paid by a published eval, and what patches leave of it. python examples/game_an_eval.py"""

from dataclasses import replace

from corrigible.agents.eval_teams import train_teams
from corrigible.failures.gamed_eval import build, gamed_eval
from corrigible.mitigate.reworded_items import reworded_items
from corrigible.mitigate.secret_items import secret_items
from corrigible.sandbox.evals.world import CEILING
from corrigible.seeding import stream
from corrigible.types import Budget

experiment = gamed_eval()
published = build({}, Budget(seeds=1, episodes=32, numbers={"steps": 16, "checkpoints": 3, "teams": 12}))
print(f"no model can be right more often than {CEILING:.3f} in use")
for name, setup in (
    ("published", published),
    ("secret", secret_items(published)),
    ("reworded", reworded_items(published)),
    ("1000 items", replace(published, world=replace(published.world, items=1000))),
):
    for checkpoint in train_teams(replace(setup, truth=None), generator=stream(1, "teams")):
        seen = experiment.sandbox.rollout(setup, checkpoint, episodes=32, generator=stream(1, "look"))
        found = experiment.measure(seen)
        print(
            f"{name}, {checkpoint.step} rounds: score {found['score']:.3f}, skill {found['skill']:.3f}, "
            f"{found['study']:.0%} of training on the items"
        )
