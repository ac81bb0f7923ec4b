"""`corrigible race ..`: races between control and speed, in words, as JSON and as pictures."""

from dataclasses import asdict
from pathlib import Path

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.sandbox.games import race_capabilities, race_evidence, race_pictures, races
from corrigible.sandbox.games.inputs import count
from corrigible.sandbox.games.race_evidence import Evidence, Outcome
from corrigible.sandbox.games.races import Equilibrium, RaceParams
from corrigible.seeding import stream
from corrigible.store import disk_faults, replace_file


def answer_effort(race: RaceParams, *, labs: int, seed: int, picture: Path | None) -> Answer:
    """All equilibria of two labs; where `labs` equal ones end by better replies beside the exact effort."""
    labs = count("labs", labs, least=2, most=200)
    found = races.solve(race)
    learned = races.learn(race, labs, stream(count("seed", seed, least=0, most=2**31 - 1), "race", labs))
    exact = races.symmetric_effort(race, labs)
    if picture is not None:
        _draw(picture, race_pictures.effort_picture(race))
    rows = [_row(item) for item in found.equilibria]
    header = ("control of the first", "of the second", "the first wins", "disaster", "payoffs")
    listed = table(header, rows) if rows else ("No equilibrium was found, pure or mixed over few efforts.",)
    interior = "" if found.interior is None else f"; continuous efforts: both {found.interior:.4g}"
    return Answer(
        data={
            **asdict(found),
            "labs": labs,
            "learned": [float(effort) for effort in learned],
            "symmetric": exact,
        },
        lines=(
            *listed,
            "",
            f"Best for both together: {found.best[0]:.4g} and {found.best[1]:.4g}, disaster {found.best_risk:.4g}; "
            f"without any control {found.careless_risk:.4g}{interior}.",
            f"{labs} equal labs that reply to each other end at {learned.min():.4g} to {learned.max():.4g} "
            f"on the grid; exactly {exact:.4g} in continuous efforts.",
            *_drawn(picture),
        ),
    )


def answer_pause(race: RaceParams, *, picture: Path | None) -> Answer:
    """Cheap talk and verification, against the riskiest equilibrium of the race."""
    found = races.pause(race)
    if picture is not None:
        _draw(picture, race_pictures.pause_picture(race))
    talk = (
        "A promise is enough: full control is an equilibrium of the race itself."
        if found.words
        else "A promise that nobody can check changes nothing: somebody gains by breaking it while the other keeps it."
    )
    if found.needed is None:
        held = "No verification is enough: somebody does better in the race than in the pause."
    else:
        held = f"It holds if a breach is seen in time with a chance of at least {found.needed:.4g}."
    signed = "Both prefer it to the race." if found.signed else "One of them prefers the race, and does not sign."
    return Answer(
        data=asdict(found),
        lines=(
            f"Racing: disaster {found.risk[0]:.4g}, payoffs {_pair(found.racing)}. "
            f"Pause: disaster {found.risk[1]:.4g}, payoffs {_pair(found.agreed)}.",
            f"Breaking it unseen pays {_pair(found.tempted)}.",
            talk,
            f"{signed} {held}",
            *_drawn(picture),
        ),
    )


def answer_evidence(race: RaceParams, evidence: Evidence, *, picture: Path | None) -> Answer:
    """Three regimes of evidence about the danger."""
    found = race_evidence.solve(race, evidence)
    if picture is not None:
        _draw(picture, race_pictures.evidence_picture(race, evidence))
    rows = [_outcome(name, item) for name, item in (("none", found.none), ("own", found.own), ("shared", found.shared))]
    return Answer(
        data={"evidence": asdict(evidence), "expected": evidence.expected, **asdict(found)},
        lines=(
            f"Danger {evidence.low:g} or {evidence.high:g}, expected {evidence.expected:.4g}; "
            f"signs are right {100 * evidence.accuracy:.4g} % of the time.",
            "",
            *table(("evidence", "disaster, safest", "riskiest", "equilibria", "control, first lab"), rows),
            "",
            *race_evidence.sentences(found),
            *_drawn(picture),
        ),
    )


def answer_capability(labs: int, spread: float, enmity: float, *, picture: Path | None) -> Answer:
    """Risk by what is known of capability."""
    race = race_capabilities.CapabilityRace(labs=labs, spread=spread, enmity=enmity)
    risks = race_capabilities.solve(race)
    if picture is not None:
        _draw(picture, race_pictures.capability_picture(race))
    return Answer(
        data={**asdict(race), **asdict(risks)},
        lines=(*race_capabilities.sentences(race, risks), *_drawn(picture)),
    )


def _row(item: Equilibrium) -> tuple[str, ...]:
    mixed = " (mean)" if item.mixed else ""
    first, second = (f"{effort:.4g}{mixed}" for effort in item.efforts)
    return first, second, f"{item.wins[0]:.4f}", f"{item.risk:.4f}", _pair(item.payoffs)


def _outcome(name: str, item: Outcome) -> tuple[str, ...]:
    if item.safest is None or item.riskiest is None:
        return name, "-", "-", str(item.equilibria), "no pure equilibrium"
    efforts = " / ".join(f"{effort:.3g}" for effort in item.efforts)
    return name, f"{item.safest:.4f}", f"{item.riskiest:.4f}", str(item.equilibria), efforts


def _pair(values: tuple[float, float]) -> str:
    return f"{values[0]:.4f} and {values[1]:.4f}"


def _draw(path: Path, svg: str) -> None:
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    with disk_faults(
        path.name, path.absolute().parent, retry="draw it again", elsewhere="name another file with --picture"
    ):
        replace_file(path, svg.encode())


def _drawn(path: Path | None) -> tuple[str, ...]:
    return () if path is None else (f"Picture: {path}",)
