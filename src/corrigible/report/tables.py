"""Markdown tables for the README, written from folded evidence between markers, so that text cannot drift from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from corrigible.errors import BadInput
from corrigible.report.numbers import UNKNOWN, decimals_of, interval, limited, number, unit_of
from corrigible.types import Measurement, VerdictWord

NOTHING: Final = UNKNOWN
NAMED_IN_HEAD: Final = frozenset({"bits", "share of episodes"})
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]|~])")


@dataclass(frozen=True, kw_only=True)
class FailureRow:
    """One experiment. reference, failure, remedied: the headline metric; gain: the best remedy's, in bits.

    `evidence` is a path relative to the README, or empty.
    """

    experiment: str
    failure_mode: str
    metric: str
    reference: Measurement | None
    failure: Measurement | None
    best_remedy: str = ""
    remedied: Measurement | None = None
    gain: Measurement | None = None
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """One claim with its verdict, why, and the experiments that judge it."""

    number: int
    sentence: str
    source: str
    word: VerdictWord
    because: str
    experiments: tuple[str, ...] = ()


def failures_table(rows: Sequence[FailureRow]) -> str:
    """A Markdown table of experiments: headline metric of reference, failure and best remedy, each with interval, n."""
    heads = ("Experiment", "Failure", "Measured", "Reference", "Failure shows", "Best remedy", "Gain (bits)")
    return _table(
        heads,
        [
            (
                _link(row.experiment, row.evidence),
                cell(row.failure_mode),
                cell(row.metric),
                _measured(row.reference),
                _measured(row.failure),
                f"{cell(row.best_remedy)}: {_measured(row.remedied)}" if row.best_remedy else NOTHING,
                _measured(row.gain),
            )
            for row in rows
        ],
    )


def claims_table(rows: Sequence[ClaimRow]) -> str:
    """A Markdown table of claims in order of their numbers, with verdict and reason."""
    heads = ("#", "Claim", "Source", "Verdict", "Because", "Experiments")
    return _table(
        heads,
        [
            (
                str(row.number),
                cell(row.sentence),
                cell(row.source),
                f"**{row.word}**",
                cell(row.because),
                ", ".join(map(cell, row.experiments)) or NOTHING,
            )
            for row in sorted(rows, key=lambda row: row.number)
        ],
    )


def replace_between_markers(text: str, marker: str, table: str) -> str:
    """`text` with what stands between `<!-- evidence:NAME begin -->` and `<!-- evidence:NAME end -->` replaced.

    Raises BadInput unless each of the two markers stands there exactly once, begin before end.
    """
    if not _NAME.fullmatch(marker):
        raise BadInput(
            value=f"marker {marker!r}", rule="names of markers are lower-case words", remedy="use for example failures"
        )
    begin, end = f"<!-- evidence:{marker} begin -->", f"<!-- evidence:{marker} end -->"
    for line in (begin, end):
        if text.count(line) != 1:
            raise BadInput(
                value=f"{line} stands there {text.count(line)} times",
                rule="each marker stands in the text exactly once",
                remedy=f"put {begin} and {end} around the place of the table",
            )
    before, rest = text.split(begin)
    if end not in rest:
        raise BadInput(value=f"{end} comes first", rule="begin stands before end", remedy="swap the two markers")
    after = rest.split(end)[1]
    return f"{before}{begin}\n\n{table.strip()}\n\n{end}{after}"


def cell(text: str) -> str:
    """Text as the content of one cell: on one line, with nothing left that Markdown or HTML would act on."""
    plain = " ".join(text.split())
    escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped) or NOTHING


def _measured(measurement: Measurement | None) -> str:
    """`0.93 [0.88, 0.98], n = 10`; the unit follows the estimate unless the column's head names it."""
    if measurement is None:
        return NOTHING
    places = decimals_of(measurement)
    unit = unit_of(measurement.unit)
    said = limited(number(measurement.estimate, places), measurement.limit) + (
        f" {cell(unit)}" if unit and unit not in NAMED_IN_HEAD else ""
    )
    return f"{said} {interval(measurement.low, measurement.high, places)}, n = {measurement.n}"


def _link(name: str, path: str) -> str:
    """A link to the evidence where there is any; raises BadInput for a path that could end the link."""
    if not path:
        return cell(name)
    if not re.fullmatch(r"[\w./-]+", path, re.ASCII) or path.startswith("/"):
        raise BadInput(
            value=f"evidence = {path!r}",
            rule="a link is a relative path of letters, digits, dots, dashes and slashes",
            remedy="give the path from the README",
        )
    return f"[{cell(name)}]({path})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
