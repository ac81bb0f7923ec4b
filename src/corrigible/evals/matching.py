"""Items of two evals matched by difficulty: strata in which both have items of about the same difficulty.

Coarsened exact matching (Iacus, King & Porro 2012, Political Analysis 20:1): difficulties are cut at quantiles of both
evals together, and what falls into a part where the other eval has nothing is left out, and counted. The difficulty
must come from elsewhere than from the model that is judged: from people, or from other models. `corrigible gap match`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, TypeAlias

import numpy as np

from corrigible.errors import BadInput
from corrigible.evals.gap import Results, Score, Stratum
from corrigible.statistics.samples import whole

Eval: TypeAlias = Literal["public", "held_out"]
EVALS: Final[tuple[Eval, ...]] = ("public", "held_out")
KEYS: Final = ("eval", "difficulty", "right")
MOST_BYTES: Final = 1 << 26
MOST_STRATA: Final = 100
LARGEST: Final = 1e300


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One item: of which eval, how difficult (any finite number, greater is harder), whether it was answered right."""

    eval: Eval
    difficulty: float
    right: bool


@dataclass(frozen=True, kw_only=True)
class Matched:
    """results: by strata, from easy to hard. left_out: items of (public, held-out) that had no match."""

    results: Results
    left_out: tuple[int, int]


def read_answered(path: Path) -> tuple[Answered, ...]:
    """Read `{"eval": "public", "difficulty": 0.3, "right": true}`, one a line; "eval" is public or held_out.

    Raises:
        BadInput: it cannot be read, is larger than 64 MiB, or a line breaks the form; names the line.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise BadInput(
            value=str(path), rule=f"it must be a file that can be read ({error.strerror})", remedy="give another path"
        ) from error
    if size > MOST_BYTES:
        raise BadInput(value=f"{path}, {size} bytes", rule=f"at most {MOST_BYTES}", remedy="give fewer items")
    found = tuple(_items(data, str(path)))
    for name in EVALS:
        if not any(item.eval == name for item in found):
            raise BadInput(value=f"{path} without {name}", rule="both evals need items", remedy="write items of both")
    return found


def match(
    items: Sequence[Answered], *, smallest: float, strata: int = 5, level: float = 0.95, power: float = 0.8
) -> Matched:
    """Cut at `strata` quantiles of difficulty; parts with items of one eval alone are left out.

    Raises:
        BadInput: strata outside 1 .. 100, a share out of its range, or no part with items of both evals.
    """
    number = whole(strata, name="strata", least=1)
    if number > MOST_STRATA:
        raise BadInput(value=f"strata = {number}", rule=f"at most {MOST_STRATA}", remedy="give fewer")
    difficulty = np.array([item.difficulty for item in items])
    cuts = np.unique(np.quantile(difficulty, np.arange(1, number) / number)) if number > 1 else np.empty(0)
    part = np.searchsorted(cuts, difficulty, side="right")
    public = np.array([item.eval == "public" for item in items])
    right = np.array([item.right for item in items])
    kept, left = list[Stratum](), [0, 0]
    for place in range(cuts.size + 1):
        here = [(part == place) & side for side in (public, ~public)]
        counts = [int(side.sum()) for side in here]
        if not all(counts):
            left = [before + count for before, count in zip(left, counts, strict=True)]
            continue
        scores = [Score(correct=int(right[side].sum()), items=n) for side, n in zip(here, counts, strict=True)]
        low, high = (float(f(difficulty[part == place])) for f in (np.min, np.max))
        kept.append(
            Stratum(stratum=f"{place + 1}: difficulty {low:.4g} to {high:.4g}", public=scores[0], held_out=scores[1])
        )
    if not kept:
        raise BadInput(
            value=f"{number} strata", rule="none holds items of both evals", remedy="give fewer, or other items"
        )
    results = Results.checked(smallest=smallest, level=level, power=power, strata=tuple(kept))
    return Matched(results=results, left_out=(left[0], left[1]))


def _items(data: bytes, file: str) -> Iterator[Answered]:
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{file} line {number}"
        try:
            found: Any = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or found.keys() != set(KEYS):
            _refuse(f"{where}: {line[:60]!r}", f"a line is one object with the keys {', '.join(KEYS)}")
        name, difficulty, right = (found[key] for key in KEYS)
        if name not in EVALS:
            _refuse(f"{where}: eval = {name!r:.60}", "it is public or held_out")
        if type(difficulty) not in (int, float) or not abs(difficulty) <= LARGEST:
            _refuse(f"{where}: difficulty = {difficulty!r:.60}", "it is a finite number")
        if type(right) is not bool:
            _refuse(f"{where}: right = {right!r:.60}", "it is true or false")
        yield Answered(eval=name, difficulty=float(difficulty), right=right)


def _refuse(value: str, rule: str) -> NoReturn:
    raise BadInput(value=value, rule=rule, remedy="mend the line, or the program that writes it")
