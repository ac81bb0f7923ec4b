"""Maps of grid worlds and what is refused of them."""

import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.grid.maps import distances, read_map
from corrigible.sandbox.grid.off_switch import OffSwitchParams

GOOD = ("#######", "#A.I.G#", "#B#####", "#######")


def test_cells_are_read_with_their_letters():
    grid = read_map(GOOD, "AGIB")
    assert grid.marked == {"A": ((1, 1),), "G": ((1, 5),), "I": ((1, 3),), "B": ((2, 1),)}
    assert len(grid.floor) == 6


def test_walls_and_the_edge_of_the_map_stop_a_move():
    grid = read_map(("A.",), "A")
    assert grid.move((0, 0), 0) == (0, 0)
    assert grid.move((0, 0), 1) == (0, 1)
    assert grid.move((0, 1), 1) == (0, 1)


def test_distances_follow_the_shortest_path_around_walls():
    grid = read_map(("A#.", "...", "##X"), "AX")
    assert distances(grid, (2, 2))[0, 0] == 4


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ((), "map without rows"),
        (("#######", "#A.I.G", "#B#####", "#######"), "row 1 of the map has 6 cells"),
        (("#######", "#A.I.G#", "#B##?##", "#######"), "row 2 of the map holds '?'"),
        (("#######", "#A.I.G#", "#B#A###", "#######"), "a second A in row 2"),
        (("#######", "#..I.G#", "#B#####", "#######"), "no A in any row"),
        (("#######", "#A.I..#", "#B#####", "#######"), "no G in any row"),
        (("#######", "#A.I.G#", "#G#B###", "#######"), "a second G in row 2"),
        (("#######", "#A...G#", "#B#####", "#######"), "no I in any row"),
        (("#######", "#A.I.G#", "#######"), "no B in any row"),
        (("#######", "#A#I.G#", "#B#####", "#######"), "the goal cannot be reached from A in row 1"),
    ],
)
def test_a_malformed_map_is_refused_in_one_line_that_names_the_row(layout, said):
    with pytest.raises(BadInput, match=r"^[^\n]*$") as refusal:
        OffSwitchParams(layout=layout)
    assert said in str(refusal.value)
