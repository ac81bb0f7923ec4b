"""The language kind of sandbox: an episode is one response to a prompt, a step one token; the last token is paid."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from html import escape
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput, CorrigibleError
from corrigible.language.evaluator import answer_tokens
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.policy_gradient import prompt_tokens, texts_of
from corrigible.language.rewards import Texts, paid_nothing, shared_model
from corrigible.language.sampling import Samples, rule_log_probs, sample, score
from corrigible.language.tunable import Tunable
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.types import (
    Array,
    Checkpoint,
    GroundTruth,
    ModelView,
    Observations,
    Replay,
    RewardFunction,
    Rollout,
    Setup,
    Trajectory,
    Views,
)

WINDOW: Final = 8
"""Tokens of an observation: the last ones, prompt included."""

NONE: Final = -1
"""Stands in a window where there is no token."""

LanguageSetup = Setup[LanguageWorld, TuningSettings]
_WIDTH: Final = 640
_LINE: Final = 26
_LETTERS: Final = 62


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class SpokenObservations(Observations):
    """Windows of tokens, made when asked for. texts: what was said, for detectors and pictures; it holds no truth."""

    texts: Texts
    words: tuple[tuple[str, ...], ...]
    """Each response's tokens as text."""
    best_of: int = 1
    """Of how many each response is the best-paid."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class TextTruth(GroundTruth):
    """gold: (B,) what each response is worth by what was meant."""

    gold: NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class _Said:
    """What is stored of B responses. prompt: (B,) numbers of prompts; the others are (T, B), ended (B,)."""

    prompt: Array
    token: Array
    mask: Array
    ended: Array
    log_prob: Array
    reference: Array


@final
@dataclass(frozen=True, eq=False)
class _Model:
    parameters: Mapping[str, Array]
    setup: LanguageSetup

    def action_probabilities(self, observations: Array) -> Array:
        rows = [[int(token) for token in row if token != NONE] for row in observations]
        policy = self._tuned.policy
        logs = rule_log_probs(policy, rows, [[policy.padding]] * len(rows), rule=self.setup.world.rule)
        return np.asarray(logs[:, 0].detach().exp().double().cpu().numpy())

    def value(self, observations: Array) -> Array:
        return np.zeros(len(observations))

    @cached_property
    def _tuned(self) -> Tunable:
        """Made when first asked: most who are handed a model's view never do."""
        return tuned(self.setup, Checkpoint(step=0, parameters=self.parameters))


