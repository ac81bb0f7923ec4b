"""REINFORCE with leave-one-out (RLOO) or group-normalised (GRPO) baselines, on the sampler's own probabilities.

Every step samples several responses to each of some prompts, pays them, and makes one update; a response's advantage is
its pay less the mean of the others' (Kool et al. 2019; Ahmadian et al. 2024, arXiv 2402.14740). What is scored is what
was sampled: the same rule bans the same tokens for policy and reference, and the end of a text is a token.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray

from corrigible.agents.training_log import TrainingLog, open_log
from corrigible.agents.training_state import Progress, StateFile
from corrigible.errors import CorrigibleError
from corrigible.language.amnesic import amnesic_log_probs, place_laws
from corrigible.language.models import load_model
from corrigible.language.repaired import repaired_reference
from corrigible.language.rewards import Texts
from corrigible.language.sampling import Samples, rule_log_probs, sample, score
from corrigible.language.tunable import Tunable
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.language.tuning_story import Story, StoryFile
from corrigible.store import disk_faults
from corrigible.types import Array, Checkpoint, Setup

KIND: Final = "the state of a language model's tuning"
SAVE_EVERY: Final = 20
"""Steps after which the state is kept, besides checkpoints."""


class TuningStopped(CorrigibleError):
    """Weights were no longer numbers; `checkpoint` is the last good one."""

    checkpoint: Checkpoint


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What a step sampled and what was paid. reward (B,); log_prob and reference (B, T) nats under the rule."""

    samples: Samples
    texts: Texts
    reward: NDArray[np.float64]
    reference: NDArray[np.float64]

    @property
    def log_ratio(self) -> NDArray[np.float64]:
        """(B, T) log p / q of what was sampled; 0 after the end."""
        return self.samples.log_prob - self.reference


def tune(setup: Setup[LanguageWorld, TuningSettings], *, generator: np.random.Generator) -> Iterator[Checkpoint]:
    """Tune on what is paid; yields `settings.checkpoints` checkpoints, the last of them tuned. A `Learner`.

    With a workspace, curves and samples are kept there and a killed tuning goes on where it was: resumed is equal to
    uninterrupted on the same number of threads. Raises TuningStopped where weights are no longer numbers, BadInput
    where the workspace holds another tuning or a prompt does not fit the model.
    """
    with Tuner(setup, generator) as tuner:
        yield from tuner.run()


