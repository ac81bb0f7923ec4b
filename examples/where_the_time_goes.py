"""What an edit can do to a whole pipeline, and a claim that is refused. python examples/where_the_time_goes.py"""

from importlib.resources import files
from pathlib import Path

from corrigible.errors import BadInput
from corrigible.oversight.leverage import read_pipeline, reckon
from corrigible.oversight.leverage_picture import leverage_picture

shipped = Path(str(files("corrigible.oversight") / "data" / "pipelines" / "training-run.yaml"))
pipeline = read_pipeline(shipped)
found = reckon(pipeline)
for stage in found.stages:
    edit = (
        "nothing proposed"
        if stage.effect is None
        else f"{stage.effect.what} makes the whole {stage.effect.whole:.3f} x"
    )
    print(f"{stage.name}: {stage.share:.1%}, at most {stage.ceiling:.3f} x; {edit}")
Path("pipeline.svg").write_text(leverage_picture(found, pipeline.pipeline), encoding="utf-8")

claim = Path("claim.yaml")
claim.write_text(
    shipped.read_text(encoding="utf-8").replace("speed_up: 4\n", "speed_up: a lot\n"),
    encoding="utf-8",
)
try:
    read_pipeline(claim)
except BadInput as refusal:
    print(refusal)
