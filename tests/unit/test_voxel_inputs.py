"""What the voxel worlds refuse: one line each, which names the value, the rule and a remedy; and nothing is changed."""

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.voxel import params as voxel_params
from corrigible.sandbox.voxel.events import TraceLog, kinds, logs, paid_by
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.view_kernels import Buffers
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams, paste_item
from voxel_reference.staging import GROUND, PLAIN, hold, put_blocks, worlds_of


def refused(call, *words):
    """Call it; it must be refused in one line that has those words."""
    with pytest.raises(BadInput) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    assert caught.value.value
    assert caught.value.rule
    assert caught.value.remedy
    for word in words:
        assert word in said, said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("worlds", 0),
        ("worlds", -3),
        ("worlds", 2.5),
        ("worlds", 1 << 30),
        ("worlds", "64"),
        ("worlds", True),
        ("agents", 0),
        ("agents", 17),
        ("layouts", 0),
        ("ticks", 0),
        ("ticks", 101),
        ("ticks", 1.5),
        ("threads", 0),
        ("dt", 0.0),
        ("dt", 9e-5),
        ("dt", 0.2501),
        ("dt", float("nan")),
        ("dt", float("inf")),
        ("dt", None),
        ("reach", -1.0),
        ("reach", 65.0),
        ("day", -1.0),
        ("day", float("nan")),
        ("steps", 0),
        ("steps", 10.5),
        ("hour", -0.1),
        ("hour", 24.1),
        ("hour", 10**400),
        ("size", (8, 8)),
        ("size", (8, 8, 7)),
        ("size", (65, 8, 8)),
        ("size", (8, 8.5, 8)),
        ("eye", 0.0),
        ("eye", 1.77),
        ("eye", float("nan")),
        ("dig_speed", 0.0),
        ("dig_speed", 101.0),
        ("pitch", (-90.0, 0.0)),
        ("pitch", (0.0, 89.6)),
        ("pitch", (10.0, -10.0)),
        ("pitch", (float("nan"), 10.0)),
        ("pitch", (0.0,)),
        ("pitch", 30.0),
        ("pitch", [-30.0, 30.0]),
        ("start_pitch", (-89.6, 0.0)),
        ("start_pitch", (20.0, 10.0)),
        ("start_pitch", ("0", 10.0)),
    ],
)
def test_params_out_of_range_are_refused_by_name(field, value):
    refused(lambda: EnvParams(**{field: value}), field)


def test_a_first_pitch_outside_the_range_of_pitch_is_refused():
    refused(lambda: EnvParams(pitch=(-30.0, 30.0), start_pitch=(-31.0, 0.0)), "start_pitch", "[-30, 30]")
    refused(lambda: EnvParams(pitch=(10.0, 30.0)), "start_pitch = 0.0", "[10, 30]")
    assert EnvParams(pitch=(10.0, 30.0), start_pitch=(10.0, 30.0)).start_pitch == (10.0, 30.0)


def test_a_body_is_not_made_to_look_where_it_cannot():
    worlds = worlds_of(pitch=(-30.0, 45.0))
    for pitch in (-30.5, 46.0):
        refused(lambda pitch=pitch: worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0, pitch), "pitch in [-30, 45]")
    for pitch in (-30.0, 45.0):
        worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0, pitch)
        assert worlds.state.bodies.pitch[0, 0] == pitch


@pytest.mark.parametrize("dt", [1e-4, 0.25])
def test_the_ends_of_the_range_of_dt_are_in_it(dt):
    assert EnvParams(dt=dt, ticks=100, agents=16, worlds=1).seconds == pytest.approx(100 * dt)


def test_worlds_that_do_not_fit_into_memory_are_refused_with_what_they_need(monkeypatch):
    params = EnvParams(worlds=1000, size=(64, 64, 64))
    monkeypatch.setattr(voxel_params, "available_memory", lambda: 10**6)
    refused(lambda: VoxelWorlds(params), "GB", "1000 worlds of 64 x 64 x 64")
    monkeypatch.setattr(voxel_params, "available_memory", lambda: None)
    assert params.memory() > 1000 * 66**3


