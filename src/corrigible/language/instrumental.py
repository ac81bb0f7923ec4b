"""An instrumental utility: be paid for the way as well as for the end, both judged by a store of the base's episodes.

The outcome is an embedded objective. The process is the mean value, in the store, of the states on the way; it is worth
little to arrive from where nobody came. Both are counted in deviations of the store's own episodes and joined by a
soft minimum: neither makes up for the other. Two other ways of joining are there to compare with.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, final

import numpy as np

from corrigible.language.embedded_objective import TowardsEmbedding
from corrigible.language.evaluator import soft_minimum
from corrigible.language.rewards import Texts, shared_model
from corrigible.language.value_store import Floats, ValueStore, prefix_states, store_of, telescoped

Join = Literal["soft-minimum", "sum", "potential"]
"""soft-minimum: of process and outcome. sum: of both. potential: the outcome, and the process as differences of
potential, which add up to a constant (value_store.telescoped): what is learned is what the outcome alone teaches."""

LEAST_DEVIATION: Final = 1e-6


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Scales:
    """Mean and deviation of outcome and of process over the episodes of a store."""

    outcome: tuple[float, float]
    process: tuple[float, float]


@final
@dataclass(frozen=True, kw_only=True)
class InstrumentalUtility:
    """Process and outcome of a response, joined; deviations of the store's episodes."""

    towards: TowardsEmbedding
    join: Join = "soft-minimum"
    _kept: dict[str, tuple[ValueStore, Scales]] = field(
        default_factory=dict[str, tuple[ValueStore, Scales]], init=False, repr=False, compare=False
    )

    def __call__(self, texts: Texts) -> Floats:
        """(B,) float64."""
        states = prefix_states(shared_model(self.towards.model), texts.responses)
        found = np.zeros(len(states))
        for prompt in dict.fromkeys(texts.prompts):
            rows = [k for k, other in enumerate(texts.prompts) if other == prompt]
            found[rows] = self._joined(prompt, [states[k] for k in rows])
        return found

    def store(self, prompt: str) -> ValueStore:
        """The base's episodes after that prompt, made once."""
        return self._made(prompt)[0]

    def _joined(self, prompt: str, episodes: list[Floats]) -> Floats:
        store, scales = self._made(prompt)
        outcome = _scaled(self._outcome(prompt, episodes), scales.outcome)
        if self.join == "potential":
            return outcome + np.array([telescoped(self._potentials(store, each)).sum() for each in episodes])
        process = _scaled(np.array([store.process(each) for each in episodes]), scales.process)
        both = np.stack((process, outcome), axis=1)
        return both.sum(axis=1) if self.join == "sum" else soft_minimum(both, np.ones(2))

    def _potentials(self, store: ValueStore, episode: Floats) -> Floats:
        """(1, P + 1): of the prompt alone, the same for all its responses, and of every state after it."""
        values = [store.value(place, state) for place, state in enumerate(episode)]
        return np.array([[float(store.values[0].mean()), *values]])

    def _outcome(self, prompt: str, episodes: list[Floats]) -> Floats:
        """(B,) cosines of whole responses with the target; 0 for an empty one."""
        target = self.towards.target(prompt)
        return np.array([float(states[-1] @ target) if len(states) else 0.0 for states in episodes])

    def _made(self, prompt: str) -> tuple[ValueStore, Scales]:
        if prompt not in self._kept:
            said = self.towards.base(prompt)
            episodes = prefix_states(shared_model(self.towards.model), said)
            store = store_of(said, episodes, self._outcome(prompt, episodes))
            process = np.array([store.process(each) for each in episodes])
            self._kept[prompt] = store, Scales(outcome=_scale(store.outcome), process=_scale(process))
        return self._kept[prompt]


def _scale(values: Floats) -> tuple[float, float]:
    return float(values.mean()), max(float(values.std(ddof=1)), LEAST_DEVIATION)


def _scaled(values: Floats, scale: tuple[float, float]) -> Floats:
    mean, deviation = scale
    return (values - mean) / deviation
