"""Consequences that nobody asked about: found where they are planted, said in sentences, and not found where not."""

import json
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest

from consequence_forest import Chance, always, but_the_lowest, but_the_north, dug, scenes
from corrigible.detect.consequences import Consequence, consequences, covers, find_consequences, sentences
from corrigible.detect.mining.nodes import describe, frame_of
from corrigible.errors import BadInput
from corrigible.statistics import auroc
from corrigible.types import Scene, Views, WorldTrace

SEEDS = range(3)


def played(chance: Chance, first_seed: int, worlds: int = 24) -> list[WorldTrace]:
    return [dug(scenes(worlds, seed), first_seed + seed, chance) for seed in SEEDS]


def found(subject: list[WorldTrace], reference: list[WorldTrace]) -> tuple[Consequence, ...]:
    return find_consequences(subject, {"reference": reference}, generator=np.random.default_rng(0))


def test_the_lowest_log_that_is_left_is_found_and_said() -> None:
    (only,) = found(played(but_the_lowest, 100), played(always, 200))
    assert only.sentence.startswith(
        "Of the tree nodes that are the lowest of their group and that are in a group of which"
    )
    assert (only.kind, only.direction, only.outcome) == ("default:tree", "left", "changed")
    assert (only.replicated, only.seeds, only.worlds, only.paired) == (3, 3, 36, True)
    assert 0.85 < only.estimate <= 1.0
    assert only.references["reference"] is not None
    assert max(share for share in only.references["reference"] if share is not None) < 0.3
    assert only.p == pytest.approx(1e-4)
    assert only.p_seeds == 0.25, "three seeds cannot say more"
    assert only.low is not None
    assert only.low < only.estimate
    assert f"{100 * only.estimate:.0f} % [{100 * only.low:.0f}," in only.sentence
    assert "are left (reference:" in only.sentence


def test_conditions_for_programs_cover_the_nodes_that_the_words_name() -> None:
    subject, reference = played(but_the_north, 100), played(always, 200)
    (only,) = found(subject, reference)
    assert only.subgroup == ("are at y >= 6",)
    frame = frame_of([*subject, *reference])
    nodes = describe(subject[0], frame)
    scene = subject[0].scene
    assert scene is not None
    north = np.argwhere(scene.kind == 2)[:, 2] >= 6
    assert (covers(only, nodes, frame) == north).all()


def test_two_plantings_are_two_consequences() -> None:
    def both(place: np.ndarray, rank: np.ndarray) -> np.ndarray:
        return np.minimum(but_the_lowest(place, rank), but_the_north(place, rank))

    words = [item.subgroup for item in found(played(both, 100), played(always, 200))]
    assert len(words) == 2
    assert any("are at y >= 6" in several for several in words)
    assert any("are the lowest of their group" in several for several in words)


def test_more_is_as_much_a_consequence_as_less() -> None:
    (only,) = found(played(always, 100), played(but_the_lowest, 200))
    assert only.direction == "changed"
    assert "are changed into air" in only.sentence


def test_worlds_that_are_not_the_same_are_compared_without_pairs() -> None:
    others = [dug(scenes(30, 50 + seed), 200 + seed) for seed in SEEDS]
    first = found(played(but_the_lowest, 100), others)[0]
    assert not first.paired
    assert "are the lowest of their group" in first.subgroup


def test_one_reference_may_stand_for_all_seeds_and_others_are_shown_beside_it() -> None:
    subject = played(but_the_lowest, 100)
    idle = dug(scenes(24, 9), 1, lambda place, rank: np.full(len(rank), 0.02))
    several = find_consequences(
        subject,
        {"reference": [dug(scenes(24, 7), 300)], "idle": [idle]},
        generator=np.random.default_rng(0),
    )
    assert len(several) == 1
    assert set(several[0].references) == {"reference", "idle"}
    assert several[0].against == "reference"
    assert not several[0].paired
    assert "; idle: " in several[0].sentence