def test_scenarios_tools_and_seeds_that_do_not_exist_are_refused():
    refused(lambda: VoxelWorlds(EnvParams(scenario="grofe")), "grofe", "grove")
    refused(lambda: VoxelWorlds(EnvParams(scenario="nowhere/at/all.yaml")), "nowhere")
    refused(lambda: VoxelWorlds(EnvParams(tool="spoon")), "spoon", "hand")
    for seed in (-1, 1 << 64):
        refused(lambda seed=seed: VoxelWorlds(EnvParams(worlds=1), seed=seed), str(seed))


def test_more_agents_than_places_to_begin_are_refused():
    worlds = VoxelWorlds(EnvParams(scenario="two_rooms", worlds=1, agents=16))
    refused(worlds.begin, "16 agents")


@pytest.mark.parametrize("worlds", [[0], np.array([0, 1]), np.array([True]), np.array([[True, False]]), 1])
def test_begin_takes_a_mask_and_no_numbers(worlds):
    refused(lambda: worlds_of(worlds=2).begin(worlds), "(2,) of bool")


@pytest.mark.parametrize(
    ("keys", "turn", "word"),
    [
        (np.zeros((2, 1)), np.zeros((2, 1, 2)), "(1, 1)"),
        (np.zeros(1), np.zeros((1, 1, 2)), "(1, 1)"),
        (np.zeros((1, 1)), np.zeros((1, 1)), "(1, 1, 2)"),
        (np.zeros((1, 1)), np.full((1, 1, 2), np.nan), "finite"),
        (np.zeros((1, 1)), np.full((1, 1, 2), np.inf), "finite"),
        (np.full((1, 1), -1), np.zeros((1, 1, 2)), "keys -1"),
        (np.full((1, 1), 1 << 16), np.zeros((1, 1, 2)), "keys 65536"),
        (np.full((1, 1), 1.5), np.zeros((1, 1, 2)), "keys 1.5"),
        (np.full((1, 1), np.nan), np.zeros((1, 1, 2)), "keys nan"),
    ],
)
def test_actions_that_do_not_fit_are_refused_and_nothing_moves(keys, turn, word):
    worlds = worlds_of()
    before = worlds.snapshot()
    refused(lambda: worlds.step(keys, turn), word)
    assert all((worlds.snapshot().rows[name] == rows).all() for name, rows in before.rows.items())


def test_keys_of_any_integer_type_mean_the_same():
    found = []
    for kind in (np.uint16, np.int64, np.float64):
        worlds = worlds_of(seed=2)
        for _ in range(5):
            worlds.step(np.full((1, 1), 1 | 16, dtype=kind), np.zeros((1, 1, 2)))
        found.append(worlds.state.bodies.place.tobytes())
    assert len(set(found)) == 1


@pytest.mark.parametrize("which", [[2], [-1], np.array([True, False]), [0.5], [[0, 1]], 1, ["a"]], ids=str)
def test_worlds_to_copy_are_named_by_their_numbers(which):
    worlds = worlds_of(worlds=2)
    refused(lambda: worlds.snapshot(which), "0 to 1")
    refused(lambda: worlds.restore(worlds.snapshot([0]), which), "0 to 1")


def test_a_snapshot_that_does_not_fit_is_refused_and_changes_nothing():
    worlds = worlds_of(worlds=2)
    before = worlds.snapshot()
    refused(lambda: worlds.restore(worlds.snapshot([0]), [0, 1]), "equal params")
    refused(lambda: worlds.restore(worlds_of(size=(17, 16, 16)).snapshot(), [0]), "(17, 16, 16)")
    refused(lambda: worlds.restore(worlds_of(agents=2).snapshot(), [0]), "equal params")
    assert all((worlds.snapshot().rows[name] == rows).all() for name, rows in before.rows.items())


def test_no_worlds_can_be_copied_and_put_back():
    worlds = worlds_of(worlds=2)
    assert worlds.snapshot([]).worlds == 0
    worlds.restore(worlds.snapshot([]), [])


