"""Run an experiment from Python, read its verdicts and numbers. Takes a few seconds once kernels are compiled."""

import tempfile

import corrigible

with tempfile.TemporaryDirectory() as out:
    run = corrigible.run("goal-change", preset="smoke", conditions=["utility-indifference"], out=out)

    for verdict in run.verdicts:
        print(f"claim {verdict.claim}: {verdict.word} ({verdict.because})")

    for measurement in run.results.measurements:
        if measurement.metric == "block" and measurement.versus is None:
            print(f"{measurement.condition:24} blocks the lever in {measurement.estimate:.0%} of episodes")

    print("report:", run.report.name, "fingerprint:", run.fingerprint[:12])
