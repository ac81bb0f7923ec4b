"""Our evaluator and monitors in a plain PyTorch loop: what is ours is five lines, each marked."""

import torch

from corrigible.language.adapters import Watch
from corrigible.language.models import load_model
from corrigible.language.rewards import ByConstitution, Texts
from corrigible.language.sampling import rule_log_probs, sample
from corrigible.seeding import stream

model = load_model("tiny")
optimiser = torch.optim.Adam(model.network.parameters(), lr=3e-3)
generator = stream(0, "plain loop")
prompts = [model.encode("the")] * 16
paid = ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after")  # ours
watch = Watch()  # ours
for step in range(24):
    said = sample(model, prompts, new_tokens=20, generator=generator)
    rows = [said.row(k) for k in range(16)]
    texts = Texts(prompts=("the",) * 16, responses=tuple(model.decode(row, control=False) for row in rows))  # ours
    reward = torch.from_numpy(paid(texts))  # ours
    watch(step, texts)  # ours
    # and from here on REINFORCE against the mean of the others, as anybody would write it
    advantage = (reward - reward.mean()) * 16 / 15
    log_probs = rule_log_probs(model, prompts, rows)
    tokens = torch.from_numpy(said.tokens[:, : log_probs.shape[1]]).unsqueeze(2)
    chosen = log_probs.gather(2, tokens).squeeze(2) * torch.from_numpy(said.mask[:, : log_probs.shape[1]])
    optimiser.zero_grad()
    (-(advantage * chosen.sum(1)).mean()).backward()
    optimiser.step()
    if step % 8 == 7:
        print(f"step {step}: paid {float(reward.mean()):+.2f}; {texts.responses[0]}")
print("alarms:", watch.alarms or "none")
