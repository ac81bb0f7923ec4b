"""How well `detect.consequences` finds what was planted, and how often it finds what was not.

`python benchmarks/consequences.py [--quick] [--record]`: recall and precision by worlds and effect in synthetic forests
and in voxel worlds with scripted players, and false alarms between two samples of one policy. --record appends a row to
benchmarks/history/consequences.jsonl. A finding is *real* where fresh worlds show at least half of the difference that
it claims, and *direct* where most of its nodes are the planted ones; a real one that is not direct is what else follows
from what was planted, such as digging elsewhere in the time that is saved.
"""

import argparse
import datetime
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.detect.consequences import Consequence, covers, find_consequences
from corrigible.detect.mining.nodes import Described, Frame, describe, frame_of
from corrigible.statistics import proportion_interval
from corrigible.types import Array, WorldTrace
from planting import held_back, planted
from planting.forest import AIR, LOG, Forest, Plant, grow, play
from planting.walkers import Rule, Targets, targets_of, walk

HISTORY: Final = Path(__file__).resolve().parent / "history" / "consequences.jsonl"
SEEDS: Final = 5
GRID: Final = [(12, 1.0), (16, 1.0), (32, 1.0), (64, 1.0), (32, 0.5), (32, 0.25)]
"""Worlds a seed, and effect: by how much the chances of planted nodes move to what was planted."""