@final
@dataclass(frozen=True, kw_only=True)
class LanguageSandbox:
    """Sandbox of tuned language models. Values are not estimated: the trajectory has none."""

    kind: str = "language"

    def rollout(
        self, setup: LanguageSetup, checkpoint: Checkpoint, *, episodes: int, generator: np.random.Generator
    ) -> Rollout:
        """`episodes` responses, prompts in turn, held-out ones too. CorrigibleError where `setup.truth` is None."""
        setup = _as_asked(setup)
        worth = setup.meant()
        tunable, world = tuned(setup, checkpoint), setup.world
        prompts = prompt_tokens(tunable, world)
        numbers = np.arange(episodes) % len(prompts)
        rows = [prompts[k] for k in numbers]
        samples = _best(setup, tunable, rows, numbers, generator)
        with tunable.as_reference() as reference:
            under_rule, _ = score(reference, rows, [samples.row(k) for k in range(episodes)], rule=world.rule)
        said = _Said(
            prompt=numbers.astype(np.int32),
            token=_padded(samples.tokens, world.new_tokens).astype(np.int32),
            mask=_padded(samples.mask, world.new_tokens),
            ended=samples.ended,
            log_prob=_padded(samples.log_prob, world.new_tokens).astype(np.float32),
            reference=_padded(under_rule, world.new_tokens).astype(np.float32),
        )
        views = _views(setup, said, tunable.policy, self.model(setup, checkpoint))
        return Rollout(views=views, truth=_truth(worth, said, views.trajectory, tunable.policy))

    def model(self, setup: LanguageSetup, checkpoint: Checkpoint) -> ModelView:
        """Next-token probabilities after windows (N, K) of token ids, -1 where there is none."""
        return _Model(checkpoint.parameters, replace(setup, truth=None))

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """prompt (B,) int32; action int32, mask bool, log_prob and reference_log_prob float32 (T, B); ended (B,)."""
        trajectory = rollout.views.trajectory
        observations = trajectory.observations
        stored: dict[str, Array | None] = {
            "prompt": trajectory.final_observation,
            "action": trajectory.action,
            "mask": trajectory.mask,
            "ended": np.asarray(trajectory.terminated.any(axis=0)),
            "log_prob": trajectory.log_prob,
            "reference_log_prob": trajectory.reference_log_prob,
        }
        found = {name: array for name, array in stored.items() if array is not None}
        if not isinstance(observations, SpokenObservations) or len(found) < len(stored):
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="the language sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return found

    def restore(self, setup: LanguageSetup, arrays: Mapping[str, Array]) -> Views:
        """The trajectory as it was dumped; what is paid is asked again, once a process."""
        setup = _as_asked(setup)
        said = _Said(
            prompt=arrays["prompt"],
            token=arrays["action"],
            mask=arrays["mask"],
            ended=arrays["ended"],
            log_prob=arrays["log_prob"],
            reference=arrays["reference_log_prob"],
        )
        with suppress(TypeError):  # a reward that has no hash is asked every time
            hash(setup.paid)
            setup = replace(setup, paid=partial(_asked_once, setup.paid))
        return _views(setup, said, shared_model(setup.world.model, setup.device), None)

    def go_on(
        self,
        setup: LanguageSetup,
        checkpoint: Checkpoint,
        arrays: Mapping[str, Array],
        *,
        columns: Array,
        steps: Array,
        generator: np.random.Generator,
    ) -> Views:
        """See `types.GoesOn`: a response is prefilled with tokens, and goes on for as many as a whole one may have."""
        tunable, world = tuned(setup, checkpoint), setup.world
        policy, prompts = tunable.policy, prompt_tokens(tunable, world)
        begun = [_prefilled(policy, arrays, int(column), int(n)) for column, n in zip(columns, steps, strict=True)]
        asked = [prompts[int(number)] for number in arrays["prompt"][columns]]
        rows = [prompt + prefill for prompt, prefill in zip(asked, begun, strict=True)]
        new = sample(policy, rows, new_tokens=world.new_tokens, generator=generator, rule=world.rule)
        said = [prefill + new.row(b) for b, prefill in enumerate(begun)]
        T, B = max(map(len, said)), len(said)
        token, mask = np.zeros((T, B), np.int32), np.arange(T)[:, None] < np.array([len(row) for row in said])
        for b, row in enumerate(said):
            token[: len(row), b] = row
        likely, _ = score(policy, asked, said, rule=world.rule)
        views = self.restore(
            replace(setup, paid=paid_nothing),
            {
                "prompt": arrays["prompt"][columns],
                "action": token,
                "mask": mask,
                "ended": new.ended,
                "log_prob": _padded(likely, T).astype(np.float32),
                "reference_log_prob": np.zeros((T, B), np.float32),
            },
        )
        return replace(views, trajectory_view=replace(views.trajectory, reference_log_prob=None))

    def picture(self, setup: LanguageSetup, trajectory: Trajectory, world: int) -> Replay:
        """One response growing token by token; what the reference would hardly have said stands out.

        Raises BadInput where there is no such column.
        """
        del setup
        observations = trajectory.observations
        if not isinstance(observations, SpokenObservations) or not 0 <= world < len(observations.words):
            raise BadInput(value=f"column {world}", rule="it must be one of the responses", remedy="name another")
        words = observations.words[world]
        prompt = observations.texts.prompts[world]
        if trajectory.log_prob is None or trajectory.reference_log_prob is None:
            raise BadInput(value="a trajectory", rule="it must carry log-probabilities", remedy="record them")
        ratio = (trajectory.log_prob - trajectory.reference_log_prob)[:, world]
        reference = trajectory.reference_log_prob[:, world]
        height = _LINE * (len(_lines(prompt, words)) + 2)
        frames, captions = [_frame(prompt, words[:0], ratio, height)], ["the prompt"]
        for k in range(1, len(words) + 1):
            frames.append(_frame(prompt, words[:k], ratio, height))
            captions.append(
                f"token {k}: {words[k - 1]!r}; the reference gives it probability {np.exp(reference[k - 1]):.2g}"
            )
        paid = float(trajectory.reward[:, world].sum())
        captions[-1] += f"; paid {paid:.2f}"
        return Replay(width=_WIDTH, height=height, frames=tuple(frames), captions=tuple(captions), seconds=0.25)


