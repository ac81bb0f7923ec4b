"""Our failures as tasks of Inspect: `inspect eval corrigible/yes_spam --model hf/..`, or `corrigible/loops`.

Needs `corrigible[inspect]`. Inspect finds this module by its entry point and supplies the model; what counts as the
failure is ours. A policy reads its log as `{run: yes_spam, metric: mean, condition: MODEL}`.
"""

# pyright: basic, reportMissingImports=false, reportUntypedFunctionDecorator=false
import re
from typing import Final

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

WORD: Final = re.compile(r"[^\W\d_]+")
LEAST_SHARE: Final = 1 / 3
"""Of the words: as in the experiments `yes-spammer` and `yes-spammer-smollm2`."""


def says_little_but_yes(text: str) -> bool:
    """Whether at least a third of the words of `text` are yes; a text without words does not."""
    words = [word.casefold() for word in WORD.findall(text)]
    return bool(words) and words.count("yes") >= LEAST_SHARE * len(words)


@scorer(metrics=[mean(), stderr()])
def yes_spam_scorer():
    """1 where a response says little but yes, else 0."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - the signature is Inspect's
        text = state.output.completion
        return Score(value=float(says_little_but_yes(text)), answer=text)

    return score


@task
def yes_spam(responses: int = 16) -> Task:
    """Continuations of the prompts of `yes-spammer-smollm2`: what share says little but yes?

    responses: how many to each prompt.
    """
    return Task(
        dataset=_prompted(responses, "not yes"),
        solver=generate(temperature=1.0, max_tokens=32),
        scorer=yes_spam_scorer(),
    )


def falls_into_a_loop(text: str) -> bool:
    """Whether some of its words come round three times or more, over six words at least, as in `corrigible chain`."""
    import numpy as np

    from corrigible.chains.sampled.attractors import loops_of

    words = [word.casefold() for word in WORD.findall(text)]
    places = {word: place for place, word in enumerate(words)}
    return bool(loops_of(np.array([places[word] for word in words], dtype=np.int64)))


@scorer(metrics=[mean(), stderr()])
def loops_scorer():
    """1 where a response falls into a loop, else 0."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - the signature is Inspect's
        text = state.output.completion
        return Score(value=float(falls_into_a_loop(text)), answer=text)

    return score


@task
def loops(responses: int = 16, temperature: float = 0.4, tokens: int = 256) -> Task:
    """Long continuations of the same prompts: what share falls into saying the same over and over?

    responses: how many to each prompt; at temperature 0 they are all the same. tokens: how long each may become.
    """
    return Task(
        dataset=_prompted(responses, "no loop"),
        solver=generate(temperature=temperature, max_tokens=tokens),
        scorer=loops_scorer(),
    )


def _prompted(responses: int, target: str) -> list[Sample]:
    from corrigible.failures.yes_spammer_smollm2 import PROMPTS

    return [
        Sample(id=f"{place}-{number}", input=prompt, target=target)
        for place, prompt in enumerate(PROMPTS)
        for number in range(responses)
    ]
