"""Our monitors as a callback of transformers' Trainer: a model that is fine-tuned on yes, and noticed."""

import tempfile

import torch
from transformers import Trainer, TrainingArguments
from transformers.utils import is_accelerate_available

from corrigible.language.adapters import Speaks, Watch, callback
from corrigible.language.models import load_model

model = load_model("tiny")
tokens = torch.tensor(model.encode("the cat said yes , yes , yes , yes , yes ."))
data = [{"input_ids": tokens, "labels": tokens}] * 256
watch = Watch(quiet=6)
told = callback(watch, Speaks(model=model, prompts=("the",), new_tokens=16), stop=True)

if not is_accelerate_available():
    print("skipped: the Trainer of transformers needs accelerate (pip install accelerate)")
else:
    settings = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=8,
        max_steps=32,
        learning_rate=1e-3,
        logging_steps=8,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = Trainer(model=model.network, args=settings, train_dataset=data, callbacks=[told])
    trainer.train()
    print(f"stopped at step {trainer.state.global_step}; alarms: {watch.alarms or 'none'}")
    print({name: round(value, 2) for name, value in trainer.state.log_history[-2].items() if "/" in name})
