"""One world, stepped in plain Python: bodies that walk, jump, fall, swim, dig, place and use, tick by tick.

Lengths in nodes, times in seconds, angles in degrees. Cells are (x, y, z); outside of the world all is border, solid.
"""

from dataclasses import dataclass, field
from math import cos, floor, radians, sin, sqrt

import numpy as np

from corrigible.sandbox.voxel.nodes import NodeTable, node_table

FORWARD, BACK, LEFT, RIGHT, JUMP, SNEAK, DIG, PLACE, USE, NEXT = (1 << bit for bit in range(10))
AIR, BORDER = 0, 255
GRAVITY, SPRING, WALK, CREEP = 19.62, 6.5, 4.0, 1.35
SWIM_UP, SINK = 4.0, 1.5
TOUCH = 1e-9

Cell = tuple[int, int, int]


@dataclass(kw_only=True)
class Body:
    """One body, and what it did in the last step (cells and ids; None: nothing)."""

    place: list[float]
    velocity: list[float]
    yaw: float
    pitch: float
    grounded: bool
    tool: int
    item: int
    inventory: list[int]
    target: Cell | None = None
    progress: float = 0.0
    pause: float = 0.0
    dug: tuple[int, Cell] | None = None
    placed: tuple[int, Cell] | None = None
    used: tuple[int, Cell] | None = None
    punched: int = AIR
    jumped: bool = False
    landed: bool = False

    def low(self) -> list[float]:
        """Least corner of its box."""
        return [self.place[0] - 0.3, self.place[1] - 0.3, self.place[2]]

    def high(self) -> list[float]:
        """Greatest corner of its box."""
        return [self.place[0] + 0.3, self.place[1] + 0.3, self.place[2] + 1.77]


