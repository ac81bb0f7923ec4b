"""A chain that everybody knows: where the weather settles, and how it came to rain three days in a row."""

import numpy as np

from corrigible.chains.exact.classes import classes_of
from corrigible.chains.exact.reverse import past
from corrigible.chains.exact.stationary import spectrum, stationary
from corrigible.chains.sources import from_table

weather = ["sun", "rain"]
table = {
    (0, 0): np.array([0.9, 0.1]),  # after two days of sun
    (0, 1): np.array([0.5, 0.5]),
    (1, 0): np.array([0.7, 0.3]),
    (1, 1): np.array([0.3, 0.7]),
}
chain = from_table(weather, 2, table)

(whole,) = classes_of(chain).recurrent
law = stationary(chain, whole).law
print("in the long run:", {chain.words(s): round(float(law[s]), 3) for s in range(chain.states)})
print("forgotten by a factor e every", round(spectrum(chain, whole).relaxation, 2), "days")

story = past(chain, chain.at(chain.spelt(["sun", "sun"])), 6)
way, share = story.likeliest(chain.spelt(["rain", "rain"]))
print("likeliest way from sun to rain:", " -> ".join(chain.words(int(s)) for s in way), f"({share:.0%} of all)")
