"""Bodies among solid nodes: walking, jumping, falling, swimming, sneaking, at Minetest's constants and a fixed dt.

A body is a box of 0.6 x 0.6 x 1.77 nodes, placed by the middle of its feet. It moves along z, x, y in turn, swept all
the way, so that it enters no solid node at any dt. Falls and jumps follow v dt - g dt^2 / 2 exactly.
"""

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.types import Array

WALK = 4.0  # nodes a second, as all speeds here: minetest's movement_speed_walk, _crouch, _jump
SNEAK = 1.35
JUMP = 6.5
GRAVITY = 19.62  # nodes / s^2: movement_gravity 9.81, which the client's physics doubles
GROUND_GRIP = 30.0  # nodes / s^2: movement_acceleration_default 3, in tens of nodes
AIR_GRIP = 20.0
SWIM = 4.0  # movement_speed_walk, as in Minetest; its fluidity is not reproduced
DEEP = 0.5  # nodes above the feet: a body swims where there is liquid; while it swims up, so far only, as in Minetest:
SHALLOW = 0.1  # it comes out high enough to get onto a shore that is level with the surface
SINK = 1.5
SWIM_GRIP = 20.0
HALF_WIDTH = 0.3
HEIGHT = 1.77
EYE_HEIGHT = 1.625  # Minetest's; bodies have that of EnvParams.eye
TOUCH = 1e-9  # nodes: faces that meet do not overlap; less than the first tick of a fall, g dt^2 / 2 at the least dt


@njit
def half_extent(axis: int, upper: bool) -> float:
    """From the middle of the feet to the box's face."""
    if axis < 2:
        return HALF_WIDTH
    return HEIGHT if upper else 0.0


@njit
def slab_is_solid(node: Array, solid: Array, size: tuple[int, int, int], place: Array, axis: int, at: int) -> bool:
    """Whether the box at `place` (3,), moved along `axis` into the cells at `at` there, would touch a solid."""
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for k in range(3):
        low[k] = int(np.floor(place[k] - half_extent(k, False) + TOUCH))
        high[k] = int(np.floor(place[k] + half_extent(k, True) - TOUCH))
    low[axis] = high[axis] = at
    for x in range(low[0], high[0] + 1):
        for y in range(low[1], high[1] + 1):
            base = ((x + 1) * (size[1] + 2) + y + 1) * (size[2] + 2) + 1
            for z in range(low[2], high[2] + 1):
                if solid[node[base + z]]:
                    return True
    return False


@njit
def sweep(node: Array, solid: Array, size: tuple[int, int, int], place: Array, axis: int, distance: float) -> bool:
    """Move `place` (3,) along `axis` by `distance`, as far as no solid node is in the way; True where one was.

    The last cell that is looked at is computed as the next move computes its first, so that none is ever left out.
    """
    after = place[axis] + distance
    if distance > 0.0:
        half = half_extent(axis, True)
        for at in range(int(np.floor(place[axis] + half - TOUCH)) + 1, int(np.floor(after + half - TOUCH)) + 1):
            if slab_is_solid(node, solid, size, place, axis, at):
                place[axis] = at - half
                return True
    elif distance < 0.0:
        half = half_extent(axis, False)
        for at in range(int(np.floor(place[axis] - half + TOUCH)) - 1, int(np.floor(after - half + TOUCH)) - 1, -1):
            if slab_is_solid(node, solid, size, place, axis, at):
                place[axis] = at + 1.0 + half
                return True
    place[axis] = after
    return False


@njit
def stands(node: Array, solid: Array, size: tuple[int, int, int], place: Array) -> bool:
    """Whether a solid node bears the box from below."""
    face = place[2]
    under = int(np.floor(face + TOUCH)) - 1
    return under + 1.0 > face - 2.0 * TOUCH and slab_is_solid(node, solid, size, place, 2, under)


@njit
def node_index(size: tuple[int, int, int], x: float, y: float, z: float) -> int:
    """Padded index of the cell that holds a point of the world; coordinates beyond the border count as the border."""
    cx = min(max(int(np.floor(x)), -1), size[0]) + 1
    cy = min(max(int(np.floor(y)), -1), size[1]) + 1
    cz = min(max(int(np.floor(z)), -1), size[2]) + 1
    return (cx * (size[1] + 2) + cy) * (size[2] + 2) + cz


@njit
def approach(value: float, wanted: float, most: float) -> float:
    """`value` moved towards `wanted` by at most `most`."""
    return value + min(max(wanted - value, -most), most)


@njit
def move_body(
    node: Array,
    solid: Array,
    liquid: Array,
    size: tuple[int, int, int],
    place: Array,
    velocity: Array,
    grounded: bool,
    wish: tuple[float, float],
    jump: bool,
    sneak: bool,
    dt: float,
) -> tuple[bool, bool]:
    """One tick: changes place and velocity (3,); returns whether the body now stands, and whether it jumped.

    wish: horizontal direction, length 0 to 1. A sneaking body does not step off what it stands on.
    """
    swims = liquid[node[node_index(size, place[0], place[1], place[2] + (SHALLOW if jump else DEEP))]]
    speed = (SNEAK if sneak else WALK) * (0.5 if swims else 1.0)
    grip = (GROUND_GRIP if grounded else (SWIM_GRIP if swims else AIR_GRIP)) * dt
    for k in range(2):
        velocity[k] = approach(velocity[k], speed * wish[k], grip)
    jumped = False
    if swims:
        before = velocity[2]
        velocity[2] = approach(before, SWIM if jump else -SINK, SWIM_GRIP * dt)
        rise = 0.5 * (before + velocity[2]) * dt
    else:
        if jump and grounded:
            velocity[2] = JUMP
            jumped = True
        rise = velocity[2] * dt - 0.5 * GRAVITY * dt * dt
        velocity[2] -= GRAVITY * dt
    falling = rise < 0.0
    if sweep(node, solid, size, place, 2, rise):
        velocity[2] = 0.0
        grounded = falling
    else:
        grounded = False
    for k in range(2):
        before = place[k]
        if sweep(node, solid, size, place, k, velocity[k] * dt):
            velocity[k] = 0.0
        if sneak and grounded and not stands(node, solid, size, place):
            place[k] = before
            velocity[k] = 0.0
    return grounded, jumped
