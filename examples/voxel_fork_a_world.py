"""A counterfactual: what would have happened, had the bottom log of this tree not been there?"""

import numpy as np

from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD
from corrigible.sandbox.voxel.forking import counterfactual, fork
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds

worlds = VoxelWorlds(EnvParams(scenario="grove", worlds=1, layouts=1), seed=0)
worlds.begin()
nodes = unpadded(worlds.state.nodes.node, worlds.state.nodes.size)[0]
x, y, z = (int(k) for k in np.argwhere(nodes == node_table().id("default:tree"))[0])  # the lowest log of a trunk
worlds.set_body(0, 0, (x - 1.0, y + 0.5, z), yaw=270.0, pitch=-35.0)  # to the west of it, looking down at it

keys = np.full((20, 1, 1), DIG | FORWARD, dtype=np.uint16)  # five seconds of digging and walking on
turn = np.zeros((20, 1, 1, 2))
found = counterfactual(worlds, worlds.snapshot(), lambda forked: forked.set_node(0, (x, y, z), "air"), keys, turn)

for name, course in (("with the log", found.actual), ("without it", found.edited)):
    far = course.place[-1, 0, 0, 0] - course.place[0, 0, 0, 0]
    print(f"{name:13} paid {course.paid.sum():.0f}, walked {far:.2f} nodes east, changes of the world:")
    for place, before in zip(course.trace.place, course.trace.before, strict=True):
        print(f"{'':13} {course.trace.kinds[before]} at {place.tolist()} dug")
print("the courses part in step", int(found.parted[0]))

# the same by hand, for a policy that reacts to what it sees: a batch of its own, here with three copies
three = fork(worlds, [0], copies=3)
three.step(np.array([[0], [FORWARD], [DIG]], dtype=np.uint16), np.zeros((3, 1, 2)))
print("three copies, after a step:", three.state.bodies.place[:, 0, 0].round(3).tolist())