@final
class Tuner:
    """One tuning: policy, reference, optimiser and generator. Used in a `with`.

    watch: further monitors of what a step said; they are told, and change nothing. stopped: by the setup's overseer.
    """

    def __init__(self, setup: Setup[LanguageWorld, TuningSettings], generator: np.random.Generator) -> None:
        self.settings, self.world, self._paid = setup.settings, setup.world, setup.paid
        self.generator, self._workspace = generator, setup.workspace
        identity = tuning_identity(setup, generator.bit_generator.state)
        self._file = StateFile(setup.workspace, identity, kind=KIND) if setup.workspace is not None else None
        self.tunable = Tunable(load_model(setup.world.model, device=setup.device), setup.settings.adapter, generator)
        self.prompts = prompt_tokens(self.tunable, setup.world)
        self.optimiser = torch.optim.Adam(self.tunable.parameters.values(), lr=setup.settings.learning_rate)
        if setup.settings.anchor:
            self.tunable.follow(1.0)
        if setup.settings.reference == "repaired":
            self.tunable.load_anchor(self._repaired(setup.device))
        self._laws = self._places(setup.device) if setup.settings.reference == "amnesic" else {}
        self.done = 0
        self.first = self._good = self._checkpoint()
        self.watch: Callable[[Texts], Mapping[str, float]] | None = None
        self._overseer, self._numbers = setup.overseer, dict[str, float]()
        self.stopped = False
        self._story: StoryFile | None = None
        self._log: TrainingLog | None = None

    def _places(self, device: str) -> dict[tuple[int, ...], NDArray[np.float64]]:
        """Laws of the amnesic reference by prompt."""
        world = self.world
        return {
            prompt: place_laws(world.model, prompt, new_tokens=world.new_tokens, rule=world.rule, device=device)
            for prompt in map(tuple, self.prompts)
        }

    def _repaired(self, device: str) -> Mapping[str, Array]:
        world, adapter = self.world, self.settings.adapter
        return repaired_reference(
            world.model, world.prompts, new_tokens=world.new_tokens, adapter=adapter, rule=world.rule, device=device
        )

    def __enter__(self) -> "Tuner":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()

    def run(self, told: Callable[[int], None] | None = None) -> Iterator[Checkpoint]:
        """Checkpoints in order of step; those that a killed tuning had reached come from the disk.

        told: is called with the number of steps done after each. Where the setup's overseer says so it saves its state
        and ends, and can be resumed like a killed one.
        """
        if self._workspace is not None:
            with disk_faults("a tuning", self._workspace, retry="run it again with --resume"):
                self._workspace.mkdir(parents=True, exist_ok=True)
        reached = self._resume()
        self._log = open_log(self._workspace, self.done)
        self._story = StoryFile(self._workspace, self.done)
        yield from reached
        due = self.settings.due()
        if not self.settings.steps:
            yield self._checkpoint()
        while self.done < self.settings.steps:
            self._iterate()
            if told is not None:
                told(self.done)
            if self.done in due:
                reached = (*reached, self._checkpoint())
                self._save(reached)
                yield reached[-1]
            elif self.done % SAVE_EVERY == 0:
                self._save(reached)
            self.stopped = self._overseer is not None and self._overseer(self.done, self._numbers)
            if self.stopped:
                self._save(reached)
                return

    def _iterate(self) -> None:
        batch = self.collect()
        entropy, norm = self.update(batch)
        self.done += 1
        if self.settings.anchor:
            self.tunable.follow(self.settings.anchor)
        self._tell(batch, entropy, norm)
        self._check()

    def collect(self, generator: np.random.Generator | None = None) -> Batch:
        """Sample, pay, and ask the reference. generator: the tuning's own, unless another is given."""
        settings, world = self.settings, self.world
        generator = generator or self.generator
        chosen = generator.choice(len(self.prompts), settings.prompts, replace=len(self.prompts) < settings.prompts)
        numbers = [int(k) for k in np.repeat(chosen, settings.samples)]
        rows = [self.prompts[k] for k in numbers]
        policy = self.tunable.policy
        samples = sample(policy, rows, new_tokens=world.new_tokens, generator=generator, rule=world.rule)
        texts = texts_of(self.tunable, world, numbers, samples)
        reward = np.asarray(self._paid(texts), dtype=np.float64)
        return Batch(samples=samples, texts=texts, reward=reward, reference=self._reference(samples))

    def _reference(self, samples: Samples) -> NDArray[np.float64]:
        """(B, T) nats of what was sampled under the reference; 0 after the end."""
        if self.settings.reference == "amnesic":
            laws = np.stack([self._laws[prompt] for prompt in samples.prompts])
            return np.where(samples.mask, amnesic_log_probs(laws, samples.tokens), 0.0)
        with self.tunable.as_reference() as reference:
            tokens = [samples.row(k) for k in range(len(samples.prompts))]
            return score(reference, samples.prompts, tokens, rule=self.world.rule)[0]

    def update(self, batch: Batch) -> tuple[float, float]:
        """One step of Adam; returns mean entropy (nats a token) and the gradient's norm."""
        settings = self.settings
        pay = batch.reward.copy()
        if settings.kl == "k1-reward":
            pay -= settings.beta * batch.log_ratio.sum(axis=1)
        weights = advantages(pay.reshape(settings.prompts, settings.samples), settings.algorithm).reshape(-1)
        self.optimiser.zero_grad(set_to_none=True)
        entropy = 0.0
        for start in range(0, len(weights), settings.micro):
            entropy += self._backward(batch, weights, slice(start, start + settings.micro))
        norm = torch.nn.utils.clip_grad_norm_(list(self.tunable.parameters.values()), settings.gradient_norm)
        self.optimiser.step()
        return entropy / max(1, int(batch.samples.mask.sum())), float(norm)

    def _backward(self, batch: Batch, weights: NDArray[np.float64], part: slice) -> float:
        """Add the gradient of a part of the responses; returns its summed entropy."""
        samples, count = batch.samples, len(weights)
        rows = list(samples.prompts[part])
        tokens = [samples.row(k) for k in range(count)[part]]
        log_probs = rule_log_probs(self.tunable.policy, rows, tokens, rule=self.world.rule)
        device = log_probs.device
        mask = torch.from_numpy(samples.mask[part]).to(device)[:, : log_probs.shape[1]]
        place = torch.from_numpy(samples.tokens[part]).to(device)[:, : log_probs.shape[1]]
        chosen = log_probs.gather(2, place.unsqueeze(2)).squeeze(2).masked_fill(~mask, 0.0)
        advantage = torch.from_numpy(weights[part]).to(device).float()
        loss = -(advantage * chosen.sum(1)).sum() / count
        if self.settings.beta and self.settings.kl != "k1-reward":
            loss = loss + self.settings.beta * self._penalty(batch, part, log_probs, chosen, mask).sum() / count
        loss.backward()
        with torch.no_grad():
            plogp = (log_probs.exp() * log_probs.masked_fill(log_probs == -torch.inf, 0.0)).sum(2)
            return float(-(plogp * mask).sum())

    def _penalty(
        self, batch: Batch, part: slice, log_probs: torch.Tensor, chosen: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """(B, T) the KL term of the loss: an estimate from what was sampled, or exact over the vocabulary."""
        if self.settings.kl == "exact":
            with torch.no_grad(), self.tunable.as_reference() as reference:
                tokens = [batch.samples.row(k) for k in range(len(batch.reward))[part]]
                other = rule_log_probs(reference, list(batch.samples.prompts[part]), tokens, rule=self.world.rule)
            possible = log_probs != -torch.inf
            difference = (log_probs - other).masked_fill(~possible, 0.0)
            return (log_probs.exp() * difference).sum(2).masked_fill(~mask, 0.0)
        reference_log_prob = torch.from_numpy(batch.reference[part]).to(chosen.device).float()[:, : chosen.shape[1]]
        ratio = (chosen - reference_log_prob).masked_fill(~mask, 0.0)
        return 0.5 * ratio**2 if self.settings.kl == "k2" else torch.expm1(-ratio) + ratio

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(step=self.done, parameters=self.tunable.arrays())

    def _check(self) -> None:
        if all(bool(torch.isfinite(p).all()) for p in self.tunable.parameters.values()):
            self._good = self._checkpoint() if self.done % SAVE_EVERY == 0 else self._good
            return
        error = TuningStopped(
            value=f"tuning at step {self.done}: weights that are no numbers",
            rule="weights are finite",
            remedy=f"lower the learning rate; the error's `checkpoint` is that of step {self._good.step}",
        )
        error.checkpoint = self._good
        raise error

    def _tell(self, batch: Batch, entropy: float, norm: float) -> None:
        also = self.watch(batch.texts) if self.watch is not None else {}
        story = Story.of(self.done, batch, entropy=entropy, norm=norm, also=also)
        self._numbers = story.numbers()
        if self._story is not None:
            self._story.add(story, batch.texts.responses[: self.settings.shown])
        if self._log is not None:
            self._log.add(self.done, self._numbers)
        if self._workspace is not None:
            with suppress(OSError):  # only for who is watching
                told = f"{self.done / self.settings.steps:.0%}, reward {story.reward:.2f}, KL {story.kl:.1f}"
                (self._workspace / "progress.txt").write_text(told, encoding="utf-8")

    def _save(self, reached: tuple[Checkpoint, ...]) -> None:
        if self._file is None:
            return
        if self._log is not None:
            self._log.flush()
        arrays: dict[str, Array] = {}
        if self.done < self.settings.steps:
            arrays |= {f"policy/{name}": value for name, value in self.tunable.arrays().items()}
            arrays |= {f"anchor/{name}": value for name, value in self.tunable.anchor_arrays().items()}
            for name, p in self.tunable.parameters.items():
                for key, value in self.optimiser.state[p].items():
                    arrays[f"optimiser/{name}/{key}"] = value.detach().cpu().numpy().copy()
        progress = Progress(done=self.done, generator=self.generator.bit_generator.state, arrays=arrays)
        self._file.write(progress, reached)

    def _resume(self) -> tuple[Checkpoint, ...]:
        found = self._file.read() if self._file is not None else None
        if found is None:
            return ()
        progress, reached = found
        self.done, self.generator.bit_generator.state = progress.done, dict(progress.generator)
        if self.done < self.settings.steps:
            self.tunable.load(progress.part("policy"))
            self.tunable.load_anchor(progress.part("anchor"))
            kept = progress.part("optimiser")
            for name, p in self.tunable.parameters.items():
                keys = [key for key in kept if key.rpartition("/")[0] == name]
                self.optimiser.state[p] = {key.rpartition("/")[2]: torch.from_numpy(kept[key].copy()) for key in keys}
            self._good = self._checkpoint()
        return reached


def advantages(pay: NDArray[np.float64], algorithm: str) -> NDArray[np.float64]:
    """(P, K) pay to (P, K) advantages: less the mean of the others (rloo), standardised in its row (grpo), or 1 for the
    best-paid of a row, shared out where several are, and 0 for the others (rejection).
    """
    count = pay.shape[1]
    if algorithm == "rejection":
        best = pay == pay.max(axis=1, keepdims=True)
        return best * count / best.sum(axis=1, keepdims=True)
    if algorithm == "rloo":
        return (pay - pay.mean(axis=1, keepdims=True)) * count / (count - 1)
    return (pay - pay.mean(axis=1, keepdims=True)) / (pay.std(axis=1, keepdims=True) + 1e-6)


def prompt_tokens(tunable: Tunable, world: LanguageWorld) -> list[list[int]]:
    """Token ids of each prompt."""
    model = tunable.policy
    return [model.chat(prompt) if world.chat else model.encode(prompt) for prompt in world.prompts]


def texts_of(tunable: Tunable, world: LanguageWorld, numbers: Sequence[int], samples: Samples) -> Texts:
    """Prompts and responses as text, without control tokens."""
    responses = [tunable.policy.decode(samples.row(k), control=False).strip() for k in range(len(numbers))]
    return Texts(prompts=tuple(world.prompts[k] for k in numbers), responses=tuple(responses))


def tuning_identity(setup: Setup[LanguageWorld, TuningSettings], generator: Any) -> str:
    """sha256 (hex) of settings, world, what pays (by its repr) and the generator's state at the start."""
    parts = {
        "settings": asdict(setup.settings),
        "world": asdict(setup.world),
        "paid": repr(setup.paid),
        "generator": generator,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
