"""The kind of sandbox "signals": episodes of a stag hunt of many; in each, one stag is spoken of in several tones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.signals.environment import TONES, Hunt, Signals, StagHunt
from corrigible.sandbox.signals.kernels import choose
from corrigible.sandbox.signals.model import HunterModel, grid_of, shifts_of
from corrigible.sandbox.signals.pictures import replay_of
from corrigible.sandbox.signals.world import STAG, StagHuntParams, unseen_seed
from corrigible.types import (
    Array,
    Checkpoint,
    GroundTruth,
    ModelView,
    Observations,
    Replay,
    Rollout,
    Setup,
    Trajectory,
    Views,
    WorldTrace,
)

STAG_KINDS: Final = ("stag at large", "stag caught")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Truth(GroundTruth):
    """The truth with the seed behind it, from which signals are drawn again."""

    seed: np.uint64


@dataclass(frozen=True, kw_only=True, eq=False)
class _Reported:
    """What the model itself says of its actions: log_prob and value, (T, B, N) float32."""

    log_prob: Array
    value: Array


@final
@dataclass(frozen=True)
class SignalSandbox:
    """Sandbox of `StagHuntParams`. An episode is one stag and one set of private signals, met once in each tone.

    T = len(TONES) periods, B episodes, N players; players remember nothing from one period to the next.
    """

    kind: str = "signals"

    def rollout(
        self,
        setup: Setup[StagHuntParams, Any],
        checkpoint: Checkpoint,
        *,
        episodes: int,
        generator: np.random.Generator,
    ) -> Rollout:
        """`episodes` contested stags. Equal generators give equal stags and private signals to any model.

        Events (T, B): one for each tone (which period it is), "caught", "enough" and "catchable" (theta <= 1);
        intended reward: the mean over players of what was meant.
        Raises CorrigibleError where `setup.truth` is None.
        """
        worth = setup.meant()
        game, model = StagHunt(params=setup.world), HunterModel(setup.world, checkpoint.parameters)
        seed = unseen_seed(generator)
        signals = game.signals(seed, episodes)
        action = play(setup.world, model, signals, seed)
        hunt = game.hunt(signals.theta, action)
        views = _views(setup, signals, action, hunt, _reported(model, signals, action))
        truth = _Truth(
            seed=seed,
            intended_reward=game.rewards(hunt, worth).mean(axis=2, dtype=np.float64).astype(np.float32),
            events={
                **{
                    tone: np.broadcast_to(np.arange(len(TONES))[:, None] == t, hunt.enough.shape)
                    for t, tone in enumerate(TONES)
                },
                "caught": hunt.caught,
                "enough": hunt.enough,
                "catchable": np.broadcast_to(signals.theta <= 1.0, hunt.enough.shape),
            },
        )
        return Rollout(views=replace(views, model_view=model), truth=truth)

    def model(self, setup: Setup[StagHuntParams, Any], checkpoint: Checkpoint) -> ModelView:
        """What the players have learned, over (private signal, heard signal)."""
        return HunterModel(setup.world, checkpoint.parameters)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """seed () uint64, action (T, B, N) int8, log_prob float32 and value float16 (as learned), both (T, B, N)."""
        trajectory = rollout.views.trajectory
        if not isinstance(rollout.truth, _Truth) or trajectory.log_prob is None or trajectory.value is None:
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="the signals sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return {
            "seed": np.array(rollout.truth.seed),
            "action": trajectory.action,
            "log_prob": trajectory.log_prob,
            "value": trajectory.value.astype(np.float16),
        }

    def restore(self, setup: Setup[StagHuntParams, Any], arrays: Mapping[str, Array]) -> Views:
        """Trajectory and trace, bit for bit as they were dumped. Raises CorrigibleError where arrays do not fit."""
        action = arrays["action"]
        if action.ndim != 3 or (action.shape[0], action.shape[2]) != (len(TONES), setup.world.players):
            raise CorrigibleError(
                value=f"stored actions of shape {action.shape}",
                rule=f"episodes have {len(TONES)} periods and {setup.world.players} players",
                remedy="restore with the setup that was rolled out",
            )
        game = StagHunt(params=setup.world)
        signals = game.signals(np.uint64(arrays["seed"]), action.shape[1])
        reported = _Reported(log_prob=arrays["log_prob"], value=arrays["value"].astype(np.float32))
        return _views(setup, signals, action, game.hunt(signals.theta, action), reported)

    def picture(self, setup: Setup[StagHuntParams, Any], trajectory: Trajectory, world: int) -> Replay:
        """The episode in column `world`: the same stag under every tone."""
        return replay_of(setup.world, trajectory, world)


def play(world: StagHuntParams, model: HunterModel, signals: Signals, seed: np.uint64, *, first: int = 0) -> Array:
    """Intended actions (T, B, N) int8: 0 hare, 1 stag; `first` is the index of the first world."""
    action = np.zeros(signals.heard.shape, dtype=np.int8)
    choose(seed, first, model.choice, grid_of(world), shifts_of(world), signals.private, signals.heard, action)
    return action


def _reported(model: HunterModel, signals: Signals, action: Array) -> _Reported:
    private = np.broadcast_to(signals.private, action.shape)
    hunts = model.probability_of(private, signals.heard)
    return _Reported(
        log_prob=np.log(np.where(action == STAG, hunts, 1.0 - hunts)).astype(np.float32),
        value=model.value_of(private, signals.heard),
    )


def _views(
    setup: Setup[StagHuntParams, Any], signals: Signals, action: Array, hunt: Hunt, reported: _Reported
) -> Views:
    truncated = np.zeros(action.shape, dtype=np.bool_)
    truncated[-1] = True
    caught_at, caught_in = np.nonzero(hunt.caught)
    rows = len(caught_at)
    # stacked here: a closure over the signals would hold the strength of the stag
    seen = np.stack([np.broadcast_to(signals.private, action.shape), signals.heard], axis=3)
    return Views(
        trajectory_view=Trajectory(
            action=action,
            executed_action=hunt.executed,
            reward=StagHunt(params=setup.world).rewards(hunt, setup.paid),
            mask=np.ones(action.shape, dtype=np.bool_),
            terminated=np.zeros(action.shape, dtype=np.bool_),
            truncated=truncated,
            log_prob=reported.log_prob,
            value=reported.value,
            observations=Observations(
                shape=(*action.shape, 2),
                dtype=np.dtype(np.float64),
                materialise=lambda: seen,
            ),
            final_observation=signals.theta[:, None],  # how strong the stag was is seen when all is over
        ),
        world_trace_view=WorldTrace(
            time=caught_at.astype(np.int32),
            world=caught_in.astype(np.int32),
            place=np.zeros((rows, 2), dtype=np.int16),
            before=np.zeros(rows, dtype=np.int16),
            after=np.ones(rows, dtype=np.int16),
            kinds=STAG_KINDS,
            worlds=action.shape[1],
        ),
    )
