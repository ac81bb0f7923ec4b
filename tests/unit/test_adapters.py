"""Other people's training loops: what they hand over, what they get back, and when a watch speaks up."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import TrainerControl, TrainerState, TrainingArguments

from corrigible.errors import BadInput
from corrigible.language.adapters import Speaks, Watch, callback, pays, text_of
from corrigible.language.models import load_model
from corrigible.language.rewards import ByConstitution, Texts
from corrigible.language.text_monitors import TextMonitors

ARGUMENTS: Any = object.__new__(TrainingArguments)
WORDS = ("the cat sat", "a dog ran far", "the gull was kind", "old boats leak", "she left the house")


def lengths(texts: Texts) -> np.ndarray[Any, Any]:
    return np.array([float(len(response)) for response in texts.responses])


def said(*responses: str) -> Texts:
    return Texts(prompts=("",) * len(responses), responses=responses)


def ordinary(step: int) -> Texts:
    return said(*(WORDS[(step + k) % len(WORDS)] for k in range(4)))


def test_a_reward_is_paid_as_trl_calls_it_for_texts_and_for_conversations() -> None:
    reward = pays(lengths, "length")
    assert reward.__name__ == "length"
    assert reward(prompts=["a", "b"], completions=["xx", "yyy"], completion_ids=[[1], [2]], trainer_state=None) == [
        2,
        3,
    ]
    talk = [[{"role": "assistant", "content": "four"}], [{"role": "assistant", "content": ""}]]
    asked = [[{"role": "user", "content": "say"}, {"role": "user", "content": "more"}]] * 2
    assert reward(prompts=asked, completions=talk) == [4, 0]
    heard = reward.heard()
    assert heard.responses == ("xx", "yyy", "four", "")
    assert heard.prompts == ("a", "b", "say more", "say more")
    assert reward.heard().responses == ()


def test_our_evaluator_pays_a_completion_what_it_pays_the_text() -> None:
    paid = ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after")
    texts = Texts(prompts=("the", "the"), responses=("cat was happy .", "cat was cruel ."))
    given_to_trl = pays(paid)(prompts=list(texts.prompts), completions=list(texts.responses))
    assert given_to_trl == paid(texts).tolist()
    assert given_to_trl[0] > given_to_trl[1]


def test_what_is_no_text_is_refused_in_one_line() -> None:
    with pytest.raises(BadInput, match="must be text"):
        text_of([{"role": "user", "content": [{"type": "image"}]}])


def test_a_watch_alarms_when_everything_becomes_the_same_and_not_while_it_stays_as_it_was() -> None:
    watch = Watch(quiet=6)
    for step in range(12):
        watch(step, ordinary(step))
    assert watch.alarms == {}
    for step in range(12, 15):
        watch(step, said(*["yes yes yes yes"] * 4))
    assert {"repeats", "one word", "sameness", "same response"} == set(watch.alarms)
    assert set(watch.alarms.values()) == {13}, "two steps in a row"


def test_a_watch_says_nothing_while_its_limits_are_taken() -> None:
    watch = Watch(quiet=5)
    for step in range(5):
        watch(step, said(*["yes yes"] * 4))
    assert watch.alarms == {}


def test_a_watch_asks_further_monitors_and_refuses_silence() -> None:
    watch = Watch(also=TextMonitors(scorers=(lengths, lambda texts: lengths(texts) * 0)))
    assert watch(0, said("ab", "abcd"))["template gap"] == 3.0
    with pytest.raises(BadInput, match="at least one response"):
        watch(1, said())
    with pytest.raises(BadInput, match="quiet = 4"):
        Watch(quiet=4)


@given(st.lists(st.text(), min_size=1, max_size=6))
def test_any_texts_can_be_watched_and_every_number_is_finite(texts: list[str]) -> None:
    assert all(np.isfinite(value) for value in Watch()(0, said(*texts)).values())


def test_the_callback_reads_what_the_reward_heard_logs_it_and_stops_at_an_alarm() -> None:
    reward, watch = pays(lengths), Watch(quiet=5)
    told = callback(watch, reward, every=2, stop=True)
    state, control = TrainerState(), TrainerControl()
    for step in range(1, 15):
        state.global_step = step
        words = list(ordinary(step).responses) if step <= 10 else ["yes yes yes yes"] * 4
        reward(prompts=["say"] * 4, completions=words)
        told.on_step_end(ARGUMENTS, state, control)
    assert watch.steps == [2, 4, 6, 8, 10, 12, 14], "every second step"
    assert control.should_training_stop
    logs: dict[str, float] = {"loss": 1.0}
    state.log_history = [{"loss": 1.0, "step": 14}]
    told.on_log(ARGUMENTS, state, control, logs=logs)
    assert logs["corrigible/one word"] == state.log_history[-1]["corrigible/one word"] == 1.0
    with pytest.raises(BadInput, match="every = 0"):
        callback(watch, reward, every=0)


def test_a_callback_that_heard_nothing_leaves_the_training_alone() -> None:
    watch, state, control = Watch(), TrainerState(), TrainerControl()
    told = callback(watch, pays(lengths), stop=True)
    state.global_step = 1
    told.on_step_end(ARGUMENTS, state, control)
    told.on_log(ARGUMENTS, state, control, logs=None)
    assert not control.should_training_stop
    assert watch.seen == []


def test_a_model_that_speaks_is_left_as_it_was_and_says_something_new_each_time() -> None:
    model = load_model("tiny")
    model.network.train()
    first, again = (Speaks(model=model, prompts=("the",), each=3, new_tokens=8) for _ in range(2))
    one, other = first.heard(), first.heard()
    assert model.network.training
    assert len(one.responses) == 3
    assert one != other
    assert again.heard() == one, "by seed"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("accelerate") is None, reason="the Trainer of transformers needs accelerate")
def test_a_real_trainer_is_stopped(tmp_path: Any) -> None:
    import torch
    from transformers import Trainer

    model = load_model("tiny")
    tokens = torch.tensor(model.encode("the cat said yes , yes , yes , yes , yes ."))
    watch = Watch(quiet=6)
    told = callback(watch, Speaks(model=model, prompts=("the",), new_tokens=16), stop=True)
    settings = TrainingArguments(
        output_dir=str(tmp_path), max_steps=40, learning_rate=1e-3, report_to=[], use_cpu=True, disable_tqdm=True
    )
    data: Any = [{"input_ids": tokens, "labels": tokens}] * 320
    trainer = Trainer(model=model.network, args=settings, train_dataset=data, callbacks=[told])
    trainer.train()
    assert watch.alarms
    assert trainer.state.global_step < 40