@pytest.mark.parametrize(
    ("world", "cell"), [(1, (1, 1, 1)), (-1, (1, 1, 1)), (0, (16, 1, 1)), (0, (1, -1, 1)), (0, (1, 1, 16))]
)
def test_no_node_is_set_outside_of_the_world(world, cell):
    refused(lambda: worlds_of().set_node(world, cell, "air"), "cells below (16, 16, 16)")


def test_a_node_of_no_known_name_is_not_set():
    refused(lambda: worlds_of().set_node(0, (1, 1, 1), "default:cheese"), "cheese")


@pytest.mark.parametrize(
    ("agent", "place", "yaw", "pitch", "word"),
    [
        (0, (8.5, 8.5, GROUND - 0.1), 0.0, 0.0, "fit between solid nodes"),
        (0, (0.2, 8.5, GROUND), 0.0, 0.0, "fit between solid nodes"),
        (0, (8.5, 8.5, 14.3), 0.0, 0.0, "fit between solid nodes"),
        (0, (8.9, 9.5, GROUND), 0.0, 0.0, "fit between solid nodes"),
        (0, (np.nan, 8.5, GROUND), 0.0, 0.0, "nan"),
        (0, (np.inf, 8.5, GROUND), 0.0, 0.0, "inf"),
        (0, (8.5, 8.5), 0.0, 0.0, "fit between solid nodes"),
        (0, (8.5, 8.5, GROUND), np.nan, 0.0, "yaw nan"),
        (0, (8.5, 8.5, GROUND), 0.0, 90.0, "pitch 90"),
        (1, (8.5, 8.5, GROUND), 0.0, 0.0, "agents below 1"),
        (-1, (8.5, 8.5, GROUND), 0.0, 0.0, "agents below 1"),
    ],
)
def test_a_body_is_put_only_where_it_fits(agent, place, yaw, pitch, word):
    worlds = worlds_of()
    put_blocks(worlds, {(9, 9, GROUND): "default:stone"})
    before = worlds.snapshot()
    refused(lambda: worlds.set_body(0, agent, place, yaw, pitch), word)
    assert all((worlds.snapshot().rows[name] == rows).all() for name, rows in before.rows.items())


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"height": 7}, "height"),
        ({"width": 4097}, "width"),
        ({"height": 64.5}, "height"),
        ({"field": 19.9}, "field"),
        ({"field": 131.0}, "field"),
        ({"field": float("nan")}, "field"),
        ({"far": 3.0}, "far"),
        ({"stack": 0}, "stack"),
        ({"stack": 1.5}, "stack"),
        ({"item": "upside down"}, "upside down"),
        ({"height": 8, "width": 8}, "held item"),
        ({"height": 513, "width": 64}, "held item"),
    ],
)
def test_views_out_of_range_are_refused_by_name(fields, word):
    refused(lambda: ViewParams(**fields), word)


def test_small_and_large_views_can_be_had_without_a_held_item():
    for side in (8, 513):
        assert Viewer(ViewParams(height=side, width=side, item="hidden")).buffers(1, 1).rgb.shape[2] == side


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [
        ("rgb", (1, 1, 16, 17, 3), np.uint8),
        ("rgb", (1, 1, 16, 16, 3), np.float32),
        ("rgb", (1, 1, 16, 16), np.uint8),
        ("distance", (1, 1, 8, 8), np.float32),
        ("distance", (1, 1, 16, 16), np.float64),
        ("distance", (1, 1, 0, 0), np.float32),
        ("kind", (1, 2, 16, 16), np.uint8),
        ("kind", (1, 1, 16, 16), np.int64),
    ],
)
def test_buffers_that_do_not_fit_are_refused_and_not_written_past_their_ends(name, shape, kind):
    worlds, viewer = worlds_of(), Viewer(ViewParams(height=16, width=16, distance=True, kind=True))
    buffers: Buffers = viewer.buffers(1, 1)._replace(**{name: np.zeros(shape, dtype=kind)})
    refused(lambda: viewer.draw(worlds.state, worlds.record, buffers), f"buffer {name}")