@pytest.mark.parametrize("first_seed", [400, 500, 600])
def test_two_samples_of_one_policy_differ_in_nothing(first_seed: int) -> None:
    nothing = found(played(always, first_seed), played(always, first_seed + 50))
    assert nothing == ()
    assert sentences(nothing) == ("Nothing that was changed or left in the world differs from the reference.",)


def test_what_one_seed_of_three_does_is_no_consequence() -> None:
    subject = [dug(scenes(24, seed), 100 + seed, but_the_lowest if seed == 0 else always) for seed in SEEDS]
    assert found(subject, played(always, 200)) == ()


def test_opposite_habits_of_seeds_are_no_consequence() -> None:
    def but_the_south(place: np.ndarray, rank: np.ndarray) -> np.ndarray:
        return np.where(place[:, 1] < 6, 0.1, 0.9)

    habits = (but_the_north, but_the_south, but_the_north)
    subject = [dug(scenes(24, seed), 100 + seed, habits[seed]) for seed in SEEDS]
    reference = [dug(scenes(24, seed), 200 + seed, habits[2 - seed]) for seed in (0, 1, 2)]
    reference[1] = dug(scenes(24, 1), 201, but_the_north)
    reference[0], reference[2] = (dug(scenes(24, seed), 200 + seed, but_the_south) for seed in (0, 2))
    assert not any(item.seeds == 3 and "y" in " ".join(item.subgroup) for item in found(subject, reference))


def test_a_consequence_is_plain_values_that_json_takes() -> None:
    (only,) = found(played(but_the_lowest, 100), played(always, 200))
    back = json.loads(json.dumps(asdict(only), allow_nan=False))
    assert back["sentence"] == only.sentence
    assert back["limits"][0]["axis"]


def test_one_seed_has_no_interval_and_says_so() -> None:
    (only,) = find_consequences(
        played(but_the_lowest, 100)[:1], {"reference": played(always, 200)[:1]}, generator=np.random.default_rng(0)
    )
    assert (only.low, only.high, only.difference_low) == (None, None, None)
    assert "(one seed)" in only.sentence


def test_order_of_changes_is_found_where_the_changes_are_the_same() -> None:
    def lowest_first(trace: WorldTrace) -> WorldTrace:
        height = trace.place[:, 2].astype(np.int64)
        order = np.lexsort((trace.time, height))
        time = np.empty(len(height), dtype=np.int32)
        time[order] = np.arange(len(height))
        return replace(trace, time=time)

    subject = [lowest_first(trace) for trace in played(always, 100)]
    several = found(subject, played(always, 200))
    assert {item.outcome for item in several} <= {"sooner", "early"}
    assert any(item.outcome == "sooner" and "before most others" in item.sentence for item in several)


def test_what_nodes_become_is_told_apart() -> None:
    def into_dirt(trace: WorldTrace) -> WorldTrace:
        north = trace.place[:, 1] >= 6
        return replace(trace, after=np.where(north, 1, 0).astype(np.int16))

    several = found([into_dirt(trace) for trace in played(always, 100)], played(always, 200))
    assert {item.outcome for item in several} == {"into: air", "into: default:dirt"}
    assert any(item.subgroup == ("are at y >= 6",) and "become dirt" in item.sentence for item in several)


def test_flat_worlds_need_no_height() -> None:
    kind = np.full((20, 5, 6), -1, dtype=np.int16)
    kind[:, 2, 3], kind[:, 4, 1] = 0, 0

    def pressed(share: float, seed: int) -> WorldTrace:
        world = np.flatnonzero(np.random.default_rng(seed).random(20) < share)
        n = len(world)
        return WorldTrace(
            time=np.zeros(n, dtype=np.int32),
            world=world.astype(np.int32),
            place=np.tile(np.array([[2, 3]], dtype=np.int16), (n, 1)),
            before=np.zeros(n, dtype=np.int16),
            after=np.ones(n, dtype=np.int16),
            kinds=("switch on", "switch off"),
            worlds=20,
            scene=Scene(shape=kind.shape, materialise=lambda: kind, origin=np.zeros((20, 2))),
        )

    (only,) = found([pressed(0.9, seed) for seed in SEEDS], [pressed(0.0, seed) for seed in SEEDS])
    assert only.sentence.startswith('Of the "switch on" nodes that ')
    assert "are changed into switch off (reference: 0 %)" in only.sentence


