"""What events say of dug structures, held against a recount of the whole world after every step."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from corrigible.sandbox.voxel.acting_kernels import DIG, PLACE
from corrigible.sandbox.voxel.events import VoxelEvents, logs
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.replay import Recorder
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.truth import TruthKeeper
from corrigible.types import Array
from voxel_reference.staging import hold, nodes_of, put_eye, worlds_of
from voxel_small import SMALL

IS_LOG = node_table().in_group("tree")
TREE = node_table().id("default:tree")


def recount(worlds: VoxelWorlds, n: int, a: int) -> tuple[int, int, int, bool]:
    """structure, remaining, above_base, felled by looking at every cell of world n."""
    kind, cell = int(worlds.record.dug[n, a]), tuple(worlds.record.dug_at[n, a].tolist())
    if kind == AIR:
        return 0, 0, -1, False
    layout = worlds.layouts.get(int(worlds.state.layout[n])).layout
    number, now = int(layout.structure[cell]), nodes_of(worlds, n)
    of_it = [
        at for at in np.ndindex(now.shape) if number > 0 and layout.structure[at] == number and IS_LOG[layout.nodes[at]]
    ]
    left = sum(bool(IS_LOG[now[at]]) for at in of_it)
    above = cell[2] - min(at[2] for at in of_it) if of_it and IS_LOG[kind] else -1
    tree = number > 0 and layout.placed[number - 1].kind == "trees"
    return number, left, max(above, -1), bool(tree and of_it and IS_LOG[kind] and left == 0)


def aimed(worlds: VoxelWorlds, steps: int, seed: int) -> Iterator[VoxelEvents]:
    """Every body is put before a random log or leaf in every step, and digs at it; some put a log down."""
    rng = np.random.default_rng(seed)
    N, A = worlds.state.bodies.yaw.shape
    kinds = IS_LOG | node_table().in_group("leaves")
    for _ in range(steps):
        keys = np.zeros((N, A), np.uint16)
        for n, a in np.ndindex(N, A):
            cells = np.argwhere((kinds if rng.random() < 0.3 else IS_LOG)[nodes_of(worlds, n)])
            if len(cells):
                away = rng.normal(size=2)
                middle = cells[rng.integers(len(cells))] + 0.5
                x, y = away / np.linalg.norm(away) * rng.uniform(0.8, 2.0)
                eye = middle + np.array((x, y, rng.uniform(-0.4, 0.4)))
                ahead = middle - eye
                yaw = float(np.degrees(np.arctan2(-ahead[0], ahead[1])))
                pitch = float(np.degrees(np.arctan2(ahead[2], np.hypot(ahead[0], ahead[1]))))
                low, high = (0.4, 0.4, 0.1), np.array(worlds.state.nodes.size) - (0.4, 0.4, 1.9)
                put_eye(worlds, n, a, np.clip(eye - (0, 0, worlds.params.eye), low, high), yaw, pitch)
                keys[n, a] = DIG if rng.random() < 0.85 else PLACE
        worlds.state.bodies.velocity[:], worlds.state.bodies.grounded[:] = 0.0, False
        worlds.state.bodies.item[:], worlds.state.bodies.inventory[:, :, TREE] = TREE, 9
        yield worlds.step(keys, np.zeros((N, A, 2)))


def begun(tmp_path_factory: pytest.TempPathFactory, scenario: str) -> VoxelWorlds:
    if not scenario.startswith("small"):
        return worlds_of(scenario, worlds=2, agents=2, dig_speed=100.0)
    base = scenario.removeprefix("small").strip()
    path = tmp_path_factory.mktemp("small") / "small.yaml"
    text = SMALL.replace("steps: 6", "steps: 1000").replace("radius: 1}", f"radius: 1, base: '{base}'}}")
    path.write_text(text if base else SMALL.replace("steps: 6", "steps: 1000"), encoding="utf-8")
    return worlds_of(path, worlds=3, agents=2, dig_speed=100.0)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "scenario",
    ["small", "small air", "small corrigible:hollow_tree", "small default:stone", "branchy_grove", "two_rooms"],
)
def test_remaining_above_base_and_felled_equal_a_recount(
    tmp_path_factory: pytest.TempPathFactory, scenario: str, seed: int
) -> None:
    worlds = begun(tmp_path_factory, scenario)
    recorder, keeper = Recorder(worlds), TruthKeeper(worlds, logs)
    heights, felled, stood_again = set[int](), 0, 0
    per_step: list[Array] = []
    N, A = worlds.state.bodies.yaw.shape
    left: dict[tuple[int, int], int] = {}
    for events in aimed(worlds, 60, seed):
        keeper.add(events, np.ones(N, dtype=np.bool_))
        before = dict(left)
        for n, a in np.ndindex(N, A):
            told = tuple(x[n, a].item() for x in (events.structure, events.remaining, events.above_base, events.felled))
            assert told == recount(worlds, n, a)
            heights.add(told[2])
            felled += told[3]
            if told[0] and IS_LOG[events.dug[n, a]]:
                stood_again += told[1] >= before.get((n, told[0]), 999)
                left[n, told[0]] = told[1]
        per_step.append(events.felled.any(axis=1).copy())
        if len(per_step) % 3 == 0:  # as somebody might who puts a log back
            was = worlds.layouts.get(int(worlds.state.layout[0])).layout
            cells = np.argwhere(IS_LOG[was.nodes] & (was.structure > 0) & ~IS_LOG[nodes_of(worlds, 0)])
            if len(cells):
                worlds.set_node(0, cells[len(per_step) % len(cells)], "default:tree")
    assert {-1, 0, 1, 2} <= heights
    if scenario.startswith("small"):
        assert felled > 0
        assert stood_again > 0, "a log that was put back stands again"
    recorder.stop()
    truth = keeper.truth(recorder.log())
    np.testing.assert_array_equal(truth.events["tree_felled"], np.array(per_step))
    for n in range(N):
        layout, now = worlds.layouts.get(int(worlds.state.layout[n])).layout, nodes_of(worlds, n)
        trees = [
            IS_LOG[layout.nodes] & (layout.structure == number)
            for number, placed in enumerate(layout.placed, start=1)
            if placed.kind == "trees"
        ]
        assert truth.performance["trees"][n] == len(trees)
        assert truth.performance["trees_felled"][n] == sum(not IS_LOG[now[cells]].any() for cells in trees)


def test_where_nothing_was_dug_nothing_is_told() -> None:
    worlds = worlds_of("grove", worlds=2)
    events = worlds.events()
    assert not events.remaining.any()
    assert (events.above_base == -1).all()
    assert not events.felled.any()
    assert [events.remaining.dtype, events.above_base.dtype, events.felled.dtype] == [np.int16, np.int16, np.bool_]


def test_a_reward_function_can_pay_for_the_bottom_log_or_for_the_whole_tree() -> None:
    worlds = worlds_of("grove", dig_speed=100.0)
    paid = np.zeros(3)
    for events in aimed(worlds, 160, 5):
        bottom, whole = events.above_base == 0, events.felled
        paid += (bottom.sum(), whole.sum(), (bottom & ~events.digs("group:tree")).sum())
    assert paid[0] > 0
    assert paid[1] > 0
    assert paid[2] == 0


def test_a_log_below_all_original_ones_is_above_none_of_them_and_fells_no_tree(tmp_path: Path) -> None:
    path = tmp_path / "post.yaml"
    path.write_text(
        "name: post\ntitle: P\nsummary: P\nsize: [12, 12, 12]\nground: {kind: flat, height: 3}\nfeatures:\n"
        '  - {kind: structure, layers: [s, s, t], legend: {s: "default:stone", t: "default:tree"}}\n'
        "spawn: {kind: open}\nsteps: 50\n",
        encoding="utf-8",
    )
    worlds = worlds_of(path, dig_speed=100.0)
    x, y, z = worlds.layouts.get(int(worlds.state.layout[0])).layout.placed[0].base
    told = []
    for height in (0, 1, 2):
        worlds.set_node(0, (x, y, z + height), "default:tree")
        put_eye(worlds, 0, 0, (x + 0.5, y - 1.0, z + height + 0.5 - worlds.params.eye), 0.0, 0.0)
        worlds.state.bodies.velocity[:] = 0.0
        events = hold(worlds, DIG)
        assert events.dug_at[0, 0].tolist() == [x, y, z + height]
        told.append((int(events.above_base[0, 0]), int(events.remaining[0, 0]), bool(events.felled[0, 0])))
    assert told == [(-1, 1, False), (-1, 1, False), (0, 0, False)]
