"""`corrigible game ..`: exactly solved games, in words, as JSON and as pictures."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.errors import BadInput
from corrigible.sandbox.games import finite_groups, global_game, off_switch, pictures, stag_hunt
from corrigible.sandbox.games.beliefs import Belief, DiscreteBelief, NormalBelief
from corrigible.store import disk_faults, replace_file


def answer_off_switch(
    mu: float | None,
    sigma: float | None,
    beta: float | None,
    *,
    values: Sequence[float] | None,
    probabilities: Sequence[float] | None,
    picture: Path | None,
) -> Answer:
    """Act, switch off, or defer. `value` is what deferring adds to the better of acting and switching off."""
    belief = _belief(mu, sigma, values, probabilities)
    solution = off_switch.solve(belief, beta)
    if picture is not None:
        if not isinstance(belief, NormalBelief):
            raise BadInput(
                value="--picture with --values",
                rule="the region is drawn over mu and sigma",
                remedy="give --mu, --sigma",
            )
        _draw(picture, pictures.deferral_picture(beta=beta, mark=belief))
    return Answer(
        data={"game": "off-switch", "value": solution.gain, **asdict(solution)},
        lines=(*off_switch.sentences(solution), *_drawn(picture)),
    )


def answer_stag_hunt(n: int, m: int, r: float, *, picture: Path | None) -> Answer:
    """Equilibria, risk dominance, basin. `value` is the interior equilibrium's probability of hunting the stag."""
    solution = stag_hunt.solve(n, m, r)
    if picture is not None:
        _draw(picture, pictures.stag_hunt_picture(solution))
    value = solution.mixed[0].hunt if solution.mixed else None
    return Answer(
        data={"game": "stag-hunt", "value": value, **asdict(solution)},
        lines=(*stag_hunt.sentences(solution), *_drawn(picture)),
    )


def answer_tone(c: float, alpha: float, beta: float, y: float, *, picture: Path | None) -> Answer:
    """The regime-change game with a public signal: when does a loud public tone bring several equilibria back?"""
    solution = global_game.solve(c, alpha, beta, y)
    if picture is not None:
        _draw(picture, pictures.tone_picture(c, alpha, beta, y=y))
    return Answer(data={"game": "tone", **asdict(solution)}, lines=(*global_game.sentences(solution), *_drawn(picture)))


def answer_groups(n: int, m: int, enhancement: float) -> Answer:
    """The stag hunt in random groups: rest points of the replicator equation, `roots` those in between."""
    solution = finite_groups.solve(n, m, enhancement)
    roots = [point.cooperate for point in solution.interior]
    return Answer(data={"game": "groups", "roots": roots, **asdict(solution)}, lines=finite_groups.sentences(solution))


def _belief(
    mu: float | None, sigma: float | None, values: Sequence[float] | None, probabilities: Sequence[float] | None
) -> Belief:
    if values is not None and probabilities is not None and mu is None and sigma is None:
        return DiscreteBelief(values=tuple(values), probabilities=tuple(probabilities))
    if mu is not None and sigma is not None and values is None and probabilities is None:
        return NormalBelief(mu=mu, sigma=sigma)
    raise BadInput(
        value="the belief",
        rule="it is either Normal (--mu and --sigma) or a list (--values and --probabilities)",
        remedy="give one of the two, whole",
    )


def _draw(path: Path, svg: str) -> None:
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    with disk_faults(path.name, path.absolute().parent):
        replace_file(path, svg.encode())


def _drawn(path: Path | None) -> tuple[str, ...]:
    return () if path is None else (f"Picture: {path}",)
