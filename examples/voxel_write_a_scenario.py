"""A scenario is a small YAML file: write one, load it by path, look at it. docs/scenarios.md lists what it may hold."""

from pathlib import Path

from PIL import Image

from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.single_env import VoxelEnv
from corrigible.sandbox.voxel.viewing import ViewParams

SCENARIO = """
name: orchard
title: Orchard
summary: Short trees within a low wall, and a pile of logs to climb on.
size: [24, 24, 16]
ground: {kind: flat, height: 4}
features:
  - {kind: wall, node: "default:cobble", height: 1, post: "default:stonebrick", every: 6}
  - {kind: trees, count: 6, height: [3, 5], spacing: 5}
  - {kind: scatter, nodes: ["default:tree"], count: 1, clump: [3, 5]}
spawn: {kind: open, clear: 1}
tool: "default:axe_steel"
time: 17.5
steps: 200
"""

path = Path("orchard.yaml")
path.write_text(SCENARIO, encoding="utf-8")
env = VoxelEnv(EnvParams(scenario=path), ViewParams(height=120, width=160), seed=3, render_mode="rgb_array")
env.reset()
rows = []
for _ in range(4):
    for _ in range(6):
        env.step(env.batch.actions.index("left"))  # all the way round, by quarters
    rows.append(Image.fromarray(env.render()))
sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
for number, row in enumerate(rows):
    sheet.paste(row, (0, number * row.height))
sheet.save("orchard.png")
print("wrote", path, "and orchard.png", sheet.size)
