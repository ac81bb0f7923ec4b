"""The scripted planner: it gets what can be got, by the rules of its style, and nothing it does is left to chance."""

import numpy as np
import pytest

from corrigible.agents import planner_kernels, planner_search_kernels, reach_kernels
from corrigible.agents.demonstrations import demonstrations
from corrigible.agents.planner import Planner, RandomPlayer, Style, bottom_logs, reachable_bits, reachable_logs
from corrigible.agents.reach_kernels import Plants
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import JUMP_KEY
from corrigible.sandbox.voxel.actions import action_set, without
from corrigible.sandbox.voxel.events import kinds
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.scenario import Scenario, load_scenario
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import stream
from voxel_small import params as small_params

STYLES: tuple[Style, ...] = ("ground", "stump-then-bottom", "stump-kept")
LOG = kinds("group:tree")
GROVE = EnvParams(scenario="grove", size=(24, 24, 20), tool="default:axe_diamond", steps=900, worlds=64)


def one_tree(folder, height: int) -> Scenario:
    path = folder / f"tree{height}.yaml"
    path.write_text(
        f"""
name: one_tree
title: One tree
summary: A trunk on a meadow.
size: [12, 12, 16]
ground: {{kind: flat, height: 3}}
features:
  - {{kind: trees, count: 1, height: {height}, spacing: 3, radius: 1}}
spawn: {{kind: open, clear: 1}}
tool: "default:axe_diamond"
steps: 150
""",
        encoding="utf-8",
    )
    return load_scenario(path)


class Played:
    """Episodes of a player to their ends, or to `steps`: what was dug, and who stood on what."""

    def __init__(self, worlds: VoxelWorlds, player, steps: int, actions="ten", before_step=None):
        N = worlds.state.worlds
        chosen = action_set(actions)
        keys, turn = np.zeros((N, 1), dtype=np.uint16), np.zeros((N, 1, 2))
        self.dug, self.actions = np.zeros(N, dtype=np.int64), []
        self.above = [set() for _ in range(N)]
        for t in range(steps):
            if before_step is not None:
                before_step(worlds, t)
            act = player.act(worlds)
            chosen.press(act, keys[:, 0], turn[:, 0])
            events = worlds.step(keys, turn)
            self.actions.append(act)
            self.dug += events.digs("group:tree")[:, 0]
            for n in np.flatnonzero(worlds.state.bodies.grounded[:, 0]):
                self.above[n].add(int(node_below(worlds, n)))

    def stood_on_a_log(self):
        return np.array([bool(LOG[list(kinds_met)].any()) for kinds_met in self.above])


def node_below(worlds, n):
    _, Y, Z = worlds.state.nodes.size
    x, y, z = np.floor(worlds.state.bodies.place[n, 0] + (0, 0, 1e-9)).astype(int)
    return worlds.state.nodes.node[n, ((x + 1) * (Y + 2) + y + 1) * (Z + 2) + z]


def begun(params, seed=5):
    worlds = VoxelWorlds(params, seed)
    worlds.begin()
    return worlds


def bottoms_left(worlds, before):
    return [int(LOG[node[bottom]].sum()) for node, bottom in zip(worlds.state.nodes.node, before, strict=True)]


def bottoms_of(worlds):
    plants = Plants(LOG, kinds("group:leaves"))
    return [bottom_logs(node, worlds.state.nodes.size, worlds.kinds.solid, plants) for node in worlds.state.nodes.node]


@pytest.mark.parametrize(("style", "expected"), [("ground", 6), ("stump-then-bottom", 7), ("stump-kept", 6)], ids=str)
def test_of_a_tall_trunk_six_logs_are_reached_from_the_ground_and_a_seventh_from_the_stump(tmp_path, style, expected):
    # eye 1.625 + reach 4 = 5.625: under the sixth log's bottom face (5), not the seventh's (6), unless one node higher
    worlds = begun(EnvParams(scenario=one_tree(tmp_path, 9), worlds=1))
    assert reachable_logs(worlds, 0, style) == expected


def test_a_longer_reach_gets_the_whole_trunk_and_a_shorter_one_less(tmp_path):
    scenario = one_tree(tmp_path, 9)
    counts = [reachable_logs(begun(EnvParams(scenario=scenario, worlds=1, reach=r)), 0, "ground") for r in (2, 4, 8)]
    assert counts[0] < counts[1] < counts[2] == 9


def test_no_log_is_reachable_below_the_lowest_pitch_that_is_allowed(tmp_path):
    worlds = begun(EnvParams(scenario=one_tree(tmp_path, 5), worlds=1, pitch=(0.0, 89.5)))
    assert reachable_logs(worlds, 0, "ground") == 4


@pytest.mark.parametrize("style", STYLES)
def test_one_tree_is_worked_as_the_style_says(tmp_path, style):
    worlds = begun(EnvParams(scenario=one_tree(tmp_path, 7), worlds=3))
    before = bottoms_of(worlds)
    played = Played(worlds, Planner(style), 150)
    assert played.dug.tolist() == [{"ground": 6, "stump-then-bottom": 7, "stump-kept": 6}[style]] * 3
    assert bottoms_left(worlds, before) == [int(style == "stump-kept")] * 3
    assert played.stood_on_a_log().tolist() == [style != "ground"] * 3


def test_without_a_jump_in_the_set_the_ground_is_enough():
    actions = without(action_set("ten"), JUMP_KEY)
    worlds = begun(EnvParams(scenario="grove", size=(24, 24, 20), tool="default:axe_diamond", steps=300, worlds=2))
    reachable = [reachable_logs(worlds, n, "ground", jumps=False) for n in range(2)]
    assert Played(worlds, Planner("ground", actions=actions), 300, actions).dug.tolist() == reachable


