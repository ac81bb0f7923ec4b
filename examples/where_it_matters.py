"""Profile a pipeline before working on a stage, and see a claim refused. python examples/where_it_matters.py"""

from importlib.resources import files
from pathlib import Path

from corrigible.errors import BadInput
from corrigible.oversight.leverage import profile, read_pipeline

shipped = Path(str(files("corrigible.oversight") / "data" / "pipelines" / "training-run.yaml"))
found = profile(read_pipeline(shipped))
for stage in found.stages:
    known = stage.share is not None and stage.ceiling is not None
    print(f"{stage.stage}: " + (f"{stage.share:.1%}, at most {stage.ceiling:.2f} x" if known else "nobody knows"))
for edit in found.edits:
    print(f"{edit.edit} saves {edit.saves:.1%} of the whole ({edit.measured})")

claim = Path("claim.yaml")
claim.write_text(
    shipped.read_text(encoding="utf-8").replace("saves: 0.15, low: 0.1, high: 0.2, ", ""), encoding="utf-8"
)
try:
    read_pipeline(claim)
except BadInput as refusal:
    print(refusal)