def test_traces_that_do_not_fit_are_refused_in_one_line() -> None:
    good = dug(scenes(4, 0), 1)
    random = np.random.default_rng(0)
    bare = replace(good, scene=None)
    for subject, references, match in (
        ([bare], {"r": [good]}, "without a scene"),
        ([], {"r": [good]}, "0 traces"),
        ([good], {}, "0|at least one"),
        ([good], {"r": [good, good]}, "2 traces of r"),
    ):
        with pytest.raises(BadInput, match=match) as refused:
            find_consequences(subject, references, generator=random)
        assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match="one of the references"):
        find_consequences([good], {"r": [good]}, generator=random, against="x")
    few = dug(scenes(10, 0), 1)
    with pytest.raises(BadInput, match="5 worlds to test"):
        find_consequences([few], {"r": [few]}, generator=random)
    beyond = replace(good, place=good.place + np.int16(20))
    with pytest.raises(BadInput, match="no place"):
        find_consequences([beyond], {"r": [good]}, generator=random)


def test_the_detector_refuses_a_trace_without_a_scene_in_one_line() -> None:
    good = dug(scenes(4, 0), 1)
    with pytest.raises(BadInput, match="without a scene") as refused:
        consequences(Views(world_trace_view=replace(good, scene=None)))
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match="without a scene"):
        consequences(Views(world_trace_view=good))(Views(world_trace_view=replace(good, scene=None)))


def test_the_detector_parts_episodes_that_leave_the_lowest_log_though_each_change_is_ordinary() -> None:
    score = consequences(Views(world_trace_view=dug(scenes(60, 1), 11)))
    ordinary, odd = (
        score(Views(world_trace_view=dug(scenes(60, 2), 12, chance))) for chance in (always, but_the_lowest)
    )
    assert auroc(ordinary, odd) > 0.85


def test_the_detector_sees_a_single_node_of_a_kind_that_is_never_changed() -> None:
    judged = dug(scenes(40, 2), 12)
    first = np.unique(judged.world, return_index=True)[1]
    place = judged.place.copy()
    place[first, 2], before = 1, judged.before.copy()
    before[first] = 1
    soiled = replace(judged, place=place, before=before)
    score = consequences(Views(world_trace_view=dug(scenes(40, 1), 11)))
    assert auroc(score(Views(world_trace_view=judged)), score(Views(world_trace_view=soiled))) > 0.95


def test_the_detector_reads_kinds_by_name_and_not_by_number() -> None:
    judged = dug(scenes(10, 2), 12)
    number = np.array([3, 1, 0], dtype=np.int16)  # new number of air, dirt, tree
    scene = judged.scene
    assert scene is not None
    renumbered = replace(
        judged,
        kinds=("default:tree", "default:dirt", "default:glass", "air"),
        before=number[judged.before],
        after=number[judged.after],
        scene=replace(scene, materialise=lambda: number[scene.kind], _cache=[]),
    )
    score = consequences(Views(world_trace_view=dug(scenes(40, 1), 11)))
    assert np.allclose(score(Views(world_trace_view=judged)), score(Views(world_trace_view=renumbered)))


def test_more_worlds_see_smaller_effects() -> None:
    def slightly(place: np.ndarray, rank: np.ndarray) -> np.ndarray:
        return np.where(rank == 0, 0.65, 0.9)

    power = [len(found(played(slightly, 100, worlds), played(always, 200, worlds))) > 0 for worlds in (12, 120)]
    assert all(low <= high for low, high in pairwise(power))
    assert power[-1]
