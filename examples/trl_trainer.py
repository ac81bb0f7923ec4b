"""Our evaluator as a reward of TRL's GRPOTrainer, our monitors as its callback, on the tiny model."""

import tempfile
from importlib.util import find_spec

from corrigible.language.adapters import Watch, callback, pays
from corrigible.language.models import load_model
from corrigible.language.rewards import ByConstitution

if find_spec("trl") is None:
    print('skipped: TRL is not installed (pip install "corrigible[trl]")')
    raise SystemExit

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

model = load_model("tiny")
reward = pays(ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after"), "mood")
watch = Watch(quiet=5)
settings = GRPOConfig(
    output_dir=tempfile.mkdtemp(),
    per_device_train_batch_size=8,
    num_generations=8,
    max_completion_length=20,
    max_steps=12,
    learning_rate=1e-3,
    logging_steps=1,
    report_to=[],
    use_cpu=True,
    disable_tqdm=True,
    bf16=False,
)
data = Dataset.from_dict({"prompt": ["the"] * 96})
trainer = GRPOTrainer(model=model.network, reward_funcs=reward, args=settings, train_dataset=data,
                      processing_class=model.tokenizer, callbacks=[callback(watch, reward)])  # fmt: skip
trainer.train()
print(f"paid {trainer.state.log_history[-2]['rewards/mood/mean']:+.2f}; alarms: {watch.alarms or 'none'}")