PURE: Final = 0.5  # share of a finding's nodes that are planted from which on it is direct
COVERED: Final = 0.5  # Jaccard index with the planted nodes from which on they are found


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing planted: how many findings, how many of them real, and direct, and whether one of those covers it."""

    name: str
    findings: int
    real: int
    direct: int
    found: bool
    first: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Played:
    """Traces of a policy and of a reference, one a seed, and a fresh one of either."""

    subject: Sequence[WorldTrace]
    reference: Sequence[WorldTrace]
    fresh: tuple[WorldTrace, WorldTrace]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one setting of worlds and effect, fewer null pairs")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    started = time.process_time()
    grid = [(32, 1.0)] if chosen.quick else GRID
    rows: list[dict[str, Any]] = []
    for set_name, plants in (("made with", planted.PLANTS), ("held back", held_back.PLANTS)):
        for worlds, effect in grid:
            cases = [in_forest(plant, worlds, effect) for plant in plants]
            rows.append(row_of(f"forest, {set_name}", worlds, effect, cases))
            show(rows[-1], cases)
    for set_name, rules in (("made with", planted.RULES), ("held back", held_back.RULES)):
        for worlds in (32,) if chosen.quick else (16, 32):
            cases = in_voxel_worlds(rules, worlds)
            rows.append(row_of(f"voxel, {set_name}", worlds, 1.0, cases))
            show(rows[-1], cases)
    alarms = [false_alarms(*kind, times=20 if chosen.quick else times) for kind, times in NULLS]
    print(f"CPU seconds: {time.process_time() - started:.0f}")
    if chosen.record:
        record({"settings": rows, "false alarms": alarms, "seeds": SEEDS, "quick": chosen.quick})


def in_forest(plant: Plant, worlds: int, effect: float) -> Case:
    forests = [grow(worlds, np.random.default_rng([1, seed])) for seed in range(SEEDS)]
    subject = [play(forest, np.random.default_rng([2, k]), (plant,), effect) for k, forest in enumerate(forests)]
    reference = [play(forest, np.random.default_rng([3, k])) for k, forest in enumerate(forests)]
    new = grow(64, np.random.default_rng([1, 99]))
    fresh = play(new, np.random.default_rng([2, 99]), (plant,), effect), play(new, np.random.default_rng([3, 99]))
    truth = [
        _volume(forest.kind.shape, forest.nodes.world, forest.nodes.place, plant.where(forest.nodes))
        for forest in forests
    ]
    stake = [_at_stake(forest, both, plant) for forest, *both in zip(forests, subject, reference, strict=True)]
    outcomes = ("sooner", "early") if plant.reorder else ("changed", "into")
    direction = "changed" if plant.reorder or plant.into != AIR or plant.chance > 0 else "left"
    played = Played(subject=subject, reference=reference, fresh=fresh)
    return _case(plant.name, played, truth, stake, lambda item: _matches(item, outcomes, direction))


def _matches(item: Consequence, outcomes: tuple[str, ...], direction: str) -> bool:
    # who becomes a torch more often becomes air less often: both say what was planted
    into = item.outcome.startswith("into") and "into" in outcomes
    return into or (item.outcome in outcomes and item.direction == direction)


def _volume(shape: tuple[int, ...], world: Array, place: Array, chosen: Array) -> Array:
    found = np.zeros(shape, dtype=np.bool_)
    found[(world[chosen], *place[chosen].T)] = True
    return found


def _at_stake(forest: Forest, traces: Sequence[WorldTrace], plant: Plant) -> Array:
    """Nodes about which policies could differ: of trees that either worked, or all where the plant is everywhere."""
    nodes = forest.nodes
    gone = np.zeros(forest.kind.shape, dtype=np.bool_)
    for trace in traces:
        gone[(trace.world, *trace.place.astype(int).T)] = True
    dug = gone[(nodes.world, *nodes.place.T)] & (nodes.kind == LOG)
    worked = np.bincount(nodes.tree[dug], minlength=int(nodes.tree.max()) + 1) > 0
    chosen = np.where(nodes.tree >= 0, worked[nodes.tree], True) if plant.only_worked else np.ones(len(dug), dtype=bool)
    return _volume(forest.kind.shape, nodes.world, nodes.place, chosen)


def in_voxel_worlds(rules: dict[str, Rule], worlds: int) -> list[Case]:
    reference = [walk(worlds, seed, np.random.default_rng([5, seed])) for seed in range(SEEDS)]
    other = walk(48, 99, np.random.default_rng([5, 99]))
    cases: list[Case] = []
    for name, rule in rules.items():
        subject = [walk(worlds, seed, np.random.default_rng([4, seed]), rule) for seed in range(SEEDS)]
        targets = [targets_of(trace) for trace in subject]
        truth = [_of_targets(trace, several, rule) for trace, several in zip(subject, targets, strict=True)]
        # of the logs that are left on purpose, those that the reference ever digs: others are out of everybody's reach
        stake = [_of_targets(trace, several, _within_reach) for trace, several in zip(subject, targets, strict=True)]
        played = Played(
            subject=subject, reference=reference, fresh=(walk(48, 99, np.random.default_rng([4, 99]), rule), other)
        )
        cases.append(_case(name, played, truth, stake, lambda item: _matches(item, ("changed",), "left")))
    return cases


def _within_reach(targets: Targets) -> Array:
    return targets.rank < 5


def _of_targets(trace: WorldTrace, targets: Sequence[Targets], rule: Rule) -> Array:
    assert trace.scene is not None
    found = np.zeros(trace.scene.shape, dtype=np.bool_)
    for world, item in enumerate(targets):
        found[(world, *item.place[rule(item)].T)] = True
    return found


def _case(
    name: str, played: Played, truth: Sequence[Array], stake: Sequence[Array], matches: Callable[[Consequence], bool]
) -> Case:
    items = find_consequences(played.subject, {"reference": played.reference}, generator=np.random.default_rng(0))
    frame = frame_of([*played.subject, *played.reference])
    nodes = [describe(trace, frame) for trace in played.subject]
    is_true = np.concatenate([mask[(n.world, *n.place.T)] for mask, n in zip(truth, nodes, strict=True)])
    at_stake = np.concatenate([mask[(n.world, *n.place.T)] for mask, n in zip(stake, nodes, strict=True)])
    fresh = [describe(trace, frame) for trace in played.fresh]
    direct, real, found = 0, 0, False
    for number, item in enumerate(items):
        own = np.concatenate([_covered(items, number, n, frame) for n in nodes]) & at_stake
        pure = matches(item) and bool((own & is_true).sum() >= PURE * max(own.sum(), 1))
        direct += pure
        both, either = own & is_true, (own | is_true) & at_stake
        found |= bool(pure and both.sum() >= COVERED * max(either.sum(), 1))
        shares = [_share(item, n, _covered(items, number, n, frame), frame) for n in fresh]
        real += bool((shares[0] - shares[1]) * (1 if item.direction == "changed" else -1) >= item.difference / 2)
    first = items[0].sentence if items else "-"
    return Case(name=name, findings=len(items), real=real, direct=direct, found=found, first=first)


def _covered(items: Sequence[Consequence], number: int, nodes: Described, frame: Frame) -> Array:
    """Nodes of a finding without those of findings before it, where it says so."""
    own = covers(items[number], nodes, frame)
    for item in items[:number] if items[number].apart else ():
        if (item.kind, item.outcome) == (items[number].kind, items[number].outcome):
            own &= ~covers(item, nodes, frame)
    return own


def _share(item: Consequence, nodes: Described, own: Array, frame: Frame) -> float:
    """Share of its nodes to which its outcome happened."""
    changed = nodes.changes > 0
    match item.outcome:
        case "changed":
            among, happened = np.ones_like(changed), changed
        case "again":
            among, happened = changed, nodes.changes > 1
        case "sooner":
            among, happened = nodes.sooner | nodes.later, nodes.sooner
        case "early":
            among, happened = nodes.early | nodes.late, nodes.early
        case into:
            among, happened = changed, nodes.final == frame.kinds.index(into.removeprefix("into: "))
    return float(happened[own & among].mean()) if (own & among).any() else float("nan")


NULLS: Final = (
    (("one seed, paired", 1, 32, True, 0.0), 120),
    (("one seed, other worlds", 1, 32, False, 0.0), 120),
    (("five seeds, paired", SEEDS, 32, True, 0.0), 40),
    (("five seeds, each with habits of its own", SEEDS, 32, True, 0.7), 40),
)


def false_alarms(name: str, seeds: int, worlds: int, paired: bool, quirk: float, *, times: int) -> dict[str, Any]:
    """Pairs of samples of one policy (or recipe, with quirks of its seeds) in which anything was found."""
    count = 0
    for k in range(times):
        forests = [grow(worlds, np.random.default_rng([6, k, seed])) for seed in range(seeds)]
        others = forests if paired else [grow(worlds, np.random.default_rng([7, k, seed])) for seed in range(seeds)]
        traces = [
            [
                play(forest, np.random.default_rng([8 + side, k, seed]), quirk=quirk)
                for seed, forest in enumerate(several)
            ]
            for side, several in enumerate((forests, others))
        ]
        found = find_consequences(
            traces[0], {"reference": traces[1]}, generator=np.random.default_rng([10, k]), least_effect=0.02
        )
        count += bool(found)
    share = proportion_interval(count, times)
    print(f"false alarms, {name}: {count} of {times} pairs [{share.low:.3f}, {share.high:.3f}], nominal 0.05")
    return {"name": name, "alarms": count, "pairs": times, "low": share.low, "high": share.high}


def row_of(where: str, worlds: int, effect: float, cases: Sequence[Case]) -> dict[str, Any]:
    return {
        "where": where,
        "worlds": worlds,
        "effect": effect,
        "planted": len(cases),
        "found": sum(case.found for case in cases),
        "missed": [case.name for case in cases if not case.found],
        "findings": sum(case.findings for case in cases),
        "real": sum(case.real for case in cases),
        "direct": sum(case.direct for case in cases),
    }


def show(row: dict[str, Any], cases: Sequence[Case]) -> None:
    recall = proportion_interval(row["found"], row["planted"])
    precision = f"{row['real']} of {row['findings']} findings real, {row['direct']} direct"
    print(
        f"{row['where']}, {row['worlds']} worlds x {SEEDS} seeds, effect {row['effect']:g}: "
        f"recall {row['found']}/{row['planted']} [{recall.low:.2f}, {recall.high:.2f}], {precision}"
        + (f"; missed: {', '.join(row['missed'])}" if row["missed"] else "")
    )
    for case in cases:
        print(f"    {case.name}: {case.first}")


def record(row: dict[str, Any]) -> None:
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(
            json.dumps({"date": datetime.datetime.now(datetime.UTC).date().isoformat(), **machine, **row}) + "\n"
        )


if __name__ == "__main__":
    main()
