"""What a command says: one JSON object for programs, a few lines for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`data` is printed with --json, `lines` otherwise. exit_code: of a command whose answer is no."""

    data: Mapping[str, Any]
    lines: tuple[str, ...]
    exit_code: int = 0


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Text columns, left aligned, two spaces apart."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (header, *rows)]
    return tuple(line.rstrip() for line in lines)


def megabytes(size: int) -> str:
    """Bytes as text with one unit that fits."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")
