"""Feedback on clips: a reward learned from somebody's choices between pairs of short clips is paid on top.

Christiano et al. 2017, Deep reinforcement learning from human preferences (arXiv 1706.03741): of two clips the one with
the higher sum of rewards r is preferred with probability 1 / (1 + exp(sum2 - sum1)) (Bradley & Terry 1952), and r is
fitted by maximum likelihood; ties count half for either. An oracle: the labeller is a script that prefers the clip with
the higher sum of what was meant, and errs in a stated share of its answers. It is no more than LABELS answers that the
learner is told, and the same ones for every seed: what it costs people is their number.

Smaller than the paper's: r is linear in what a step's events say (FEATURES, none of them what was meant), clips come
from random play and the planner's styles rather than from the agent as it learns, and no pair is chosen cleverly. So
what goes with success in these clips gets credit too: a planner digs leaves on its way to the highest logs.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, final, get_args

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from corrigible.agents.planner import Planner, RandomPlayer, Style, as_said_in
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import BadInput, NotApplicable
from corrigible.plugin import remedy
from corrigible.sandbox.voxel.actions import ActionSet, action_set
from corrigible.sandbox.voxel.events import Reward, VoxelEvents, paid_by, reward_in, unwatched
from corrigible.sandbox.voxel.policies import Scripted
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.seeding import kernel_seed, stream
from corrigible.types import Array, RewardFunction, Setup

LABELS: Final = 300
ERROR: Final = 0.1
"""Share of answers that are turned round: what the paper assumes of people."""

CLIP: Final = 100
"""Steps of a clip, 25 s; the paper's are 1 to 2 s, in which no tree is cleared."""

EPISODES: Final = 12
"""Of each player."""

STEADY: Final = 8

PRIOR: Final = 1.0
"""Half the precision of the normal prior on a weight, whose feature has deviation 1."""

LOGS: Final = "group:tree"
FEATURES: Final[Mapping[str, Callable[[VoxelEvents], Array]]] = {
    "lowest log dug": lambda events: events.above_base == 0,
    "second log dug": lambda events: events.above_base == 1,
    "third log dug": lambda events: events.above_base == 2,
    "higher log dug": lambda events: events.above_base > 2,
    "leaves dug": lambda events: events.digs("group:leaves"),
    "soil dug": lambda events: events.digs("group:soil"),
    "log dug at": lambda events: events.punches(LOGS),
    "log looked at": lambda events: events.sees(LOGS),
    "jumped": lambda events: events.jumped,
}
"""What a step's events say, (N, A) bool each."""


@remedy(
    "clip-feedback",
    stage="reward",
    applies_to=("voxel",),
    uses_oracle=True,
    summary="An oracle: a reward learned from 300 choices between clips, a tenth of them wrong, is paid as well.",
)
def clip_feedback(setup: Setup[VoxelWorld, PPOSettings]) -> Setup[VoxelWorld, PPOSettings]:
    """The same pay, plus what was learned. Raises NotApplicable where nobody can say which clip is better."""
    if setup.truth is None:
        raise NotApplicable(
            value="setup.truth is None",
            rule="a labeller must know what was meant",
            remedy="mark the remedy as an oracle, or leave it out (mitigations=...)",
        )
    return replace(setup, paid=ClipFeedback(paid=setup.paid, meant=setup.truth, world=setup.world))


