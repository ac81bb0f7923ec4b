"""Seconds of each step of TRL's RLOOTrainer: `trl_rloo.py FOLDER JSON`. JSON: tuning_speed.WORK, and steps."""

import json
import sys
import time
from typing import Any

import torch
from answering import say
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import RLOOConfig, RLOOTrainer

FOLDER, WORK = sys.argv[1], json.loads(sys.argv[2])
torch.set_num_threads(WORK["threads"])


class Clock(TrainerCallback):
    """When each step began and ended."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.began = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        now = time.perf_counter()
        if self.began:
            self.seconds.append(now - self.began)
        self.began = now

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def reward(completions: list[str], **_: Any) -> list[float]:
    """Costs nothing, so that learners are compared and not evaluators."""
    return [float(len(set(text.split()))) for text in completions]


def main() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32)
    settings = RLOOConfig(
        output_dir="out", per_device_train_batch_size=WORK["samples"], num_generations=WORK["samples"],
        max_completion_length=WORK["new_tokens"], max_steps=WORK["steps"] + 1, beta=WORK["beta"],
        learning_rate=WORK["rate"], temperature=1.0, top_k=0, top_p=1.0, use_cpu=True, bf16=False, report_to=[],
        save_strategy="no", logging_strategy="no", gradient_checkpointing=False, num_iterations=1, seed=0,
        generation_kwargs={"min_new_tokens": WORK["new_tokens"]}, disable_dropout=True,
    )  # fmt: skip
    adapter = LoraConfig(r=WORK["rank"], lora_alpha=2 * WORK["rank"], target_modules=["q_proj", "v_proj"])
    clock = Clock()
    trainer = RLOOTrainer(
        model=model, args=settings, processing_class=tokenizer, peft_config=adapter, reward_funcs=reward,
        train_dataset=Dataset.from_list([{"prompt": WORK["prompt"]}] * 64), callbacks=[clock],
    )  # fmt: skip
    trainer.train()
    say(clock.seconds[1:])


if __name__ == "__main__":
    main()
