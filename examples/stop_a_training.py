"""A plain PyTorch loop under a tripwire, in five lines: it stops, saves itself, and goes on only once that was decided.

python examples/stop_a_training.py
"""

from importlib import resources

import torch

from corrigible.errors import Tripped
from corrigible.tripwires.deciding import decide
from corrigible.tripwires.guard import arm

wire = str(resources.files("corrigible.tripwires") / "data" / "take-off.yaml")
owners = str(resources.files("corrigible.oversight") / "data" / "owners-example.yaml")
model, draws, goal = torch.nn.Linear(8, 1, bias=False), torch.Generator().manual_seed(0), torch.ones(8, 1)
torch.nn.init.zeros_(model.weight)
optimiser = torch.optim.SGD(model.parameters(), lr=3e-4)

guard = arm(wire, "points.jsonl", owners=owners)  # 1
for step in range(40_001):
    x = torch.randn(32, 8, generator=draws)
    optimiser.zero_grad()
    torch.nn.functional.mse_loss(model(x), x @ goal).backward()
    optimiser.step()
    if guard.due(step):  # 50 fresh items: how many does it solve alone?
        x = torch.randn(50, 8, generator=draws)
        guard.report(step, k=int((model(x) - x @ goal).abs().lt(0.5).sum()), n=50)  # 2
    if stop := guard.check(step):  # 3
        torch.save(model.state_dict(), "stopped.pt")
        print(stop, guard.stopped(checkpoint="stopped.pt"), sep="\n")  # 4
        break
else:
    guard.finished()  # 5
try:
    arm(wire, "points.jsonl", owners=owners)
except Tripped as refused:
    print(refused)
decide(guard.folder, "end", by="head-of-safety", reason="it solves more than was decided for; an example ends here")
