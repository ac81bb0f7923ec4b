"""What a language model said along training, as columns of text."""

from dataclasses import dataclass

from corrigible.report.content import SampleColumn, SamplesPanel
from corrigible.report.markup import Svg
from corrigible.report.numbers import signed
from corrigible.report.panels import ROLE_WORDS
from corrigible.report.svg import role_key
from corrigible.types import Role


@dataclass(frozen=True, kw_only=True)
class ColumnView:
    """One checkpoint. rows: prompt, response, and what it is paid."""

    step: int
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True)
class SamplesView:
    """One condition as the page shows it."""

    condition: str
    role: Role
    role_word: str
    key: Svg
    summary: str
    seed: int
    columns: tuple[ColumnView, ...]


def samples_view(panel: SamplesPanel) -> SamplesView:
    """Numbers rounded to hundredths."""
    return SamplesView(
        condition=panel.condition,
        role=panel.role,
        role_word=ROLE_WORDS[panel.role],
        key=role_key(panel.role),
        summary=panel.summary,
        seed=panel.seed,
        columns=tuple(_column(column) for column in panel.columns),
    )


def _column(column: SampleColumn) -> ColumnView:
    said = zip(column.prompts, column.responses, column.paid, strict=True)
    return ColumnView(step=column.step, rows=tuple((prompt, text, signed(paid, 2)) for prompt, text, paid in said))