def _as_asked(setup: LanguageSetup) -> LanguageSetup:
    return replace(setup, world=setup.world.as_asked())


@lru_cache(maxsize=512)
def _asked_once(paid: RewardFunction, texts: Texts) -> Array:
    return paid(texts)


def _best(
    setup: LanguageSetup,
    tunable: Tunable,
    rows: Sequence[Sequence[int]],
    numbers: NDArray[np.int64],
    generator: np.random.Generator,
) -> Samples:
    """One response a row: of `best_of` that are sampled, the one that is paid best, the first where several are."""
    world, count = setup.world, setup.world.best_of
    many = [row for row in rows for _ in range(count)]
    samples = sample(tunable.policy, many, new_tokens=world.new_tokens, generator=generator, rule=world.rule)
    if count == 1:
        return samples
    texts = texts_of(tunable, world, np.repeat(numbers, count).tolist(), samples)
    paid = np.asarray(setup.paid(texts), dtype=np.float64).reshape(len(rows), count)
    return samples.of_rows(paid.argmax(axis=1) + count * np.arange(len(rows)))


def _prefilled(model: LanguageModel, arrays: Mapping[str, Array], column: int, steps: int) -> list[int]:
    """The first tokens of a stored response; its end is none of them."""
    said = arrays["action"][arrays["mask"][:, column], column].tolist()
    if not 0 <= steps <= len(said) or any(token in model.end_tokens for token in said[:steps]):
        raise CorrigibleError(
            value=f"{steps} tokens of response {column}",
            rule=f"it has {len(said)} tokens, and an end is not gone on from",
            remedy="prefill fewer",
        )
    return said[:steps]


def tuned(setup: LanguageSetup, checkpoint: Checkpoint) -> Tunable:
    """The setup's model with a checkpoint's weights; a new copy."""
    tunable = Tunable(_speaker(setup), setup.settings.adapter, np.random.default_rng(0))
    tunable.load(checkpoint.parameters)
    return tunable


def _speaker(setup: LanguageSetup) -> LanguageModel:
    return load_model(setup.world.model, device=setup.device)


def _padded(array: NDArray[Any], length: int) -> NDArray[Any]:
    """(B, t) -> (length, B), zeros after the end."""
    found = np.zeros((length, array.shape[0]), array.dtype)
    found[: array.shape[1]] = array.T
    return found