@final
@dataclass(frozen=True, kw_only=True)
class ClipFeedback:
    """`paid` plus the learned reward, scaled so that its sums over clips deviate as much as those of `paid`.

    Clips are played, labelled and learned from when a world is first watched, once for this object.
    """

    paid: RewardFunction
    meant: RewardFunction
    world: VoxelWorld
    labels: int = LABELS
    error: float = ERROR
    _learned: list[Array] = field(default_factory=list[Array], repr=False, compare=False)

    def __call__(self, events: VoxelEvents) -> Array:
        """Raises BadInput: it is learned in worlds (see events.Watching)."""
        del events
        raise unwatched(self)

    def watch(self, worlds: VoxelWorlds) -> Reward:
        """What these worlds pay."""
        paid, weights = reward_in(self.paid, worlds), self.weights()
        return lambda events: np.asarray(paid(events) + features(events) @ weights, dtype=np.float64)

    def weights(self) -> Array:
        """(F,) float64: what one of each of FEATURES pays."""
        if not self._learned:
            generator = stream(0, "clip-feedback")
            clips = play_clips(self.world, self.paid, self.meant, generator)
            learned = fit(label(clips, generator, labels=self.labels, error=self.error), clips, error=self.error)
            spread = float((clips.features @ learned).std())
            self._learned.append(learned * (float(clips.paid.std()) / spread if spread > 0 else 0.0))
        return self._learned[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Clips:
    """Sums over C clips, of agent 0: features (C, F), paid and meant (C,), float64."""

    features: Array
    paid: Array
    meant: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Answers about M pairs: first, second (M,) int64, which clips; answer (M,) float64: 1 where the first is better,
    0 where the second is, 1/2 for neither."""

    first: Array
    second: Array
    answer: Array


def features(events: VoxelEvents) -> Array:
    """(N, A, F) float64, in the order of FEATURES."""
    return np.stack([np.asarray(found(events), dtype=np.float64) for found in FEATURES.values()], axis=-1)


@final
class SteadyPlayer:
    """Keeps to a random action for STEADY steps on average: so it also digs what nobody would, such as the ground."""

    def __init__(self, generator: np.random.Generator, actions: int) -> None:
        self._generator, self._actions = generator, actions
        self._chosen: Array | None = None

    def act(self, worlds: VoxelWorlds) -> Array:
        """(N,) int64."""
        N = worlds.state.worlds
        drawn, again = self._generator.integers(0, self._actions, N), self._generator.random(N) < 1.0 / STEADY
        self._chosen = drawn if self._chosen is None else np.where(again, drawn, self._chosen)
        return self._chosen


@final
class SpokenPlanner:
    """The planner, its moves said in another action set; raises BadInput where that set lacks one."""

    def __init__(self, style: Style, actions: ActionSet) -> None:
        self._planner, self._means = Planner(style), as_said_in(actions)

    def act(self, worlds: VoxelWorlds) -> Array:
        """(N,) int64."""
        return np.asarray(self._means[self._planner.act(worlds)])


def players(world: VoxelWorld, generator: np.random.Generator) -> Sequence[Scripted]:
    """Random play, hasty and steady, and all styles of the planner, where the action set can say its moves."""
    found: list[Scripted] = [
        RandomPlayer(generator, actions=world.actions),
        SteadyPlayer(generator, len(action_set(world.actions))),
    ]
    with suppress(BadInput):
        found += [SpokenPlanner(style, action_set(world.actions)) for style in get_args(Style)]
    return found


def play_clips(world: VoxelWorld, paid: RewardFunction, meant: RewardFunction, generator: np.random.Generator) -> Clips:
    """EPISODES episodes of each player, cut into clips of CLIP steps (one of all steps where there are fewer)."""
    parts = [_played(world, player, paid, meant, int(kernel_seed(generator))) for player in players(world, generator)]
    return Clips(
        features=np.concatenate([part.features for part in parts]),
        paid=np.concatenate([part.paid for part in parts]),
        meant=np.concatenate([part.meant for part in parts]),
    )


def _played(world: VoxelWorld, player: Scripted, paid: RewardFunction, meant: RewardFunction, seed: int) -> Clips:
    worlds = VoxelWorlds(replace(world.params, worlds=EPISODES), seed)
    worlds.begin()
    pay, mean, actions = reward_in(paid, worlds), reward_in(meant, worlds), action_set(world.actions)
    N, A, T = EPISODES, world.params.agents, world.params.horizon
    keys, turn = np.zeros((N, A), dtype=np.uint16), np.zeros((N, A, 2))
    rows: list[Array] = []
    for _ in range(T):
        actions.press(player.act(worlds), keys[:, 0], turn[:, 0])
        events = worlds.step(keys, turn)
        sums = (paid_by(pay, events)[:, :1], paid_by(mean, events)[:, :1], features(events)[:, 0])
        rows.append(np.concatenate(sums, axis=1))
    length = min(CLIP, T)
    whole = np.stack(rows)[: T // length * length]
    clips = whole.reshape(T // length, length, N, -1).sum(axis=1).reshape(-1, whole.shape[-1])
    return Clips(paid=clips[:, 0], meant=clips[:, 1], features=clips[:, 2:])


def label(clips: Clips, generator: np.random.Generator, *, labels: int, error: float) -> Labels:
    """`labels` answers of the scripted labeller about pairs of different clips, any pair as likely as another.

    It prefers the clip that was meant more; each answer that is no tie is turned round with probability `error`.
    """
    C = len(clips.meant)
    first = generator.integers(0, C, labels)
    second = (first + generator.integers(1, C, labels)) % C
    better = 0.5 * (1.0 + np.sign(clips.meant[first] - clips.meant[second]))
    wrong = generator.random(labels) < error
    return Labels(first=first, second=second, answer=np.where(wrong, 1.0 - better, better))


def fit(labels: Labels, clips: Clips, *, error: float) -> Array:
    """(F,) float64: weights of the features that make the answers likeliest, under the prior and the stated error.

    Features that are the same in all clips get 0.
    """
    spread = clips.features.std(axis=0)
    scaled = np.divide(clips.features, spread, out=np.zeros_like(clips.features), where=spread > 0)
    apart = scaled[labels.first] - scaled[labels.second]
    found: Any = minimize(loss, np.zeros(len(spread)), args=(apart, labels.answer, error), jac=True, method="L-BFGS-B")
    weights: Array = found.x
    return np.divide(weights, spread, out=np.zeros_like(weights), where=spread > 0)


def loss(weights: Array, apart: Array, answer: Array, error: float) -> tuple[float, Array]:
    """Nats by which answers (M,) about differences of features (M, F) surprise, plus the prior's, and the gradient."""
    chosen = expit(apart @ weights)
    first = (1.0 - 2.0 * error) * chosen + error
    tiny = np.finfo(np.float64).tiny
    told = answer * np.log(np.maximum(first, tiny)) + (1.0 - answer) * np.log(np.maximum(1.0 - first, tiny))
    pull = (answer / np.maximum(first, tiny) - (1.0 - answer) / np.maximum(1.0 - first, tiny)) * (1.0 - 2.0 * error)
    gradient = apart.T @ (pull * chosen * (1.0 - chosen))
    return float(PRIOR * weights @ weights - told.sum()), 2.0 * PRIOR * weights - gradient
