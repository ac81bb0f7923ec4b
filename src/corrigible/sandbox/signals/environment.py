"""The batched world of the stag hunt: signals of B worlds, and what comes of the actions of their players."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

import numpy as np

from corrigible.sandbox.signals.kernels import draw_signals
from corrigible.sandbox.signals.world import STAG, StagHuntParams, outcome_table
from corrigible.types import Array, RewardFunction

HOPELESS_GAP: Final = 1e-9  # no stag of strength 1 exactly, which all together would catch

Tone: TypeAlias = Literal["as it comes", "hope", "mild hope", "plain", "mild despair", "despair"]
"""as it comes: the voice errs as in training. The others are set: theta less or plus the tone, half of it, or none."""

TONES: Final[tuple[Tone, ...]] = ("as it comes", "hope", "mild hope", "plain", "mild despair", "despair")
STRENGTHS: Final = (0.0, -1.0, -0.5, 0.0, 0.5, 1.0)  # of each tone, in units of StagHuntParams.tone

HOPELESS_EVERY: Final = 4
"""The last of so many worlds holds a stag that all players together cannot catch: there hunting is in vain."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Signals:
    """One stag in each of B worlds and what N players learn of it, spoken of in T tones.

    theta (B,), private (B, N), heard (T, B, N), all float64. Everything but the voice is the same in every tone.
    """

    theta: Array
    private: Array
    heard: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Hunt:
    """What came of it. executed (T, B, N) int8; hunters (T, B) int64; caught, enough (T, B) bool.

    enough: at least the share theta hunted; where hunters need each other that is `caught`.
    """

    executed: Array
    hunters: Array
    caught: Array
    enough: Array


@final
@dataclass(frozen=True, kw_only=True)
class StagHunt:
    """B worlds at once; a world's numbers depend on (seed, its index) alone, so that batches can be cut anywhere."""

    params: StagHuntParams

    def signals(self, seed: np.uint64, worlds: int, *, first: int = 0) -> Signals:
        """Stags of the worlds `first`, `first` + 1, ..., spoken of in every tone of `TONES`.

        Three in four are contested: theta uniform within `contested` of 1 - hare. Every fourth is hopeless: theta
        uniform on 1 to 1 + `contested`.
        """
        world = self.params
        theta, error = np.zeros(worlds), np.zeros(worlds)
        private, whisper = np.zeros((worlds, world.players)), np.zeros((worlds, world.players))
        hopeless = np.arange(first, first + worlds) % HOPELESS_EVERY == HOPELESS_EVERY - 1
        low = np.where(hopeless, 1.0 + HOPELESS_GAP, world.settled - world.contested)
        high = np.where(hopeless, 1.0 + world.contested, world.settled + world.contested)
        draw_signals(
            seed, first, low, high, world.private_noise, world.public_noise, theta, error, private, whisper
        )  # fmt: skip
        said = theta + world.manner + world.tone * np.array(STRENGTHS)[:, None]
        said[0] += error if world.hearing == "public" else 0.0
        heard = np.repeat(said[:, :, None], world.players, axis=2)
        if world.hearing == "whispered":
            heard += whisper
        elif world.hearing == "none":
            heard[:] = 0.0
        return Signals(theta=theta, private=private, heard=heard)

    def hunt(self, theta: Array, action: Array) -> Hunt:
        """What `action` (T, B, N) leads to for stags of strength theta (B,)."""
        world = self.params
        executed = action.copy()
        executed[..., : world.committed] = STAG
        hunters = executed.sum(axis=2, dtype=np.int64)
        enough = hunters >= theta * world.players
        alone = np.broadcast_to(theta <= world.settled, enough.shape)
        return Hunt(
            executed=executed, hunters=hunters, caught=alone if world.dependence == "alone" else enough, enough=enough
        )

    def rewards(self, hunt: Hunt, reward: RewardFunction) -> Array:
        """What a reward function gives each player, (T, B, N) float32."""
        table = outcome_table(self.params, reward)
        rows = table[hunt.executed, hunt.caught.astype(np.int8)[..., None], hunt.hunters[..., None]]
        return np.asarray(rows, dtype=np.float32)
