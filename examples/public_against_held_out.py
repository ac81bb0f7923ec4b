"""A public eval against a held-out one, what choosing explains, digests. python examples/public_against_held_out.py"""

from pathlib import Path

from corrigible.evals.digests import digests_of, lines_among
from corrigible.evals.gap import measure, one_stratum
from corrigible.evals.leak import expected_best
from corrigible.evals.ledger import affordable, open_ledger, spend

for public, held_out in (((45, 50), (40, 50)), ((3400, 4000), (2900, 4000)), ((2910, 4000), (2900, 4000))):
    found = measure(one_stratum(public, held_out, smallest=0.05))
    ends = found.interval
    print(f"{public} and {held_out}: {ends.estimate:+.3f} [{ends.low:+.3f}, {ends.high:+.3f}], {found.verdict}")
    if found.verdict == "INCONCLUSIVE":
        print(f"  {found.needed} items per eval would tell")

for queries in (1, 10, 100, 1000):
    print(f"best of {queries}, each right with 0.5 on 100 items: {expected_best(0.5, 100, queries):.3f}")

chosen = measure(one_stratum((62, 100), (50, 100), smallest=0.05, queries=(100, 1)))
print(f"62 of 100 as the best of 100 checkpoints is worth {chosen.public.share:.3f}: {chosen.verdict}")

salt = b"a secret of sixteen bytes or more"
items, corpus = Path("held_out.txt"), Path("corpus.txt")
items.write_text("Which log is the bottom one?\nWho may press the switch?\n", encoding="utf-8")
corpus.write_text("Some text.\nwho may  press the switch?\n", encoding="utf-8")
known = frozenset(digests_of(items, salt))
print(f"lines of the corpus that are held-out items: {lines_among(corpus, known, salt)}")

budget = affordable(0.5, 500, leak=0.03)
open_ledger(Path("looks.jsonl"), name="logs", items=500, share=0.5, budget=budget, by="ada")
ledger = spend(Path("looks.jsonl"), queries=2, by="bob", why="choose a checkpoint")
print(f"{ledger.spent} of {ledger.budget} looks are spent; choosing among them gains up to {ledger.price(2):.3f}")
