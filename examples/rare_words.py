"""How likely is what no thousand samples show, and how did it come about? Estimated, and checked."""

import numpy as np

from corrigible.chains.sampled.chain import Enumerated
from corrigible.chains.sampled.effort import Effort
from corrigible.chains.sampled.events import Question, exactly, saying
from corrigible.chains.sampled.events_before import events_before
from corrigible.chains.sampled.rare import rare
from corrigible.chains.sources import planted_topic

chain = planted_topic(topics=2, words=4, window=4, stay=0.998)  # a chain that seldom changes its topic
chain_as_sampled = Enumerated(chain=chain)  # for a language model: Windowed(model=load_model("smollm2"), window=64)
event = saying((7, 7, 7, 7), "b3 b3 b3 b3", chain.window)
effort = Effort(samples=256, runs=16, texts=48)

within = Question(chain=chain_as_sampled, start=np.arange(4), event=event, steps=30)
tighter, looser = rare(within, effort, np.random.default_rng(0))
for one in (tighter, looser):
    print(f"{one.how}: {one.value:.2e} [{one.low:.2e}, {one.high:.2e}]")
print(f"exact: {exactly(chain, within):.2e}")

at_end = Question(chain=chain_as_sampled, start=np.arange(4), event=event, steps=30, at_end=True)
found = events_before(at_end, effort, np.random.default_rng(1))
left = (found.texts[:, 4:] >= 4).argmax(axis=1)  # when the first word of the other topic was said
print(f"the topic changed after {np.average(left, weights=found.weight):.1f} of 30 words on average")
print(chain_as_sampled.spent.told)
