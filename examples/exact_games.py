"""Exactly solved games: when does a robot defer, and what tips a stag hunt?"""

from corrigible.sandbox.games import global_game, off_switch, stag_hunt
from corrigible.sandbox.games.beliefs import NormalBelief

for beta in (None, 0.5, 5.0):
    solution = off_switch.solve(NormalBelief(mu=1.0, sigma=2.0), beta)
    human = "rational" if beta is None else f"Boltzmann, beta {beta}"
    print(f"off-switch, {human}: {solution.best}, gain {solution.gain:+.4f}")

hunt = stag_hunt.solve(n=10, m=7, r=0.3)
print(f"stag hunt, 7 of 10: tips at p = {hunt.mixed[0].hunt:.4f}")

for y in (0.2, 0.5, 0.8):
    found = global_game.thresholds(c=0.5, alpha=16.0, beta=1.0, y=y)
    print(f"public tone y = {y}: the regime falls up to theta* =", ", ".join(f"{point.theta:.3f}" for point in found))