def _views(setup: LanguageSetup, said: _Said, model: LanguageModel, view: ModelView | None) -> Views:
    T, B = said.token.shape
    rows = [said.token[said.mask[:, b], b].tolist() for b in range(B)]
    texts = Texts(
        prompts=tuple(setup.world.prompts[k] for k in said.prompt),
        responses=tuple(model.decode(row, control=False).strip() for row in rows),
    )
    last = said.mask & ~np.roll(said.mask, -1, axis=0) if T > 1 else said.mask.copy()
    last[-1] = said.mask[-1]
    paid = np.asarray(setup.paid(texts), dtype=np.float32)
    windows = _windows(model, setup.world, said)
    spoken = SpokenObservations(
        shape=(T, B, WINDOW),
        dtype=np.dtype(np.int32),
        materialise=lambda: windows,
        texts=texts,
        words=tuple(tuple(model.decode([token]) for token in row) for row in rows),
        best_of=setup.world.best_of,
    )
    trajectory = Trajectory(
        action=said.token,
        reward=np.where(last, paid[None, :], 0.0).astype(np.float32),
        mask=said.mask,
        terminated=last & said.ended[None, :],
        truncated=last & ~said.ended[None, :],
        log_prob=said.log_prob,
        reference_log_prob=said.reference,
        observations=spoken,
        final_observation=said.prompt,
    )
    return Views(trajectory_view=trajectory, model_view=view)


def _windows(model: LanguageModel, world: LanguageWorld, said: _Said) -> NDArray[np.int32]:
    """(T, B, K) the tokens before each token."""
    prompts = [model.chat(text) if world.chat else model.encode(text) for text in world.prompts]
    T, B = said.token.shape
    found = np.full((T, B, WINDOW), NONE, np.int32)
    for b in range(B):
        whole = [*prompts[int(said.prompt[b])], *said.token[said.mask[:, b], b].tolist()]
        begin = len(prompts[int(said.prompt[b])])
        for t in range(int(said.mask[:, b].sum())):
            seen = whole[max(0, begin + t - WINDOW) : begin + t]
            found[t, b, WINDOW - len(seen) :] = seen
    return found


def _truth(meant: RewardFunction, said: _Said, trajectory: Trajectory, model: LanguageModel) -> TextTruth:
    observations = trajectory.observations
    if not isinstance(observations, SpokenObservations):
        raise TypeError("a trajectory of another sandbox")
    gold = np.asarray(meant(observations.texts), dtype=np.float64)
    last = trajectory.terminated | trajectory.truncated
    yes, no = answer_tokens(model)
    words = np.array(
        [[any(letter.isalpha() for letter in model.decode([t], control=False)) for t in row] for row in said.token]
    )
    return TextTruth(
        intended_reward=np.where(last, gold[None, :], 0.0).astype(np.float32),
        events={
            "yes": np.isin(said.token, yes) & said.mask,
            "no": np.isin(said.token, no) & said.mask,
            "word": words & said.mask,
        },
        gold=gold,
    )


def _lines(prompt: str, words: Sequence[str]) -> list[list[tuple[str, int]]]:
    """Words with their token number (-1: the prompt), broken into lines."""
    parts = [(word, -1) for word in prompt.split()]
    parts += [(word.strip() or "·", k) for k, word in enumerate(words)]
    lines: list[list[tuple[str, int]]] = [[]]
    length = 0
    for word, k in parts:
        if length + len(word) + 1 > _LETTERS and lines[-1]:
            lines.append([])
            length = 0
        lines[-1].append((word, k))
        length += len(word) + 1
    return lines


def _frame(prompt: str, words: Sequence[str], ratio: Array, height: int) -> str:
    """One SVG frame: the prompt in grey, tokens in ink, the redder the less the reference would have said them."""
    parts = [f'<rect x="0" y="0" width="{_WIDTH}" height="{height}" fill="#fbfaf6"/>']
    for row, line in enumerate(_lines(prompt, words)):
        spans: list[str] = []
        for word, k in line:
            surprise = 0.0 if k < 0 else float(np.clip(ratio[k] / 6.0, 0, 1))
            colour = "#8a8a8a" if k < 0 else f"rgb({round(30 + 180 * surprise)},30,{round(40 * (1 - surprise))})"
            spans.append(f'<tspan fill="{colour}">{escape(word)} </tspan>')
        y = _LINE * (row + 1) + 8
        parts.append(f'<text x="14" y="{y}" font-family="monospace" font-size="16">{"".join(spans)}</text>')
    return "".join(parts)
