"""The log format of `corrigible detect`: JSON lines, one step each; and the record that every reader returns.

A line is {"episode", "t", "observation", "action", "reward", "terminated", "truncated"} and, where it was recorded,
"executed_action", "log_prob", "value", "changes". The first line may be a header {"corrigible_log": 1, ...}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from corrigible.errors import BadInput
from corrigible.types import Array, WorldTrace

SCHEMA_VERSION: Final = 1
HEADER_KEY: Final = "corrigible_log"

MOST_FILE_BYTES: Final = 2**29
"""A log is at most 512 MiB."""

MOST_LINE_BYTES: Final = 2**22
"""A line is at most 4 MiB."""

MOST_PADDED_BYTES: Final = 2**31
"""Episodes x longest episode x bytes of an observation is at most 2 GiB: episodes are padded to equal length."""

LARGEST_NUMBER: Final = 2**53
"""Greatest number in size: up to here whole numbers and floats agree."""

LONGEST_NAME: Final = 200
"""Characters in the name of an episode or of a kind of node."""

DEEPEST_LIST: Final = 8
"""Axes of an observation or action."""

Key: TypeAlias = Literal[
    "episode",
    "t",
    "observation",
    "action",
    "reward",
    "terminated",
    "truncated",
    "executed_action",
    "log_prob",
    "value",
    "changes",
]

REQUIRED: Final[tuple[Key, ...]] = ("episode", "t", "observation", "action", "reward", "terminated", "truncated")

OPTIONAL: Final[tuple[Key, ...]] = ("executed_action", "log_prob", "value", "changes")

FORMS: Final[Mapping[Key, str]] = {
    "episode": f"a whole number, or a name of 1 to {LONGEST_NAME} printable characters",
    "t": "a whole number that counts the steps of the episode from 0",
    "observation": "a finite number, a string, a list of finite numbers of one shape, or null",
    "action": "a whole number, or a list of finite numbers of one shape",
    "reward": "a finite number",
    "terminated": "true or false",
    "truncated": "true or false",
    "executed_action": "what `action` is: a whole number, or a list of finite numbers of one shape",
    "log_prob": "a finite number (natural logarithm)",
    "value": "a finite number",
    "changes": 'a list of changes [place..., "before", "after"], the place in whole numbers from -32768 to 32767',
}
"""What each key holds. Finite means at most 2^53 in size.

observation null means that none was recorded, then on every line. A string is hashed: give images that way.
executed_action, log_prob and value stand on every line or on none; changes stand where something changed, and an empty
list says that changes are recorded but nothing changed.
"""


PER_STEP: Final = (
    "observation",
    "action",
    "reward",
    "terminated",
    "truncated",
    "executed_action",
    "log_prob",
    "value",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Log:
    """Recorded episodes, one after another: N steps in all, those of an episode in order of time.

    Attributes:
        source: the file or data set, as the user named it.
        episodes: the name of each episode, in order of appearance.
        lengths: (E,) int64, steps of each episode, at least 1.
        observation: (N, ...) numbers, or None where none was recorded.
        text: True where the observations are 52-bit hashes of strings.
        action: (N,) int64, or (N, ...) numbers.
        reward: (N,) float64.
        terminated, truncated: (N,) bool, True at most at the last step of an episode.
        executed_action: as `action`; log_prob, value: (N,) float64; None where unknown.
        world_trace: changes, one world for each episode, or None where they were not recorded.
    """

    source: str
    episodes: tuple[str, ...]
    lengths: Array
    observation: Array | None
    action: Array
    reward: Array
    terminated: Array
    truncated: Array
    text: bool = False
    executed_action: Array | None = None
    log_prob: Array | None = None
    value: Array | None = None
    world_trace: WorldTrace | None = None

    def __post_init__(self) -> None:
        """Refuse arrays of unequal length, no steps, and steps after the end of an episode (raises BadInput)."""
        if self.lengths.size == 0 or (self.lengths < 1).any():
            raise BadInput(
                value=f"{self.source} holds {self.lengths.size} episodes and {int(self.lengths.sum())} steps",
                rule="a log holds at least one episode, and an episode at least one step",
                remedy="record some episodes first",
            )
        steps = int(self.lengths.sum())
        for name in PER_STEP:
            column = getattr(self, name)
            if column is not None and len(column) != steps:
                raise BadInput(
                    value=f"{self.source}: {len(column)} of {name}",
                    rule=f"there must be one for each of its {steps} steps",
                    remedy="record every step completely",
                )
        last = np.zeros(steps, dtype=np.bool_)
        last[self.starts + self.lengths - 1] = True
        early = np.flatnonzero((self.terminated | self.truncated) & ~last)
        if early.size:
            number = int(np.searchsorted(self.starts, early[0], side="right")) - 1
            raise BadInput(
                value=f"{self.source}: episode {self.episodes[number]} ends at t = {early[0] - self.starts[number]}",
                rule="an episode has no step after the one that is terminated or truncated",
                remedy="give what follows a new episode",
            )

    @property
    def starts(self) -> Array:
        """(E,) int64, the first step of each episode."""
        return np.cumsum(self.lengths) - self.lengths
