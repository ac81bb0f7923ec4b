"""Pictures of races: risk over enmity, over what is known of capability and of the danger, and what a pause needs."""

from dataclasses import replace

import numpy as np

from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, Axes, Entry, picture
from corrigible.sandbox.games.race_capabilities import CapabilityRace
from corrigible.sandbox.games.race_capabilities import solve as solve_capabilities
from corrigible.sandbox.games.race_evidence import Evidence, smooth_risk
from corrigible.sandbox.games.races import RaceParams, pause, solve, symmetric_effort

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#555d67")
LABS = (2, 3, 10)
POINTS = 81


def effort_picture(race: RaceParams) -> str:
    """SVG of the risk of equal labs in continuous efforts against enmity, for 2, 3 and 10 labs; dots: this grid."""
    enmities = np.linspace(0.0, 1.0, POINTS)
    axes = Axes(x_low=0.0, x_high=1.0, y_low=0.0, y_high=race.danger)
    body = [axes.frame("enmity", "chance of disaster")]
    legend: list[Entry] = []
    for labs, colour in zip(LABS, COLOURS, strict=False):
        risks = [race.danger * (1 - symmetric_effort(replace(race, enmity=float(e)), labs)) for e in enmities]
        body.append(axes.curve(zip(enmities.tolist(), risks, strict=True), colour=colour))
        legend.append(Entry(swatch="line", colour=colour, text=f"{labs} equal labs"))
    body += [axes.dot(race.enmity, found.risk, filled=False, colour=INK) for found in solve(race).equilibria]
    legend.append(Entry(swatch="ring", colour=INK, text="this race of two, on its grid"))
    return picture(title="More labs, more enmity, more risk", description="risk", legend=legend, body=body)


def capability_picture(race: CapabilityRace) -> str:
    """SVG of the risk against the spread of capabilities, by what is known; a dotted line at this race's spread."""
    last = max(3.0, 1.2 * race.spread)
    spreads = np.linspace(last / POINTS, last, POINTS)
    risks = [solve_capabilities(replace(race, spread=float(spread))) for spread in spreads]
    axes = Axes(x_low=0.0, x_high=last, y_low=0.0, y_high=1.0)
    body = [axes.frame("spread of capabilities, in costs of full safety", "chance of disaster")]
    legend: list[Entry] = []
    for colour, text, values in (
        (COLOURS[0], "nothing is known", [item.none for item in risks]),
        (COLOURS[2], "each knows its own", [item.own for item in risks]),
        (COLOURS[1], "all know all", [item.all for item in risks]),
    ):
        body.append(axes.curve(zip(spreads.tolist(), values, strict=True), colour=colour))
        legend.append(Entry(swatch="line", colour=colour, text=text))
    if race.enmity < 1:
        worst = zip(spreads.tolist(), [item.all_worst for item in risks], strict=True)
        body.append(axes.curve(worst, colour=COLOURS[1], dashes="5 4"))
        legend.append(Entry(swatch="dashes", colour=COLOURS[1], text="all know all, at worst"))
    body.append(axes.curve([(race.spread, 0.0), (race.spread, 1.0)], colour=MUTED, width=1.0, dashes="2 3"))
    return picture(title="Knowing more can be riskier", description="risk by knowledge", legend=legend, body=body)


def evidence_picture(race: RaceParams, evidence: Evidence) -> str:
    """SVG of equal labs' risk against the danger that they believe in; dots: before evidence and after it is shared."""
    level = replace(race, lead=0.0)
    dangers = np.linspace(0.0, 1.0, 201)[1:]
    risks = [smooth_risk(level, float(danger)) for danger in dangers]
    axes = Axes(x_low=0.0, x_high=1.0, y_low=0.0, y_high=max(*risks, 0.1))
    believed = [(chance, danger) for chance, danger in evidence.believed() if chance > 0]
    after = sum(chance * smooth_risk(level, danger) for chance, danger in believed)
    body = [
        axes.frame("danger that both believe in", "chance of disaster"),
        axes.curve(zip(dangers.tolist(), risks, strict=True), colour=ACCENT),
        *(axes.dot(danger, smooth_risk(level, danger), filled=False, colour=COLOURS[1]) for _, danger in believed),
        axes.dot(evidence.expected, smooth_risk(level, evidence.expected), colour=INK),
        axes.dot(evidence.expected, after, colour=COLOURS[1]),
    ]
    legend = (
        Entry(swatch="line", colour=ACCENT, text="equilibrium of equal labs"),
        Entry(swatch="dot", colour=INK, text="no evidence"),
        Entry(swatch="ring", colour=COLOURS[1], text="after shared evidence"),
        Entry(swatch="dot", colour=COLOURS[1], text="their mean"),
    )
    return picture(title="What shared evidence does", description="risk by danger", legend=legend, body=body)


def pause_picture(race: RaceParams) -> str:
    """SVG of the chance of detection that a pause needs, and of the risk without one, against enmity."""
    needed: list[tuple[float, float]] = []
    risks: list[tuple[float, float]] = []
    for enmity in np.linspace(0.02, 1.0, 50):
        there = replace(race, enmity=float(enmity))
        if not solve(there).equilibria:
            continue
        found = pause(there)
        risks.append((float(enmity), found.risk[0]))
        if found.needed is not None:
            needed.append((float(enmity), found.needed))
    axes = Axes(x_low=0.0, x_high=1.0, y_low=0.0, y_high=1.0)
    body = [
        axes.frame("enmity", "chance"),
        axes.curve(risks, colour=COLOURS[1]),
        *(axes.dot(x, y, colour=COLOURS[0], filled=False) for x, y in needed),
    ]
    legend = (
        Entry(swatch="line", colour=COLOURS[1], text="disaster in the race (riskiest)"),
        Entry(swatch="ring", colour=COLOURS[0], text="least chance to see a breach"),
    )
    return picture(title="What a pause needs to hold", description="detection by enmity", legend=legend, body=body)