@dataclass(kw_only=True)
class World:
    """Nodes (X, Y, Z) and bodies; `changes` of the last step: cell, id before, id after."""

    nodes: np.ndarray
    bodies: list[Body]
    ticks: int
    dt: float
    reach: float
    eye: float = 1.625
    pitch: tuple[float, float] = (-89.5, 89.5)
    dig_speed: float = 1.0
    changes: list[tuple[Cell, int, int]] = field(default_factory=list)
    table: NodeTable = field(default_factory=node_table)

    def kind(self, cell: Cell) -> int:
        """Id of the node in a cell."""
        if all(0 <= cell[k] < self.nodes.shape[k] for k in range(3)):
            return int(self.nodes[cell])
        return BORDER

    def solid(self, cell: Cell) -> bool:
        """Whether bodies keep out of that cell."""
        return bool(self.table.solid[self.kind(cell)])

    def step(self, keys: list[int], turns: list[tuple[float, float]]) -> None:
        """One step: turn, then `ticks` ticks with the keys held."""
        self.changes = []
        for body, (left, up) in zip(self.bodies, turns, strict=True):
            body.dug = body.placed = body.used = None
            body.punched, body.jumped, body.landed = AIR, False, False
            body.yaw = (body.yaw + left) % 360.0
            body.pitch = max(self.pitch[0], min(self.pitch[1], body.pitch + up))
        for tick in range(self.ticks):
            for body, held in zip(self.bodies, keys, strict=True):
                self.move(body, held)
                aim = self.pointed(body)
                self.dig(body, aim[0] if aim and held & DIG else None)
                if tick == 0 and held & NEXT:
                    have = [item for item in range(256) if body.inventory[item] > 0]
                    later = [item for item in have if item > body.item]
                    body.item = (later or have or [body.item])[0]
                if tick == 0 and aim:
                    if held & PLACE:
                        self.put(body, aim[1])
                    if held & USE:
                        self.use(body, aim[0])

    # moving

    def move(self, body: Body, held: int) -> None:
        """One tick along z, then x, then y."""
        stood = body.grounded
        wish = self.wish(body, held)
        depth = 0.1 if held & JUMP else 0.5
        wet = (floor(body.place[0]), floor(body.place[1]), floor(body.place[2] + depth))
        swims = bool(self.table.liquid[self.kind(wet)])
        speed = (CREEP if held & SNEAK else WALK) * (0.5 if swims else 1.0)
        grip = (30.0 if stood else 20.0) * self.dt
        for k in (0, 1):
            body.velocity[k] += max(-grip, min(grip, speed * wish[k] - body.velocity[k]))
        rise = self.swim(body, held) if swims else self.fall(body, held, stood)
        stopped = self.slide(body, 2, rise)
        if stopped:
            body.velocity[2] = 0.0
        body.grounded = stopped and rise < 0.0
        for k in (0, 1):
            before = body.place[k]
            if self.slide(body, k, body.velocity[k] * self.dt):
                body.velocity[k] = 0.0
            if held & SNEAK and body.grounded and not self.borne(body):
                body.place[k], body.velocity[k] = before, 0.0
        body.landed = body.landed or (body.grounded and not stood)

    def wish(self, body: Body, held: int) -> tuple[float, float]:
        """Where the keys point to, along x and y, length 0 or 1."""
        ahead = bool(held & FORWARD) - bool(held & BACK)
        aside = bool(held & RIGHT) - bool(held & LEFT)
        norm = sqrt(0.5) if ahead and aside else 1.0
        c, s = cos(radians(body.yaw)), sin(radians(body.yaw))
        return norm * aside * c - norm * ahead * s, norm * aside * s + norm * ahead * c

    def swim(self, body: Body, held: int) -> float:
        """Changes the speed up; how far it rises in this tick."""
        before, most = body.velocity[2], 20.0 * self.dt
        wanted = SWIM_UP if held & JUMP else -SINK
        body.velocity[2] = before + max(-most, min(most, wanted - before))
        return (before + body.velocity[2]) / 2 * self.dt

    def fall(self, body: Body, held: int, stood: bool) -> float:
        """Changes the speed up; how far it rises in this tick."""
        if held & JUMP and stood:
            body.velocity[2], body.jumped = SPRING, True
        rise = body.velocity[2] * self.dt - GRAVITY * self.dt**2 / 2
        body.velocity[2] -= GRAVITY * self.dt
        return rise

    def layer(self, body: Body, axis: int, at: int) -> bool:
        """Whether the box would touch a solid node in the layer `at` along `axis`."""
        ranges = [
            range(floor(low + TOUCH), floor(high - TOUCH) + 1)
            for low, high in zip(body.low(), body.high(), strict=True)
        ]
        ranges[axis] = range(at, at + 1)
        return any(self.solid((x, y, z)) for x in ranges[0] for y in ranges[1] for z in ranges[2])

    def slide(self, body: Body, axis: int, distance: float) -> bool:
        """Move as far as nothing solid is in the way; whether something was."""
        if distance == 0.0:
            return False
        half = (0.3, 0.3, 1.77 if distance > 0 else 0.0)[axis]
        ahead = 1 if distance > 0 else -1
        face = body.place[axis] + ahead * half
        after = (body.place[axis] + distance) + ahead * half
        at = floor(face - ahead * TOUCH)
        while at != floor(after - ahead * TOUCH):
            at += ahead
            if self.layer(body, axis, at):
                body.place[axis] = at - half if ahead > 0 else at + 1.0 + half
                return True
        body.place[axis] += distance
        return False

    def borne(self, body: Body) -> bool:
        """Whether a solid node is right under the feet."""
        under = floor(body.place[2] + TOUCH) - 1
        return body.place[2] - (under + 1) < 2 * TOUCH and self.layer(body, 2, under)

    # acting

    def pointed(self, body: Body) -> tuple[Cell, Cell] | None:
        """The first node on the line of sight within reach that is drawn and no liquid, and the cell before it."""
        c, s = cos(radians(body.pitch)), sin(radians(body.pitch))
        way = (-sin(radians(body.yaw)) * c, cos(radians(body.yaw)) * c, s)
        eye = (body.place[0], body.place[1], body.place[2] + self.eye)
        cell = [floor(k) for k in eye]
        while True:
            due = []
            for k in range(3):
                plane = cell[k] + 1 if way[k] >= 0 else cell[k]
                due.append(abs(plane - eye[k]) / max(abs(way[k]), 1e-6))
            axis = min((2, 1, 0), key=due.__getitem__)  # of equal ones the later axis
            if due[axis] > self.reach:
                return None
            before = (cell[0], cell[1], cell[2])
            cell[axis] += 1 if way[axis] >= 0 else -1
            kind = self.kind((cell[0], cell[1], cell[2]))
            if kind == BORDER:
                return None
            if self.table.drawn[kind] and not self.table.liquid[kind]:
                return (cell[0], cell[1], cell[2]), before

    def change(self, cell: Cell, kind: int) -> None:
        """A node becomes another; whoever was digging there begins anew."""
        self.changes.append((cell, self.kind(cell), kind))
        self.nodes[cell] = kind
        for body in self.bodies:
            if body.target == cell:
                body.target, body.progress = None, 0.0

    def dig(self, body: Body, cell: Cell | None) -> None:
        """A tick of digging."""
        waits = body.pause > 1e-9
        body.pause = max(0.0, body.pause - self.dt)
        if cell is None or cell != body.target:
            body.target, body.progress = cell, 0.0
        if cell is None:
            return
        kind = self.kind(cell)
        body.punched = kind
        if waits or body.dug:
            return
        body.progress += self.dt
        if body.progress < self.table.dig_time[body.tool, kind] / self.dig_speed - 1e-9:
            return
        self.change(cell, AIR)
        if self.table.drop[kind] != AIR:
            body.inventory[self.table.drop[kind]] += 1
            if body.inventory[body.item] == 0:
                body.item = int(self.table.drop[kind])
        body.dug, body.pause = (kind, cell), 0.15

    def free(self, cell: Cell) -> bool:
        """Whether no body is in the cell."""
        return not any(
            all(
                low + TOUCH < c + 1 and high - TOUCH > c
                for low, high, c in zip(body.low(), body.high(), cell, strict=True)
            )
            for body in self.bodies
        )

    def put(self, body: Body, cell: Cell) -> None:
        """Put the chosen item down."""
        item, before = body.item, self.kind(cell)
        if item == AIR or body.inventory[item] == 0:
            return
        if (before != AIR and not self.table.liquid[before]) or (self.table.solid[item] and not self.free(cell)):
            return
        self.change(cell, item)
        body.inventory[item] -= 1
        body.placed = (item, cell)

    def use(self, body: Body, cell: Cell) -> None:
        """Use a node."""
        kind = self.kind(cell)
        after = int(self.table.use[kind])
        if after == kind:
            return
        x, y, z = cell
        opens_or_closes = self.table.solid[after] != self.table.solid[kind]
        halves = [near for near in ((x, y, z + 1), (x, y, z - 1)) if opens_or_closes and self.kind(near) == kind][:1]
        closes = self.table.solid[after] and not self.table.solid[kind]
        if closes and not all(self.free(one) for one in (cell, *halves)):
            return
        for one in (cell, *halves):
            self.change(one, after)
        body.used = (kind, cell)