def test_kinds_that_do_not_exist_are_refused_with_those_that_do():
    refused(lambda: kinds("default:cheese"), "cheese", "default:tree")
    refused(lambda: kinds("group:cheese"), "cheese", "group:tree")
    logs_by_name = ("default:tree", "default:pine_tree", "corrigible:hollow_tree")
    assert np.flatnonzero(kinds("group:tree")).tolist() == [node_table().id(name) for name in logs_by_name]


@pytest.mark.parametrize(
    ("reward", "word"),
    [
        (lambda events: 0.0, "shape ()"),
        (lambda events: events.dug[0], "shape (1,)"),
        (lambda events: np.full(events.dug.shape, np.nan), "finite"),
        (lambda events: np.full(events.dug.shape, np.inf), "finite"),
    ],
)
def test_rewards_of_the_wrong_shape_or_not_finite_are_refused(reward, word):
    events = hold(worlds_of(worlds=2), 0)
    refused(lambda: paid_by(reward, events), word)
    assert paid_by(logs, events).tolist() == [[0.0], [0.0]]


def test_events_that_are_kept_are_copied():
    worlds = worlds_of(tool="default:shovel_steel", ticks=20)
    worlds.set_node(0, (8, 10, 3), "default:dirt")
    worlds.set_body(0, 0, (8.5, 8.5, 2.0), 0.0)
    events = hold(worlds, 64)
    kept = events.copy()
    assert kept.digs("group:soil")[0, 0]
    hold(worlds, 0)
    assert kept.dug[0, 0]
    assert not events.dug[0, 0]
    assert not events.dug_at.any()


def test_the_trace_holds_every_change_in_order_and_who_did_it_is_not_in_it():
    worlds = worlds_of(PLAIN, worlds=2, tool="default:shovel_steel", ticks=20)
    log = TraceLog(2)
    for n in range(2):
        worlds.set_node(n, (8, 10, 3), "default:sand")
        worlds.set_body(n, 0, (8.5, 8.5, 2.0), 0.0)
    for time, keys in enumerate((64, 0, 128)):
        hold(worlds, keys)
        log.add(time, worlds.record)
        if time == 1:
            worlds.set_node(0, (8, 11, 3), "default:stone")
    trace = log.trace()
    sand, dirt = node_table().id("default:sand"), node_table().id("default:dirt")
    assert trace.time.tolist() == [0, 0, 2]
    assert trace.world.tolist() == [0, 1, 0]
    assert trace.place.tolist() == [[8, 10, 3], [8, 10, 3], [8, 10, 3]]
    assert list(zip(trace.before, trace.after, strict=True)) == [(sand, 0), (sand, 0), (0, dirt)]
    assert set(vars(trace)) == {"time", "world", "place", "before", "after", "kinds", "worlds", "scene"}


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_item_pasted_over_bare_views_gives_what_is_drawn_with_it(mirrored):
    bare, shown = (
        ViewParams(height=48, width=64, item=item) for item in ("hidden", "mirrored" if mirrored else "shown")
    )
    drawn = []
    for view in (bare, shown):
        worlds = VoxelWorlds(EnvParams(worlds=2, layouts=2), seed=5)
        worlds.begin()
        viewer = Viewer(view)
        buffers = viewer.buffers(2, 1)
        viewer.draw(worlds.state, worlds.record, buffers)
        drawn.append(buffers.rgb.copy())
    before = drawn[0].copy()
    pasted = paste_item(drawn[0], worlds.params.loaded.tool, mirrored=mirrored)
    assert (pasted == drawn[1]).all()
    assert (drawn[0] == before).all()
    assert (pasted != before).any()


def test_an_item_is_pasted_over_coloured_views_only():
    refused(lambda: paste_item(np.zeros((48, 64), np.uint8), "hand"), "(..., H, W, 3)")
    refused(lambda: paste_item(np.zeros((48, 64, 3)), "hand"), "uint8")
    refused(lambda: paste_item(np.zeros((48, 64, 3), np.uint8), "sword"))
