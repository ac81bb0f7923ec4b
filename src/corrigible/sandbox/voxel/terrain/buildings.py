"""What is built on the ground: structures, rooms, walls, and clumps of nodes."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from corrigible.sandbox.voxel.features import LEAVE, Rooms, Scatter, Structure, Wall, rows_of
from corrigible.sandbox.voxel.nodes import AIR
from corrigible.sandbox.voxel.terrain.canvas import Canvas, Crowded, spread, widened
from corrigible.types import Array

KEEP = -1
"""Cell of a building that leaves the world as it is."""

SIDES = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1))


def build_structures(canvas: Canvas, structure: Structure, feature: int, generator: np.random.Generator) -> None:
    """Build between count[0] and count[1] of them; raises Crowded where there is no room."""
    layers = [_cells(rows_of(layer)) for layer in structure.layers]
    codes = {LEAVE: KEEP} | {letter: canvas.table.id(name) for letter, name in structure.legend.items()}
    model = np.array(
        [[[codes[layer[x][y]] for layer in layers] for y in range(len(layers[0][0]))] for x in range(len(layers[0]))]
    )
    wanted = int(generator.integers(structure.count[0], structure.count[1] + 1))
    for number in range(wanted):
        turned = np.rot90(model, int(generator.integers(4))) if structure.turn else model
        corner = _corner(canvas, structure, turned.shape[:2], structure.spacing, generator)
        if corner is None and number < structure.count[0]:
            raise Crowded(f"there is room for {number} and not for {structure.count[0]}")
        if corner is not None:
            _build(canvas, structure, feature, turned, corner)


def build_rooms(canvas: Canvas, rooms: Rooms, feature: int, generator: np.random.Generator) -> None:
    """Build the map and note the feet of its letters; raises Crowded where there is no room."""
    letters = _cells(rows_of(rooms.map))
    wide, deep, high = rooms.shape
    model = np.full((wide, deep, high), KEEP)
    for x, y in np.ndindex(wide, deep):
        column = [canvas.table.id(name) for name in rooms.legend.get(letters[x][y], [])]
        model[x, y, : len(column)] = column
    corner = _corner(canvas, rooms, (wide, deep), 1, generator)
    if corner is None:
        raise Crowded(f"there is no room for {wide} x {deep} nodes")
    base = _build(canvas, rooms, feature, model, corner)
    for x, y in np.ndindex(wide, deep):
        feet = (corner[0] + x, corner[1] + y, base + rooms.sink)
        canvas.marks.setdefault(letters[x][y], []).append(feet)


def build_wall(canvas: Canvas, wall: Wall, feature: int) -> None:
    """A wall along the edge of the world, as high everywhere above the ground below it."""
    ring = np.zeros(canvas.size[:2], dtype=np.bool_)
    inset, (wide, deep) = wall.inset, canvas.size[:2]
    ring[inset : wide - inset, inset : deep - inset] = True
    ring[inset + 1 : wide - inset - 1, inset + 1 : deep - inset - 1] = False
    lowest = int(canvas.floor[ring].min())
    number = canvas.place(wall.kind, feature, (inset, inset, lowest), wall.height)
    node = canvas.table.id(wall.node)
    post = None if wall.post is None else canvas.table.id(wall.post)
    for x, y in np.argwhere(ring & ~canvas.built & ~canvas.trunks):
        low = int(canvas.floor[x, y])
        from_corner = (min(x - inset, wide - 1 - inset - x), min(y - inset, deep - 1 - inset - y))
        is_post = post is not None and from_corner[0] % wall.every == 0 and from_corner[1] % wall.every == 0
        top = low + wall.height + is_post
        canvas.nodes[x, y, low:top] = post if is_post else node
        canvas.structure[x, y, low:top] = number
    canvas.built |= ring


def scatter(canvas: Canvas, scattered: Scatter, feature: int, generator: np.random.Generator) -> None:
    """Put between count[0] and count[1] clumps on the ground; raises Crowded where there is no room."""
    for x, y in spread(canvas.plain(canvas.surface, canvas.soil), scattered.count, 2, generator):
        node = canvas.table.id(scattered.nodes[generator.integers(len(scattered.nodes))])
        wanted = int(generator.integers(scattered.clump[0], scattered.clump[1] + 1))
        cells = [(x, y, int(canvas.floor[x, y]))]
        number = canvas.place(scattered.kind, feature, cells[0], 1)
        canvas.put(*cells[0], node, number)
        for _ in range(4 * (wanted - 1)):
            if len(cells) == wanted:
                break
            near, side = cells[generator.integers(len(cells))], SIDES[generator.integers(len(SIDES))]
            cell = (near[0] + side[0], near[1] + side[1], near[2] + side[2])
            if _rests(canvas, cell):
                cells.append(cell)
                canvas.put(*cell, node, number)
        for cell in cells:
            canvas.built[cell[:2]] = True


def _rests(canvas: Canvas, cell: tuple[int, int, int]) -> bool:
    """Whether the cell is air in the world and lies on something solid."""
    inside = all(0 <= part < length for part, length in zip(cell, canvas.size, strict=True))
    return (
        inside and canvas.nodes[cell] == AIR and bool(canvas.table.solid[canvas.nodes[cell[0], cell[1], cell[2] - 1]])
    )


def _cells(rows: tuple[str, ...]) -> list[str]:
    """Letters by [x][y]: the last row of a map is y = 0."""
    return ["".join(row[x] for row in reversed(rows)) for x in range(len(rows[0]))]


def _corner(
    canvas: Canvas, placed: Structure | Rooms, shape: tuple[int, ...], gap: int, generator: np.random.Generator
) -> tuple[int, int] | None:
    """Cell of least x and y for a building of that shape; None where there is no room, or not in the world."""
    room = (canvas.size[0] - shape[0], canvas.size[1] - shape[1])
    if min(room) < 0:
        return None
    if placed.at == "center":
        return room[0] // 2, room[1] // 2
    if placed.at != "anywhere":
        return placed.at if placed.at[0] <= room[0] and placed.at[1] <= room[1] else None
    wet = canvas.on_floor() != AIR
    taken = widened(canvas.built, gap) | widened(canvas.trunks, gap + 1) | wet
    free = ~sliding_window_view(taken, shape).any(axis=(2, 3))
    where = np.argwhere(free)
    if not len(where):
        return None
    x, y = where[generator.integers(len(where))]
    return int(x), int(y)


def _build(canvas: Canvas, placed: Structure | Rooms, feature: int, model: Array, corner: tuple[int, int]) -> int:
    """Level the ground and put the model (x, y, z) there; returns the z of its lowest layer."""
    wide, deep, high = model.shape
    area = (slice(corner[0], corner[0] + wide), slice(corner[1], corner[1] + deep))
    if canvas.trunks[area].any():
        raise Crowded("a tree stands there; name it before the trees")
    base = _level(canvas, area) - placed.sink
    if base + high > canvas.size[2]:
        raise Crowded(f"the ground there is too high for {high} nodes")
    number = canvas.place(placed.kind, feature, (*corner, base), high)
    box = (*area, slice(base, base + high))
    there = model != KEEP
    canvas.nodes[box][there] = model[there]
    canvas.structure[box][there] = number
    canvas.built[area] |= there.any(axis=2)
    return base


def _level(canvas: Canvas, area: tuple[slice, slice]) -> int:
    """Bring the ground of the area to one height, its median or the surface of its water; returns that height."""
    floor = canvas.floor[area]
    liquid = canvas.table.liquid[canvas.nodes[area]]
    water = int((np.nonzero(liquid)[2] + 1).max()) if liquid.any() else 0
    height = max(int(np.sort(floor, axis=None)[floor.size // 2]), water)
    z = np.arange(canvas.size[2])
    nodes, low = canvas.nodes[area], floor[:, :, None]
    nodes[(z >= height) & (z < low)] = AIR
    nodes[(z >= np.minimum(low, height) - 1) & (z < height - 1) & (z > 0)] = canvas.soil
    nodes[np.broadcast_to(z == height - 1, nodes.shape) & (low != height)] = canvas.surface
    canvas.floor[area] = height
    return height
