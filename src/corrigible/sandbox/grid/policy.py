"""Learned tables as a model that answers observations: greedy over action values, or a softmax over logits."""

from collections.abc import Mapping
from typing import final

from scipy.special import softmax

from corrigible.errors import CorrigibleError
from corrigible.types import Array


@final
class TabularModel:
    """ModelView of {"q": (O, A)}, greedy with ties split evenly, or {"logits": (O, A), "value": (O,)}, softmax."""

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        self._parameters = parameters
        if set(parameters) == {"q"}:
            q = parameters["q"]
            best = q == q.max(axis=1, keepdims=True)
            self._policy = best / best.sum(axis=1, keepdims=True)
            self._value = q.max(axis=1)
        elif set(parameters) == {"logits", "value"}:
            self._policy = softmax(parameters["logits"], axis=1)
            self._value = parameters["value"]
        else:
            raise CorrigibleError(
                value=f"parameters named {', '.join(sorted(parameters)) or 'nothing'}",
                rule="a tabular model has q, or logits and value",
                remedy="give a checkpoint of a tabular learner",
            )

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Learned arrays by name."""
        return self._parameters

    @property
    def policy(self) -> Array:
        """(O, A) float64: probability of each action for each observation."""
        return self._policy

    def action_probabilities(self, observations: Array) -> Array:
        """(N,) observation indices -> (N, A) float64."""
        return self._policy[observations]

    def value(self, observations: Array) -> Array:
        """(N,) observation indices -> (N,) float64, discounted return under the learner's own estimate."""
        return self._value[observations]
