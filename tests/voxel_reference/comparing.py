"""The package's views held against the reference's: ids exact, distances within float32, colours within one level."""

import numpy as np

from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import Buffers, Viewer, ViewParams
from voxel_reference.rendering import Figure, Look, Picture, render
from voxel_reference.staging import nodes_of


def look_of(view: ViewParams, hour: float, tool: int, eye: float = 1.625) -> Look:
    """The reference's words for it."""
    return Look(
        height=view.height,
        width=view.width,
        field=view.field,
        hour=hour,
        far=view.far,
        tool=None if view.item == "hidden" else node_table().tools[tool].name,
        mirrored=view.item == "mirrored",
        eye=eye,
    )


def reference_view(worlds: VoxelWorlds, view: ViewParams, n: int, a: int) -> Picture:
    """What agent a of world n sees, by the reference."""
    state, bodies = worlds.state, worlds.state.bodies
    pointed = int(worlds.record.pointed_index[n, a])
    _, Y, Z = state.nodes.size
    stack, z = divmod(pointed, Z + 2)
    x, y = divmod(stack, Y + 2)
    return render(
        nodes_of(worlds, n),
        bodies.place[n, a],
        float(bodies.yaw[n, a]),
        float(bodies.pitch[n, a]),
        look_of(view, float(state.hour[n]), int(bodies.tool[n, a]), worlds.params.eye),
        [
            Figure(feet=bodies.place[n, b], yaw=float(bodies.yaw[n, b]), number=b)
            for b in range(worlds.params.agents)
            if b != a
        ],
        (x - 1, y - 1, z - 1) if view.mark and pointed >= 0 else None,
    )


def drawn(worlds: VoxelWorlds, view: ViewParams) -> Buffers:
    """All views by the package."""
    viewer = Viewer(view)
    buffers = viewer.buffers(worlds.state.worlds, worlds.params.agents)
    viewer.draw(worlds.state, worlds.record, buffers)
    return buffers


def assert_same_view(buffers: Buffers, n: int, a: int, picture: Picture) -> None:
    """Ids exact, distances within float32, colours within one level."""
    np.testing.assert_array_equal(buffers.kind[n, a], picture.kind)
    np.testing.assert_allclose(buffers.distance[n, a], picture.distance, rtol=1e-6)
    apart = np.abs(buffers.rgb[n, a].astype(int) - picture.rgb.astype(int)).max()
    assert apart <= 1, f"colours {apart} levels apart"


def assert_all_views_same(worlds: VoxelWorlds, view: ViewParams) -> None:
    """Every agent's view of every world."""
    buffers = drawn(worlds, view)
    for n in range(worlds.state.worlds):
        for a in range(worlds.params.agents):
            assert_same_view(buffers, n, a, reference_view(worlds, view, n, a))
