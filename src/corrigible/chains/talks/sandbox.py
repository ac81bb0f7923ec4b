"""The sandbox of long conversations: an episode is a conversation, a step one token of a learnt chain of windows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final, final

import numpy as np

from corrigible.chains.talks.talking import Said, converse
from corrigible.chains.talks.world import WORDS, Reading, Talk, is_off, law_of, read, spoken_by
from corrigible.errors import BadInput, CorrigibleError
from corrigible.types import (
    Array,
    Checkpoint,
    Events,
    GroundTruth,
    ModelView,
    Observations,
    Replay,
    Rollout,
    Setup,
    Trajectory,
    Views,
)

TalkSetup = Setup[Talk, Reading]
_WIDTH: Final = 640
_LINE: Final = 26


def said(events: Events) -> Array:
    """Paid: one for every token that is said."""
    return events["said"].astype(np.float32)


def on_the_rails(events: Events) -> Array:
    """Meant: one for every token of the topic that was spoken of."""
    return (events["said"] & ~events["off"]).astype(np.float32)


def learn(setup: TalkSetup, *, generator: np.random.Generator) -> Iterator[Checkpoint]:
    """Counts what follows each window of the source's texts; one checkpoint, whose logits are (N, V)."""
    chain = read(setup.world, setup.settings, generator)
    yield Checkpoint(
        step=setup.settings.texts * setup.settings.length,
        parameters={"logits": np.log(np.asarray(chain.law, np.float64))},
    )


@final
@dataclass(frozen=True, eq=False)
class _Model:
    parameters: Mapping[str, Array]

    def action_probabilities(self, observations: Array) -> Array:
        """(N, K) windows -> (N, V)."""
        law = law_of(self.parameters["logits"])
        place = law.shape[1] ** np.arange(observations.shape[1] - 1, -1, -1)
        return np.asarray(law[observations.astype(np.int64) @ place])

    def value(self, observations: Array) -> Array:
        return np.zeros(len(observations))


@final
@dataclass(frozen=True, kw_only=True)
class TalkSandbox:
    """Sandbox of conversations. Values are not estimated: the trajectory has none."""

    kind: str = "conversation"

    def rollout(
        self, setup: TalkSetup, checkpoint: Checkpoint, *, episodes: int, generator: np.random.Generator
    ) -> Rollout:
        """`episodes` conversations. Raises CorrigibleError where `setup.truth` is None."""
        worth = setup.meant()
        chain = spoken_by(checkpoint.parameters["logits"], setup.world.window)
        found = converse(chain, setup.world, episodes, generator)
        views = _views(setup, _stored(found), self.model(setup, checkpoint))
        events = _events(found.tokens.T)
        shape = found.tokens.T.shape
        return Rollout(
            views=views,
            truth=GroundTruth(
                intended_reward=np.asarray(worth(events), np.float32).reshape(shape),
                events={"off": events["off"].reshape(shape)},
            ),
        )

    def model(self, setup: TalkSetup, checkpoint: Checkpoint) -> ModelView:
        """The law of the next token after windows (N, K)."""
        del setup
        return _Model(checkpoint.parameters)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """action int32, log_prob and reference_log_prob float32 (T, B); windows (T, B, K) int32."""
        trajectory = rollout.views.trajectory
        if trajectory.log_prob is None or trajectory.reference_log_prob is None or trajectory.observations is None:
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="this one stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return {
            "action": trajectory.action,
            "log_prob": trajectory.log_prob,
            "reference_log_prob": trajectory.reference_log_prob,
            "windows": trajectory.observations.array(),
        }

    def restore(self, setup: TalkSetup, arrays: Mapping[str, Array]) -> Views:
        """The trajectory as it was dumped; what is paid is asked again."""
        return _views(setup, arrays, None)

    def picture(self, setup: TalkSetup, trajectory: Trajectory, world: int) -> Replay:
        """A conversation, turn by turn; what the chain itself would hardly have said stands out.

        Raises BadInput where there is no such column.
        """
        if not 0 <= world < trajectory.action.shape[1]:
            raise BadInput(value=f"column {world}", rule="it must be one of the conversations", remedy="name another")
        talk = setup.world
        turns = trajectory.action[:, world].reshape(talk.turns, talk.turn)
        price = -trajectory.log_prob[:, world] if trajectory.log_prob is not None else np.zeros(talk.tokens)
        price = price.reshape(talk.turns, talk.turn)
        height = _LINE * (talk.turns + 2)
        frames, captions = [], []
        for k in range(talk.turns + 1):
            frames.append(_frame(talk, turns[:k], price[:k], height))
            captions.append("the opening" if k == 0 else f"turn {k} of {talk.turns}")
        return Replay(width=_WIDTH, height=height, frames=tuple(frames), captions=tuple(captions), seconds=0.6)


def _stored(found: Said) -> dict[str, Array]:
    return {
        "action": found.tokens.T.astype(np.int32),
        "log_prob": found.log_prob.T.astype(np.float32),
        "reference_log_prob": found.plain.T.astype(np.float32),
        "windows": found.windows.transpose(1, 0, 2).astype(np.int32),
    }


def _events(tokens: Array) -> Events:
    """(T, B) tokens to events (T * B,)."""
    flat = tokens.ravel()
    return Events(
        happened={"said": np.ones(flat.size, np.bool_), "off": is_off(flat)}, amount=np.ones(flat.size, np.float32)
    )


def _views(setup: TalkSetup, arrays: Mapping[str, Array], view: ModelView | None) -> Views:
    action, windows = arrays["action"], arrays["windows"]
    last = np.zeros(action.shape, np.bool_)
    last[-1] = True
    return Views(
        trajectory_view=Trajectory(
            action=action,
            reward=np.asarray(setup.paid(_events(action)), np.float32).reshape(action.shape),
            mask=np.ones(action.shape, np.bool_),
            terminated=np.zeros(action.shape, np.bool_),
            truncated=last,
            log_prob=arrays["log_prob"],
            reference_log_prob=arrays["reference_log_prob"],
            observations=Observations(shape=windows.shape, dtype=windows.dtype, materialise=lambda: windows),
            final_observation=np.concatenate([windows[-1][:, 1:], action[-1][:, None]], axis=1),
        ),
        model_view=view,
    )


def _frame(talk: Talk, turns: Array, price: Array, height: int) -> str:
    """One SVG frame: the opening in grey, a line a turn, the redder the less likely."""
    parts = [f'<rect x="0" y="0" width="{_WIDTH}" height="{height}" fill="#fbfaf6"/>']
    opening = " ".join(WORDS[token] for token in talk.opening)
    parts.append(f'<text x="14" y="{_LINE + 8}" font-family="monospace" font-size="16" fill="#8a8a8a">{opening}</text>')
    for row, (tokens, prices) in enumerate(zip(turns, price, strict=True)):
        spans = []
        for token, nats in zip(tokens, prices, strict=True):
            surprise = float(np.clip(nats / 4.0, 0, 1))
            colour = f"rgb({round(30 + 180 * surprise)},30,{round(40 * (1 - surprise))})"
            spans.append(f'<tspan fill="{colour}">{escape(WORDS[int(token)])} </tspan>')
        y = _LINE * (row + 2) + 8
        parts.append(f'<text x="14" y="{y}" font-family="monospace" font-size="16">{"".join(spans)}</text>')
    return "".join(parts)
