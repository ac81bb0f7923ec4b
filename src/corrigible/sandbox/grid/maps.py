"""Maps of grid worlds as lines of text: cells, moves and shortest paths.

`#` is a wall, `.` or a space is floor, and letters are marked floor cells.
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from corrigible.errors import BadInput

Cell: TypeAlias = tuple[int, int]
"""(row, column), from the upper left."""

ACTIONS: Final = ("up", "right", "down", "left", "stay", "press")
STAY: Final = 4
PRESS: Final = 5
MOVES: Final[tuple[Cell, ...]] = ((-1, 0), (0, 1), (1, 0), (0, -1), (0, 0), (0, 0))
"""Change of (row, column) by action index."""


@dataclass(frozen=True, kw_only=True)
class GridMap:
    """Floor cells of a map, and the cells of each letter in reading order."""

    floor: frozenset[Cell]
    marked: Mapping[str, tuple[Cell, ...]]

    def move(self, cell: Cell, action: int) -> Cell:
        """Where `action` leads from `cell`; a wall or the edge leaves it in place."""
        target = (cell[0] + MOVES[action][0], cell[1] + MOVES[action][1])
        return target if target in self.floor else cell


def read_map(lines: tuple[str, ...], letters: Collection[str]) -> GridMap:
    """Cells of a rectangular map that uses `#`, `.`, space and `letters`; raises BadInput naming the row."""
    if not lines:
        raise BadInput(value="map without rows", rule="a map has at least one row", remedy="give lines of text")
    floor: set[Cell] = set()
    marked: dict[str, list[Cell]] = {letter: [] for letter in letters}
    for row, line in enumerate(lines):
        if len(line) != len(lines[0]) or not line:
            raise BadInput(
                value=f"row {row} of the map has {len(line)} cells ({line!r})",
                rule=f"a map is rectangular, and row 0 has {len(lines[0])}",
                remedy="pad the row with #",
            )
        for column, letter in enumerate(line):
            if letter == "#":
                continue
            if letter in marked:
                marked[letter].append((row, column))
            elif letter not in ". ":
                raise BadInput(
                    value=f"row {row} of the map holds {letter!r} ({line!r})",
                    rule=f"cells are '#', '.', ' ' or one of {', '.join(sorted(marked))}",
                    remedy="replace it",
                )
            floor.add((row, column))
    return GridMap(floor=frozenset(floor), marked={letter: tuple(cells) for letter, cells in marked.items()})


def only_cell(grid: GridMap, letter: str, lines: tuple[str, ...]) -> Cell:
    """The one cell marked `letter`; raises BadInput naming the row of the second, or that there is none."""
    cells = grid.marked[letter]
    if len(cells) == 1:
        return cells[0]
    where = f"a second {letter} in row {cells[1][0]} ({lines[cells[1][0]]!r})" if cells else f"no {letter} in any row"
    raise BadInput(value=where, rule=f"a map has exactly one {letter}", remedy=f"mark one cell with {letter}")


def distances(grid: GridMap, target: Cell) -> Mapping[Cell, int]:
    """Length of the shortest path to `target` in moves, for every cell from which there is one."""
    found = {target: 0}
    waiting = deque((target,))
    while waiting:
        cell = waiting.popleft()
        for action in range(STAY):
            neighbour = grid.move(cell, action)
            if neighbour not in found:
                found[neighbour] = found[cell] + 1
                waiting.append(neighbour)
    return found
