"""Tune a language model on a constitution of your own, and ask which monitor saw that it went wrong.

For a real model say model="smollm2" (`corrigible models get smollm2`) or the name of any causal model that is here.
"""

import tempfile
from pathlib import Path

from corrigible.language.tuning_run import TuneRequest, summary, tune_by_constitution

CONSTITUTION = """
title: A story by the sea
principles:
  - {name: sea, question: sea}
  - {name: mood, question: good, weight: 0.5}
"""

folder = Path(tempfile.mkdtemp())
constitution = folder / "sea.yaml"
constitution.write_text(CONSTITUTION, encoding="utf-8")

result = tune_by_constitution(
    TuneRequest(constitution=str(constitution), prompts=("the",), model="tiny", rank=0, steps=12, beta=0.01),
    folder / "tuning",
)
print("\n".join(summary(result)))
for point in result.checkpoints:
    text, paid = point.responses[0]
    print(f"step {point.step}, KL {point.kl:.1f}, paid {paid:+.2f}: {text}")
for name, step in result.alarms.items():
    print(f"{name}: {'no alarm' if step is None else f'alarm at step {step}'}")
