"""Find what an agent does to the world that nobody asked about, told only what a reference does there."""

import tempfile

import corrigible

with tempfile.TemporaryDirectory() as folder:
    run = corrigible.run("off-switch-grid", preset="smoke", seeds=2, conditions=["utility-indifference"], out=folder)

for searched in run.results.consequences:
    print(f"{searched.condition}, against {searched.against}:")
    for consequence in searched.consequences:
        print(f"  {consequence.sentence}")
        print(f"  in {consequence.replicated} of {consequence.seeds} seeds, p = {consequence.p:.2g}")
    if not searched.consequences:
        print("  nothing that differs from the reference")
