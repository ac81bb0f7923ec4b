"""One conversation that goes off the rails: how near each turn brought the end, and the turn that is named."""

import numpy as np

from corrigible.chains.talks.talking import chances, converse, derailed
from corrigible.chains.talks.world import WORDS, Reading, Talk, read

talk = Talk()
chain = read(talk, Reading(), np.random.default_rng(0))  # an n-gram learnt from 200 short texts
said = converse(chain, talk, 200, np.random.default_rng(1))
off = derailed(talk, said.tokens)
print(f"{off.mean():.0%} of 200 conversations end off the rails")

row = int(np.flatnonzero(off)[0])
texts = np.concatenate([[talk.opening], said.tokens[row : row + 1]], axis=1)
near = chances(chain, talk, texts)[0]
for turn in range(talk.turns):
    words = " ".join(WORDS[token] for token in said.tokens[row, turn * talk.turn : (turn + 1) * talk.turn])
    named = "  <- this turn did it" if turn == said.named[row] else ""
    print(f"{turn + 1:2}  {near[turn + 1]:.2f}  {words}{named}")