def test_the_second_episode_is_played_as_by_a_planner_that_never_met_the_first():
    params = small_params(steps=60)
    one, other = begun(params), begun(params)
    seasoned = Planner("ground")
    Played(one, seasoned, 60)
    one.begin()
    other.begin()
    assert np.array_equal(Played(one, seasoned, 60).actions, Played(other, Planner("ground"), 60).actions)


def test_a_body_that_is_turned_and_put_elsewhere_still_gets_its_logs(tmp_path):
    worlds = begun(EnvParams(scenario=one_tree(tmp_path, 6), worlds=1))

    def disturb(worlds, t):
        if t in (3, 6, 12, 40):
            place, yaw = worlds.state.bodies.place[0, 0], float(worlds.state.bodies.yaw[0, 0])
            away = (1.5, 1.5, 3.0) if t == 40 else place
            worlds.set_body(0, 0, away, yaw + 77.0, float(worlds.state.bodies.pitch[0, 0]))

    assert Played(worlds, Planner("ground"), 150, before_step=disturb).dug.tolist() == [6]


def test_a_world_whose_episode_is_over_or_that_has_no_logs_gets_noop():
    worlds = begun(small_params(steps=2))
    for cell in np.argwhere(LOG[worlds.state.nodes.node[0].reshape(14, 14, 14)[1:-1, 1:-1, 1:-1]]):
        worlds.set_node(0, cell.tolist(), "air")
    noop = action_set("ten").index("noop")
    player = Planner("ground")
    assert player.act(worlds)[0] == noop
    Played(worlds, player, 2)
    assert worlds.state.done.all()
    assert (player.act(worlds) == noop).all()


def test_what_the_planner_cannot_do_is_refused():
    with pytest.raises(BadInput, match="style"):
        Planner("flying")
    with pytest.raises(BadInput, match="style"):
        reachable_logs(begun(small_params()), 0, "flying")
    with pytest.raises(BadInput, match="ancestor"):
        Planner("ground", actions="ancestor")


def test_random_play_follows_its_generator_and_leaves_out_no_action():
    worlds = begun(small_params(worlds=100))
    drawn = [RandomPlayer(stream(3, "random")).act(worlds) for _ in range(2)]
    assert np.array_equal(*drawn)
    assert np.unique(np.stack([drawn[0], RandomPlayer(stream(4, "random")).act(worlds)])).tolist() == list(range(10))


def test_demonstrations_pair_what_is_seen_with_what_the_planner_does_there():
    view = ViewParams(height=16, width=20)
    params = small_params(steps=6)
    made = [
        demonstrations(params, view, Planner("ground"), steps=14, generator=stream(1, "demonstrations"), noise=noise)
        for noise in (0.0, 0.0, 0.9)
    ]
    observations, actions = made[0].flat()
    assert observations.shape == (42, 16, 20, 3)
    assert actions.shape == (42,)
    assert np.flatnonzero(made[0].first.all(axis=1)).tolist() == [0, 6, 12]
    assert np.array_equal(actions, made[1].flat()[1])
    assert np.array_equal(observations, made[1].flat()[0])
    assert not np.array_equal(observations, made[2].flat()[0])
    with pytest.raises(BadInput, match="noise"):
        demonstrations(params, view, Planner("ground"), steps=1, generator=stream(1, "demonstrations"), noise=2.0)


@pytest.mark.slow
def test_compiled_planning_equals_plain_python(monkeypatch):
    def play():
        worlds = begun(small_params(worlds=1, steps=40))
        bits = reachable_bits(worlds, 0, "stump-then-bottom")
        return bits, Played(worlds, Planner("stump-then-bottom"), 40).actions

    compiled = play()
    for module in (reach_kernels, planner_search_kernels, planner_kernels):
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func") and value.__module__.startswith("corrigible.agents"):
                monkeypatch.setattr(module, name, value.py_func)
    monkeypatch.setattr("corrigible.agents.planner.decide", planner_kernels.decide)
    monkeypatch.setattr("corrigible.agents.planner.dig_all", reach_kernels.dig_all)
    monkeypatch.setattr("corrigible.agents.planner.directions", reach_kernels.directions)
    plain = play()
    assert np.array_equal(compiled[0], plain[0])
    assert np.array_equal(compiled[1], plain[1])


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_in_64_groves_the_planner_digs_at_least_95_percent_of_what_is_reachable_its_way(style):
    worlds = begun(GROVE)
    before = bottoms_of(worlds)
    reachable = np.array([reachable_logs(worlds, n, style) for n in range(64)])
    played = Played(worlds, Planner(style), 900)
    assert played.dug.sum() >= 0.95 * reachable.sum()
    left, all_of_them = np.array(bottoms_left(worlds, before)), np.array([bottom.sum() for bottom in before])
    if style == "stump-kept":
        assert np.array_equal(left, all_of_them)
    else:
        assert left.sum() <= 0.05 * all_of_them.sum()
    assert played.stood_on_a_log().any() == (style != "ground")


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_in_branchy_groves_the_planner_digs_at_least_95_percent_of_what_is_reachable_its_way(style):
    worlds = begun(EnvParams(scenario="branchy_grove", tool="default:axe_diamond", steps=900, worlds=16))
    reachable = np.array([reachable_logs(worlds, n, style) for n in range(16)])
    played = Played(worlds, Planner(style), 900)
    assert played.dug.sum() >= 0.95 * reachable.sum()
    assert played.stood_on_a_log().any() == (style != "ground")
