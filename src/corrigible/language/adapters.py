"""Our evaluators and monitors inside other people's training loops: TRL, the Trainer of transformers, a plain loop.

A `Watch` reads what a step said, as text, and says which monitor is beyond what the first steps allowed; `pays` makes
an evaluator one of TRL's `reward_funcs`, and `callback` makes a Trainer tell the watch. TRL is never imported here:
its reward functions are called with `prompts` and `completions` and give a list of numbers, and that is all it asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, final

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel
from corrigible.language.monitors import first_alarms, limits_of, repetition_of
from corrigible.language.rewards import TextReward, Texts
from corrigible.language.sampling import sample
from corrigible.language.text_monitors import TextMonitors
from corrigible.seeding import stream

Message: TypeAlias = Mapping[str, Any]
Said: TypeAlias = str | Sequence[Message]
"""A text, or a conversation as a list of messages with a `content` each."""

LEAST_QUIET: Final = 5
PREFIX: Final = "corrigible/"
"""Of what is added to a trainer's log."""


@final
@dataclass(kw_only=True, eq=False)
class Watch:
    """Monitors of a training, told the texts of each step: words that repeat, one word, sameness, same responses.

    quiet: steps that set the limits, mean and three deviations; an alarm is two steps in a row beyond one. They are
    steps of a model that is already being tuned, though hardly: sample the untuned one and tell it first where you can.
    also: further monitors, which ask other templates or MiniLM (language.text_monitors).
    Raises BadInput where fewer than 5 steps are quiet.
    """

    quiet: int = 8
    also: TextMonitors = field(default_factory=TextMonitors)
    seen: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    steps: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        """Check the number of quiet steps (raises BadInput)."""
        if self.quiet < LEAST_QUIET:
            raise BadInput(
                value=f"quiet = {self.quiet}", rule=f"limits need {LEAST_QUIET} steps at least", remedy="give more"
            )

    def __call__(self, step: int, texts: Texts) -> dict[str, float]:
        """What each monitor says of a step; it counts from then on. Raises BadInput where nothing was said."""
        if not texts.responses:
            raise BadInput(value=f"step {step}", rule="at least one response is read", remedy="tell what was said")
        numbers: dict[str, int] = {}
        rows = [[numbers.setdefault(word, len(numbers)) for word in text.split()] for text in texts.responses]
        self.seen.append({**repetition_of([row or [-1] for row in rows]), **self.also(texts)})
        self.steps.append(step)
        return self.seen[-1]

    @property
    def alarms(self) -> dict[str, int]:
        """Monitor -> the step at which it was beyond its limit for the second time in a row; empty while quiet."""
        if len(self.seen) <= self.quiet:
            return {}
        limits = limits_of(self.seen[: self.quiet])
        found = first_alarms(limits, self.steps[self.quiet :], self.seen[self.quiet :])
        return {name: step for name, step in found.items() if step is not None}


@final
class TRLReward:
    """A `reward_funcs` entry of TRL's GRPOTrainer or RLOOTrainer: pays by `paid`, and keeps what was said."""

    def __init__(self, paid: TextReward, name: str) -> None:
        self._paid, self.__name__, self._heard = paid, name, list[Texts]()

    def __call__(self, prompts: Sequence[Said], completions: Sequence[Said], **_columns: Any) -> list[float]:
        """One number a completion; columns of the data set and whatever else TRL hands over are left alone."""
        texts = Texts(prompts=tuple(map(text_of, prompts)), responses=tuple(map(text_of, completions)))
        self._heard.append(texts)
        return [float(value) for value in self._paid(texts)]

    def heard(self) -> Texts:
        """What was said since this was last asked."""
        heard, self._heard = self._heard, []
        return Texts(
            prompts=tuple(prompt for texts in heard for prompt in texts.prompts),
            responses=tuple(response for texts in heard for response in texts.responses),
        )


def pays(paid: TextReward, name: str = "corrigible") -> TRLReward:
    """An evaluator, or any reward of texts, as TRL wants it. name: under which TRL logs it."""
    return TRLReward(paid, name)


@final
@dataclass(kw_only=True, eq=False)
class Speaks:
    """Lets the model that a Trainer trains speak, by our sampler: `each` responses to each prompt.

    model: the model as `load_model` or `speaker` gives it; its `network` is the one that the Trainer trains.
    """

    model: LanguageModel
    prompts: tuple[str, ...]
    each: int = 8
    new_tokens: int = 32
    seed: int = 0
    _times: int = 0

    def heard(self) -> Texts:
        """New responses; the model is left in the mode that it was in."""
        prompts = [prompt for prompt in self.prompts for _ in range(self.each)]
        rows = [self.model.encode(prompt) for prompt in prompts]
        generator = stream(self.seed, "adapters", str(self._times))
        self._times += 1
        training = self.model.network.training
        self.model.network.eval()
        try:
            said = sample(self.model, rows, new_tokens=self.new_tokens, generator=generator)
        finally:
            self.model.network.train(training)
        responses = [self.model.decode(said.row(k), control=False).strip() for k in range(len(rows))]
        return Texts(prompts=tuple(prompts), responses=tuple(responses))


@final
class WatchCallback(TrainerCallback):
    """Tells a watch what was said, writes its numbers into the Trainer's log, and may stop the training."""

    def __init__(self, watch: Watch, heard: TRLReward | Speaks, *, every: int, stop: bool) -> None:
        self.watch, self._heard, self._every, self._stop = watch, heard, every, stop

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_given: Any) -> None:
        """Read what was said, every so many steps."""
        del args
        if state.global_step % self._every:
            return
        texts = self._heard.heard()
        if texts.responses:
            self.watch(state.global_step, texts)
        if self._stop and self.watch.alarms:
            control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_given: Any,
    ) -> None:
        """Add the latest numbers to the log of the step and to the Trainer's history."""
        del args, control
        latest = {PREFIX + name: value for name, value in self.watch.seen[-1].items()} if self.watch.seen else {}
        for log in (logs, state.log_history[-1] if state.log_history else None):
            if log is not None:
                log.update(latest)


def callback(watch: Watch, heard: TRLReward | Speaks, *, every: int = 1, stop: bool = False) -> WatchCallback:
    """A callback of transformers' or TRL's trainers that tells `watch` what was said.

    heard: the reward of TRL, which hears everything, or `Speaks`, which samples. every: steps between two readings.
    stop: whether the training ends at the first alarm. Raises BadInput where `every` is below 1.
    """
    if every < 1:
        raise BadInput(value=f"every = {every}", rule="it must be at least 1", remedy="give a number of steps")
    return WatchCallback(watch, heard, every=every, stop=stop)


def text_of(said: Said) -> str:
    """The text itself, or a conversation's messages joined by blanks. Raises BadInput where it is neither."""
    if isinstance(said, str):
        return said
    contents = [message.get("content") for message in said]
    if not all(isinstance(content, str) for content in contents):
        raise BadInput(
            value=f"a message {said!r:.80}", rule="its content must be text", remedy="give texts or messages of text"
        )
    return " ".join(map(str, contents))
